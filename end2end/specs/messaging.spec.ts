import { hydrated } from "../support/hydrated";
import { expect, signIn, test } from "../support/reader";

test("a call arrives as an event, with its route, status, user and trace", async ({ page, words, signIn }) => {
  const name = await signIn();
  await page.request.post("/db/message", { data: { message: "arrives" } });
  const row = page.getByRole("table", { name: words.arrived }).getByRole("row").filter({ hasText: name }).filter({ hasText: "/db/message" });
  await expect(async () => {
    await page.goto("/messaging");
    await expect(row).toHaveCount(1, { timeout: 1000 });
  }).toPass();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(words.messagingLog);
  await expect(page.getByRole("main")).toContainText("in-process");
  await expect(row).toContainText("POST");
  await expect(row).toContainText("200");
  await row.locator("a[href^=\"/traces/\"]").click();
  await expect(page).toHaveURL(/\/traces\/[0-9a-f]{32}$/);
});

test("older events are on further pages", async ({ page, words, signIn }) => {
  await signIn();
  await Promise.all(Array.from({ length: 60 }, () => page.request.get("/session/status")));
  const rows = page.getByRole("table", { name: words.arrived }).getByRole("row");
  await expect(async () => {
    await page.goto("/messaging");
    await page.getByRole("link", { name: words.nextPage }).click({ timeout: 1000 });
  }).toPass();
  await expect(page).toHaveURL(/\/messaging\?page=2$/);
  await expect(rows.nth(1)).toBeVisible();
  await page.goto("/messaging?page=9999");
  await expect(page.getByText(words.pastTheEnd)).toBeVisible();
});

test("events come by themselves when they are followed", async ({ page, words, scripts, browser, server, signIn: signInHere }) => {
  test.skip(!scripts, "needs scripts");
  await signInHere();
  const other = await browser.newContext({ baseURL: server.url });
  const stranger = await signIn(other);
  await page.goto("/messaging");
  await hydrated(page);
  const rows = page.getByRole("table", { name: words.arrived }).getByRole("row").filter({ hasText: stranger }).filter({ hasText: "/db/message" });
  await page.getByRole("switch", { name: words.follow }).click();
  // The live stream may need a moment to be there: calls are made until one of them is followed.
  await expect(async () => {
    await other.request.post("/db/message", { data: { message: "followed" } });
    await expect(rows.first()).toBeVisible({ timeout: 2000 });
  }).toPass();
  await other.close();
});

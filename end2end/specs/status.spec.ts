import { hydrated } from "../support/hydrated";
import { expect, test } from "../support/reader";

const ASKED = "**/fn/status/get";

test("the status follows the time, in the place where it is read", async ({ page, words, signIn }) => {
  await signIn();
  await page.goto("/status");
  await hydrated(page);
  await expect(page.getByText(words.allWell)).toBeVisible();
  const tables = page.getByRole("main").getByRole("table");
  await tables.evaluate((element) => element.setAttribute("data-kept", ""));
  for (let i = 0; i < 2; i++) await page.waitForResponse(ASKED);
  await expect(page.getByText(words.allWell)).toBeVisible();
  await expect(tables).toHaveAttribute("data-kept");
});

test("a status that can't be refreshed stays, and says so until it can", async ({ page, words, signIn, expectedErrors }) => {
  expectedErrors.push(/ERR_FAILED/, /Failed to fetch/);
  await signIn();
  await page.goto("/status");
  await hydrated(page);
  await page.route(ASKED, (route) => route.abort());
  await expect(page.getByText(words.notRefreshed)).toBeVisible();
  await expect(page.getByText(words.allWell)).toBeVisible();
  await page.unroute(ASKED);
  await expect(page.getByText(words.notRefreshed)).toBeHidden();
});

test("nothing is asked for while the reader stopped it or cannot see it", async ({ page, words, signIn }) => {
  await signIn();
  await page.clock.install();
  await page.goto("/status");
  await hydrated(page);
  const follow = page.getByRole("switch", { name: words.follow });
  const asked: string[] = [];
  page.on("request", (request) => asked.push(new URL(request.url()).pathname));
  const asksLater = async () => {
    asked.length = 0;
    for (let i = 0; i < 3; i++) await page.clock.fastForward(20_000);
    return asked.includes("/fn/status/get");
  };
  await follow.click();
  await expect(follow).not.toBeChecked();
  expect(await asksLater()).toBe(false);
  await follow.click();
  await expect.poll(asksLater).toBe(true);
  await page.evaluate(() => Object.defineProperty(document, "hidden", { value: true }));
  expect(await asksLater()).toBe(false);
});

import { expect, test } from "../support/reader";

// One job runs at a time, so these take turns.
test.describe.configure({ mode: "serial" });

test("samples are made with progress, and removed together", async ({ page, words, scripts, signIn }) => {
  await signIn();
  await page.request.post("/db/message", { data: { message: "written by hand, stays" } });
  await page.goto("/samples");
  await page.getByLabel(words.howMany).fill("50");
  await page.getByRole("button", { name: words.generate, exact: true }).click();
  const see = async (text: string) => {
    if (scripts) return expect(page.getByText(text)).toBeVisible();
    await expect(async () => {
      await page.goto("/samples");
      await expect(page.getByText(text)).toBeVisible({ timeout: 500 });
    }).toPass();
  };
  await see(words.generated("50"));
  const listed = await page.request.get("/db/message?limit=100");
  expect((await listed.json()).pagination.total).toBe(51);

  await page.getByRole("button", { name: words.removeSamples }).click();
  await see(words.removed("50"));
  const left = await (await page.request.get("/db/message")).json();
  expect(left.messages.map((message: { message: string }) => message.message)).toEqual(["written by hand, stays"]);
});

test("a long job is cancelled without losing what is stored", async ({ page, words, scripts, signIn }) => {
  test.skip(!scripts, "the job would be over before the next page is");
  await signIn();
  await page.goto("/samples");
  await page.getByLabel(words.howMany).fill("1000000");
  await page.getByRole("button", { name: words.generate, exact: true }).click();
  await expect(page.getByRole("progressbar")).toBeVisible();
  await page.getByRole("button", { name: words.cancel, exact: true }).click();
  await expect(page.getByText(words.cancelled)).toBeVisible();
  const { total } = (await (await page.request.get("/db/message")).json()).pagination;
  expect(total).toBeGreaterThan(0);
  expect(total).toBeLessThan(1_000_000);
  await page.getByRole("button", { name: words.removeSamples }).click();
  await expect.poll(async () => (await (await page.request.get("/db/message")).json()).pagination.total, { timeout: 30_000 }).toBe(0);
});

test("too many samples are refused, and the number stays in its field", async ({ page, words, signIn, expectedErrors }) => {
  expectedErrors.push(/status of 400/);
  await signIn();
  await page.goto("/samples");
  const count = page.getByLabel(words.howMany);
  await count.evaluate((field) => field.removeAttribute("max"));
  await count.fill("1000001");
  await page.getByRole("button", { name: words.generate, exact: true }).click();
  await expect(page.getByRole("alert")).toContainText(words.badCount);
  await expect(count).toHaveValue("1000001");
});

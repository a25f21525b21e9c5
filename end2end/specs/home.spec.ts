import { expect, newName, password, test } from "../support/reader";

test("the front page says what it is and leads to an account", async ({ page, words }) => {
  await page.goto("/");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(words.headline);
  await page.getByRole("main").getByRole("link", { name: words.register }).first().click();
  await expect(page).toHaveURL(/\/register$/);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(words.register);
});

test("the page speaks the reader's language, and the other one on request", async ({ page, words, language }) => {
  await page.goto("/");
  await expect(page.locator("html")).toHaveAttribute("lang", language);
  await page.getByRole("button", { name: words.otherLanguage, exact: true }).click();
  await expect(page.locator("html")).toHaveAttribute("lang", language === "ko" ? "en" : "ko");
  await page.goto("/login");
  await expect(page.locator("html")).toHaveAttribute("lang", language === "ko" ? "en" : "ko");
});

test("light and dark can be switched and stay so", async ({ page, words, colorScheme }) => {
  const background = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  await page.goto("/");
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  const before = await background();
  await page.getByRole("button", { name: words.theme }).click();
  await expect.poll(background).not.toBe(before);
  const after = await background();
  await page.goto("/login");
  expect(await background()).toBe(after);
  expect(colorScheme === "dark").toBe(isDark(before));
  expect(isDark(after)).not.toBe(isDark(before));
});

function isDark(colour: string): boolean {
  const [red = 0, green = 0, blue = 0] = (colour.match(/[\d.]+/g) ?? []).map(Number);
  return red + green + blue < 3 * 128;
}

test("an unknown address says so, with status 404", async ({ page, words, expectedErrors }) => {
  expectedErrors.push(/status of 404/);
  const answer = await page.goto("/no/such/page");
  expect(answer?.status()).toBe(404);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(words.nothingHere);
  await expect(page.locator(".error-detail a")).toHaveAttribute("href", /^\/traces\/[0-9a-f]{32}$/);
});

test("every place is reached from the bars, and every page has one main heading", async ({ page, words, signIn }) => {
  await signIn();
  await page.goto("/");
  for (const [menu, name, path] of [
    [null, words.messages, /\/messages$/],
    [null, words.search, /\/search$/],
    [words.observe, words.logs, /\/logs$/],
    [words.observe, words.traces, /\/traces$/],
    [words.observe, words.status, /\/status$/],
    [words.accountMenu, words.account, /\/account$/],
    [words.accountMenu, words.samples, /\/samples$/],
  ] as const) {
    const banner = page.getByRole("banner");
    // On a phone the main places are in the bar at the bottom.
    const link = page.getByRole("link", { name, exact: true }).filter({ visible: true });
    if (menu) await banner.locator("summary").filter({ hasText: menu }).or(banner.getByLabel(menu)).first().click();
    await link.first().click();
    await expect(page).toHaveURL(path);
    await expect(page.getByRole("heading", { level: 1 })).toHaveCount(1);
  }
});

test("a new reader registers, posts and opens the trace", async ({ page, words }) => {
  await page.goto("/register");
  await page.getByLabel(words.username).fill(newName());
  await page.getByLabel(words.password).fill(password);
  await page.getByRole("main").getByRole("button", { name: words.register }).click();
  await expect(page).toHaveURL(/\/(messages)?$/);
  await page.goto("/messages");
  await page.getByLabel(words.newMessage).fill("첫 글 first words");
  await page.getByRole("button", { name: words.post, exact: true }).click();
  await expect(page.getByRole("list", { name: words.messageList }).getByText("첫 글 first words").first()).toBeVisible();
  await page.getByRole("link", { name: new RegExp(`${words.openTrace}|${words.thisPage}`) }).click();
  await expect(page).toHaveURL(/\/traces\/[0-9a-f]{32}$/);
  await expect(page.getByRole("table", { name: words.spans })).toBeVisible();
});

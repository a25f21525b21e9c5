import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import { expect, test } from "../support/reader";

const open = ["/", "/login", "/register"];
const board = ["/account", "/messages", "/messages?mine=1", "/search", "/search?q=axe", "/samples"];
const instruments = ["/traces", "/logs", "/statistics", "/statistics?range=week", "/messaging", "/cache", "/status", "/faults"];
const members = [...board, ...instruments];

/** Shows the whole page at once, nothing under a sticky bar: what one covers at the moment says nothing of a link's size. */
async function showAll(page: Page) {
  await page.evaluate(() => {
    for (const bar of document.querySelectorAll<HTMLElement>(".top-bar, .foot, .bottom-bar")) bar.style.position = "static";
  });
  const size = page.viewportSize();
  const height = await page.evaluate(() => document.documentElement.scrollHeight);
  if (size && height > size.height) await page.setViewportSize({ ...size, height });
}

for (const path of [...open, ...members]) {
  test(`${path} has no accessibility violation and no sideways scrolling`, async ({ page, scripts, signIn }) => {
    if (members.includes(path)) {
      await signIn();
      await page.request.post("/db/message", { data: { message: "axe 도끼 looks at this" } });
      await page.request.get("/db/messages/search?q=도끼");
    }
    await page.goto(path);
    await expect(page.getByRole("heading", { level: 1 })).toHaveCount(1);
    await expect(page.getByRole("main")).toHaveCount(1);
    const sideways = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    expect(sideways).toBeLessThanOrEqual(0);
    // axe runs in the page, also where the page's own scripts may not.
    if (!scripts) return;
    await showAll(page);
    const { violations } = await new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]).analyze();
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target.join(" ")).join(", ")}`)).toEqual([]);
  });
}

test("an opened trace has no accessibility violation", async ({ page, scripts, words, signIn }) => {
  test.skip(!scripts, "axe needs scripts");
  await signIn();
  await page.goto("/messages");
  const id = ((await page.locator('meta[name="traceparent"]').getAttribute("content")) ?? "").slice(3, 35);
  await page.goto(`/traces/${id}`);
  await expect(page.getByRole("table", { name: words.spans })).toBeVisible();
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map(({ id: rule, nodes }) => `${rule}: ${nodes.map((node) => node.target.join(" ")).join(", ")}`)).toEqual([]);
});

test("the first Tab offers to skip to the content", async ({ page, isMobile, words }) => {
  test.skip(isMobile, "no keyboard");
  await page.goto("/login");
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  await page.keyboard.press("Tab");
  const skip = page.getByRole("link", { name: words.skip });
  await expect(skip).toBeFocused();
  await expect(skip).toBeInViewport();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("main")).toBeFocused();
});

test("a form can be filled in by keyboard alone", async ({ page, isMobile, words, signIn }) => {
  test.skip(isMobile, "no keyboard");
  await signIn();
  await page.goto("/messages");
  await page.getByLabel(words.newMessage).focus();
  await page.keyboard.type("typed by keyboard");
  const post = page.getByRole("button", { name: words.post, exact: true });
  await expect(async () => {
    await page.keyboard.press("Tab");
    await expect(post).toBeFocused({ timeout: 100 });
  }).toPass();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("list", { name: words.messageList }).getByText("typed by keyboard").first()).toBeVisible();
});

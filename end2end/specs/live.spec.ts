import { expect, newName, signIn, test } from "../support/reader";
import type { Page } from "@playwright/test";

/** Opens the messages and waits for their live stream. */
async function openLive(page: Page) {
  const live = page.waitForResponse((answer) => new URL(answer.url()).pathname === "/live");
  await page.goto("/messages");
  await live;
}

test("another reader's message waits behind a button and moves nothing", async ({ page, words, browser, server, signIn: signInHere }) => {
  await signInHere();
  await page.request.post("/db/message", { data: { message: "already there" } });
  await openLive(page);
  const other = await browser.newContext({ baseURL: server.url });
  await signIn(other);
  const text = newName("from afar");
  await other.request.post("/db/message", { data: { message: text } });
  const waiting = page.getByRole("button", { name: words.newMessages(1) }).or(page.getByRole("link", { name: words.newMessages(1) }));
  await expect(waiting).toBeVisible();
  await expect(page.getByText(text)).toHaveCount(0);
  await waiting.click();
  // The button goes; the focus does not go with it.
  await expect(page.getByRole("heading", { level: 1 })).toBeFocused();
  await expect(page.getByRole("list", { name: words.messageList }).getByRole("listitem").first()).toContainText(text);
  await other.close();
});

test("a message deleted elsewhere is crossed out", async ({ page, words, locale, browser, server, signIn: signInHere }) => {
  const name = await signInHere();
  const text = newName("soon gone");
  await page.request.post("/db/message", { data: { message: text } });
  await openLive(page);
  await expect(page.getByText(text)).toBeVisible();

  const other = await browser.newContext({ baseURL: server.url, locale, storageState: await page.context().storageState() });
  const elsewhere = await other.newPage();
  await elsewhere.goto("/messages?mine=1");
  await elsewhere.getByLabel(words.menuOf(name)).click();
  await elsewhere.getByRole("button", { name: words.delete }).filter({ visible: true }).click();
  // It stays where it is, crossed out: nothing moves under the pointer.
  await expect(page.getByRole("listitem").filter({ hasText: text })).toHaveCSS("text-decoration-line", "line-through");
  await other.close();
});

test("keys lead to the places and open the list of keys", async ({ page, words, isMobile, signIn: signInHere }) => {
  test.skip(isMobile, "no keyboard");
  await signInHere();
  await page.goto("/");
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  await expect(async () => {
    await page.keyboard.press("?");
    await expect(page.getByRole("dialog", { name: words.keyboard })).toBeVisible({ timeout: 500 });
  }).toPass();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog", { name: words.keyboard })).toBeHidden();
  await page.keyboard.press("g");
  await page.keyboard.press("m");
  await expect(page).toHaveURL(/\/messages$/);
  await page.keyboard.press("n");
  await expect(page.getByLabel(words.newMessage)).toBeFocused();
  await page.keyboard.type("g m / ?");
  await expect(page.getByLabel(words.newMessage)).toHaveValue("g m / ?");
  await page.keyboard.press("Escape");
  await page.getByRole("heading", { level: 1 }).click();
  await page.keyboard.press("/");
  await expect(page).toHaveURL(/\/search$/);
  await expect(page.getByLabel(words.find)).toBeFocused();
});

test("a tab that shows another reader's page becomes the one who is signed in", async ({ page, signIn: signInHere }) => {
  const first = await signInHere();
  await openLive(page);
  await expect(page.getByRole("banner")).toContainText(first.slice(0, 4));
  const second = newName("jun");
  await signIn(page.context(), second);
  const elsewhere = await page.context().newPage();
  await elsewhere.goto("/messages");
  await expect(page.getByRole("banner")).toContainText(second.slice(0, 3));
  await expect(elsewhere.getByRole("banner")).toContainText(second.slice(0, 3));
});

test("a stream that breaks is one span until it flows again, and what is then asked for belongs to it", async ({ page, signIn: signInHere }) => {
  await signInHere();
  const ended: string[] = [];
  await page.exposeFunction("onGlassboardSpan", (_id: string, name: string) => ended.push(name));
  let opened = 0;
  await page.route("**/live", (route) => {
    opened += 1;
    // The first one ends at once, with a wish to be asked again soon.
    return opened > 1 ? route.continue() : route.fulfill({ contentType: "text/event-stream", body: "retry: 200\n\n" });
  });
  await page.goto("/messages");
  await expect.poll(() => ended).toContain("reconnect");
  expect(opened).toBeGreaterThan(1);
});

import type { Page } from "@playwright/test";
import { hydrated } from "../support/hydrated";
import { expect, newName, password, signIn, test } from "../support/reader";

test("a posted message is at the top of everyone's list", async ({ page, words, signIn }) => {
  const name = await signIn();
  await page.goto("/messages");
  const text = `서버 배포 완료 <b>${newName("deploy")}</b>`;
  await page.getByLabel(words.newMessage).fill(text);
  await page.getByRole("button", { name: words.post, exact: true }).click();
  const first = page.getByRole("list", { name: words.messageList }).getByRole("listitem").first();
  await expect(first).toContainText(text);
  await expect(first).toContainText(name);
  await page.reload();
  await expect(first).toContainText(text);
});

test("the box is empty after a post, ready for the next", async ({ page, words, signIn }) => {
  await signIn();
  await page.goto("/messages");
  const box = page.getByLabel(words.newMessage);
  for (const text of ["one of two", "two of two"]) {
    await box.fill(text);
    await page.getByRole("button", { name: words.post, exact: true }).click();
    await expect(page.getByRole("list", { name: words.messageList }).getByText(text).first()).toBeVisible();
    await expect(box).toHaveValue("");
  }
});

test("what I was writing is there again after my session ended", async ({ page, words, scripts, signIn }) => {
  test.skip(!scripts, "without scripts nobody tells the page that its session ended");
  const name = await signIn();
  await page.goto("/messages");
  await hydrated(page);
  await page.getByLabel(words.newMessage).fill("half a thought");
  await page.request.post("/logout", { data: {} });
  await expect(page).toHaveURL(/\/login/);
  await page.getByLabel(words.username).fill(name);
  await page.getByLabel(words.password).fill(password);
  await page.getByRole("button", { name: words.signIn, exact: true }).click();
  await expect(page).toHaveURL(/\/messages/);
  await expect(page.getByLabel(words.newMessage)).toHaveValue("half a thought");
});

test("too long a message is refused and kept in the box", async ({ page, words, signIn, expectedErrors }) => {
  expectedErrors.push(/status of 400/);
  await signIn();
  await page.goto("/messages");
  const box = page.getByLabel(words.newMessage);
  await box.evaluate((field) => field.removeAttribute("maxlength"));
  const text = "가".repeat(10_001);
  await box.fill(text);
  await page.getByRole("button", { name: words.post, exact: true }).click();
  await expect(page.getByRole("alert")).toContainText(words.badMessage);
  await expect(box).toHaveValue(text);
});

test("my own messages are found under mine, and only those", async ({ page, words, browser, server, signIn: signInHere }) => {
  const other = await browser.newContext({ baseURL: server.url });
  await signIn(other);
  await other.request.post("/db/message", { data: { message: "somebody else wrote this" } });
  await other.close();

  await signInHere();
  await page.goto("/messages?mine=1");
  await expect(page.getByText(words.noOwnMessages)).toBeVisible();
  await page.request.post("/db/message", { data: { message: "I wrote this" } });
  await page.goto("/messages");
  await expect(page.getByText("somebody else wrote this").first()).toBeVisible();
  await page.getByRole("link", { name: words.mine }).click();
  await expect(page).toHaveURL(/mine=1/);
  const list = page.getByRole("list", { name: words.messageList });
  await expect(list.getByRole("listitem")).toHaveCount(1);
  await expect(list).toContainText("I wrote this");
});

test("long lists have pages that can be linked to", async ({ page, words, signIn }) => {
  await signIn();
  for (let i = 1; i <= 21; i++) {
    const answer = await page.request.post("/db/message", { data: { message: `message number ${i}.` } });
    expect(answer.status()).toBe(200);
  }
  await page.goto("/messages?mine=1");
  const list = page.getByRole("list", { name: words.messageList });
  await expect(list.getByRole("listitem")).toHaveCount(20);
  await expect(list.getByRole("listitem").first()).toContainText("message number 21.");
  await page.getByRole("navigation", { name: words.pages, exact: true }).getByRole("link", { name: words.nextPage }).click();
  await expect(page).toHaveURL(/page=2/);
  await expect(list.getByRole("listitem")).toHaveCount(1);
  await expect(list).toContainText("message number 1.");
  await page.goBack();
  await expect(list.getByRole("listitem")).toHaveCount(20);
});

test("a page past the end says so", async ({ page, words, signIn }) => {
  await signIn();
  await page.request.post("/db/message", { data: { message: "at least one" } });
  await page.goto("/messages?page=999999");
  await expect(page.getByText(words.pastTheEnd)).toBeVisible();
});

test("I can delete what I wrote, and nobody else's", async ({ page, words, browser, server, signIn: signInHere }) => {
  const other = await browser.newContext({ baseURL: server.url });
  const stranger = await signIn(other);
  await other.request.post("/db/message", { data: { message: "a stranger's message" } });
  await other.close();

  const name = await signInHere();
  const text = newName("short-lived");
  await page.request.post("/db/message", { data: { message: text } });
  await page.goto("/messages");
  await expect(page.getByLabel(words.menuOf(stranger))).toHaveCount(0);
  await page.getByLabel(words.menuOf(name)).click();
  await page.getByRole("button", { name: words.delete }).filter({ visible: true }).click();
  await expect(page.getByText(text)).toHaveCount(0);
  await page.reload();
  await expect(page.getByText(text)).toHaveCount(0);
});

test("deleting a message leaves no menu open in the place of the next", async ({ page, words, scripts, signIn }) => {
  test.skip(!scripts, "without scripts the page comes anew");
  const name = await signIn();
  for (const message of ["stays", "goes"]) await page.request.post("/db/message", { data: { message } });
  await page.goto("/messages?mine=1");
  await hydrated(page);
  await page.getByLabel(words.menuOf(name)).first().focus();
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  const rows = page.getByRole("list", { name: words.messageList }).getByRole("listitem");
  await expect(rows).toHaveCount(1);
  await expect(page.locator("details.menu[open]")).toHaveCount(0);
  await expect(page.getByRole("heading", { level: 1 })).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(rows).toContainText(["stays"]);
});

test("what I type while a post is on its way is my next message", async ({ page, words, scripts, signIn }) => {
  test.skip(!scripts, "without scripts there is no meanwhile");
  await signIn();
  await page.goto("/messages");
  await hydrated(page);
  const answer = await holdPosts(page);
  const box = page.getByLabel(words.newMessage);
  await box.fill("the first thought");
  await box.press("Control+Enter");
  await box.fill("the second thought");
  answer();
  await expect(page.getByRole("list", { name: words.messageList }).getByText("the first thought").first()).toBeVisible();
  await expect(box).toHaveValue("the second thought");
});

test("a message that was stored after I had left the page is no draft when I come back", async ({ page, words, scripts, signIn }) => {
  test.skip(!scripts, "without scripts one leaves with the answer");
  await signIn();
  await page.goto("/messages");
  await hydrated(page);
  const answer = await holdPosts(page);
  const box = page.getByLabel(words.newMessage);
  await box.fill("answered when I was elsewhere");
  await box.press("Control+Enter");
  await page.getByRole("link", { name: "Glassboard", exact: true }).click();
  await expect(page).toHaveURL(/\/$/);
  const stored = page.waitForResponse("**/fn/messages/post");
  answer();
  await stored;
  await page.getByRole("link", { name: words.messages, exact: true }).filter({ visible: true }).first().click();
  await expect(page.getByRole("list", { name: words.messageList }).getByText("answered when I was elsewhere").first()).toBeVisible();
  await expect(box).toHaveValue("");
});

test("deleting the last message of the last page leads to the page before it", async ({ page, words, scripts, signIn }) => {
  test.skip(!scripts, "without scripts the page says that it is past the end");
  const name = await signIn();
  for (let i = 1; i <= 21; i++) await page.request.post("/db/message", { data: { message: `one of many ${i}.` } });
  await page.goto("/messages?mine=1&page=2");
  await hydrated(page);
  await page.getByLabel(words.menuOf(name)).click();
  await page.getByRole("button", { name: words.delete }).filter({ visible: true }).click();
  await expect(page).toHaveURL(/\/messages\?mine=1$/);
  await expect(page.getByRole("list", { name: words.messageList }).getByRole("listitem")).toHaveCount(20);
});

/** Lets the answers to posts wait until the returned function is called. */
async function holdPosts(page: Page): Promise<() => void> {
  let answer = () => {};
  const held = new Promise<void>((resolve) => (answer = resolve));
  await page.route("**/fn/messages/post", async (route) => {
    await held;
    await route.continue();
  });
  return answer;
}

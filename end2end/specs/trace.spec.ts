import { hydrated } from "../support/hydrated";
import { expect, newName, test } from "../support/reader";
import { attribute, describe, expectNestedTimes, expectOneTree, only, parentOf, pathTo, readTrace, wholeTrace } from "../support/traces";
import type { Page } from "@playwright/test";
import type { Words } from "../support/words";

const INSERT = "INSERT messages";
const POST = "POST /fn/messages/post";

async function openMessages(page: Page) {
  await page.goto("/messages");
  await hydrated(page);
}

/** Posts by a click on the button; gives the trace's id as the browser sent it to the server. */
async function postByClick(page: Page, words: Words, text: string): Promise<string> {
  await page.getByLabel(words.newMessage).fill(text);
  const sent = page.waitForRequest((request) => request.url().endsWith("/fn/messages/post"));
  await page.getByRole("button", { name: words.post, exact: true }).click();
  const traceparent = (await (await sent).allHeaders())["traceparent"] ?? "";
  expect(traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
  await expect(page.getByText(text)).toBeVisible();
  return traceparent.slice(3, 35);
}

test("a click on post is one trace, from the click to the INSERT", async ({ page, words, signIn }) => {
  await signIn();
  await openMessages(page);
  const id = await postByClick(page, words, newName("traced"));
  const trace = await wholeTrace(page.request, id, ["click", "submit", "POST", POST, "post message", INSERT]);

  expectOneTree(trace);
  expect(pathTo(trace, only(trace, INSERT)), describe(trace)).toEqual(["click", "submit", "POST", POST, "post message", INSERT]);
  expect(parentOf(trace, only(trace, POST)).kind).toBe("client");
  expect(only(trace, POST).kind).toBe("server");
  expect(only(trace, INSERT).kind).toBe("client");
  expect([only(trace, "click"), only(trace, "submit"), parentOf(trace, only(trace, POST))].map((span) => span.part)).toEqual(
    Array(3).fill("browser"),
  );
  expect(only(trace, INSERT).part).toBe("database");
  expect(only(trace, "click").service).toBe("aks-demo-frontend");
  expect(only(trace, POST).service).toBe("aks-demo-backend");
  expect(attribute(only(trace, "click"), "target.name")).toBe(words.post);
  expectNestedTimes(trace);
});

test("what was written is in no trace", async ({ page, words, signIn }) => {
  await signIn();
  await openMessages(page);
  const secret = newName("secret");
  const id = await postByClick(page, words, secret);
  const trace = await wholeTrace(page.request, id, ["click", INSERT]);
  expect(JSON.stringify(trace)).not.toContain(secret);
});

test("a page load is one trace, from the browser's request to the SELECT", async ({ page, signIn }) => {
  await signIn();
  await page.request.post("/db/message", { data: { message: "something to list" } });
  await page.goto("/messages");
  const traceparent = (await page.locator('meta[name="traceparent"]').getAttribute("content")) ?? "";
  const document = await page.locator('meta[name="glassboard-document"]').getAttribute("content");
  const id = traceparent.slice(3, 35);
  const trace = await wholeTrace(page.request, id, ["documentLoad", "documentFetch", "GET /messages", "hydrate"]);

  expectOneTree(trace);
  expect(only(trace, "documentLoad").span_id).toBe(document);
  expect(only(trace, "documentFetch").span_id).toBe(traceparent.slice(36, 52));
  expect(pathTo(trace, only(trace, "hydrate"))).toEqual(["documentLoad", "hydrate"]);
  const selects = trace.spans.filter((span) => span.name === "SELECT messages");
  expect(selects.length, describe(trace)).toBeGreaterThan(0);
  for (const select of selects) {
    expect(pathTo(trace, select).slice(0, 3)).toEqual(["documentLoad", "documentFetch", "GET /messages"]);
  }
  expectNestedTimes(trace);
});

test("a page that is left before it was loaded whole tells of its load all the same", async ({ page, signIn }) => {
  await signIn();
  await page.route("**/never.png", () => undefined);
  await page.route("/messages", async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, body: (await answer.text()).replace("</body>", '<img src="/never.png" alt=""></body>') });
  });
  await page.goto("/messages", { waitUntil: "commit" });
  await hydrated(page);
  const id = (await page.locator('meta[name="traceparent"]').getAttribute("content"))?.slice(3, 35) ?? "";
  await page.goto("about:blank");
  const trace = await wholeTrace(page.request, id, ["documentLoad", "documentFetch", "GET /messages", "hydrate"]);
  expectOneTree(trace);
  expectNestedTimes(trace);
});

test("components tell when they come and go, if the reader has asked", async ({ page, words, signIn }) => {
  await signIn();
  await page.addInitScript(() => localStorage.setItem("glassboard-components", "on"));
  await openMessages(page);
  const id = (await page.locator('meta[name="traceparent"]').getAttribute("content"))?.slice(3, 35) ?? "";
  const trace = await wholeTrace(page.request, id, ["documentLoad", "documentFetch", "hydrate", "mount"]);
  const mounts = trace.spans.filter((span) => span.name === "mount");
  const names = mounts.map((span) => attribute(span, "component.name"));
  for (const name of ["App", "TopBar", "MessagesPage", "PostForm", "MessageList"]) {
    expect(names, describe(trace)).toContain(name);
  }
  for (const mount of mounts) expect(pathTo(trace, mount).slice(0, 2)).toEqual(["documentLoad", "hydrate"]);
  expectOneTree(trace);
  expectNestedTimes(trace);

  const gone = page.evaluate(
    () =>
      new Promise<void>((seen) => {
        Object.assign(window, { onGlassboardSpan: (_: string, name: string) => (name === "unmount" ? seen() : undefined) });
      }),
  );
  await page.getByRole("link", { name: words.search, exact: true }).filter({ visible: true }).first().click();
  await gone;
});

test("hydrating a page fetches nothing again", async ({ page, signIn }) => {
  await signIn();
  const calls: string[] = [];
  page.on("request", (request) => {
    const { pathname } = new URL(request.url());
    // The ribbon reads the page's own trace, and the reader's preferences may be kept.
    if (pathname.startsWith("/fn/") && !/^\/fn\/(traces|preferences)\//.test(pathname)) calls.push(pathname);
  });
  await openMessages(page);
  expect(calls).toEqual([]);
});

test("two quick posts are two traces, each complete", async ({ page, words, signIn }) => {
  await signIn();
  await openMessages(page);
  const first = await postByClick(page, words, newName("first"));
  const second = await postByClick(page, words, newName("second"));
  expect(second).not.toBe(first);
  for (const id of [first, second]) {
    const trace = await wholeTrace(page.request, id, ["click", "submit", "POST", POST, INSERT]);
    expectOneTree(trace);
    expect(only(trace, INSERT)).toBeTruthy();
  }
});

test("going to another page inside the app is one trace", async ({ page, words, signIn }) => {
  await signIn();
  await page.request.post("/db/message", { data: { message: "to be listed" } });
  await page.goto("/search");
  await hydrated(page);
  const listed = page.waitForRequest((request) => request.url().includes("/fn/messages/list"));
  await page.getByRole("link", { name: words.messages, exact: true }).filter({ visible: true }).first().click();
  const traceparent = (await (await listed).allHeaders())["traceparent"] ?? "";
  await expect(page).toHaveURL(/\/messages$/);
  const server = "POST /fn/messages/list";
  const trace = await wholeTrace(page.request, traceparent.slice(3, 35), ["click", "navigation", server]);
  expectOneTree(trace);
  const path = pathTo(trace, only(trace, server));
  expect(path[0], describe(trace)).toBe("click");
  expect(path.slice(-2), describe(trace)).toEqual(["POST", server]);
  expect(attribute(only(trace, "navigation"), "http.route")).toBe("/messages");
  expectNestedTimes(trace);
});

test("searching while typing is one trace, and the ribbon's", async ({ page, words, signIn }) => {
  await signIn();
  await page.goto("/search");
  await hydrated(page);
  const asked = page.waitForRequest((request) => request.url().includes("/fn/search/find"));
  await page.getByLabel(words.find).fill("latency");
  const traceparent = (await (await asked).allHeaders())["traceparent"] ?? "";
  const id = traceparent.slice(3, 35);
  const server = "POST /fn/search/find";
  const trace = await wholeTrace(page.request, id, ["input", server]);
  expectOneTree(trace);
  expect(pathTo(trace, only(trace, server)), describe(trace)).toEqual(["input", "POST", server]);
  expect(JSON.stringify(trace.spans.filter((span) => span.part === "browser"))).not.toContain("latency");
  await expect(page.getByRole("link", { name: words.openTrace })).toHaveAttribute("href", `/traces/${id}`);
});

test("signing out is one trace, from the click to the server", async ({ page, words, signIn }) => {
  await signIn();
  await openMessages(page);
  await page.locator("summary", { hasText: words.accountMenu }).click();
  const asked = page.waitForRequest((request) => request.url().endsWith("/fn/accounts/log_out"));
  await page.getByRole("button", { name: words.signOut }).click();
  const traceparent = (await (await asked).allHeaders())["traceparent"] ?? "";
  await expect(page).toHaveURL(/\/$/);
  await expect(page.getByRole("link", { name: words.signIn }).filter({ visible: true }).first()).toBeVisible();
  const server = "POST /fn/accounts/log_out";
  await signIn();
  const trace = await wholeTrace(page.request, traceparent.slice(3, 35), ["click", "submit", server]);
  expect(pathTo(trace, only(trace, server)), describe(trace)).toEqual(["click", "submit", "POST", server]);
});

test("the ribbon shows the post that was just made, and leads to its trace", async ({ page, words, signIn }) => {
  await signIn();
  await openMessages(page);
  const id = await postByClick(page, words, newName("ribbon"));
  const open = page.getByRole("link", { name: words.openTrace });
  await expect(open).toHaveAttribute("href", `/traces/${id}`);
  await open.click();
  await expect(page).toHaveURL(new RegExp(`/traces/${id}`));
  const table = page.getByRole("table", { name: words.spans });
  for (const name of ["click", POST, INSERT]) await expect(table).toContainText(name);
});

test("a folded ribbon stays folded and asks for nothing", async ({ page, words, signIn }) => {
  await signIn();
  await openMessages(page);
  await page.getByRole("button", { name: words.fold }).click();
  await expect(page.getByRole("button", { name: words.unfold })).toBeVisible();
  await openMessages(page);
  await expect(page.getByRole("button", { name: words.unfold })).toBeVisible();
  const asked: string[] = [];
  page.on("request", (request) => {
    if (request.url().includes("/fn/traces/")) asked.push(request.url());
  });
  const id = await postByClick(page, words, newName("folded"));
  await wholeTrace(page.request, id, ["click", INSERT]);
  expect(asked).toEqual([]);
});

test("a refused post's trace is told by the error", async ({ page, words, signIn, expectedErrors }) => {
  expectedErrors.push(/status of 400/);
  await signIn();
  await openMessages(page);
  const box = page.getByLabel(words.newMessage);
  await box.evaluate((field) => field.removeAttribute("maxlength"));
  await box.fill("x".repeat(10_001));
  await page.getByRole("button", { name: words.post, exact: true }).click();
  const link = page.getByRole("alert").getByRole("link");
  const id = ((await link.getAttribute("href")) ?? "").split("/").pop() ?? "";
  const trace = await wholeTrace(page.request, id, ["click", "POST", POST]);
  expect(attribute(only(trace, POST), "http.response.status_code")).toBe("400");
  expect(trace.spans.some((span) => span.name === INSERT)).toBe(false);
});

test("the list of traces finds a post by its name, and opens it", async ({ page, words, signIn }) => {
  await signIn();
  await openMessages(page);
  const id = await postByClick(page, words, newName("listed"));
  await wholeTrace(page.request, id, ["click", INSERT]);
  await page.goto("/traces");
  await page.getByRole("table", { name: words.traceList }).locator(`a[href*="${id}"]`).first().click();
  await expect(page).toHaveURL(new RegExp(id));
  await expect(page.getByRole("heading", { level: 1 })).toContainText("click");
});

test("a visitor sees their own page's trace, and nobody else's", async ({ page, browser, server, words }) => {
  await page.goto("/");
  await hydrated(page);
  const id = ((await page.locator('meta[name="traceparent"]').getAttribute("content")) ?? "").slice(3, 35);
  await wholeTrace(page.request, id, ["documentLoad", "GET /"]);
  const other = await browser.newContext({ baseURL: server.url });
  expect(await readTrace(other.request, id)).toBeNull();
  const stranger = await other.newPage();
  await stranger.goto(`/traces/${id}`);
  await expect(stranger.getByText(words.traceMissing).or(stranger.getByText(/찾을 수 없/))).toBeVisible();
  await other.close();
});

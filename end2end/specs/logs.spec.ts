import { expect, newName, signIn, test } from "../support/reader";
import { hydrated } from "../support/hydrated";
import { startServer } from "../support/server";

test("a call is in the log with its route, status and user, and leads to its trace", async ({ page, words, signIn }) => {
  const name = await signIn();
  await page.request.post("/db/message", { data: { message: "logged" } });
  await page.goto(`/logs?user=${encodeURIComponent(name)}`);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(words.apiLog);
  const row = page.getByRole("table", { name: words.calls }).getByRole("row", { name: /\/db\/message/ });
  await expect(row).toHaveCount(1);
  await expect(row).toContainText("POST");
  await expect(row).toContainText("200");
  await expect(row).toContainText(name);
  await row.getByRole("link").last().click();
  await expect(page).toHaveURL(/\/traces\/[0-9a-f]{32}$/);
  await expect(page.getByRole("table", { name: words.spans })).toContainText("INSERT messages");
});

test("the log is filtered by route and status", async ({ page, words, signIn }) => {
  await signIn();
  await page.request.post("/db/message", { data: { message: "" } });
  await page.goto("/logs");
  await page.getByLabel(words.route).fill("/db/message");
  await page.getByLabel(words.statusFilter).fill("4xx");
  await page.getByRole("button", { name: words.apply }).click();
  await expect(page).toHaveURL(/status=4xx/);
  const rows = page.getByRole("table", { name: words.calls }).getByRole("row");
  await expect(rows.nth(1)).toContainText("400");
  await expect(page.getByRole("table", { name: words.calls })).not.toContainText("200");
  await page.getByLabel(words.statusFilter).fill("418");
  await page.getByRole("button", { name: words.apply }).click();
  await expect(page.getByText(words.noCallMatches)).toBeVisible();
});

test("what is typed into the filter while the script is on its way stays", async ({ page, words, scripts, signIn }) => {
  test.skip(!scripts, "there is no script to wait for");
  await signIn();
  let arrive = () => {};
  const held = new Promise<void>((resolve) => (arrive = resolve));
  await page.route("**/*.wasm*", async (route) => {
    await held;
    await route.continue();
  });
  await page.goto("/logs", { waitUntil: "commit" });
  await page.getByLabel(words.route).fill("/nowhere");
  arrive();
  await hydrated(page);
  await page.getByRole("button", { name: words.apply }).click();
  await expect(page).toHaveURL(/route=\/nowhere/);
  await expect(page.getByText(words.noCallMatches)).toBeVisible();
  await page.goBack();
  await expect(page.getByLabel(words.route)).toHaveValue("");
});

test("what the instruments ask for themselves is left out until it is wanted", async ({ page, words, signIn }) => {
  const name = await signIn();
  await page.request.post("/db/message", { data: { message: "logged" } });
  await page.request.post("/fn/traces/list", { headers: { "content-type": "application/json" }, data: {} });
  await page.goto(`/logs?user=${encodeURIComponent(name)}`);
  const calls = page.getByRole("table", { name: words.calls });
  await expect(calls).toContainText("/db/message");
  await expect(calls).not.toContainText("/fn/traces/");
  await page.getByLabel(words.instrumentsToo).check();
  await page.getByRole("button", { name: words.apply }).click();
  await expect(page).toHaveURL(/instruments=1/);
  await expect(calls).toContainText("/fn/traces/list");
});

test("who is no operator sees why, and the way to their own traces", async ({ page, words, expectedErrors }, info) => {
  expectedErrors.push(/status of 403/);
  const server = await startServer(`operators-${info.project.name}-${info.parallelIndex}`, { GLASSBOARD_OPERATORS: "boss" });
  try {
    const context = page.context();
    const name = newName();
    for (const route of ["/register", "/login"]) {
      await context.request.post(`${server.url}${route}`, { data: { username: name, password: "correct horse battery" } });
    }
    await page.goto(`${server.url}/logs`);
    await expect(page.getByRole("heading", { name: words.operatorsOnly })).toBeVisible();
    await expect(page.getByRole("table", { name: words.calls })).toHaveCount(0);
    await page.getByRole("link", { name: words.ownTraces }).click();
    await expect(page.getByRole("table", { name: words.traceList })).toBeVisible();
    const logs = await context.request.get(`${server.url}/logs/redis`);
    expect(logs.status()).toBe(403);
    expect((await logs.json()).code).toBe("operators_only");
  } finally {
    await page.goto("about:blank");
    await server.stop();
  }
});

test("new calls wait behind a button, or come by themselves when followed", async ({ page, words, scripts, browser, server, signIn: signInHere }) => {
  test.skip(!scripts, "needs scripts");
  await signInHere();
  const other = await browser.newContext({ baseURL: server.url });
  const stranger = await signIn(other);
  await page.goto(`/logs?user=${encodeURIComponent(stranger)}`);
  await hydrated(page);
  const calls = page.getByRole("row", { name: /\/db\/message/ });
  // The stream may need a moment to be there: calls are made until one of them arrives.
  await expect(async () => {
    await other.request.post("/db/message", { data: { message: "live" } });
    await expect(page.getByRole("button", { name: words.newCalls(1) })).toBeVisible({ timeout: 1000 });
  }).toPass();
  await expect(calls).toHaveCount(0);
  await page.getByRole("button", { name: words.newCalls(1) }).click();
  await expect(calls).toHaveCount(1);
  await page.getByRole("switch", { name: words.follow }).click();
  await other.request.post("/db/message", { data: { message: "followed" } });
  await expect(calls).toHaveCount(2);
  await other.close();
});

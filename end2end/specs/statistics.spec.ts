import type { Locator, Page } from "@playwright/test";
import { hydrated } from "../support/hydrated";
import { expect, newName, password, test } from "../support/reader";
import { startServer } from "../support/server";

const post = (page: Page) => page.request.post("/db/message", { data: { message: "counted" } });

/** Posts, and waits for the route's row: calls are counted a moment after they are answered. */
async function openWithCalls(page: Page, routes: Locator) {
  await post(page);
  await expect(async () => {
    await page.goto("/statistics");
    await expect(routes.getByRole("row", { name: "POST /db/message" })).toBeVisible({ timeout: 1000 });
  }).toPass();
}

/** How often a route was called, as its row says. */
async function callsIn(row: Locator): Promise<number> {
  const number = (await row.locator("td.number").first().textContent()) ?? "";
  return Number(number.replaceAll(",", ""));
}

test("calls are counted by route and user, and lead to the log", async ({ page, words, signIn }) => {
  const name = await signIn();
  const routes = page.getByRole("table", { name: words.busiestRoutes });
  // So many that nobody on the server is much more active.
  await Promise.all(Array.from({ length: 20 }, () => page.request.get("/db/message")));
  await openWithCalls(page, routes);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(words.statistics);
  // The page may have been a moment quicker than the counting.
  await expect(async () => {
    await page.goto("/statistics");
    await expect(page.getByRole("table", { name: words.activeUsers })).toContainText(name, { timeout: 1000 });
  }).toPass();
  await routes.getByRole("row", { name: "POST /db/message" }).getByRole("link").click();
  await expect(page).toHaveURL("/logs?route=/db/message");
  await expect(page.getByRole("table", { name: words.calls })).toContainText(name);
});

test("charts say what they show, and have their numbers in a table", async ({ page, words, signIn }) => {
  await signIn();
  await openWithCalls(page, page.getByRole("table", { name: words.busiestRoutes }));
  for (const name of [words.callChart, words.latencyChart, words.logInChart]) {
    await expect(page.getByRole("img", { name })).toBeVisible();
  }
  const chart = page.getByRole("figure").filter({ hasText: words.callsPerMinute });
  await expect(chart.getByRole("table")).toBeHidden();
  await chart.getByText(words.asTable).click();
  await expect(chart.getByRole("table").getByRole("row").nth(1)).toContainText(/\d\d:\d\d/);
});

test("the range is chosen by links", async ({ page, words, signIn }) => {
  await signIn();
  await page.goto("/statistics");
  await expect(page.getByText(words.callsPerMinute)).toBeVisible();
  await page.getByRole("link", { name: words.lastDay }).click();
  await expect(page).toHaveURL(/\/statistics\?range=day$/);
  await expect(page.getByText(words.callsPerQuarter)).toBeVisible();
  await expect(page.getByRole("link", { name: words.lastDay })).toHaveAttribute("aria-current", "page");
});

test("a refused log-in is told from one that succeeded", async ({ page, words, signIn }) => {
  const name = await signIn();
  const chart = page.getByRole("img", { name: words.logInChart });
  const refused = async () => {
    await page.goto("/statistics");
    const essence = (await chart.getAttribute("aria-label", { timeout: 3000 })) ?? "";
    return Number(words.logInChart.exec(essence)?.[2]?.replaceAll(",", ""));
  };
  let before = NaN;
  await expect(async () => expect((before = await refused())).not.toBeNaN()).toPass();
  expect((await page.request.post("/login", { data: { username: name, password: "wrong" } })).status()).toBe(401);
  await expect(async () => expect(await refused()).toBe(before + 1)).toPass();
});

test("times are the reader's", async ({ page, words, scripts, signIn, timezoneId }) => {
  test.skip(!scripts || timezoneId !== "Asia/Seoul", "a browser without scripts tells no zone");
  await signIn();
  await page.goto("/statistics");
  await expect(page.getByRole("figure").filter({ hasText: words.callsPerMinute })).toContainText("UTC+09:00");
});

test("what happens shows by itself until the reader stops it", async ({ page, words, scripts, signIn }) => {
  test.skip(!scripts, "needs scripts");
  await signIn();
  await page.goto("/statistics");
  await hydrated(page);
  // A route that hardly another test calls; one may have done so before.
  const call = () => page.request.post("/cache/search/clear", { data: { query: newName() } });
  const row = page.getByRole("table", { name: words.busiestRoutes }).getByRole("row", { name: "POST /cache/search/clear" });
  const before = (await row.count()) > 0 ? await callsIn(row) : 0;
  await call();
  await expect.poll(() => callsIn(row)).toBe(before + 1);
  await row.evaluate((element) => element.setAttribute("data-kept", ""));
  await call();
  await expect.poll(() => callsIn(row)).toBe(before + 2);
  await expect(row, "the row itself stays").toHaveAttribute("data-kept");

  const follow = page.getByRole("switch", { name: words.follow });
  await expect(follow).toBeChecked();
  await follow.click();
  await expect(follow).not.toBeChecked();
  await call();
  await expect
    .poll(async () => {
      const answer = await page.request.post("/fn/statistics/get", { data: { range: "hour" } });
      const routes = (await answer.json()).routes as { endpoint: string; calls: number }[];
      return routes.find((route) => route.endpoint === "/cache/search/clear")?.calls;
    })
    .toBe(before + 3);
  expect(await callsIn(row)).toBe(before + 2);
  await follow.click();
  await expect.poll(() => callsIn(row)).toBe(before + 3);
});

test("a time without calls says so", async ({ page, words, scripts, signIn }) => {
  test.skip(!scripts, "the answer is changed on its way to the page");
  await signIn();
  await page.route("**/fn/statistics/get", async (route) => {
    const answer = await route.fetch();
    const known = await answer.json();
    const slices = known.slices.map((slice: object) => ({ ...slice, succeeded: 0, refused: 0, failed: 0, latency: null }));
    const log_ins = known.log_ins.map((log_ins: object) => ({ ...log_ins, by_outcome: [0, 0, 0, 0] }));
    await route.fulfill({ json: { ...known, calls: 0, users: 0, slices, log_ins, routes: [], active_users: [] } });
  });
  await page.goto("/messages");
  await hydrated(page);
  await page.getByText(words.observe, { exact: true }).click();
  await page.getByRole("link", { name: words.statistics, exact: true }).click();
  await expect(page).toHaveURL(/\/statistics$/);
  await expect(page.getByText(words.noCallsYet)).toBeVisible();
  await expect(page.getByRole("figure")).toHaveCount(3);
  await expect(page.getByRole("table", { name: words.busiestRoutes })).toHaveCount(0);
});

test("only operators see statistics, the messaging log and the search cache", async ({ page, words, expectedErrors }, info) => {
  expectedErrors.push(/status of 403/);
  const server = await startServer(`statistics-${info.project.name}-${info.parallelIndex}`, { GLASSBOARD_OPERATORS: "boss" });
  try {
    const data = { username: newName(), password };
    for (const route of ["/register", "/login"]) await page.request.post(`${server.url}${route}`, { data });
    for (const path of ["/statistics", "/messaging", "/cache"]) {
      const answer = await page.goto(`${server.url}${path}`);
      expect(answer?.status(), path).toBe(403);
      await expect(page.getByRole("heading", { name: words.operatorsOnly })).toBeVisible();
      await expect(page.getByRole("table").filter({ visible: true })).toHaveCount(0);
    }
  } finally {
    await page.goto("about:blank");
    await server.stop();
  }
});

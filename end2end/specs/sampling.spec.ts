import { hydrated } from "../support/hydrated";
import { expect, newName, signIn, test } from "../support/reader";
import { type Server, startServer } from "../support/server";
import { type Trace, expectOneTree, readTrace, wholeTrace } from "../support/traces";
import type { APIRequestContext, BrowserContext, Page } from "@playwright/test";
import type { Words } from "../support/words";

const POST = "POST /fn/messages/post";

async function postByClick(page: Page, words: Words): Promise<string> {
  const text = newName("sampled");
  await page.getByLabel(words.newMessage).fill(text);
  const sent = page.waitForRequest((request) => request.url().endsWith("/fn/messages/post"));
  await page.getByRole("button", { name: words.post, exact: true }).click();
  await expect(page.getByText(text)).toBeVisible();
  return ((await (await sent).allHeaders())["traceparent"] ?? "").slice(3, 35);
}

/** A server with this sampling, and a signed-in reader of it on the messages' page. */
async function withServer(
  name: string,
  environment: Record<string, string>,
  use: (context: BrowserContext, server: Server) => Promise<void>,
  newContext: (baseURL: string) => Promise<BrowserContext>,
) {
  const server = await startServer(name, environment);
  const context = await newContext(server.url);
  try {
    await signIn(context);
    await use(context, server);
  } finally {
    await context.close();
    await server.stop();
  }
}

async function metric(request: APIRequestContext, name: string): Promise<number> {
  const line = (await (await request.get("/metrics")).text()).split("\n").find((line) => line.startsWith(name));
  return Number(line?.split(" ")[1] ?? 0);
}

/** Waits for spans to be sent: those of the page go after a tenth of a second of quiet. */
const settled = (page: Page) => page.waitForTimeout(1_500);

test("with a ratio of 0, what is uneventful is in no trace, and errors and slow requests are whole ones", async ({ browser, words }) => {
  const environment = { OTEL_TRACES_SAMPLER: "traceidratio", OTEL_TRACES_SAMPLER_ARG: "0", GLASSBOARD_KEEP_SLOW_MS: "2000" };
  await withServer(
    "ratio-0",
    environment,
    async (context) => {
      const page = await context.newPage();
      await page.goto("/messages");
      await hydrated(page);
      const uneventful = await postByClick(page, words);
      await settled(page);
      expect(await readTrace(page.request, uneventful)).toBeNull();
      expect(await metric(page.request, 'glassboard_traces_total{decision="dropped"}')).toBeGreaterThan(0);

      let failed: string | null = null;
      for (let tries = 0; failed === null && tries < 60; tries++) {
        const answer = await context.request.get("/error");
        if (answer.status() === 500) failed = (answer.headers()["traceresponse"] ?? "").slice(3, 35);
      }
      expect((await wholeTrace(page.request, failed ?? "", ["GET /error"])).spans.length).toBeGreaterThan(0);

      const kept = await context.request.get("/db/messages", { headers: { "x-keep-trace": "1" } });
      expect(kept.headers()["traceresponse"]).toMatch(/-01$/);
      await wholeTrace(page.request, (kept.headers()["traceresponse"] ?? "").slice(3, 35), ["GET /db/messages", "SELECT messages"]);
    },
    (baseURL) => browser.newContext({ baseURL, locale: "ko-KR" }),
  );
});

test("with a ratio, the browser's part of a kept trace is kept, and of no other", async ({ browser, words }) => {
  await withServer(
    "ratio-half",
    { OTEL_TRACES_SAMPLER: "traceidratio", OTEL_TRACES_SAMPLER_ARG: "0.5" },
    async (context) => {
      const page = await context.newPage();
      await page.goto("/messages");
      await hydrated(page);
      const ids: string[] = [];
      for (let posts = 0; posts < 12; posts++) ids.push(await postByClick(page, words));
      await settled(page);
      const traces = (await Promise.all(ids.map((id) => readTrace(page.request, id)))).filter((trace): trace is Trace => trace !== null);
      // One run in two thousand has none or all of them.
      expect(traces.length).toBeGreaterThan(0);
      expect(traces.length).toBeLessThan(ids.length);
      for (const { trace_id } of traces) {
        const whole = await wholeTrace(page.request, trace_id, ["click", "submit", "POST", POST, "INSERT messages"]);
        expectOneTree(whole);
      }
    },
    (baseURL) => browser.newContext({ baseURL, locale: "ko-KR" }),
  );
});

test("who asks not to be tracked is not recorded in the browser, and the page works", async ({ browser, words }) => {
  await withServer(
    "private",
    {},
    async (context) => {
      await context.addInitScript(() => Object.defineProperty(navigator, "globalPrivacyControl", { value: true }));
      const page = await context.newPage();
      const sent: string[] = [];
      page.on("request", (request) => {
        if (new URL(request.url()).pathname.startsWith("/v1/")) sent.push(request.url());
      });
      await page.goto("/messages");
      await hydrated(page);
      const post = page.waitForRequest((request) => request.url().endsWith("/fn/messages/post"));
      await page.getByLabel(words.newMessage).fill("untracked");
      await page.getByRole("button", { name: words.post, exact: true }).click();
      await expect(page.getByText("untracked")).toBeVisible();
      expect((await (await post).allHeaders())["traceparent"]).toBeUndefined();
      await settled(page);
      expect(sent).toEqual([]);
    },
    (baseURL) => browser.newContext({ baseURL, locale: "ko-KR" }),
  );
});

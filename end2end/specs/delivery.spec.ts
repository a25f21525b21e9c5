import type { BrowserContext, Page } from "@playwright/test";
import { freePort, startCollector } from "../support/collector";
import { hydrated } from "../support/hydrated";
import { expect, signIn, test } from "../support/reader";
import { end, startServer } from "../support/server";

interface Recorded {
  context: BrowserContext;
  page: Page;
  /** The ids of the spans that have ended in the page. */
  ended: string[];
  /** What has reached a collector. */
  arrived: () => string;
  stop: () => Promise<void>;
}

/** A page of messages whose spans are watched from their end to a collector. */
async function recorded(browser: import("@playwright/test").Browser, name: string): Promise<Recorded> {
  const http = await freePort();
  const collector = await startCollector(http, await freePort());
  const server = await startServer(name, { OTLP_ENDPOINT: `http://127.0.0.1:${http}` });
  const context = await browser.newContext({ baseURL: server.url });
  const ended: string[] = [];
  await context.exposeBinding("onGlassboardSpan", (_, id: string) => void ended.push(id));
  await signIn(context);
  const page = await context.newPage();
  await page.goto("/messages");
  await hydrated(page);
  const stop = async () => {
    await context.close();
    await server.stop();
    await end(collector.process);
  };
  return { context, page, ended, arrived: collector.output, stop };
}

const lost = ({ ended, arrived }: Recorded) => ended.filter((id) => !arrived().includes(id)).length;

/** Fetches that make a span each, of some 700 bytes. */
const fetchOften = (page: Page, times: number) =>
  page.evaluate(async (times) => {
    for (let i = 0; i < times; i++) await fetch("/db/messages?limit=1").then((answer) => answer.text(), () => undefined);
  }, times);

/** As far as the page can tell. */
const hide = (page: Page, hidden: boolean) =>
  page.evaluate((hidden) => {
    Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
    document.dispatchEvent(new Event("visibilitychange", { bubbles: true }));
  }, hidden);

test("what was sent takes nothing of what a browser carries beyond a page's end", async ({ browser }) => {
  const board = await recorded(browser, "delivery-much");
  try {
    await fetchOften(board.page, 50);
    await expect.poll(() => lost(board), { timeout: 20_000 }).toBe(0);
    // Chromium refuses more than 64 KiB, all requests together, until their answers have been read.
    const carried = await board.page.evaluate(() => {
      const body = "x".repeat(60_000);
      return fetch("/health/live", { method: "POST", keepalive: true, body }).then((answer) => answer.status, String);
    });
    expect(carried).toBe(405);
  } finally {
    await board.stop();
  }
});

test("what ended while nothing could be sent arrives later, although the page was hidden meanwhile", async ({ browser }) => {
  const board = await recorded(browser, "delivery-hidden");
  try {
    const { context, page } = board;
    await expect.poll(() => lost(board), { timeout: 20_000 }).toBe(0);
    await context.setOffline(true);
    await fetchOften(page, 20);
    await hide(page, true);
    await page.waitForTimeout(500);
    await hide(page, false);
    expect(lost(board)).toBeGreaterThan(15);
    await context.setOffline(false);
    await expect.poll(() => lost(board), { timeout: 20_000 }).toBe(0);
  } finally {
    await board.stop();
  }
});

test("a page that is hidden sends at once what it has", async ({ browser }) => {
  const board = await recorded(browser, "delivery-hides");
  try {
    await fetchOften(board.page, 100);
    await hide(board.page, true);
    await expect.poll(() => lost(board), { timeout: 20_000 }).toBe(0);
  } finally {
    await board.stop();
  }
});

test("leaving a page is no fault of its stream, and its route is known", async ({ browser }) => {
  const board = await recorded(browser, "delivery-leaving");
  try {
    for (const path of ["/messages", "/logs", "/messages", "/traces", "/messages"]) {
      await board.page.goto(path);
      await hydrated(board.page);
      await board.page.waitForTimeout(300);
    }
    await board.page.goto("about:blank");
    await expect.poll(() => lost(board), { timeout: 20_000 }).toBe(0);
    expect(board.arrived()).not.toContain("reconnect");
    const loads = board.arrived().split(/\n\s*Span #/).filter((span) => span.includes("documentLoad"));
    expect(loads.length).toBeGreaterThan(5);
    for (const load of loads) expect(load).toContain("http.route");
  } finally {
    await board.stop();
  }
});

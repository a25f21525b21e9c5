import { chromium } from "@playwright/test";
import { freePort, startCollector } from "../support/collector";
import { hydrated } from "../support/hydrated";
import { expect, signIn, test } from "../support/reader";
import { end, startServer } from "../support/server";

test("a page tells its web vitals, errors with their trace, and rejected promises", async ({ browser }) => {
  const [http, grpc] = [await freePort(), await freePort()];
  const collector = await startCollector(http, grpc, ["logs"]);
  const server = await startServer("browser-signals", { OTLP_ENDPOINT: `http://127.0.0.1:${http}` });
  const context = await browser.newContext({ baseURL: server.url });
  try {
    await signIn(context);
    const page = await context.newPage();
    await page.goto("/messages");
    await hydrated(page);
    await page.evaluate(() => {
      setTimeout(() => {
        throw new TypeError("an error nobody caught");
      });
      void Promise.reject(new RangeError("a promise nobody kept"));
      void fetch("/health/live");
    });
    for (const wanted of ["an error nobody caught", "TypeError", "a promise nobody kept", "RangeError", "exception.stacktrace"]) {
      await expect.poll(collector.output, { timeout: 20_000 }).toContain(wanted);
    }
    await page.mouse.click(5, 5);
    await page.goto("about:blank");
    for (const wanted of ["browser.web_vital", "ttfb", "fcp", "lcp", "cls"]) {
      await expect.poll(collector.output, { timeout: 20_000 }).toContain(wanted);
    }
    const metrics = async () => (await context.request.get("/metrics")).text();
    await expect.poll(metrics).toMatch(/glassboard_web_vital_duration_seconds_count\{name="lcp",http_route="\/messages"\} 1/);
  } finally {
    await context.close();
    await server.stop();
    await end(collector.process);
  }
});

test("a page that panics tells of it, and of its load", async ({ browser }) => {
  const [http, grpc] = [await freePort(), await freePort()];
  const collector = await startCollector(http, grpc, ["logs", "traces"]);
  const server = await startServer("browser-panic", { OTLP_ENDPOINT: `http://127.0.0.1:${http}` });
  const context = await browser.newContext({ baseURL: server.url });
  try {
    await signIn(context);
    const page = await context.newPage();
    // The program finds other elements than it has made on the server.
    await page.route("/messages", async (route) => {
      const answer = await route.fetch();
      await route.fulfill({ response: answer, body: (await answer.text()).replace(/<main[^]*<\/main>/, "<p>something else</p>") });
    });
    const panicked = page.waitForEvent("console", (message) => message.type() === "error" && message.text().includes("panicked"));
    await page.goto("/messages");
    await panicked;
    for (const wanted of ["Str(panic)", "hydration.rs:", "documentLoad", "documentFetch", "hydrate"]) {
      await expect.poll(collector.output, { timeout: 20_000 }).toContain(wanted);
    }
  } finally {
    await context.close();
    await server.stop();
    await end(collector.process);
  }
});

test("the trace of an error can be copied, also where a page has no clipboard", async ({ server }) => {
  // Plain HTTP under a name that is not this machine's, as in a local network.
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--host-resolver-rules=MAP board.test 127.0.0.1"],
  });
  try {
    const page = await browser.newPage({ locale: "en-US" });
    await page.goto(`${server.url.replace("127.0.0.1", "board.test")}/no-such-page`);
    await hydrated(page);
    expect(await page.evaluate(() => "clipboard" in navigator)).toBe(false);
    const copied = page.evaluate(() => new Promise((resolve) => addEventListener("copy", () => resolve(getSelection()?.toString() || (document.activeElement as HTMLTextAreaElement).value))));
    await page.getByRole("button", { name: "Copy" }).click();
    expect(await copied).toMatch(/^[0-9a-f]{32}$/);
    await expect(page.getByRole("button", { name: "Copied" })).toBeVisible();
  } finally {
    await browser.close();
  }
});

import { freePort, startCollector } from "../support/collector";
import { hydrated } from "../support/hydrated";
import { expect, newName, signIn, test } from "../support/reader";
import { end, startServer } from "../support/server";
import { wholeTrace } from "../support/traces";

// Port 4317 is what makes it gRPC (docs: OTLP_ENDPOINT), so that these can't run side by side.
test.describe.configure({ mode: "serial" });

for (const protocol of ["HTTP", "gRPC", "JSON"] as const) {
  test(`server and browser spans of one trace reach a foreign collector over OTLP/${protocol}`, async ({ page }) => {
    const [http, grpc] = [await freePort(), protocol === "gRPC" ? 4317 : await freePort()];
    const collector = await startCollector(http, grpc);
    const server = await startServer(`exporting-${protocol}`, {
      OTLP_ENDPOINT: `http://127.0.0.1:${protocol === "gRPC" ? grpc : http}`,
      ...(protocol === "JSON" && { OTEL_EXPORTER_OTLP_PROTOCOL: "http/json", OTEL_EXPORTER_OTLP_COMPRESSION: "none" }),
    });
    try {
      await page.goto(`${server.url}/`);
      const traceparent = (await page.locator('meta[name="traceparent"]').getAttribute("content")) ?? "";
      const id = traceparent.slice(3, 35);
      for (const wanted of [id, "documentLoad", "GET /", "aks-demo-frontend", "aks-demo-backend"]) {
        await expect.poll(collector.output, { timeout: 20_000 }).toContain(wanted);
      }
    } finally {
      await page.goto("about:blank");
      await server.stop();
      await end(collector.process);
    }
  });
}

/** Nanoseconds since 1970, as OTLP in JSON has them. */
const nanoseconds = () => `${Date.now()}000000`;

for (const protocol of ["HTTP", "gRPC"] as const) {
  test(`a page's metrics and logs reach a foreign collector over OTLP/${protocol}`, async ({ request }) => {
    const [http, grpc] = [await freePort(), protocol === "gRPC" ? 4317 : await freePort()];
    const collector = await startCollector(http, grpc, ["metrics", "logs"]);
    const server = await startServer(`relaying-${protocol}`, {
      OTLP_ENDPOINT: `http://127.0.0.1:${protocol === "gRPC" ? grpc : http}`,
    });
    const time = nanoseconds();
    const dataPoints = [{ timeUnixNano: time, asDouble: 1234.5, attributes: [{ key: "user.name", value: { stringValue: "forged" } }] }];
    const metrics = [{ name: "browser.web_vital.lcp", unit: "ms", gauge: { dataPoints } }];
    const record = { timeUnixNano: time, severityNumber: 17, body: { stringValue: "a broken promise" } };
    const send = (path: string, data: object) => request.post(`${server.url}${path}`, { data, headers: { origin: server.url } });
    try {
      const sent = [
        await send("/v1/metrics", { resourceMetrics: [{ scopeMetrics: [{ metrics }] }] }),
        await send("/v1/logs", { resourceLogs: [{ scopeLogs: [{ logRecords: [record] }] }] }),
      ];
      expect(sent.map((answer) => answer.status())).toEqual([200, 200]);
      expect((await send("/v1/logs", { resourceLogs: "nonsense" })).status()).toBe(400);
      for (const wanted of ["browser.web_vital.lcp", "1234.5", "a broken promise", "aks-demo-frontend"]) {
        await expect.poll(collector.output, { timeout: 20_000 }).toContain(wanted);
      }
      expect(collector.output()).not.toContain("forged");
    } finally {
      await server.stop();
      await end(collector.process);
    }
  });
}

for (const protocol of ["HTTP", "gRPC"] as const) {
  test(`the server's own log and metrics reach a foreign collector over OTLP/${protocol}`, async ({ browser }) => {
    const [http, grpc] = [await freePort(), protocol === "gRPC" ? 4317 : await freePort()];
    const collector = await startCollector(http, grpc, ["metrics", "logs"]);
    const server = await startServer(`measuring-${protocol}`, {
      OTLP_ENDPOINT: `http://127.0.0.1:${protocol === "gRPC" ? grpc : http}`,
      OTEL_METRIC_EXPORT_INTERVAL: "500",
    });
    const context = await browser.newContext({ baseURL: server.url });
    try {
      await signIn(context);
      await context.request.post("/login", { data: { username: "nobody", password: "hunter2-planted" } });
      for (const wanted of [
        "login.failed",
        "http.server.request.duration",
        "http_requests_total",
        "db.client.operation.duration",
        "glassboard.log_ins",
        "process.cpu.time",
        "aks-demo-backend",
      ]) {
        await expect.poll(collector.output, { timeout: 20_000 }).toContain(wanted);
      }
      expect(collector.output()).not.toContain("hunter2-planted");
    } finally {
      await context.close();
      await server.stop();
      await end(collector.process);
    }
  });
}

test("a collector that is down costs the reader nothing", async ({ page, browser }) => {
  const server = await startServer("exporting-nowhere", { OTLP_ENDPOINT: `http://127.0.0.1:${await freePort()}` });
  const context = await browser.newContext({ baseURL: server.url });
  try {
    await signIn(context);
    const answer = await context.request.post("/db/message", { data: { message: "still works" } });
    expect(answer.status()).toBe(200);
    await page.goto(`${server.url}/`);
    const id = ((await page.locator('meta[name="traceparent"]').getAttribute("content")) ?? "").slice(3, 35);
    await wholeTrace(page.request, id, []).catch(() => undefined);
    expect((await context.request.get("/health")).status()).toBe(200);
  } finally {
    await context.close();
    await page.goto("about:blank");
    await server.stop();
  }
});

test("what is typed into any field reaches no collector", async ({ browser }) => {
  test.slow();
  const http = await freePort();
  const collector = await startCollector(http, await freePort(), ["traces", "metrics", "logs"]);
  const server = await startServer("typed-into", { OTLP_ENDPOINT: `http://127.0.0.1:${http}`, OTEL_METRIC_EXPORT_INTERVAL: "500" });
  const context = await browser.newContext({ baseURL: server.url });
  const page = await context.newPage();
  const planted = (place: string) => `planted-${place}-${Math.random().toString(36).slice(2)}`;
  const typed: string[] = [];
  /** Fills every field of the page and sends what can be sent. */
  const typeInto = async (path: string) => {
    await page.goto(path);
    await hydrated(page);
    const fields = page.locator("main :is(input:not([type=hidden], [type=number], [type=checkbox], [type=datetime-local]), textarea)");
    for (const field of await fields.filter({ visible: true }).all()) {
      // A name that somebody gets is none.
      const isName = path === "/register" && (await field.getAttribute("name")) === "username";
      const secret = isName ? newName("reader") : planted(path.replaceAll("/", ""));
      if (!isName) typed.push(secret);
      await field.fill("");
      await field.pressSequentially(secret);
    }
    await page.locator("main form:has(:is(input:not([type=hidden]), textarea)) [type=submit]").first().click();
    await page.waitForTimeout(300);
  };
  try {
    for (const path of ["/login", "/register"]) await typeInto(path);
    await context.clearCookies();
    await signIn(context);
    for (const path of ["/messages", "/search", "/account", "/traces", "/logs"]) await typeInto(path);
    await page.goto("/");
    const id = ((await page.locator('meta[name="traceparent"]').getAttribute("content")) ?? "").slice(3, 35);
    for (const wanted of [id, "submit", "log in", "post message", "login.failed", "http.server.request.duration"]) {
      await expect.poll(collector.output, { timeout: 20_000 }).toContain(wanted);
    }
    expect(typed.length).toBeGreaterThan(8);
    expect(typed.filter((secret) => collector.output().includes(secret))).toEqual([]);
  } finally {
    await context.close();
    await server.stop();
    await end(collector.process);
  }
});

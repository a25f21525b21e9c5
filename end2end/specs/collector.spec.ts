import { type ChildProcess, spawn } from "node:child_process";
import { createServer } from "node:net";
import { expect, signIn, test } from "../support/reader";
import { end, firstMatch, startServer } from "../support/server";
import { wholeTrace } from "../support/traces";

const collectorProgram = process.env.GLASSBOARD_ROTEL;

// Port 4317 is what makes it gRPC (docs: OTLP_ENDPOINT), so that these can't run side by side.
test.describe.configure({ mode: "serial" });

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((listening) => probe.listen(0, "127.0.0.1", listening));
  const address = probe.address();
  await new Promise((closed) => probe.close(closed));
  if (!address || typeof address === "string") throw new Error("no port");
  return address.port;
}

/** A collector made by others (rotel), which prints what reaches it. */
async function startCollector(
  httpPort: number,
  grpcPort: number,
  signals: string[] = ["traces"],
): Promise<{ process: ChildProcess; output: () => string }> {
  if (!collectorProgram) throw new Error("GLASSBOARD_ROTEL names no collector: scripts/test.sh sets it");
  const process = spawn(collectorProgram, [
    "start",
    "--otlp-http-endpoint",
    `127.0.0.1:${httpPort}`,
    "--otlp-grpc-endpoint",
    `127.0.0.1:${grpcPort}`,
    "--exporter",
    "blackhole",
    ...signals.flatMap((signal) => ["--debug-log", signal]),
    "--debug-log-verbosity",
    "detailed",
  ]);
  let printed = "";
  const keep = (chunk: Buffer) => (printed += chunk.toString());
  process.stdout.on("data", keep);
  process.stderr.on("data", keep);
  await firstMatch(process, "collector", /starting|started|listening/i);
  return { process, output: () => printed };
}

for (const protocol of ["HTTP", "gRPC"] as const) {
  test(`server and browser spans of one trace reach a foreign collector over OTLP/${protocol}`, async ({ page }) => {
    const [http, grpc] = [await freePort(), protocol === "gRPC" ? 4317 : await freePort()];
    const collector = await startCollector(http, grpc);
    const server = await startServer(`exporting-${protocol}`, {
      OTLP_ENDPOINT: `http://127.0.0.1:${protocol === "gRPC" ? grpc : http}`,
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

import { hydrated } from "../support/hydrated";
import { test } from "../support/reader";
import { describe, readTrace } from "../support/traces";
test("debug", async ({ page, signIn, words }) => {
  await signIn();
  const bodies: string[] = [];
  page.on("request", (r) => { if (r.url().endsWith("/v1/traces")) bodies.push(r.postData() ?? "none"); });
  await page.goto("/search");
  await hydrated(page);
  const listed = page.waitForRequest((request) => request.url().includes("/fn/messages/list"));
  await page.getByRole("link", { name: words.messages, exact: true }).filter({ visible: true }).first().click();
  const tp = (await (await listed).allHeaders())["traceparent"] ?? "";
  await page.waitForTimeout(4000);
  const t = await readTrace(page.request, tp.slice(3, 35));
  console.log(tp, t && describe(t), JSON.stringify(t?.spans.map((s) => [s.name, s.attributes])));
  for (const b of bodies) { try { const j = JSON.parse(b); console.log(JSON.stringify(j.resourceSpans?.[0]?.scopeSpans?.map((s: any) => s.spans.map((x: any) => [x.name, x.traceId, x.spanId, x.parentSpanId])))); } catch { console.log(b.length); } }
});

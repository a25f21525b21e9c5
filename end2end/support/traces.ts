import { type APIRequestContext, expect } from "@playwright/test";

/** A span as `/fn/traces/get` tells it: times in microseconds after the trace's start, by the clock of who recorded it. */
export interface Span {
  span_id: string;
  parent_id: string | null;
  orphan: boolean;
  depth: number;
  name: string;
  kind: "internal" | "server" | "client" | "producer" | "consumer";
  part: "browser" | "server" | "database" | "cache" | "queue";
  service: string;
  start_us: number;
  duration_us: number;
  error: string | null;
  attributes: [string, string][];
}

export interface Trace {
  trace_id: string;
  title: string;
  spans: Span[];
}

/** The trace as far as it has arrived; `null` when none can be seen. */
export async function readTrace(request: APIRequestContext, id: string): Promise<Trace | null> {
  const answer = await request.post("/fn/traces/get", { form: { trace_id: id } });
  return answer.ok() ? ((await answer.json()) as Trace) : null;
}

/** Waits until the trace has a span of each of these names, and all of their parents. */
export async function wholeTrace(request: APIRequestContext, id: string, names: string[]): Promise<Trace> {
  let trace: Trace | null = null;
  await expect
    .poll(
      async () => {
        trace = await readTrace(request, id);
        const spans: Span[] = trace?.spans ?? [];
        return {
          missing: names.filter((name) => !spans.some((span) => span.name === name)),
          orphans: spans.filter((span) => span.orphan).map((span) => span.name),
        };
      },
      { message: `trace ${id}`, timeout: 20_000 },
    )
    .toEqual({ missing: [], orphans: [] });
  if (!trace) throw new Error(`trace ${id} is gone`);
  return trace;
}

export const attribute = (span: Span, name: string) => span.attributes.find(([key]) => key === name)?.[1];

/** The only span of that name (and kind, where two have it). */
export function only(trace: Trace, name: string, kind?: Span["kind"]): Span {
  const found = trace.spans.filter((span) => span.name === name && (!kind || span.kind === kind));
  expect(found, `spans named ${name} in ${describe(trace)}`).toHaveLength(1);
  return found[0] as Span;
}

/** The span above this one. */
export function parentOf(trace: Trace, child: Span): Span {
  const parent = trace.spans.find((span) => span.span_id === child.parent_id);
  if (!parent) throw new Error(`${child.name} has no parent in ${describe(trace)}`);
  return parent;
}

/** The names from the root down to this span, by parent ids. */
export function pathTo(trace: Trace, span: Span): string[] {
  const path: string[] = [];
  for (let at: Span | undefined = span; at; at = trace.spans.find((other) => other.span_id === at?.parent_id)) {
    path.unshift(at.name);
    if (path.length > trace.spans.length) throw new Error(`a circle of parents in ${trace.trace_id}`);
  }
  return path;
}

/** The tree, for a failed test's message. */
export const describe = (trace: Trace) =>
  trace.spans
    .map((span) => `\n${"  ".repeat(span.depth)}${span.name} [${span.part}] ${span.start_us}+${span.duration_us} µs`)
    .join("");

const TOLERANCE_US = 2_000;

/**
 * Every child lies within its parent, within 2 ms, once the browser's clock is set to the server's by the offset that the
 * page load declares. Consumers work later, by nature.
 */
export function expectNestedTimes(trace: Trace) {
  const declared = trace.spans.map((span) => attribute(span, "glassboard.clock_offset_ms")).find((value) => value !== undefined);
  const offset = Number(declared ?? 0) * 1000;
  const start = (span: Span) => span.start_us + (span.part === "browser" ? offset : 0);
  const end = (span: Span) => start(span) + span.duration_us;
  const outside = trace.spans.flatMap((child) => {
    const parent = trace.spans.find((span) => span.span_id === child.parent_id);
    if (!parent || child.kind === "consumer") return [];
    const early = start(parent) - start(child);
    const late = end(child) - end(parent);
    const by = Math.max(early, late);
    return by > TOLERANCE_US ? [`${child.name} leaves ${parent.name} by ${Math.round(by)} µs`] : [];
  });
  expect(outside, describe(trace)).toEqual([]);
}

/** One root, nothing without its parent, nothing twice. */
export function expectOneTree(trace: Trace) {
  expect(trace.spans.filter((span) => span.parent_id === null).map((span) => span.name), describe(trace)).toHaveLength(1);
  expect(trace.spans.filter((span) => span.orphan).map((span) => span.name), describe(trace)).toEqual([]);
  expect(new Set(trace.spans.map((span) => span.span_id)).size).toBe(trace.spans.length);
}

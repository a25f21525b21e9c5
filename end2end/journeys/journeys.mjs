// So many people use the board in a browser, three at a time: load, log in, post, search, look at the log. Of each step the
// edges are expected that are listed here, from the click to the worker's `process`; and nothing else may be wrong with any
// trace: no orphans, no wrong parents, no child outside of its parent.
// node journeys.mjs N; started by scripts/journeys.sh
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { undocumented } from './documented.mjs';
import { OPERATOR, PASSWORD, Spans, sleep, startStack, together, until } from './stack.mjs';

const N = Number(process.argv[2] ?? 10);
const AT_A_TIME = 3;
const read = (path) => readFileSync(resolve(import.meta.dirname, '../..', path), 'utf8');
/** A child may leave its parent by so much, after the declared clock offset. */
const TOLERANCE_NS = 2_000_000;
const CONSUMER = 5;

/** The way from a trace's root to what it must reach, by names. `step` makes the trace; several requests may be in one. */
const EDGES = {
  load: [
    ['documentLoad', 'documentFetch', 'GET /messages', 'HGET session'],
    ['documentLoad', 'documentFetch', 'GET /messages', 'list messages', 'SELECT messages'],
    ['documentLoad', 'hydrate'],
    ['documentLoad', 'resourceFetch'],
  ],
  'log-in page': [
    ['documentLoad', 'documentFetch', 'GET /login'],
    ['documentLoad', 'hydrate'],
  ],
  'log in': [
    ['click', 'submit', 'POST', 'POST /fn/accounts/log_in', 'log in', 'SELECT users'],
    ['click', 'submit', 'POST', 'POST /fn/accounts/log_in', 'log in', 'hash password'],
    ['click', 'submit', 'POST', 'POST /fn/accounts/log_in', 'send api-logs', 'process api-logs'],
  ],
  post: [
    ['click', 'submit', 'POST', 'POST /fn/messages/post', 'HGET session'],
    ['click', 'submit', 'POST', 'POST /fn/messages/post', 'post message', 'INSERT messages'],
    ['click', 'submit', 'POST', 'POST /fn/messages/post', 'send api-logs', 'process api-logs'],
  ],
  search: [
    ['input', 'POST', 'POST /fn/search/find', 'search'],
    ['input', 'POST', 'POST /fn/search/find', 'send api-logs', 'process api-logs'],
  ],
  log: [
    ['documentLoad', 'documentFetch', 'GET /logs', 'LRANGE api_logs'],
    ['documentLoad', 'hydrate'],
  ],
};

/** What may stand above what, for all spans of the run: anything else is a wrong parent. */
const PARENTS = [
  [/^documentFetch$|^hydrate$|^resourceFetch$/, /^documentLoad$/],
  [/^submit$/, /^click$/],
  [/^GET \/|^POST \/\w/, /^(GET|POST|documentFetch)$/],
  [/^(GET|POST)$/, /^(click|submit|input|navigation|hydrate)$/],
  [/^(log in|register|post message|list messages|search)$/, /^(GET|POST) \//],
  [/^hash password$/, /^(log in|register)$/],
  [/^(INSERT|SELECT|UPDATE|START TRANSACTION|COMMIT) ?\w*$/, /^(log in|register|post message|list messages|search|(GET|POST) \/.*|index messages)$/],
  [/^(HGET|HSET|HGETALL|SET|GET|LRANGE) (session|search|api_logs)$/, /^(log in|register|post message|search|(GET|POST) \/.*)$/],
  [/^send api-logs$/, /^(GET|POST) \//],
  [/^process api-logs$/, /^send api-logs$/],
];

const stack = await startStack();
const spans = new Spans(stack.asked);
const journeys = [];
let failures = 0;

/** The trace that the first call to this path belongs to. */
async function traceOf(page, path, act) {
  const asked = page.waitForRequest((request) => new URL(request.url()).pathname === path, { timeout: 60_000 });
  await act();
  return (await (await asked).allHeaders()).traceparent?.slice(3, 35);
}

const loaded = async (page, path) => {
  await page.goto(stack.url + path);
  await page.locator('html[data-script=on]').waitFor({ timeout: 60_000 });
  return (await page.locator('meta[name=traceparent]').getAttribute('content')).slice(3, 35);
};

async function journey(number) {
  const context = await stack.browser.newContext({ locale: 'en-US' });
  const steps = {};
  try {
    const page = await context.newPage();
    steps['log-in page'] = await loaded(page, '/login');
    await page.fill('input[name=username]', OPERATOR);
    await page.fill('input[name=password]', PASSWORD);
    steps['log in'] = await traceOf(page, '/fn/accounts/log_in', () => page.locator('main form button[type=submit]').click());
    // A call that is cut off by the next page goes on at the server.
    await page.locator('li.message, p.empty').first().waitFor({ timeout: 60_000 });
    steps.load = await loaded(page, '/messages');
    const text = `journey ${number} ${Math.random().toString(36).slice(2)}`;
    await page.locator('textarea').first().fill(text);
    steps.post = await traceOf(page, '/fn/messages/post', () => page.locator('.post-form button[type=submit]').click());
    await page.getByText(text).waitFor({ timeout: 60_000 });
    await loaded(page, '/search');
    steps.search = await traceOf(page, '/fn/search/find', () => page.locator('main input[type=search]').fill(text.slice(-8)));
    await page.locator('mark').first().waitFor({ timeout: 60_000 });
    steps.log = await loaded(page, '/logs');
    // The last trace is sent after a moment of quiet, or when the page is left.
    await page.goto('about:blank');
    // What was sent on leaving is still under way; closing the context would end that, as ending the browser would.
    await sleep(500);
  } catch (error) {
    failures += 1;
    console.error(`journey ${number}: ${error.message.split('\n').slice(0, 4).join(' ')}`);
  } finally {
    await context.close();
  }
  journeys.push(steps);
}

/** The first step of the way that is not there. */
function missing(trace, way) {
  let above = trace.filter((span) => span.parent === null && span.name === way[0]);
  for (const [at, name] of way.entries()) {
    if (at > 0) {
      const ids = new Set(above.map((span) => span.id));
      above = trace.filter((span) => span.name === name && ids.has(span.parent));
    }
    if (above.length === 0) return way.slice(0, at + 1).join(' > ');
  }
  return null;
}

const complete = (steps) => Object.entries(EDGES).every(([step, ways]) => ways.every((way) => missing(spans.traces.get(steps[step]) ?? [], way) === null));

/** Parents that are not in the trace; and children that leave their parent. */
function faults(trace) {
  const ids = new Map(trace.map((span) => [span.id, span]));
  const time = (span, at) => span[at] + (span.resource['glassboard.clock_offset_ms'] ?? 0) * 1e6;
  const orphans = trace.filter((span) => span.parent !== null && !ids.has(span.parent));
  const outside = trace.filter((child) => {
    const parent = ids.get(child.parent);
    if (!parent || child.kind === CONSUMER) return false;
    return time(parent, 'start') - time(child, 'start') > TOLERANCE_NS || time(child, 'end') - time(parent, 'end') > TOLERANCE_NS;
  });
  const wrong = trace.filter((child) => {
    const parent = ids.get(child.parent);
    return parent && PARENTS.some(([name, above]) => name.test(child.name) && !above.test(parent.name));
  });
  return { orphans, outside, wrong };
}

/** Names of attributes and metrics that neither OpenTelemetry's conventions nor our documents know. */
async function unknownNames() {
  const [names, documented, ours] = [await stack.asked('/names'), read('docs/TELEMETRY.md'), read('crates/telemetry/src/names.rs')];
  const development = ours.slice(ours.indexOf('pub mod development'), ours.indexOf('pub mod own'));
  const attributes = Object.entries(names.attributes).map(([name, standing]) => [name, standing]);
  const metrics = Object.entries(names.metrics).map(([name, { standing }]) => [name, standing]);
  return [...attributes, ...metrics].filter(([name, standing]) => {
    if (standing === 'stable') return false;
    if (standing === 'development') return !development.includes(`"${name}"`);
    return !documented.includes(name) && !ours.includes(`"${name}"`);
  });
}

const tree = (trace, parent = null, depth = 0) =>
  trace
    .filter((span) => (depth === 0 ? span.parent === null || !trace.some((other) => other.id === span.parent) : span.parent === parent))
    .sort((a, b) => a.start - b.start)
    .map((span) => `${'  '.repeat(depth)}${span.name} ${((span.end - span.start) / 1e6).toFixed(2)} ms\n${tree(trace, span.id, depth + 1)}`)
    .join('');

const began = Date.now();
try {
  await until('the worker is through with what waited', async () => {
    await sleep(2_000);
    return (await spans.read()) === 0;
  });
  spans.forget();
  await together(N, AT_A_TIME, async (number) => {
    await journey(number);
    if ((number + 1) % 50 === 0) console.log(`${number + 1} journeys`);
  });
  await until('all spans have come', async () => {
    await spans.read();
    return journeys.every(complete);
  }, 30_000).catch(() => undefined);
  await sleep(2_000);
  await spans.read();

  const lacking = new Map();
  let whole = 0;
  for (const steps of journeys) {
    let all = true;
    for (const [step, ways] of Object.entries(EDGES)) {
      for (const way of ways) {
        const gap = missing(spans.traces.get(steps[step]) ?? [], way);
        if (gap !== null) {
          all = false;
          const name = `${step}: ${gap}`;
          lacking.set(name, [...(lacking.get(name) ?? []), steps[step]]);
        }
      }
    }
    whole += all ? 1 : 0;
  }
  const ours = [...spans.traces.values()];
  const found = { orphans: [], outside: [], wrong: [] };
  for (const trace of ours) {
    const { orphans, outside, wrong } = faults(trace);
    found.orphans.push(...orphans);
    found.wrong.push(...wrong);
    found.outside.push(...outside);
  }
  const unknown = await unknownNames();
  const secret = await stack.asked(`/bytes?find=${encodeURIComponent(PASSWORD)}`);
  const edges = Object.values(EDGES).flat().reduce((sum, way) => sum + way.length - 1, 0);
  if (process.env.SHOW_TREES) for (const [step, id] of Object.entries(journeys[0])) console.log(`-- ${step}\n${tree(spans.traces.get(id) ?? [])}`);
  const numberOf = (id) => journeys.findIndex((steps) => Object.values(steps).includes(id));
  for (const [name, ids] of lacking) {
    console.log(`missing in ${ids.length}: ${name}, in journeys ${ids.slice(0, 20).map(numberOf).join(' ')}\n${tree(spans.traces.get(ids[0]) ?? [])}`);
  }
  for (const span of [...found.orphans.slice(0, 3), ...found.outside.slice(0, 3), ...found.wrong.slice(0, 3)]) console.log(`wrong: ${span.name} in\n${tree(spans.traces.get(span.trace))}`);
  console.log('\n| what | wanted | seen |\n|---|---|---|');
  console.log(`| journeys, ${AT_A_TIME} at a time | ${N} | ${journeys.length - failures} in ${Math.round((Date.now() - began) / 1000)} s |`);
  console.log(`| journeys with all of their ${edges} edges | 100 % | ${whole} = ${((100 * whole) / N).toFixed(1)} % |`);
  console.log(`| spans, in traces | | ${spans.all.length}, ${ours.length} |`);
  console.log(`| orphans | 0 | ${found.orphans.length} |`);
  console.log(`| wrong parents | 0 | ${found.wrong.length} |`);
  console.log(`| children out of their parents by more than 2 ms | 0 | ${found.outside.length} |`);
  const confessed = spans.all.filter((span) => span.resource['glassboard.dropped_spans'] > 0).length;
  console.log(`| spans that came with word of others that the page had lost | 0 | ${confessed} |`);
  console.log(`| spans that came again, because nobody had answered | | ${spans.again} |`);
  console.log(`| names that neither the conventions nor our documents know | 0 | ${unknown.map(([name, standing]) => `${name} (${standing})`).join(', ') || 0} |`);
  const unsaid = undocumented(spans.all, await stack.asked('/logs'));
  console.log(`| spans, log records and attributes of theirs that docs/TELEMETRY.md does not have | 0 | ${unsaid.join(', ') || 0} |`);
  console.log(`| the password in what was received | 0 | ${secret} |`);
  const faultless = [found.orphans, found.outside, found.wrong, unknown, unsaid].every((list) => list.length === 0) && secret === 0 && confessed === 0;
  if (whole < N || failures > 0 || !faultless) process.exitCode = 1;
} finally {
  await stack.stop();
}

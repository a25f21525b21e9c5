// Measures a running release build over HTTP: node scripts/bench.mjs GLASSBOARD BARE_AXUM
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const [glassboard, bareAxum] = process.argv.slice(2);
const MESSAGES = Number(process.env.MESSAGES ?? 1_000_000);
const RUNS = Number(process.env.RUNS ?? 5);
const SECONDS = Number(process.env.SECONDS_EACH ?? 5);
const LOAD_SECONDS = Number(process.env.LOAD_SECONDS ?? 600);
const folder = mkdtempSync(join(tmpdir(), 'glassboard-bench-'));
const data = join(folder, 'data');
const rows = [];
let server;

const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
const percentile = (numbers, p) => [...numbers].sort((a, b) => a - b)[Math.min(numbers.length - 1, Math.ceil(numbers.length * p) - 1)];
const row = (what, wanted, seen) => {
  rows.push([what, wanted, seen]);
  console.log(`${what}: ${seen} (wanted ${wanted})`);
};
const rssMiB = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))[1]) / 1024;

/** Starts the board; resolves with its URL and the milliseconds from exec to its first answer of 200. */
async function start() {
  const began = performance.now();
  server = spawn(glassboard, ['--data', data, '--listen', '127.0.0.1:3999'], { stdio: ['ignore', 'ignore', 'ignore'] });
  const url = 'http://127.0.0.1:3999';
  for (;;) {
    try {
      if ((await fetch(`${url}/health/live`)).ok) return { url, millis: performance.now() - began };
    } catch {}
  }
}
const stop = () => new Promise((resolve) => (server.once('exit', resolve), server.kill('SIGTERM')));

async function signIn(url) {
  const body = JSON.stringify({ username: 'bench', password: 'correct horse' });
  const headers = { 'content-type': 'application/json' };
  await fetch(`${url}/register`, { method: 'POST', headers, body });
  const response = await fetch(`${url}/login`, { method: 'POST', headers, body });
  return response.headers.getSetCookie().map((c) => c.split(';')[0]).join('; ');
}

/** Requests per second that wrk sees with 16 connections. */
function wrk(url, cookie, script) {
  const args = ['-t1', '-c16', `-d${SECONDS}s`, '-H', `Cookie: ${cookie}`, ...(script ? ['-s', script] : []), url];
  const out = spawnSync('wrk', args, { encoding: 'utf8' }).stdout;
  if (/Non-2xx/.test(out)) throw new Error(out);
  return Number(/Requests\/sec:\s+([\d.]+)/.exec(out)[1]);
}

/** The board's route against a bare axum route with the same bytes, in turn. */
async function against(what, wanted, url, cookie) {
  const response = await until(() => fetch(url, { headers: { cookie } }));
  const file = join(folder, 'bytes');
  writeFileSync(file, Buffer.from(await response.arrayBuffer()));
  const bare = spawn(bareAxum, ['3998', file, response.headers.get('content-type')], { stdio: 'ignore' });
  await until(() => fetch('http://127.0.0.1:3998/'));
  const pairs = [];
  for (let i = 0; i < RUNS; i++) pairs.push([wrk(url, cookie), wrk('http://127.0.0.1:3998/', cookie)]);
  bare.kill();
  const ours = median(pairs.map((p) => p[0]));
  const theirs = median(pairs.map((p) => p[1]));
  const ratio = median(pairs.map((p) => p[0] / p[1]));
  row(what, wanted, `${Math.round(ours)} of ${Math.round(theirs)} requests/s = ${(ratio * 100).toFixed(0)} %`);
  return ours;
}

async function until(attempt) {
  for (;;) {
    try {
      return await attempt();
    } catch {}
  }
}

async function millis(action) {
  const began = performance.now();
  await action();
  return performance.now() - began;
}

async function generate(url, cookie) {
  const get = (path) => fetch(`${url}${path}`, { headers: { cookie } }).then((r) => r.text());
  const began = performance.now();
  const headers = { cookie, 'content-type': 'application/x-www-form-urlencoded' };
  const started = await fetch(`${url}/fn/samples/generate`, { method: 'POST', headers, body: `count=${MESSAGES}` });
  if (!started.ok) throw new Error(await started.text());
  const lists = [];
  for (;;) {
    lists.push(await millis(() => get('/db/messages')));
    const total = JSON.parse(await get('/db/messages?limit=1')).pagination.total;
    if (total >= MESSAGES) break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  row(`${MESSAGES} samples`, '<= 120 s', `${((performance.now() - began) / 1000).toFixed(1)} s`);
  row('list meanwhile, p95', '<= 100 ms', `${percentile(lists, 0.95).toFixed(1)} ms`);
}

async function searches(url, cookie) {
  const queries = ['e', '버', '%', 'the', '서버', '서버 배포', 'server deploy', 'e t', 's a', '니다 서', 'absent-term', 'zq', 'q', '없는말', 'Kafka consumer lag shrinks', 'x'.repeat(200), '다 '.repeat(100).trim(), 'trace without a gap', '습니다 습', '가나다'];
  const times = [];
  for (let round = 0; round < 5; round++) {
    for (const q of queries) {
      await fetch(`${url}/cache/search/clear`, { method: 'POST', headers: { cookie, 'content-type': 'application/json' }, body: '{}' });
      const time = await millis(() => fetch(`${url}/db/messages/search?q=${encodeURIComponent(q)}`, { headers: { cookie } }).then((r) => r.text()));
      times.push([time, q]);
    }
  }
  const slowest = times.sort((a, b) => b[0] - a[0])[0];
  row('uncached search, p95', '<= 30 ms', `${percentile(times.map((t) => t[0]), 0.95).toFixed(1)} ms (slowest ${slowest[0].toFixed(1)} ms: ${slowest[1].slice(0, 20)})`);
}

/** Reads, searches and writes in turn, then the memory that this left behind. */
async function load(url, cookie, post) {
  const ends = performance.now() + LOAD_SECONDS * 1000;
  const paths = ['/messages', '/db/messages?page=777', '/db/messages/search?q=server', '/search?q=latency', '/traces'];
  for (let turn = 0; performance.now() < ends; turn++) {
    wrk(`${url}${paths[turn % paths.length]}`, cookie);
    wrk(`${url}/db/message`, cookie, post);
  }
  row(`resident memory after ${LOAD_SECONDS} s of load`, '<= 150 MiB', `${rssMiB().toFixed(0)} MiB`);
}

async function main() {
  let { url } = await start();
  let cookie = await signIn(url);
  await generate(url, cookie);
  await stop();
  const starts = [];
  for (let i = 0; i < RUNS; i++) {
    const started = await start();
    starts.push(started.millis);
    if (i < RUNS - 1) await stop();
  }
  row('exec to first 200', '<= 300 ms', `${median(starts).toFixed(0)} ms`);
  row('resident memory then', '<= 60 MiB', `${rssMiB().toFixed(0)} MiB`);
  cookie = await signIn(url);
  await fetch(`${url}/db/messages/search?q=server`, { headers: { cookie } });
  await against('cached search', '>= 50 %', `${url}/db/messages/search?q=server`, cookie);
  await against('session status', '>= 50 %', `${url}/session/status`, cookie);
  const first = await against('first list page', '>= 20 %', `${url}/db/messages`, cookie);
  const deep = median(Array.from({ length: RUNS }, () => wrk(`${url}/db/messages?page=50000`, cookie)));
  row('page 50,000 against page 1', '<= 3x', `${(first / deep).toFixed(2)}x`);
  const html = `${cookie}`;
  const page = median(Array.from({ length: RUNS }, () => wrk(`${url}/messages`, html)));
  row('messages page as HTML', '>= 1500 requests/s', `${Math.round(page)} requests/s`);
  const post = join(folder, 'post.lua');
  writeFileSync(post, 'wrk.method="POST"\nwrk.headers["Content-Type"]="application/json"\nwrk.body=\'{"message":"서버 배포 완료했습니다 latency is back to normal"}\'\n');
  const posts = median(Array.from({ length: RUNS }, () => wrk(`${url}/db/message`, cookie, post)));
  row('posts, 16 connections', 'see the store bench', `${Math.round(posts)} requests/s`);
  // While wrk ran, this process noticed nothing of connections that the server closed as idle.
  await new Promise((resolve) => setTimeout(resolve, 500));
  await searches(url, cookie);
  await load(url, cookie, post);
  await stop();
}

try {
  await main();
} finally {
  server?.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
}
console.log('\n| what | wanted | seen |\n|---|---|---|');
for (const cells of rows) console.log(`| ${cells.join(' | ')} |`);

// What the benches share: a board under load, and a table of what was seen.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const MESSAGES = Number(process.env.MESSAGES ?? 1_000_000);
export const RUNS = Number(process.env.RUNS ?? 5);
export const SECONDS = Number(process.env.SECONDS_EACH ?? 5);
export const folder = mkdtempSync(join(tmpdir(), 'glassboard-bench-'));

const TEXT = '서버 배포 완료했습니다 latency is back to normal';
const QUERIES = ['e', '버', '%', 'the', '서버', '서버 배포', 'server deploy', 'e t', 's a', '니다 서', 'absent-term', 'zq', 'q', '없는말', 'Kafka consumer lag shrinks', 'x'.repeat(200), '다 '.repeat(100).trim(), 'trace without a gap', '습니다 습', '가나다'];

const rows = [];
const processes = [];

export const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
const percentile = (numbers, p) => [...numbers].sort((a, b) => a - b)[Math.min(numbers.length - 1, Math.ceil(numbers.length * p) - 1)];
export const medianOf = (measure) => median(Array.from({ length: RUNS }, measure));

export function row(what, wanted, seen) {
  rows.push([what, wanted, seen]);
  console.log(`${what}: ${seen} (wanted ${wanted})`);
}

/** Runs a bench, whatever comes ends its processes, and prints what it saw. */
export async function bench(main) {
  try {
    await main();
  } finally {
    processes.forEach((process) => process.kill('SIGKILL'));
    rmSync(folder, { recursive: true, force: true });
  }
  console.log('\n| what | wanted | seen |\n|---|---|---|');
  for (const cells of rows) console.log(`| ${cells.join(' | ')} |`);
}

/** A program that does not outlive the bench. */
export function run(command, args, options = {}) {
  const process = spawn(command, args, { stdio: 'ignore', ...options });
  processes.push(process);
  return process;
}

/** What an attempt gives at last; within a minute, and as long as the process lives that it asks. */
export async function until(attempt, process) {
  for (const end = performance.now() + 60_000; ; await new Promise((resolve) => setTimeout(resolve, 1))) {
    try {
      return await attempt();
    } catch (error) {
      if (process?.exitCode != null) throw new Error(`${process.spawnfile} ended with ${process.exitCode}`);
      if (performance.now() > end) throw error;
    }
  }
}

/** A response that is what was asked for. */
async function answered(response) {
  const found = await response;
  if (!found.ok) throw new Error(`${found.url}: ${found.status} ${await found.text()}`);
  return found;
}

async function millis(action) {
  const began = performance.now();
  await action();
  return performance.now() - began;
}

/** A board, and somebody who is signed in to it. */
export class Board {
  constructor(program, environment = {}, port = 3999) {
    this.program = program;
    this.listen = `127.0.0.1:${port}`;
    this.url = `http://${this.listen}`;
    this.data = join(folder, `data-${port}`);
    this.environment = { ...process.env, ...environment };
  }

  /** Gives the milliseconds from exec to its first answer of 200. */
  async start() {
    const began = performance.now();
    const args = ['--data', this.data, '--listen', this.listen];
    this.process = run(this.program, args, { env: this.environment, stdio: ['ignore', 'ignore', 'inherit'] });
    await until(() => answered(fetch(`${this.url}/health/live`)), this.process);
    return performance.now() - began;
  }

  stop() {
    return new Promise((resolve) => (this.process.once('exit', resolve), this.process.kill('SIGTERM')));
  }

  rssMiB() {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${this.process.pid}/status`, 'utf8'))[1]) / 1024;
  }

  /** The nanoseconds that each kind of its threads has run; those that have ended are missing. */
  cpu() {
    const folder = `/proc/${this.process.pid}/task`;
    const spent = {};
    for (const thread of readdirSync(folder)) {
      const read = (file) => readFileSync(`${folder}/${thread}/${file}`, 'utf8').trim();
      const name = read('comm');
      spent[name] = (spent[name] ?? 0) + Number(read('schedstat').split(' ')[0]);
    }
    return spent;
  }

  async signIn() {
    const [username, password] = ['bench', 'correct horse'];
    // An operator's name is not given away over HTTP; who is there already need not be made.
    spawnSync(this.program, ['user', 'add', username, '--data', this.data], { env: this.environment, input: password });
    const login = fetch(`${this.url}/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ username, password }),
    });
    this.cookie = (await answered(login)).headers.getSetCookie().map((c) => c.split(';')[0]).join('; ');
  }

  get(path) {
    return answered(fetch(`${this.url}${path}`, { headers: { cookie: this.cookie } }));
  }

  post(message) {
    const headers = { cookie: this.cookie, 'content-type': 'application/json' };
    return answered(fetch(`${this.url}/db/message`, { method: 'POST', headers, body: JSON.stringify({ message }) }));
  }

  /** Requests per second that wrk sees with 16 connections. */
  rate(path, script) {
    return wrk(`${this.url}${path}`, this.cookie, script);
  }

  async total() {
    return (await (await this.get('/db/messages?limit=1')).json()).pagination.total;
  }

  /** Fills the board with samples until there are MESSAGES, and looks at lists meanwhile. */
  async generate() {
    const missing = MESSAGES - (await this.total());
    if (missing <= 0) return;
    const began = performance.now();
    const headers = { cookie: this.cookie, 'content-type': 'application/x-www-form-urlencoded' };
    await answered(fetch(`${this.url}/fn/samples/generate`, { method: 'POST', headers, body: `count=${missing}` }));
    const lists = [];
    do {
      await new Promise((resolve) => setTimeout(resolve, 50));
      lists.push(await millis(() => this.get('/db/messages').then((r) => r.text())));
    } while ((await this.total()) < MESSAGES);
    row(`${missing} samples`, '<= 120 s', `${((performance.now() - began) / 1000).toFixed(1)} s`);
    row('list meanwhile, p95', '<= 100 ms', `${percentile(lists, 0.95).toFixed(1)} ms`);
  }

  /** Searches whose results are not in the cache. */
  async searches(wanted) {
    const times = [];
    for (let round = 0; round < 5; round++) {
      for (const q of QUERIES) {
        await answered(fetch(`${this.url}/cache/search/clear`, { method: 'POST', headers: { cookie: this.cookie, 'content-type': 'application/json' }, body: '{}' }));
        const time = await millis(() => this.get(`/db/messages/search?q=${encodeURIComponent(q)}`).then((r) => r.text()));
        times.push([time, q]);
      }
    }
    const slowest = times.sort((a, b) => b[0] - a[0])[0];
    row('uncached search, p95', wanted, `${percentile(times.map((t) => t[0]), 0.95).toFixed(1)} ms (slowest ${slowest[0].toFixed(1)} ms: ${slowest[1].slice(0, 20)})`);
  }
}

/** Requests per second that wrk sees with 16 connections. */
export function wrk(url, cookie, script) {
  const args = ['-t1', '-c16', `-d${SECONDS}s`, '-H', `Cookie: ${cookie}`, ...(script ? ['-s', script] : []), url];
  const out = spawnSync('wrk', args, { encoding: 'utf8' }).stdout;
  if (/Non-2xx/.test(out)) throw new Error(out);
  return Number(/Requests\/sec:\s+([\d.]+)/.exec(out)[1]);
}

/** A script for wrk that posts messages. */
export function posting() {
  const script = join(folder, 'post.lua');
  writeFileSync(script, `wrk.method="POST"\nwrk.headers["Content-Type"]="application/json"\nwrk.body='${JSON.stringify({ message: TEXT })}'\n`);
  return script;
}

/** While wrk ran, this process noticed nothing of connections that the server closed as idle; and others have things to finish. */
export const settle = (ms = 500) => new Promise((resolve) => setTimeout(resolve, ms));

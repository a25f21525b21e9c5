// Two web processes behind a proxy and two workers, under load: killed in turn, and restarted in turn.
// node scripts/cluster-faults.mjs GLASSBOARD; needs the engines of `make services`. No acknowledged message may be lost or
// stored twice, each is counted once in the statistics, and no request may fail while the processes are restarted.
import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { engines } from './engines.mjs';

const [glassboard] = process.argv.slice(2);
const KILLS = Number(process.env.KILLS ?? 20);
const RESTARTS = Number(process.env.RESTARTS ?? 8);
const CONNECTIONS = 16;
const [PORT, ...PORTS] = [3100, 3101, 3102];
const WORKER_PORTS = [3103, 3104];
const url = `http://127.0.0.1:${PORT}`;
const json = { 'content-type': 'application/json' };
const folder = mkdtempSync(join(tmpdir(), 'glassboard-cluster-'));
const run = randomBytes(4).toString('hex');

const environment = { ...process.env, ...engines, SECRET_KEY: randomBytes(32).toString('hex'), GLASSBOARD_TRUSTED_PROXIES: '127.0.0.1', GLASSBOARD_DRAIN_SECONDS: '2' };

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function until(what, done) {
  for (const end = Date.now() + 60_000; Date.now() < end; await sleep(50)) {
    try {
      if (await done()) return;
    } catch {}
  }
  throw new Error(`${what}: not within a minute`);
}

/** One of the processes. */
class Board {
  constructor(role, port) {
    this.role = role;
    this.port = port;
  }

  async start() {
    const flags = ['--role', this.role, '--data', join(folder, `${this.port}`), '--listen', `127.0.0.1:${this.port}`];
    this.process = spawn(glassboard, flags, { env: environment, stdio: ['ignore', 'ignore', 'inherit'] });
    await until('a process answers', async () => (await fetch(`http://127.0.0.1:${this.port}/health/ready`)).ok);
  }

  async end(signal) {
    const gone = new Promise((resolve) => this.process.once('exit', resolve));
    this.process.kill(signal);
    await gone;
  }
}

async function signIn() {
  const body = JSON.stringify({ username: `cluster-${run}`, password: 'correct horse' });
  await fetch(`${url}/register`, { method: 'POST', headers: json, body });
  const response = await fetch(`${url}/login`, { method: 'POST', headers: json, body });
  if (!response.ok) throw new Error(await response.text());
  const cookies = response.headers.getSetCookie().map((cookie) => cookie.split(';')[0]);
  return cookies.filter((cookie) => !cookie.startsWith('GLASSBOARD_PROCESS=')).join('; ');
}

/** The cookie of the connection: some stay with a process as browsers do, some go to any. */
const sticky = (cookie, n) => cookie + ['', '; GLASSBOARD_PROCESS=one', '; GLASSBOARD_PROCESS=two'][n % 3];

/** Posts and reads on one connection until told to end. */
async function load(cookie, name, seen) {
  for (let n = 0; !seen.over; n++) {
    const message = `${run} ${name} message ${n}`;
    try {
      const body = JSON.stringify({ message });
      const response = await fetch(`${url}/db/message`, { method: 'POST', headers: { ...json, cookie }, body });
      const answer = await response.text();
      if (response.ok) seen.acknowledged.set(JSON.parse(answer).id, message);
      else seen.failures.push(`POST ${response.status} ${answer}`);
      const list = await fetch(`${url}/db/messages?limit=5`, { headers: { cookie } });
      await list.text();
      if (!list.ok) seen.failures.push(`GET ${list.status}`);
    } catch (error) {
      seen.failures.push(`${error.cause?.code ?? error.message}`);
    }
  }
}

/** What was seen while `disturb` ran under load. */
async function under(cookie, name, disturb) {
  const seen = { acknowledged: new Map(), failures: [], over: false };
  const loads = Array.from({ length: CONNECTIONS }, (_, n) => load(sticky(cookie, n), `${name} connection ${n}`, seen));
  await disturb();
  seen.over = true;
  await Promise.all(loads);
  return seen;
}

/** How many of the acknowledged messages are gone or changed, and how many texts there are twice. */
async function check(cookie, acknowledged) {
  const [texts, all] = [new Map(), []];
  const oldest = Math.min(...acknowledged.keys());
  for (let page = 1; ; page++) {
    const { messages } = await (await fetch(`${url}/db/messages?limit=100&page=${page}`, { headers: { cookie } })).json();
    for (const { id, message } of messages.filter(({ message }) => message?.startsWith(run))) {
      texts.set(id, message);
      all.push(message);
    }
    if (messages.length === 0 || messages.at(-1).id < oldest) break;
  }
  const lost = [...acknowledged].filter(([id, text]) => texts.get(id) !== text).length;
  return { lost, twice: all.length - new Set(all).size, stored: all.length };
}

/** How many posts of this run are counted as answered with 200. */
function counted() {
  const { MYSQL_HOST, MYSQL_PORT, MYSQL_USER, MYSQL_PASSWORD, MYSQL_DATABASE = 'glassboard' } = environment;
  const statement = `SELECT coalesce(sum(calls), 0) FROM api_callers
    WHERE width = 1 AND endpoint = '/db/message' AND method = 'POST' AND status = 200 AND caller = 'cluster-${run}'`;
  const flags = ['-h', MYSQL_HOST, '-P', MYSQL_PORT, '-u', MYSQL_USER, `-p${MYSQL_PASSWORD}`, '-BNe', statement, MYSQL_DATABASE];
  return Number(execFileSync('mariadb', flags, { encoding: 'utf8' }));
}

/**
 * How many of the acknowledged posts are not counted, and how many are counted beyond those that are
 * stored (one that was stored and counted may not have been acknowledged when its process was killed). The partitions of a
 * worker that was killed are another one's after ten seconds.
 */
async function checkCounted(acknowledged, stored) {
  for (const end = Date.now() + 60_000; counted() < acknowledged && Date.now() < end; ) await sleep(500);
  await sleep(15_000);
  const now = counted();
  return { missing: Math.max(0, acknowledged - now), extra: Math.max(0, now - stored) };
}

const boards = PORTS.map((port) => new Board('web', port));
const workers = WORKER_PORTS.map((port) => new Board('worker', port));
const processes = [boards[0], workers[0], boards[1], workers[1]];
const PATH = `${process.env.PATH}:/usr/sbin`;
const proxy = spawn('haproxy', ['-f', 'scripts/haproxy.cfg'], {
  env: { ...process.env, PATH, PORT: `${PORT}`, ONE: `${PORTS[0]}`, TWO: `${PORTS[1]}` },
  stdio: 'ignore',
});
let failed = false;
try {
  for (const process of processes) await process.start();
  await until('the proxy answers', async () => (await fetch(`${url}/health/ready`)).ok);
  const cookie = await signIn();

  const killed = await under(cookie, 'killed', async () => {
    for (let round = 0; round < KILLS; round++) {
      await sleep(300 + Math.random() * 700);
      const process = processes[round % processes.length];
      await process.end('SIGKILL');
      await process.start();
    }
  });
  const { lost, twice, stored } = await check(cookie, killed.acknowledged);
  console.log(`${KILLS} times SIGKILL: ${killed.acknowledged.size} messages acknowledged, ${lost} lost, ${twice} twice; ${killed.failures.length} requests failed`);
  const { missing, extra } = await checkCounted(killed.acknowledged.size, stored);
  console.log(`  statistics: ${counted()} counted, ${missing} acknowledged ones missing, ${extra} more than are stored`);
  failed ||= lost + twice + missing + extra > 0;

  const restarted = await under(cookie, 'restarted', async () => {
    for (let round = 0; round < RESTARTS; round++) {
      await sleep(1500);
      const process = processes[round % processes.length];
      await process.end('SIGTERM');
      await process.start();
      // The proxy asks twice a second.
      await sleep(1000);
    }
  });
  const after = await check(cookie, restarted.acknowledged);
  console.log(`${RESTARTS} restarts in turn: ${restarted.acknowledged.size} messages acknowledged, ${after.lost} lost, ${after.twice} twice; ${restarted.failures.length} requests failed`);
  for (const failure of new Set(restarted.failures)) console.log(`  ${failure}`);
  failed ||= after.lost + after.twice + restarted.failures.length > 0;
} finally {
  for (const process of processes) process.process?.kill('SIGKILL');
  proxy.kill('SIGTERM');
  rmSync(folder, { recursive: true, force: true });
}
process.exit(failed ? 1 : 0);

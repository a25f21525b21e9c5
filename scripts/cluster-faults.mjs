// Two processes behind a proxy, under load: killed in turn, and restarted in turn: node scripts/cluster-faults.mjs GLASSBOARD
// Needs the engines of `make services`. No acknowledged message may be lost or stored twice, and no request may fail while
// the processes are restarted one after the other.
import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const [glassboard] = process.argv.slice(2);
const KILLS = Number(process.env.KILLS ?? 20);
const RESTARTS = Number(process.env.RESTARTS ?? 6);
const CONNECTIONS = 16;
const [PORT, ...PORTS] = [3100, 3101, 3102];
const url = `http://127.0.0.1:${PORT}`;
const json = { 'content-type': 'application/json' };
const folder = mkdtempSync(join(tmpdir(), 'glassboard-cluster-'));
const run = randomBytes(4).toString('hex');

const variables = execFileSync('scripts/services.sh', ['variables'], { encoding: 'utf8' });
const engines = Object.fromEntries([...variables.matchAll(/(\w+)=(\S+)/g)].map(([, name, value]) => [name, value]));
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

/** One of the two processes. */
class Board {
  constructor(port) {
    this.port = port;
  }

  async start() {
    const flags = ['--data', join(folder, `${this.port}`), '--listen', `127.0.0.1:${this.port}`];
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
  return response.headers.getSetCookie().map((cookie) => cookie.split(';')[0]).join('; ');
}

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
  const loads = Array.from({ length: CONNECTIONS }, (_, n) => load(cookie, `${name} connection ${n}`, seen));
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
  return { lost, twice: all.length - new Set(all).size };
}

const boards = PORTS.map((port) => new Board(port));
const PATH = `${process.env.PATH}:/usr/sbin`;
const proxy = spawn('haproxy', ['-f', 'scripts/haproxy.cfg'], {
  env: { ...process.env, PATH, PORT: `${PORT}`, ONE: `${PORTS[0]}`, TWO: `${PORTS[1]}` },
  stdio: 'ignore',
});
let failed = false;
try {
  for (const board of boards) await board.start();
  await until('the proxy answers', async () => (await fetch(`${url}/health/ready`)).ok);
  const cookie = await signIn();

  const killed = await under(cookie, 'killed', async () => {
    for (let round = 0; round < KILLS; round++) {
      await sleep(300 + Math.random() * 700);
      const board = boards[round % 2];
      await board.end('SIGKILL');
      await board.start();
    }
  });
  const { lost, twice } = await check(cookie, killed.acknowledged);
  console.log(`${KILLS} times SIGKILL: ${killed.acknowledged.size} messages acknowledged, ${lost} lost, ${twice} twice; ${killed.failures.length} requests failed`);
  failed ||= lost + twice > 0;

  const restarted = await under(cookie, 'restarted', async () => {
    for (let round = 0; round < RESTARTS; round++) {
      await sleep(1500);
      const board = boards[round % 2];
      await board.end('SIGTERM');
      await board.start();
      // The proxy asks twice a second.
      await sleep(1000);
    }
  });
  const after = await check(cookie, restarted.acknowledged);
  console.log(`${RESTARTS} restarts in turn: ${restarted.acknowledged.size} messages acknowledged, ${after.lost} lost, ${after.twice} twice; ${restarted.failures.length} requests failed`);
  for (const failure of new Set(restarted.failures)) console.log(`  ${failure}`);
  failed ||= after.lost + after.twice + restarted.failures.length > 0;
} finally {
  for (const board of boards) board.process?.kill('SIGKILL');
  proxy.kill('SIGTERM');
  rmSync(folder, { recursive: true, force: true });
}
process.exit(failed ? 1 : 0);

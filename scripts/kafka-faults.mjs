// Kafka is stopped under a steady load, and comes back: node scripts/kafka-faults.mjs GLASSBOARD
// Needs the engines of `make services`. Requests must not notice, and each must be counted once in the statistics.
// OUTAGE=300 (seconds) and RATE=200 (requests per second) are the defaults.
import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { engines } from './engines.mjs';

const [glassboard] = process.argv.slice(2);
const OUTAGE = Number(process.env.OUTAGE ?? 300);
const NORMAL = Math.min(60, OUTAGE);
const RATE = Number(process.env.RATE ?? 200);
const [WEB, WORKER] = [3105, 3106];
const folder = mkdtempSync(join(tmpdir(), 'glassboard-kafka-'));
const user = `kafka-${randomBytes(4).toString('hex')}`;

const environment = { ...process.env, ...engines, SECRET_KEY: randomBytes(32).toString('hex') };
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function start(role, port) {
  const flags = ['--role', role, '--data', join(folder, role), '--listen', `127.0.0.1:${port}`];
  const started = spawn(glassboard, flags, { env: environment, stdio: ['ignore', 'ignore', 'inherit'] });
  for (const end = Date.now() + 60_000; Date.now() < end; await sleep(100)) {
    try {
      if ((await fetch(`http://127.0.0.1:${port}/health/ready`)).ok) return started;
    } catch {}
  }
  throw new Error(`the ${role} process does not answer`);
}

async function signIn() {
  const body = JSON.stringify({ username: user, password: 'correct horse' });
  const post = (path) => fetch(`http://127.0.0.1:${WEB}${path}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  await post('/register');
  const response = await post('/login');
  return response.headers.getSetCookie().map((cookie) => cookie.split(';')[0]).join('; ');
}

const agent = new Agent({ keepAlive: true, maxSockets: 32 });

/** Milliseconds that one request took; negative when it failed. */
function call(cookie) {
  return new Promise((resolve) => {
    const began = performance.now();
    const sent = request({ host: '127.0.0.1', port: WEB, path: '/session/status', agent, headers: { cookie } }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode === 200 ? performance.now() - began : -1));
    });
    sent.on('error', () => resolve(-1));
    sent.end();
  });
}

/** Requests at the rate, for so many seconds: what they took, in order of size. */
async function steady(cookie, seconds) {
  const calls = [];
  const began = performance.now();
  for (let n = 0; n < seconds * RATE; n++) {
    const wait = began + (n * 1000) / RATE - performance.now();
    if (wait > 1) await sleep(wait);
    calls.push(call(cookie));
  }
  const took = (await Promise.all(calls)).sort((a, b) => a - b);
  return { took, failed: took.filter((ms) => ms < 0).length };
}

const quantile = ({ took }, share) => took[Math.min(took.length - 1, Math.floor(took.length * share))];
const told = (name, seen) => console.log(`${name}: ${seen.took.length} requests, ${seen.failed} failed, p50 ${quantile(seen, 0.5).toFixed(2)} ms, p99 ${quantile(seen, 0.99).toFixed(2)} ms`);

function counted() {
  const { MYSQL_HOST, MYSQL_PORT, MYSQL_USER, MYSQL_PASSWORD, MYSQL_DATABASE = 'glassboard' } = environment;
  const statement = `SELECT coalesce(sum(calls), 0) FROM api_callers WHERE width = 1 AND endpoint = '/session/status' AND caller = '${user}'`;
  const flags = ['-h', MYSQL_HOST, '-P', MYSQL_PORT, '-u', MYSQL_USER, `-p${MYSQL_PASSWORD}`, '-BNe', statement, MYSQL_DATABASE];
  return Number(execFileSync('mariadb', flags, { encoding: 'utf8' }));
}

async function health() {
  const report = await (await fetch(`http://127.0.0.1:${WEB}/health`)).json();
  return report.dependencies.events;
}

const processes = [await start('web', WEB), await start('worker', WORKER)];
let failed = false;
try {
  const cookie = await signIn();
  await steady(cookie, 5);
  const normal = await steady(cookie, NORMAL);
  told('with Kafka', normal);
  execFileSync('scripts/services.sh', ['stop', 'kafka'], { stdio: 'ignore' });
  const away = await steady(cookie, OUTAGE);
  told(`Kafka away for ${OUTAGE} s`, away);
  console.log(`  health: ${JSON.stringify(await health())}`);
  execFileSync('scripts/services.sh', ['start'], { stdio: 'ignore' });
  const back = await steady(cookie, NORMAL);
  told('Kafka back', back);
  const expected = 5 * RATE + normal.took.length + away.took.length + back.took.length;
  for (const end = Date.now() + 120_000; counted() < expected && Date.now() < end; ) await sleep(1000);
  await sleep(3000);
  const ratio = quantile(away, 0.99) / quantile(normal, 0.99);
  console.log(`statistics: ${counted()} of ${expected} counted; p99 ${ratio.toFixed(2)} times that with Kafka`);
  failed = counted() !== expected || normal.failed + away.failed + back.failed > 0;
} finally {
  for (const each of processes) each.kill('SIGTERM');
  await sleep(1000);
  rmSync(folder, { recursive: true, force: true });
}
process.exit(failed ? 1 : 0);

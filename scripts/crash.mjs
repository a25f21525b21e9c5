// Kills the board under load, again and again, and counts what was acknowledged and is gone: node scripts/crash.mjs GLASSBOARD
// First it shows with strace, post by post, that the answer leaves after the write-ahead log is on disk.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const [glassboard] = process.argv.slice(2);
const ROUNDS = Number(process.env.ROUNDS ?? 20);
const CONNECTIONS = 16;
const POSTS_TRACED = 20;
const folder = mkdtempSync(join(tmpdir(), 'glassboard-crash-'));
const url = 'http://127.0.0.1:3997';
const json = { 'content-type': 'application/json' };
let server;

async function start() {
  server = spawn(glassboard, ['--data', join(folder, 'data'), '--listen', '127.0.0.1:3997'], { stdio: 'ignore' });
  for (;;) {
    try {
      if ((await fetch(`${url}/health/live`)).ok) return;
    } catch {}
  }
}

async function end(signal) {
  const gone = new Promise((resolve) => server.once('exit', resolve));
  server.kill(signal);
  await gone;
}

async function signIn() {
  const body = JSON.stringify({ username: 'crash', password: 'correct horse' });
  await fetch(`${url}/register`, { method: 'POST', headers: json, body });
  const response = await fetch(`${url}/login`, { method: 'POST', headers: json, body });
  return response.headers.getSetCookie().map((cookie) => cookie.split(';')[0]).join('; ');
}

/** Posts a message; its id once it is acknowledged. */
async function post(cookie, message) {
  const body = JSON.stringify({ message });
  const response = await fetch(`${url}/db/message`, { method: 'POST', headers: { ...json, cookie }, body });
  if (!response.ok) throw new Error(await response.text());
  return (await response.json()).id;
}

/** Posts on one connection until the server is gone. */
async function postOn(cookie, name, acknowledged) {
  for (let n = 0; ; n++) {
    const text = `${name} message ${n}`;
    try {
      acknowledged.set(await post(cookie, text), text);
    } catch {
      return;
    }
  }
}

/** The texts of all messages from this id on. */
async function stored(cookie, oldest) {
  const texts = new Map();
  for (let page = 1; ; page++) {
    const response = await fetch(`${url}/db/messages?limit=100&page=${page}`, { headers: { cookie } });
    const { messages } = await response.json();
    for (const { id, message } of messages) texts.set(id, message);
    if (messages.length === 0 || messages.at(-1).id < oldest) return texts;
  }
}

async function crash(round) {
  const acknowledged = new Map();
  let cookie = await signIn();
  const posters = Array.from({ length: CONNECTIONS }, (_, n) => postOn(cookie, `round ${round} connection ${n}`, acknowledged));
  await new Promise((resolve) => setTimeout(resolve, 300 + Math.random() * 1200));
  await end('SIGKILL');
  await Promise.all(posters);
  await start();
  cookie = await signIn();
  const there = await stored(cookie, Math.min(...acknowledged.keys()));
  const lost = [...acknowledged].filter(([id, text]) => there.get(id) !== text);
  const twice = there.size - new Set(there.values()).size;
  console.log(`round ${round}: ${acknowledged.size} acknowledged, ${lost.length} lost, ${twice} twice`);
  return { acknowledged: acknowledged.size, lost: lost.length, twice };
}

/** Whether each answer to a post left after a sync of the write-ahead log that began after the post came in. */
async function syncs() {
  const cookie = await signIn();
  const file = join(folder, 'strace');
  const calls = 'fsync,fdatasync,recvfrom,read,write,writev,sendto';
  const strace = spawn('strace', ['-f', '-qq', '-s', '64', '-e', `trace=${calls}`, '-o', file, '-p', String(server.pid)]);
  await new Promise((resolve) => setTimeout(resolve, 1000));
  for (let n = 0; n < POSTS_TRACED; n++) await post(cookie, `traced ${n}`);
  strace.kill('SIGINT');
  await new Promise((resolve) => strace.once('exit', resolve));
  let posted = false;
  let synced = false;
  let answers = 0;
  let early = 0;
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    if (/POST \/db\/message/.test(line)) [posted, synced] = [true, false];
    if (/f(?:data)?sync(?:\(\d+\)| resumed>\)) += 0/.test(line)) synced = true;
    if (posted && /HTTP\/1\.1 200/.test(line)) {
      answers += 1;
      early += synced ? 0 : 1;
      posted = false;
    }
  }
  console.log(`strace: ${answers} answers, ${early} of them before their sync`);
  return answers === POSTS_TRACED && early === 0;
}

try {
  if (spawnSync('strace', ['-V']).error) throw new Error('strace is missing: make setup');
  await start();
  let good = await syncs();
  let acknowledged = 0;
  for (let round = 1; round <= ROUNDS; round++) {
    const result = await crash(round);
    acknowledged += result.acknowledged;
    good &&= result.lost === 0 && result.twice === 0;
  }
  console.log(`${ROUNDS} crashes, ${acknowledged} messages acknowledged: ${good ? 'none lost' : 'FAILED'}`);
  process.exitCode = good ? 0 : 1;
} finally {
  server?.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
}

// What the journeys run on: a receiver made of others' code, a web process and a worker on the engines of `make services`.
import { chromium } from '@playwright/test';
import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { engines } from '../../scripts/engines.mjs';

export const OPERATOR = 'root';
export const PASSWORD = 'correct horse battery';

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

/** Asks until there is an answer that is not false, for so many milliseconds at most. */
export async function until(what, ask, ms = 60_000) {
  for (const end = Date.now() + ms; Date.now() < end; await sleep(100)) {
    const answer = await Promise.resolve().then(ask).catch(() => false);
    if (answer) return answer;
  }
  throw new Error(`${what}: not within ${ms / 1000} s`);
}

function freePort() {
  return new Promise((found) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => found(port));
    });
  });
}

/** Starts a program and waits for a line of its output. */
async function start(program, args, env, line) {
  const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  const said = [];
  await new Promise((found, failed) => {
    for (const output of [child.stdout, child.stderr]) {
      createInterface(output).on('line', (text) => {
        if (said.length < 100) said.push(text);
        if (line.test(text)) found();
      });
    }
    child.on('exit', (code) => failed(new Error(`${program} ended with ${code}:\n${said.join('\n')}`)));
  });
  return child;
}

const ended = (child) =>
  new Promise((done) => {
    if (child.exitCode !== null || child.signalCode !== null) return done();
    child.on('exit', done);
    child.kill('SIGTERM');
  });

/** All of it; `environment` goes to both processes. */
export async function startStack(environment = {}) {
  const [program, python] = [process.env.GLASSBOARD_PROGRAM, process.env.GLASSBOARD_OTLP_PYTHON];
  if (!program || !python) throw new Error('GLASSBOARD_PROGRAM and GLASSBOARD_OTLP_PYTHON are set by scripts/journeys.sh');
  const folder = mkdtempSync(join(tmpdir(), 'glassboard-journeys-'));
  const [otlp, web, worker] = [await freePort(), await freePort(), await freePort()];
  const receiver = await start(python, [join(import.meta.dirname, 'receiver.py'), `${otlp}`], {}, /receiving/);
  const shared = {
    ...engines,
    SECRET_KEY: randomBytes(32).toString('hex'),
    OTLP_ENDPOINT: `http://127.0.0.1:${otlp}`,
    OTEL_METRIC_EXPORT_INTERVAL: '2000',
    GLASSBOARD_OPERATORS: OPERATOR,
    ...environment,
  };
  const run = (role, port) =>
    start(program, ['--role', role, '--data', join(folder, role), '--listen', `127.0.0.1:${port}`], shared, /listening on/);
  const processes = [await run('web', web), await run('worker', worker)];
  const users = (args) => execFileSync(program, ['--data', join(folder, 'web'), 'user', ...args, OPERATOR], { env: { ...process.env, ...shared }, input: PASSWORD, stdio: ['pipe', 'pipe', 'pipe'] });
  try {
    users(['add']);
  } catch {
    users(['set-password']);
  }
  const receiverUrl = `http://127.0.0.1:${otlp}`;
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
  });
  return {
    url: `http://127.0.0.1:${web}`,
    browser,
    asked: async (path) => (await fetch(receiverUrl + path)).json(),
    async stop() {
      await browser.close();
      await Promise.all(processes.map(ended));
      await ended(receiver);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Reads new spans from the receiver, and keeps them by trace; what was sent again, because nobody had answered, once. */
export class Spans {
  #count = 0;
  #known = new Set();
  again = 0;
  traces = new Map();
  all = [];

  constructor(asked) {
    this.asked = asked;
  }

  /** What came so far is of events that waited from before. */
  forget() {
    this.traces.clear();
    this.all.length = 0;
  }

  async read() {
    const more = await this.asked(`/spans?from=${this.#count}`);
    this.#count += more.length;
    for (const span of more) {
      if (this.#known.has(span.id)) {
        this.again += 1;
        continue;
      }
      this.#known.add(span.id);
      this.all.push(span);
      if (!this.traces.has(span.trace)) this.traces.set(span.trace, []);
      this.traces.get(span.trace).push(span);
    }
    return more.length;
  }
}

/** Runs `count` of `work`, so many at a time. */
export async function together(count, many, work) {
  let next = 0;
  const one = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: many }, one));
}

// What recording costs: the same release build with all telemetry off, with all three signals sent to a receiver on this machine,
// and to one that takes connections and never answers. node scripts/bench-telemetry.mjs GLASSBOARD
import { once } from 'node:events';
import { createServer } from 'node:net';
import { Worker } from 'node:worker_threads';
import { bench, Board, median, posting, row, RUNS, SECONDS, settle } from './measure.mjs';

const [glassboard] = process.argv.slice(2);
/** Requests of one connection, one after the other, whose times are looked at by themselves. */
const SINGLE = Number(process.env.SINGLE ?? 20_000);
const SLOW_MS = 100;

const receiver = new Worker(new URL('bench-receiver.mjs', import.meta.url));
const [{ port }] = await once(receiver, 'message');
/** Takes connections, and reads nothing. */
const hanging = createServer({ pauseOnConnect: true }, (socket) => socket.on('error', () => undefined));
await once(hanging.listen(0, '127.0.0.1'), 'listening');
const signals = (url) => ({ OTLP_ENDPOINT: url, OTEL_METRIC_EXPORT_INTERVAL: '5000' });

const off = new Board(glassboard, { OTEL_SDK_DISABLED: 'true' }, 3996);
const on = new Board(glassboard, signals(`http://127.0.0.1:${port}`), 3997);
const stuck = new Board(glassboard, signals(`http://127.0.0.1:${hanging.address().port}`), 3995);
const boards = [off, on, stuck];
const names = ['off', 'sent to a receiver', 'receiver hangs'];

/** What a metric of the board says, all its series together. */
async function counted(board, metric) {
  const text = await (await board.get('/metrics')).text();
  const lines = text.split('\n').filter((line) => line.startsWith(metric) && !line.includes('stdout'));
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
}

/** The same load on each, in turn. */
async function compare(what, path, script) {
  const rounds = [];
  const spent = boards.map(() => ({ requests: 0, threads: {} }));
  for (let i = 0; i < RUNS; i++) {
    const rates = [];
    // Whoever comes first has the cooler machine: each does in turn.
    for (let k = 0; k < boards.length; k++) {
      const at = (i + k) % boards.length;
      const before = boards[at].cpu();
      rates[at] = boards[at].rate(path, script);
      const after = boards[at].cpu();
      spent[at].requests += rates[at] * SECONDS;
      for (const [name, ns] of Object.entries(after)) spent[at].threads[name] = (spent[at].threads[name] ?? 0) + ns - (before[name] ?? 0);
      await settle();
    }
    rounds.push(rates);
  }
  const rate = (at) => Math.round(median(rounds.map((rates) => rates[at])));
  const ratio = (at) => `${(100 * median(rounds.map((rates) => rates[at] / rates[0]))).toFixed(0)} %`;
  row(`${what}: sent to a receiver, against off`, '>= 90 %', `${rate(1)} of ${rate(0)} requests/s = ${ratio(1)}`);
  row(`${what}: receiver hangs, against off`, '>= 90 %', `${rate(2)} of ${rate(0)} requests/s = ${ratio(2)}`);
  for (const [at, { requests, threads }] of spent.entries()) row(`${what}: CPU of one request, ${names[at]}`, 'by threads', microseconds(threads, requests));
}

/** All of a request's CPU, and the threads that have at least a hundredth of it. */
function microseconds(threads, requests) {
  const all = Object.values(threads).reduce((sum, ns) => sum + ns, 0);
  const us = (ns) => (ns / requests / 1000).toFixed(2);
  const most = Object.entries(threads).filter(([, ns]) => ns > all / 100).sort(([, a], [, b]) => b - a);
  return `${us(all)} µs: ${most.map(([name, ns]) => `${name} ${us(ns)}`).join(', ')}`;
}

async function singles(name, board) {
  const times = [];
  for (let i = 0; i < SINGLE; i++) {
    const began = performance.now();
    await (await board.get('/session/status')).text();
    times.push(performance.now() - began);
  }
  const slow = times.filter((ms) => ms > SLOW_MS).length;
  const at = (p) => times.sort((a, b) => a - b)[Math.ceil(times.length * p) - 1].toFixed(2);
  row(`${SINGLE} requests, one after the other: ${name}`, `0 beyond ${SLOW_MS} ms`, `${slow}; p50 ${at(0.5)}, p99 ${at(0.99)}, slowest ${at(1)} ms`);
}

await bench(async () => {
  for (const board of boards) {
    await board.start();
    await board.signIn();
    for (let i = 0; i < 200; i++) await board.post(`server ${i}`);
    await board.get('/db/messages/search?q=server');
  }
  await compare('session status', '/session/status');
  await compare('cached search', '/db/messages/search?q=server');
  await compare('first list page', '/db/messages');
  await compare('messages page as HTML', '/messages');
  await compare('posts', '/db/message', posting());
  await settle(3000);
  await singles('off', off);
  await singles('sent to a receiver', on);
  await singles('receiver hangs', stuck);
  for (const [name, board] of [['sent to a receiver', on], ['receiver hangs', stuck]]) {
    const [sent, dropped] = [await counted(board, 'glassboard_telemetry_sent_total'), await counted(board, 'glassboard_telemetry_dropped_total')];
    row(`spans, points and log records: ${name}`, 'counted', `${sent} taken, ${dropped} dropped; ${board.rssMiB().toFixed(0)} MiB resident`);
  }
  receiver.postMessage('how much?');
  const [{ received }] = await once(receiver, 'message');
  row('bytes at the receiver', 'of all three signals', Object.entries(received).map(([path, bytes]) => `${path} ${(bytes / 1e6).toFixed(1)} MB`).join(', '));
  for (const board of boards) await board.stop();
});
await receiver.terminate();
hanging.close();
process.exit();

// Measures a running release build over HTTP: node scripts/bench.mjs GLASSBOARD BARE_AXUM
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bench, Board, folder, median, medianOf, posting, row, run, RUNS, settle, until, wrk } from './measure.mjs';

const [glassboard, bareAxum] = process.argv.slice(2);
const LOAD_SECONDS = Number(process.env.LOAD_SECONDS ?? 600);
const board = new Board(glassboard);

/** The board's route against a bare axum route with the same bytes, in turn. */
async function against(what, wanted, path) {
  const response = await until(() => board.get(path));
  const file = join(folder, 'bytes');
  writeFileSync(file, Buffer.from(await response.arrayBuffer()));
  const bare = run(bareAxum, ['3998', file, response.headers.get('content-type')]);
  await until(() => fetch('http://127.0.0.1:3998/'));
  const pairs = [];
  for (let i = 0; i < RUNS; i++) pairs.push([board.rate(path), wrk('http://127.0.0.1:3998/', board.cookie)]);
  bare.kill();
  const ours = median(pairs.map((p) => p[0]));
  const theirs = median(pairs.map((p) => p[1]));
  const ratio = median(pairs.map((p) => p[0] / p[1]));
  row(what, wanted, `${Math.round(ours)} of ${Math.round(theirs)} requests/s = ${(ratio * 100).toFixed(0)} %`);
  return ours;
}

/** Reads, searches and writes in turn, then the memory that this left behind. */
function load(post) {
  const ends = performance.now() + LOAD_SECONDS * 1000;
  const paths = ['/messages', '/db/messages?page=777', '/db/messages/search?q=server', '/search?q=latency', '/traces'];
  for (let turn = 0; performance.now() < ends; turn++) {
    board.rate(paths[turn % paths.length]);
    board.rate('/db/message', post);
  }
  row(`resident memory after ${LOAD_SECONDS} s of load`, '<= 150 MiB', `${board.rssMiB().toFixed(0)} MiB`);
}

await bench(async () => {
  await board.start();
  await board.signIn();
  await board.generate();
  await board.stop();
  const starts = [];
  for (let i = 0; i < RUNS; i++) {
    starts.push(await board.start());
    if (i < RUNS - 1) await board.stop();
  }
  row('exec to first 200', '<= 300 ms', `${median(starts).toFixed(0)} ms`);
  row('resident memory then', '<= 60 MiB', `${board.rssMiB().toFixed(0)} MiB`);
  await board.signIn();
  await board.get('/db/messages/search?q=server');
  await against('cached search', '>= 50 %', '/db/messages/search?q=server');
  await against('session status', '>= 50 %', '/session/status');
  const first = await against('first list page', '>= 20 %', '/db/messages');
  const deep = medianOf(() => board.rate('/db/messages?page=50000'));
  row('page 50,000 against page 1', '<= 3x', `${(first / deep).toFixed(2)}x`);
  const page = medianOf(() => board.rate('/messages'));
  row('messages page as HTML', '>= 1500 requests/s', `${Math.round(page)} requests/s`);
  const post = posting();
  const posts = medianOf(() => board.rate('/db/message', post));
  row('posts, 16 connections', 'see the store bench', `${Math.round(posts)} requests/s`);
  await settle();
  await board.searches('<= 30 ms');
  load(post);
  await board.stop();
});

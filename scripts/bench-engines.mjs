// Measures a release build on the engines of `make services`: node scripts/bench-engines.mjs GLASSBOARD BARE_INSERTS
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { engines } from './engines.mjs';
import { bench, Board, median, medianOf, MESSAGES, posting, row, RUNS, SECONDS, settle } from './measure.mjs';

const [glassboard, bareInserts] = process.argv.slice(2);
const board = new Board(glassboard, { ...engines, SECRET_KEY: randomBytes(32).toString('hex'), GLASSBOARD_OPERATORS: 'bench' });

/** Posts over HTTP against INSERTs from as many connections, each committed by itself, in turn. Between them the index and
 * the statistics are brought up to date. */
async function posts() {
  const environment = { ...process.env, ...engines };
  const bare = () => Number(execFileSync(bareInserts, [String(SECONDS)], { env: environment, encoding: 'utf8' }));
  const post = posting();
  const pairs = [];
  for (let i = 0; i < RUNS; i++) {
    const ours = board.rate('/db/message', post);
    await settle(3000);
    pairs.push([ours, bare()]);
    await settle(3000);
  }
  const [ours, theirs] = [0, 1].map((at) => Math.round(median(pairs.map((pair) => pair[at]))));
  const ratio = median(pairs.map(([ours, theirs]) => ours / theirs));
  row('posts, acknowledged after the commit', '>= 50 % of bare INSERTs', `${ours} of ${theirs} per second = ${(ratio * 100).toFixed(0)} %`);
}

await bench(async () => {
  await board.start();
  await board.signIn();
  await board.generate();
  row('messages', `>= ${MESSAGES}`, String(await board.total()));
  await board.get('/db/messages/search?q=server');
  for (const [what, path] of [['session status', '/session/status'], ['cached search', '/db/messages/search?q=server'], ['first list page', '/db/messages']]) {
    row(what, '>= 4000 requests/s', `${Math.round(medianOf(() => board.rate(path)))} requests/s`);
  }
  await settle();
  await board.searches('<= 50 ms');
  await posts();
  await board.stop();
});

// Measures a release build on the engines of `make services`: node scripts/bench-engines.mjs GLASSBOARD BARE_INSERTS
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { engines } from './engines.mjs';
import { bench, Board, median, medianOf, MESSAGES, posting, row, RUNS, SECONDS, settle } from './measure.mjs';

const [glassboard, bareInserts] = process.argv.slice(2);
const environment = { ...engines, SECRET_KEY: randomBytes(32).toString('hex'), GLASSBOARD_OPERATORS: 'bench' };
const web = new Board(glassboard, { ...environment, GLASSBOARD_ROLE: 'web' });
/** Counts events, too. */
const all = new Board(glassboard, { ...environment, GLASSBOARD_ROLE: 'all' });

/** Posts over HTTP against INSERTs from as many connections, each committed by itself, in turn. Between them the index and
 * the statistics are brought up to date. */
async function posts(board, what) {
  const bare = () => Number(execFileSync(bareInserts, [String(SECONDS)], { env: { ...process.env, ...engines }, encoding: 'utf8' }));
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
  row(what, '>= 50 % of bare INSERTs', `${ours} of ${theirs} per second = ${(ratio * 100).toFixed(0)} %`);
}

await bench(async () => {
  await all.start();
  await all.signIn();
  await all.generate();
  row('messages', `>= ${MESSAGES}`, String(await all.total()));
  await posts(all, 'posts, acknowledged after the commit, to a process that counts events, too');
  await all.stop();
  await web.start();
  await web.signIn();
  await posts(web, 'posts to a web process');
  await web.get('/db/messages/search?q=server');
  for (const [what, path] of [['session status', '/session/status'], ['cached search', '/db/messages/search?q=server'], ['first list page', '/db/messages']]) {
    row(what, '>= 4000 requests/s', `${Math.round(medianOf(() => web.rate(path)))} requests/s`);
  }
  await settle();
  await web.searches('<= 50 ms');
  await web.stop();
});

// node scripts/wasm-cost.mjs DEBUG_GLASSBOARD SITE_WITH SITE_WITHOUT; started by scripts/wasm-cost.sh. A debug server reads the front
// end's files from a folder, so that one program serves both.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { chromium } from '../end2end/node_modules/playwright/index.mjs';
import { bench, Board, median, row } from './measure.mjs';

const [glassboard, ...sites] = process.argv.slice(2);
const LOADS = Number(process.env.LOADS ?? 30);
const CLICKS = Number(process.env.CLICKS ?? 300);

/** Of the main module, as it travels. */
const sizes = sites.map((site) => {
  const file = (ending) => readFileSync(join(site, `pkg/glassboard.wasm${ending}`));
  return { gzip: gzipSync(file(''), { level: 9 }).length, brotli: file('.br').length };
});
const boards = sites.map((site, at) => new Board(glassboard, { GLASSBOARD_SITE_DIR: site }, 3990 + at));

/** Without the quarter at each end. */
function middle(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const kept = sorted.slice(Math.floor(sorted.length / 4), Math.ceil((sorted.length * 3) / 4));
  return kept.reduce((sum, value) => sum + value, 0) / kept.length;
}

/** Milliseconds until the largest thing is painted. */
async function loaded(page, url) {
  await page.goto(url);
  await page.locator('html[data-script=on]').waitFor();
  return page.evaluate(() => new Promise((found) => {
    new PerformanceObserver((list) => found(list.getEntries().at(-1).startTime)).observe({ type: 'largest-contentful-paint', buffered: true });
  }));
}

/** Milliseconds of the page's main thread for a click on something that does nothing, sent and all. */
async function clicked(page, url) {
  await page.goto(url);
  await page.locator('html[data-script=on]').waitFor();
  await page.waitForTimeout(500);
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  const busy = async () => (await session.send('Performance.getMetrics')).metrics.find(({ name }) => name === 'TaskDuration').value;
  const before = await busy();
  await page.evaluate(async (clicks) => {
    const text = document.querySelector('main p, main h1');
    for (let i = 0; i < clicks; i++) {
      text.dispatchEvent(new MouseEvent('click', { bubbles: true, cancelable: true }));
      await new Promise((next) => setTimeout(next, 10));
    }
    await new Promise((sent) => setTimeout(sent, 1_500));
  }, CLICKS);
  return ((await busy()) - before) * 1e3 / CLICKS;
}

await bench(async () => {
  const [recorded, plain] = sizes;
  const kB = (bytes) => `${(bytes / 1000).toFixed(1)} kB`;
  row('main WASM, gzip: added', '<= 25 kB, aim 9', `${kB(recorded.gzip - plain.gzip)} (${kB(recorded.gzip)} against ${kB(plain.gzip)})`);
  row('main WASM, brotli: added', '', `${kB(recorded.brotli - plain.brotli)} (${kB(recorded.brotli)} against ${kB(plain.brotli)})`);
  for (const board of boards) {
    await board.start();
    await board.signIn();
    for (let i = 0; i < 30; i++) await board.post(`message ${i}`);
  }
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'] });
  const pages = [];
  for (const board of boards) {
    const context = await browser.newContext();
    const [name, value] = board.cookie.split('; ').find((cookie) => cookie.startsWith('session=')).split(/=(.*)/);
    await context.addCookies([{ name, value, url: board.url }]);
    pages.push(await context.newPage());
  }
  const seen = [[], []];
  for (let i = 0; i < LOADS; i++) {
    const order = i % 2 === 0 ? [0, 1] : [1, 0];
    for (const at of order) seen[at].push(await loaded(pages[at], `${boards[at].url}/messages`));
  }
  // Chromium tells paints in steps of 4 ms: a median is one of them, the mean of the middle half is finer.
  for (const [which, of] of [['medians', median], ['means of the middle half', middle]]) {
    const [lcp, plainLcp] = seen.map(of);
    row(`LCP of the messages, ${which}`, 'within 3 %', `${lcp.toFixed(1)} against ${plainLcp.toFixed(1)} ms = ${((100 * (lcp - plainLcp)) / plainLcp).toFixed(1)} %`);
  }
  const clicks = [[], []];
  for (let i = 0; i < 5; i++) for (const at of [0, 1]) clicks[at].push(await clicked(pages[at], `${boards[at].url}/messages`));
  const [click, plainClick] = clicks.map(median);
  row('a click, main thread', '<= 0.2 ms more', `${(click - plainClick).toFixed(3)} ms more (${click.toFixed(3)} against ${plainClick.toFixed(3)})`);
  await browser.close();
  for (const board of boards) await board.stop();
});

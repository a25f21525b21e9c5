// So many tabs are closed at random moments, in five ways. Of the spans that had ended in the page before, how many arrive?
// node tab-closes.mjs N; started by scripts/journeys.sh
import { OPERATOR, PASSWORD, Spans, sleep, startStack, together } from './stack.mjs';

const N = Number(process.argv[2] ?? 10);
const AT_A_TIME = 3;
/** What people do before: the close comes at any moment within. */
const MOST_MS = 2_500;
/** What the driver of a closed page does not answer in this time is not waited for. */
const LATEST_MS = 10_000;

const stack = await startStack();
const spans = new Spans(stack.asked);
const ways = {
  'page.close': (page) => page.close(),
  'context.close': (page) => page.context().close(),
  reload: (page) => page.reload({ waitUntil: 'commit' }),
  'navigation away': (page) => page.goto('about:blank', { waitUntil: 'commit' }),
  // The page stays; it only can't be seen any more, as far as it can tell: Playwright shows all tabs of a browser.
  'tab hidden': (page) =>
    page.evaluate(() => {
      Object.defineProperty(document, 'hidden', { value: true, configurable: true });
      document.dispatchEvent(new Event('visibilitychange', { bubbles: true }));
    }),
};
/** By way: how many were closed, which spans had ended, and which of them came. */
const seen = Object.fromEntries(Object.keys(ways).map((way) => [way, { closes: 0, ended: [] }]));

const signedIn = await stack.browser.newContext({ locale: 'en-US' });
await signedIn.request.post(`${stack.url}/login`, { data: { username: OPERATOR, password: PASSWORD } });
const storageState = await signedIn.storageState();

async function act(page, told) {
  await page.goto(`${stack.url}/messages`);
  while (!told.over) {
    await page.locator('textarea').first().fill(`closing ${Math.random()}`, { timeout: 1_000 });
    await page.locator('.post-form button[type=submit]').click({ timeout: 1_000 });
  }
}

function soon(work) {
  return Promise.race([work.catch(() => undefined), sleep(LATEST_MS)]);
}

await together(N, AT_A_TIME, async (number) => {
  const way = Object.keys(ways)[number % 5];
  const context = await stack.browser.newContext({ locale: 'en-US', storageState });
  const told = { ended: [], over: false };
  await context.exposeBinding('onGlassboardSpan', (_, id, name) => {
    if (!told.over) told.ended.push({ id, name });
  });
  const page = await context.newPage();
  const acting = act(page, told).catch(() => undefined);
  await sleep(Math.random() * MOST_MS);
  told.over = true;
  await soon(ways[way](page));
  seen[way].closes += 1;
  seen[way].ended.push(...told.ended);
  await soon(acting);
  if (way !== 'context.close') {
    await sleep(300);
    await soon(context.close());
  }
  if ((number + 1) % 100 === 0) console.log(`${number + 1} closes`);
});
// The server hands on what it has every half second.
await sleep(3_000);
await spans.read();
const arrived = new Set(spans.all.map((span) => span.id));

console.log('\n| how | tabs | spans that had ended | arrived |\n|---|---|---|---|');
let [ended, came] = [0, 0];
const lost = new Map();
for (const [way, { closes, ended: before }] of Object.entries(seen)) {
  const here = before.filter(({ id }) => arrived.has(id)).length;
  for (const { id, name } of before) if (!arrived.has(id)) lost.set(`${way}: ${name}`, (lost.get(`${way}: ${name}`) ?? 0) + 1);
  ended += before.length;
  came += here;
  console.log(`| ${way} | ${closes} | ${before.length} | ${here}${before.length > 0 ? ` = ${((100 * here) / before.length).toFixed(2)} %` : ''} |`);
}
console.log(`| all | ${N} | ${ended} | ${came} = ${((100 * came) / ended).toFixed(3)} % (wanted >= 99.9 %) |`);
for (const [what, count] of [...lost].sort((a, b) => b[1] - a[1]).slice(0, 10)) console.log(`lost ${count}: ${what}`);
await stack.stop();
if (came < 0.999 * ended || ended === 0) process.exitCode = 1;

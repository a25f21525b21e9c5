// Whether a board that was just started does what it is for: node scripts/smoke.mjs URL TOKEN
// Waits for it up to a minute, then registers, signs in, posts, finds the post again, and reads health and metrics.
import { strict as assert } from 'node:assert';
import { randomBytes } from 'node:crypto';

const [url, token] = process.argv.slice(2);
const name = randomBytes(6).toString('hex');
const json = { 'content-type': 'application/json' };
let cookie = '';

async function call(path, body, headers = {}) {
  const request = body && { method: 'POST', body: JSON.stringify(body) };
  const response = await fetch(url + path, { ...request, headers: { ...json, cookie, ...headers } });
  return { status: response.status, set: response.headers.getSetCookie(), text: await response.text() };
}

async function ready() {
  for (const end = Date.now() + 60_000; Date.now() < end; await new Promise((resolve) => setTimeout(resolve, 100))) {
    if (await call('/health/ready').then(({ status }) => status === 200, () => false)) return;
  }
  assert.fail('/health/ready does not answer 200 within a minute');
}

await ready();
const health = await call('/health');
assert.equal(health.status, 200);
assert.equal(JSON.parse(health.text).status, 'ok', health.text);

const account = { username: `smoke-${name}`, password: 'correct horse' };
assert.equal((await call('/register', account)).status, 200);
const signedIn = await call('/login', account);
assert.equal(signedIn.status, 200, signedIn.text);
cookie = signedIn.set.map((one) => one.split(';')[0]).join('; ');

const message = `smoke ${name} 연기`;
assert.equal((await call('/db/message', { message })).status, 200);
assert.equal(JSON.parse((await call('/db/messages')).text).messages[0].message, message);
assert.equal(JSON.parse((await call(`/db/messages/search?q=${name}`)).text).results.length, 1);

const page = await call('/messages', undefined, { accept: 'text/html' });
const wasm = /href="(\/pkg\/[^"]+\.wasm[^"]*)"/.exec(page.text)?.[1];
assert.ok(wasm, 'the page names its WASM');
assert.equal((await call(wasm)).status, 200);
assert.equal((await call('/metrics', undefined, { authorization: `Bearer ${token}` })).status, 200);
console.log('registered, signed in, posted, listed, searched; page, WASM, health and metrics answer');

// What docs/TELEMETRY.md says of spans and log records, and what was seen that it does not say.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

const KINDS = ['', 'internal', 'server', 'client', 'producer', 'consumer'];
const text = readFileSync(resolve(import.meta.dirname, '../../docs/TELEMETRY.md'), 'utf8');

const codes = (cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, code]) => code);
const literal = (name) => name.replace(/[.*+?^$()|[\]\\]/g, '\\$&');
/** `{METHOD} {route}` as a pattern: a word in capitals, or anything. */
const pattern = (name) => new RegExp(`^${literal(name).replace(/\{[A-Z]+\}/g, '[A-Z_]+').replace(/\{\w+\}/g, '.+')}$`);

/** The rows of the first table below a heading, as cells. */
function rows(heading) {
  const lines = text.slice(text.indexOf(`\n## ${heading}\n`)).split('\n');
  const from = lines.findIndex((line) => line.startsWith('|---'));
  const length = lines.slice(from).findIndex((line) => !line.startsWith('|'));
  return lines.slice(from + 1, from + length).map((line) => line.split('|').slice(1, -1).map((cell) => cell.trim()));
}

const spans = rows('Spans').map(([where, names, kind, , attributes]) => ({ browser: where === 'browser', names: codes(names).map(pattern), kind, attributes: codes(attributes) }));
const events = rows('Log records').map(([names, , attributes]) => ({ names: codes(names), attributes: codes(attributes) }));
if (spans.length < 15 || events.length < 5) throw new Error('docs/TELEMETRY.md has no tables of spans and log records');

/** Names, kinds and attributes of spans and of log records with an event's name that the document does not have, each once. */
export function undocumented(seenSpans, seenLogs) {
  const missing = new Set();
  const look = (what, seen, rows) => {
    const known = new Set(rows.flatMap((row) => row.attributes));
    if (rows.length === 0) missing.add(what);
    else Object.keys(seen).filter((key) => !known.has(key)).forEach((key) => missing.add(`${key} of ${what}`));
  };
  for (const { name, kind, browser, attributes } of seenSpans) {
    const ours = spans.filter((row) => row.browser === browser && row.kind === KINDS[kind] && row.names.some((known) => known.test(name)));
    look(`${name} (${KINDS[kind]})`, attributes, ours);
  }
  for (const { event, attributes } of seenLogs.filter((record) => record.event)) {
    look(event, attributes, events.filter((row) => row.names.includes(event)));
  }
  return [...missing];
}

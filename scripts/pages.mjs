// Finishes the script that loads the pages' files: node pages.mjs __wasm_split.js FOLDER
// Each file's address gets its content's hash, and FOLDER/pages.json says which files a group of pages needs.
import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

const [script, folder] = process.argv.slice(2);
const FILE = /"\.\/((?:split|chunk)_\w+\.wasm)"/g;

/** As the server writes it: server/src/assets.rs. */
async function versioned(file) {
  const hash = createHash("sha256").update(await readFile(join(folder, file))).digest("hex");
  return `${file}?v=${hash.slice(0, 12)}`;
}

let source = await readFile(script, "utf8");
const files = [...new Set([...source.matchAll(FILE)].map((match) => match[1]))];
const addresses = new Map(await Promise.all(files.map(async (file) => [file, await versioned(file)])));

// wasm-split writes: const __chunk_4 = makeLoad(…fetch(new URL("./chunk_4.wasm"…, []);
// and: export const __wasm_split_load_observe = wrapAsyncCb(makeLoad(…"./split_observe.wasm"…, [__chunk_4]));
const LOADER = /const (?:__wasm_split_load_(\w+)|(__chunk_\d+)) = [^]*?"\.\/(\w+\.wasm)"[^]*?, \[([^\]]*)\]\)/g;
const pages = {};
const chunks = {};
for (const [, group, chunk, file, needs] of source.matchAll(LOADER)) {
  if (chunk) chunks[chunk] = file;
  else pages[group] = [file, ...needs.split(", ").filter(Boolean).map((name) => chunks[name])];
}
const known = new Set([...Object.values(chunks), ...Object.values(pages).flat()]);
if (files.length === 0 || files.some((file) => !known.has(file))) throw new Error(`${script} is not as expected`);

source = source.replace(FILE, (_, file) => `"./${addresses.get(file)}"`);
await writeFile(script, source);
await writeFile(join(folder, "pages.json"), JSON.stringify(pages));

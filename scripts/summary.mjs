// Adds up what cargo test and Playwright counted: node summary.mjs FOLDER, with rust.log, wasm.log and browser.json in it.
// Prints 'N passed, N failed, N skipped'; exits 1 when anything failed, or when a runner left no result.
import { readFileSync } from "node:fs";
import { join } from "node:path";

const total = { passed: 0, failed: 0, skipped: 0 };

function add(file, count) {
  try {
    const { passed, failed, skipped } = count(readFileSync(join(process.argv[2], file), "utf8"));
    total.passed += passed;
    total.failed += failed;
    total.skipped += skipped;
  } catch {
    console.log(`${file} is missing or cut off: its tests did not run to their end, which counts as one failure`);
    total.failed += 1;
  }
}

const ofCargo = (log) => {
  const sum = { passed: 0, failed: 0, skipped: 0 };
  for (const [, passed, failed, ignored] of log.matchAll(/^test result: \S+ (\d+) passed; (\d+) failed; (\d+) ignored/gm)) {
    sum.passed += Number(passed);
    sum.failed += Number(failed);
    sum.skipped += Number(ignored);
  }
  if (sum.passed + sum.failed === 0) throw new Error("no test ran");
  return sum;
};
add("rust.log", ofCargo);
add("wasm.log", ofCargo);

add("browser.json", (report) => {
  const { stats, errors } = JSON.parse(report);
  if (stats.flaky > 0) console.log(`${stats.flaky} browser tests passed at their second attempt only`);
  return { passed: stats.expected + stats.flaky, failed: stats.unexpected + errors.length, skipped: stats.skipped };
});

console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = total.failed === 0 ? 0 : 1;

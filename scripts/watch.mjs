// Serves a debug build; builds it and starts it anew after every change: node watch.mjs [the program's arguments]
import { spawn } from "node:child_process";
import { watch } from "node:fs";
import { join } from "node:path";

const WATCHED = ["app", "frontend", "server", "crates", "style", "public", "Cargo.toml"];
/** Editors save several files at once. */
const SETTLE_MS = 200;
const BUILD = "scripts/site.sh debug && cargo build --package server";
const program = join(process.env.CARGO_TARGET_DIR ?? "target", "debug/glassboard");

const run = (command, args) => spawn(command, args, { stdio: "inherit" });
const ended = (child) =>
  child.exitCode !== null || child.signalCode !== null
    ? Promise.resolve(child.exitCode)
    : new Promise((resolve) => child.once("exit", resolve));

let server;
let building = false;
let changed = false;

async function rebuild() {
  changed = true;
  if (building) return;
  building = true;
  while (changed) {
    changed = false;
    // What does not compile leaves the last build running.
    if ((await ended(run("bash", ["-c", BUILD]))) === 0 && !changed) await restart();
  }
  building = false;
}

async function restart() {
  if (server) {
    server.kill("SIGTERM");
    await ended(server);
  }
  server = run(program, process.argv.slice(2));
}

let settling;
for (const path of WATCHED) {
  watch(path, { recursive: true }, () => {
    clearTimeout(settling);
    settling = setTimeout(rebuild, SETTLE_MS);
  });
}
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.on(signal, () => {
    server?.kill("SIGTERM");
    process.exit();
  });
}
await rebuild();

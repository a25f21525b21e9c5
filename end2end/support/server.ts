import { type ChildProcess, spawn } from "node:child_process";
import { createWriteStream, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";

const repository = resolve(import.meta.dirname, "../..");
const target = process.env.CARGO_TARGET_DIR ?? join(repository, "target");
const program = process.env.GLASSBOARD_PROGRAM ?? join(target, "debug/glassboard");
const site = process.env.GLASSBOARD_SITE_DIR ?? join(target, "site/debug");

/** A Glassboard of its own: a free port, an empty data folder. */
export interface Server {
  /** Such as `http://127.0.0.1:40123`, without a slash at the end. */
  url: string;
  /** Ends the program and removes its data. */
  stop(): Promise<void>;
}

/** Starts the program and waits until it says where it listens; its output goes to `test-results/server-NAME.log`. */
export async function startServer(name: string, environment: Record<string, string> = {}): Promise<Server> {
  const data = mkdtempSync(join(tmpdir(), "glassboard-"));
  const inherited = { PATH: process.env.PATH ?? "", HOME: process.env.HOME ?? "" };
  const child = spawn(program, ["--data", data, "--listen", "127.0.0.1:0"], {
    cwd: data,
    env: { ...inherited, GLASSBOARD_SITE_DIR: site, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const stop = async () => {
    await end(child);
    rmSync(data, { recursive: true, force: true });
  };
  try {
    return { url: await firstMatch(child, name, /listening on (http:\/\/[^\s"]+?)\/?(?:["\s]|$)/), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The first group of the first line of output that matches; all output is written to a log file. */
export function firstMatch(child: ChildProcess, name: string, pattern: RegExp): Promise<string> {
  const folder = resolve(import.meta.dirname, "../test-results");
  mkdirSync(folder, { recursive: true });
  const log = createWriteStream(join(folder, `server-${name}.log`));
  const lines: string[] = [];
  return new Promise((found, failed) => {
    const read = (line: string) => {
      log.write(`${line}\n`);
      if (lines.length < 50) lines.push(line);
      const match = pattern.exec(line);
      if (match) found(match[1] ?? line);
    };
    if (child.stdout) createInterface(child.stdout).on("line", read);
    if (child.stderr) createInterface(child.stderr).on("line", read);
    child.on("error", failed);
    child.on("exit", (code) => failed(new Error(`${child.spawnfile} ended with ${code}:\n${lines.join("\n")}`)));
  });
}

/** Asks a program to end, and insists after ten seconds. */
export function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((done) => {
    const insist = setTimeout(() => child.kill("SIGKILL"), 10_000);
    child.on("exit", () => {
      clearTimeout(insist);
      done();
    });
    child.kill("SIGTERM");
  });
}

import { type ChildProcess, spawn } from "node:child_process";
import { createServer } from "node:net";
import { firstMatch } from "./server";

const collectorProgram = process.env.GLASSBOARD_ROTEL;

export async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((listening) => probe.listen(0, "127.0.0.1", listening));
  const address = probe.address();
  await new Promise((closed) => probe.close(closed));
  if (!address || typeof address === "string") throw new Error("no port");
  return address.port;
}

/** A collector made by others (rotel), which prints what reaches it. */
export async function startCollector(
  httpPort: number,
  grpcPort: number,
  signals: string[] = ["traces"],
): Promise<{ process: ChildProcess; output: () => string }> {
  if (!collectorProgram) throw new Error("GLASSBOARD_ROTEL names no collector: scripts/test.sh sets it");
  const process = spawn(collectorProgram, [
    "start",
    "--otlp-http-endpoint",
    `127.0.0.1:${httpPort}`,
    "--otlp-grpc-endpoint",
    `127.0.0.1:${grpcPort}`,
    "--exporter",
    "blackhole",
    ...signals.flatMap((signal) => ["--debug-log", signal]),
    "--debug-log-verbosity",
    "detailed",
  ]);
  let printed = "";
  const keep = (chunk: Buffer) => (printed += chunk.toString());
  process.stdout.on("data", keep);
  process.stderr.on("data", keep);
  await firstMatch(process, "collector", /starting|started|listening/i);
  return { process, output: () => printed };
}

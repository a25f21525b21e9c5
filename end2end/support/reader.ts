import { test as base, type BrowserContext, expect, type Page } from "@playwright/test";
import { randomBytes } from "node:crypto";
import { type Server, startServer } from "./server";
import { type Words, wordsIn } from "./words";

export interface ReaderOptions {
  /** The language that the reader's browser asks for. */
  language: "ko" | "en";
}

interface ReaderFixtures {
  /** What the page says, in the reader's language. */
  words: Words;
  /** Whether the reader's browser runs scripts. */
  scripts: boolean;
  /** Browser messages that the test provokes on purpose, such as the 401 of a wrong password. */
  expectedErrors: RegExp[];
  /** Makes an account and signs the page's browser in; gives its name. */
  signIn: (name?: string) => Promise<string>;
}

export const password = "correct horse battery";

/** A user name that no other test has. */
export const newName = (prefix = "mina") => `${prefix}-${randomBytes(4).toString("hex")}`;

export const test = base.extend<ReaderFixtures & ReaderOptions, { server: Server }>({
  language: ["ko", { option: true }],

  server: [
    async ({}, use, worker) => {
      const server = await startServer(`${worker.project.name}-${worker.parallelIndex}`);
      await use(server);
      await server.stop();
    },
    { scope: "worker", timeout: 60_000 },
  ],

  baseURL: async ({ server }, use) => use(server.url),
  words: async ({ language }, use) => use(wordsIn(language)),
  scripts: async ({ javaScriptEnabled }, use) => use(javaScriptEnabled !== false),
  expectedErrors: async ({}, use) => use([]),

  page: async ({ page, expectedErrors }, use) => {
    const problems = watchForProblems(page);
    await use(page);
    expect(problems.filter((problem) => !expectedErrors.some((expected) => expected.test(problem)))).toEqual([]);
  },

  signIn: async ({ page }, use) => use((name) => signIn(page.context(), name)),
});

/** Console errors (Chromium reports violations of the content security policy there, too), panics and uncaught errors. */
export function watchForProblems(page: Page): string[] {
  const problems: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error") problems.push(`${message.text()} (${message.location().url})`);
  });
  page.on("pageerror", (error) => problems.push(`uncaught: ${error.stack ?? error.message}`));
  return problems;
}

/** Makes an account through the API, and puts its session into the browser. */
export async function signIn(context: BrowserContext, name = newName()): Promise<string> {
  for (const route of ["/register", "/login"]) {
    const answer = await context.request.post(route, { data: { username: name, password } });
    expect(answer.status(), `${route}: ${await answer.text()}`).toBe(200);
  }
  return name;
}

export { expect };

import { defineConfig, devices } from "@playwright/test";
import type { ReaderOptions } from "./support/reader";

const everywhere = ["home", "account", "messages", "search", "accessibility"];
const instruments = ["logs", "statistics", "messaging", "cache", "faults"];
const withScripts = ["samples", ...instruments, "status", "live", "trace", "page-files"];

/** Specs by name; those that only the first project has look at the server more than at the page. */
const specs = (...names: string[]) => names.map((name) => `**/${name}.spec.ts`);

export default defineConfig<ReaderOptions>({
  testDir: "specs",
  outputDir: "test-results",
  fullyParallel: true,
  workers: 2,
  forbidOnly: !!process.env.CI,
  // A browser on a busy machine may be late once; what fails twice is broken. The report names what was flaky.
  retries: process.env.CI ? 1 : 0,
  timeout: 45_000,
  expect: { timeout: 10_000 },
  reporter: [["list"], ["json", { outputFile: process.env.PLAYWRIGHT_JSON_OUTPUT_NAME ?? "test-results/report.json" }]],
  use: {
    browserName: "chromium",
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
    },
    trace: "retain-on-failure",
    screenshot: "only-on-failure",
  },
  // Language, size, theme and scripts in pairs, instead of every combination.
  projects: [
    {
      name: "desktop-ko",
      testMatch: specs(...everywhere, ...withScripts, "safety", "collector", "sampling", "browser-signals", "delivery"),
      use: { language: "ko", locale: "ko-KR", timezoneId: "Asia/Seoul", viewport: { width: 1280, height: 800 } },
    },
    {
      name: "phone-en",
      testMatch: specs(...everywhere, ...withScripts),
      use: { ...devices["Pixel 7"], language: "en", locale: "en-US", timezoneId: "Europe/London" },
    },
    {
      name: "nojs-ko",
      testMatch: specs(...everywhere, "samples", ...instruments),
      use: { language: "ko", locale: "ko-KR", timezoneId: "Asia/Seoul", javaScriptEnabled: false },
    },
    {
      name: "dark-en",
      testMatch: specs("home", "messages", "accessibility"),
      use: { language: "en", locale: "en-US", timezoneId: "America/New_York", colorScheme: "dark" },
    },
  ],
});

import { expect, newName, password, test } from "../support/reader";

/** The code of signing in, registering and the account: a file of its own. */
const DOOR = /\/pkg\/split_door\.wasm/;

test("a page's file is asked for once, with its version, beside the main one", async ({ page, words }) => {
  const asked: string[] = [];
  page.on("request", (request) => {
    if (DOOR.test(request.url())) asked.push(request.url());
  });
  await page.goto("/login");
  await expect(page.locator("html[data-script=on]")).toBeAttached();
  expect(asked).toHaveLength(1);
  expect(asked[0]).toMatch(/\?v=[0-9a-f]{12}$/);
  await page.getByRole("link", { name: words.messages, exact: true }).filter({ visible: true }).first().click();
  await expect(page).toHaveURL(/\/login\?next=/);
  expect(asked).toHaveLength(1);
});

test("the messages need no file besides the main one", async ({ page, signIn, words }) => {
  await signIn();
  const asked: string[] = [];
  page.on("request", (request) => {
    const { pathname } = new URL(request.url());
    if (pathname.endsWith(".wasm")) asked.push(pathname);
  });
  await page.goto("/messages");
  await expect(page.locator("html[data-script=on]")).toBeAttached();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(words.messages);
  expect(asked).toEqual(["/pkg/glassboard.wasm"]);
});

test("a page whose file can't be had works as it does without scripts", async ({ page, words, expectedErrors }) => {
  expectedErrors.push(/ERR_FAILED/, /Failed to fetch/, /code is missing/);
  await page.route(DOOR, (route) => route.abort());
  await page.goto("/");
  await expect(page.locator("html[data-script=on]")).toBeAttached();
  await page.getByRole("main").getByRole("link", { name: words.register }).first().click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(words.register);
  await expect(page).toHaveURL(/\/register$/);
  const name = newName();
  await page.getByLabel(words.username).fill(name);
  await page.getByLabel(words.password).fill(password);
  await page.getByRole("main").getByRole("button", { name: words.register }).click();
  await expect(page).toHaveURL(/\/messages$/);
  await expect(page.getByRole("banner")).toContainText(name);
});

test("without a connection a page that is not there yet says so, and comes later", async ({ page, words, expectedErrors }) => {
  expectedErrors.push(/ERR_INTERNET_DISCONNECTED/, /Failed to fetch/, /code is missing/);
  await page.goto("/");
  await expect(page.locator("html[data-script=on]")).toBeAttached();
  const heading = (await page.getByRole("heading", { level: 1 }).textContent()) ?? "";
  await page.context().setOffline(true);
  await page.getByRole("main").getByRole("link", { name: words.register }).first().click();
  const main = page.getByRole("main");
  await expect(main.getByRole("alert")).toContainText("no_answer");
  await page.goBack();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(heading);
  await page.goForward();
  await expect(main.getByRole("alert")).toContainText("no_answer");
  await page.context().setOffline(false);
  await main.locator("a[rel=external]").click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(words.register);
});

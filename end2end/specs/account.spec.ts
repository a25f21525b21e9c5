import { expect, newName, password, signIn, test } from "../support/reader";

test("registering signs in right away", async ({ page, words }) => {
  const name = newName("민아");
  await page.goto("/register");
  await page.getByLabel(words.username).fill(name);
  await page.getByLabel(words.password).fill(password);
  await page.getByRole("main").getByRole("button", { name: words.register }).click();
  await expect(page).not.toHaveURL(/\/register/);
  await page.goto("/account");
  await expect(page.getByRole("main")).toContainText(name);
});

test("a taken name is said next to the form, which keeps what was typed", async ({ page, words, server, expectedErrors }) => {
  expectedErrors.push(/status of 400/);
  const name = newName();
  await page.request.post(`${server.url}/register`, { data: { username: name, password } });
  await page.goto("/register");
  await page.getByLabel(words.username).fill(name.toUpperCase());
  await page.getByLabel(words.password).fill(password);
  await page.getByRole("main").getByRole("button", { name: words.register }).click();
  await expect(page.getByRole("alert")).toContainText(words.taken);
  await expect(page.getByLabel(words.username)).toHaveValue(name.toUpperCase());
});

test("the focus goes to an error, where its code and trace can be read", async ({ page, words, scripts, expectedErrors }) => {
  test.skip(!scripts, "the browser places the focus itself");
  expectedErrors.push(/status of 401/);
  await page.goto("/login");
  await page.getByLabel(words.username).fill(newName());
  await page.getByLabel(words.password).fill("not the password");
  await page.getByRole("main").getByRole("button", { name: words.signIn }).click();
  const alert = page.getByRole("alert");
  await expect(alert).toContainText(words.wrongPassword);
  await expect(alert).toContainText("invalid_credentials");
  await expect(alert.getByRole("link")).toHaveAttribute("href", /^\/traces\/[0-9a-f]{32}$/);
  await expect(alert).toBeFocused();
});

test("a page for members leads to sign-in and back", async ({ page, words, server }) => {
  const name = newName();
  await page.request.post(`${server.url}/register`, { data: { username: name, password } });
  await page.goto("/messages?page=2");
  await expect(page).toHaveURL(/\/login\?next=/);
  await expect(page.getByRole("status").filter({ hasText: words.signInFirst })).toBeVisible();
  await page.getByLabel(words.username).fill(name);
  await page.getByLabel(words.password).fill(password);
  await page.getByRole("main").getByRole("button", { name: words.signIn }).click();
  await expect(page).toHaveURL(/\/messages\?page=2$/);
});

test("a foreign address is no place to go after sign-in", async ({ page, words, server }) => {
  const name = newName();
  await page.request.post(`${server.url}/register`, { data: { username: name, password } });
  await page.goto(`/login?next=${encodeURIComponent("//evil.example/x")}`);
  await page.getByLabel(words.username).fill(name);
  await page.getByLabel(words.password).fill(password);
  await page.getByRole("main").getByRole("button", { name: words.signIn }).click();
  await expect(page).not.toHaveURL(/\/login/);
  expect(new URL(page.url()).origin).toBe(server.url);
});

test("signing out ends the session", async ({ page, words, signIn, expectedErrors }) => {
  // The page may ask for the news just after it.
  expectedErrors.push(/status of 401 .*\/live\)$/);
  await signIn();
  await page.goto("/account");
  await page.locator("summary", { hasText: words.accountMenu }).click();
  await page.getByRole("button", { name: words.signOut }).click();
  await expect(page).toHaveURL(/\/$/);
  await expect(page.getByRole("link", { name: words.signIn }).filter({ visible: true }).first()).toBeVisible();
  await page.goto("/messages");
  await expect(page).toHaveURL(/\/login/);
});

test("whoever signs out does not see the sign-in page first", async ({ page, words, scripts, signIn }) => {
  test.skip(!scripts, "without scripts nobody tells the page that its session ended");
  await signIn();
  const live = page.waitForResponse((response) => new URL(response.url()).pathname === "/live");
  await page.goto("/account");
  await live;
  let answer = () => {};
  const held = new Promise<void>((resolve) => (answer = resolve));
  await page.route("**/fn/accounts/log_out", async (route) => {
    const response = await route.fetch();
    await held;
    await route.fulfill({ response });
  });
  await page.locator("summary", { hasText: words.accountMenu }).click();
  await page.getByRole("button", { name: words.signOut }).click();
  // The news of the session's end is there long before the answer.
  await page.waitForTimeout(1000);
  await expect(page).toHaveURL(/\/account$/);
  answer();
  await expect(page).toHaveURL(/\/$/);
});

test("a changed password ends the other devices' sessions", async ({ page, words, browser, server, signIn: signInHere }) => {
  const name = await signInHere();
  const other = await browser.newContext({ baseURL: server.url });
  const login = await other.request.post("/login", { data: { username: name, password } });
  expect(login.status()).toBe(200);

  await page.goto("/account");
  await expect(page.getByText(words.thisDevice)).toBeVisible();
  await page.getByLabel(words.currentPassword).fill(password);
  await page.getByLabel(words.newPassword).fill("another long password");
  await page.getByRole("button", { name: words.change, exact: true }).click();

  await expect.poll(async () => (await other.request.get("/db/messages")).status()).toBe(401);
  expect((await page.request.get("/db/messages")).status()).toBe(200);
  expect((await other.request.post("/login", { data: { username: name, password } })).status()).toBe(401);
  await other.close();
});

test("one other device can be signed out alone", async ({ page, words, browser, server, signIn: signInHere }) => {
  const name = await signInHere();
  const other = await browser.newContext({ baseURL: server.url });
  expect((await other.request.post("/login", { data: { username: name, password } })).status()).toBe(200);

  await page.goto("/account");
  await page.getByRole("button", { name: words.end }).first().click();
  await expect.poll(async () => (await other.request.get("/db/messages")).status()).toBe(401);
  expect((await page.request.get("/db/messages")).status()).toBe(200);
  await other.close();
});

test("a short password is refused with what it needs", async ({ page, words, expectedErrors }) => {
  expectedErrors.push(/status of 400/);
  await page.goto("/register");
  await page.getByLabel(words.username).fill(newName());
  // The page's own form would stop it first; the server says the same.
  await page.getByLabel(words.password).evaluate((field) => field.removeAttribute("minlength"));
  await page.getByLabel(words.password).fill("seven77");
  await page.getByRole("main").getByRole("button", { name: words.register }).click();
  await expect(page.getByRole("alert")).toContainText(words.shortPassword);
});

test("another person's session is untouched by mine", async ({ page, browser, server, signIn: signInHere }) => {
  await signInHere();
  const other = await browser.newContext({ baseURL: server.url });
  await signIn(other);
  expect((await page.request.post("/logout", { data: {} })).status()).toBe(200);
  expect((await other.request.get("/db/messages")).status()).toBe(200);
  await other.close();
});

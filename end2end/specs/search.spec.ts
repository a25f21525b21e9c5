import { expect, newName, password, test } from "../support/reader";

test("a search finds what contains the words, in either case and language", async ({ page, words, signIn }) => {
  await signIn();
  const word = newName("Quokka").replace("-", "");
  for (const message of [`배포가 끝났어요 ${word}`, `nothing of that kind`, `다시 ${word.toUpperCase()}입니다`]) {
    await page.request.post("/db/message", { data: { message } });
  }
  await page.goto("/search");
  await page.getByLabel(words.find).fill(word.toLowerCase());
  await page.getByLabel(words.find).press("Enter");
  await expect(page.getByText(words.found(2))).toBeVisible();
  await expect(page).toHaveURL(new RegExp(`/search\\?q=${word.toLowerCase()}`));
  await expect(page.locator("mark")).toHaveText([word.toUpperCase(), word]);
});

test("wildcards and tags are searched as they are typed", async ({ page, words, signIn }) => {
  await signIn();
  const tag = newName("t");
  await page.request.post("/db/message", { data: { message: `100% <script>alert(1)</script> ${tag}` } });
  await page.request.post("/db/message", { data: { message: `100 x <scr ${tag}` } });
  await page.goto(`/search?q=${encodeURIComponent(`% <script>alert(1)</script> ${tag}`)}`);
  await expect(page.getByText(words.found(1))).toBeVisible();
  await expect(page.getByText("<script>alert(1)</script>").first()).toBeVisible();
});

test("a new message is found by the very next search, although the last one was cached", async ({ page, words, signIn }) => {
  await signIn();
  const word = newName("fresh");
  const search = `/search?q=${word}`;
  await page.request.post("/db/message", { data: { message: `first ${word}` } });
  await page.goto(search);
  await expect(page.getByText(words.freshlySearched)).toBeVisible();
  await page.goto(search);
  await expect(page.getByText(words.fromCache)).toBeVisible();
  await page.request.post("/db/message", { data: { message: `second ${word}` } });
  await page.goto(search);
  await expect(page.getByText(words.found(2))).toBeVisible();
  await expect(page.getByText(words.freshlySearched)).toBeVisible();
});

test("a search without results says what to try", async ({ page, words, signIn }) => {
  await signIn();
  await page.goto(`/search?q=${newName("absent")}`);
  await expect(page.getByText(words.nothingFound)).toBeVisible();
});

test("results come as the reader types", async ({ page, words, scripts, signIn }) => {
  test.skip(!scripts, "needs scripts");
  await signIn();
  const word = newName("typed");
  await page.request.post("/db/message", { data: { message: `I ${word} this` } });
  await page.goto("/search");
  await page.getByLabel(words.find).pressSequentially(word, { delay: 5 });
  await expect(page.getByText(words.found(1))).toBeVisible();
  await expect(page).toHaveURL(new RegExp(`q=${word}$`));
});

test("an address is decoded once, and survives signing in", async ({ page, words }) => {
  const tag = newName("d");
  const query = `50%25 할인 ${tag}`;
  const address = `/search?q=${encodeURIComponent(query)}`;
  const name = newName();
  await page.request.post("/register", { data: { username: name, password } });
  await page.goto(address);
  await page.getByLabel(words.username).fill(name);
  await page.getByLabel(words.password).fill(password);
  await page.getByRole("button", { name: words.signIn, exact: true }).click();
  await expect(page.getByLabel(words.find)).toHaveValue(query);
  for (const message of [query, `50% 할인 ${tag}`]) await page.request.post("/db/message", { data: { message } });
  await page.goto(address);
  await expect(page.getByText(words.found(1))).toBeVisible();
  await expect(page.getByLabel(words.find)).toHaveValue(query);
});

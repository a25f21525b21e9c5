import type { Page } from "@playwright/test";
import { expect, newName, test } from "../support/reader";

/** Searches twice: the second answer comes from the cache. */
async function searchTwice(page: Page): Promise<string> {
  const word = newName("cached");
  await page.request.post("/db/message", { data: { message: `to be found: ${word}` } });
  for (let i = 0; i < 2; i++) await page.request.get(`/db/messages/search?q=${word}`);
  return word;
}

test("a search is in the cache with its results and hits", async ({ page, words, signIn }) => {
  await signIn();
  const word = await searchTwice(page);
  await page.goto("/cache");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(words.searchCache);
  const row = page.getByRole("table", { name: words.cached }).getByRole("row", { name: word });
  await expect(row.getByRole("cell").nth(0)).toHaveText("1");
  await expect(row.getByRole("cell").nth(1)).toHaveText("1");
});

test("a query that is cleared is searched afresh, and others stay", async ({ page, words, scripts, signIn }) => {
  await signIn();
  const word = await searchTwice(page);
  const other = newName("other");
  await page.request.get(`/db/messages/search?q=${other}`);
  await page.goto("/cache");
  await page.getByRole("button", { name: words.clearOne(word) }).click();
  await expect(page.getByText(words.cleared(1))).toBeVisible();
  const row = page.getByRole("row", { name: word });
  // With scripts it stays where it is, crossed out: nothing moves under the pointer.
  if (scripts) await expect(row).toHaveCSS("text-decoration-line", "line-through");
  await page.goto("/cache");
  await expect(row).toHaveCount(0);
  await expect(page.getByRole("row", { name: other })).toHaveCount(1);
  await page.goto(`/search?q=${word}`);
  await expect(page.getByText(words.freshlySearched)).toBeVisible();
});

test("all queries are cleared at once", async ({ page, words, signIn }) => {
  await signIn();
  const word = await searchTwice(page);
  await page.goto("/cache");
  await expect(page.getByRole("row", { name: word })).toHaveCount(1);
  await page.getByRole("button", { name: words.clearAll }).click();
  await expect(page.getByText(words.nothingCached)).toBeVisible();
  await expect(page.getByRole("table", { name: words.cached })).toHaveCount(0);
});

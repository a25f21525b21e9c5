import type { Page, TestInfo } from "@playwright/test";
import { expect, test } from "../support/reader";

/** Faults are everybody's: each project asks for its own, so little of it that no other test is harmed. */
const kinds: Record<string, [kind: string, shown: string]> = {
  "desktop-ko": ["memory", "1 MiB"],
  "phone-en": ["latency", "1 ms"],
  "nojs-ko": ["lag", "1 ms"],
};

function rowOf(page: Page, info: TestInfo) {
  const [kind = "", shown = ""] = kinds[info.project.name] ?? [];
  return { row: page.getByRole("row").filter({ has: page.locator(`input[value="${kind}"]`) }), shown };
}

test("an operator starts a fault, everybody is told, and it is ended", async ({ page, words, signIn }, info) => {
  await signIn();
  await page.goto("/status");
  await page.getByRole("link", { name: words.faultPanel }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(words.faults);
  const { row, shown } = rowOf(page, info);
  await row.getByRole("spinbutton").nth(0).fill("1");
  await row.getByRole("spinbutton").nth(1).fill("2");
  await row.getByRole("button", { name: words.startFault }).click();
  await expect(row).toContainText(shown);
  const name = await row.getByRole("rowheader").locator(".name").textContent();
  await page.goto("/status");
  await expect(page.getByText(words.faultsOnRequest)).toContainText(name ?? "?");
  await page.goto("/faults");
  await row.getByRole("button", { name: words.endFault }).click();
  await expect(row.getByRole("button", { name: words.endFault })).toHaveCount(0);
  await expect(row).toContainText(words.noFault);
});

test("an amount out of bounds is refused with what to do", async ({ page, words, signIn, expectedErrors }, info) => {
  expectedErrors.push(/status of 400/);
  await signIn();
  await page.goto("/faults");
  const { row } = rowOf(page, info);
  // Without scripts, nothing can be run in the page: what it would not send is sent by itself.
  if (info.project.name === "nojs-ko") {
    const answer = await page.request.post("/fn/faults/start", { form: { kind: "lag", amount: "0", minutes: "1" } });
    expect(answer.status()).toBe(400);
    return;
  }
  await row.locator("form").last().evaluate((form: HTMLFormElement) => (form.noValidate = true));
  await row.getByRole("spinbutton").nth(1).fill("61");
  await row.getByRole("button", { name: words.startFault }).click();
  await expect(page.getByRole("alert")).toContainText("invalid_fault");
});

import { expect, type Page } from "@playwright/test";

/** Waits until the page's own script has taken over; before, its forms and links are the browser's. */
export const hydrated = (page: Page) => expect(page.locator("html")).toHaveAttribute("data-script", "on", { timeout: 20_000 });

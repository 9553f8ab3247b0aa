/** What people do on the page, by what they see and hear: roles and names. */

import type { Locator, Page } from "playwright-core";
import { expect } from "vitest";

const WAIT_MS = 10_000;

function literal(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

export const list = (page: Page): Locator => page.locator("stonechat-conversation-list");
export const timeline = (page: Page): Locator => page.getByRole("log", { name: "Messages" });
export const composer = (page: Page): Locator => page.getByRole("textbox", { name: "Message", exact: true });

/** The row of a conversation, where its name says so much: it begins with the title. */
export function row(page: Page, title: string, says = ""): Locator {
  return list(page).getByRole("link", { name: new RegExp(`^\\s*${literal(title)}(?=[\\s,]|$).*${literal(says)}`, "s") });
}

export async function open(page: Page, title: string): Promise<void> {
  await row(page, title).click();
  await page.locator("stonechat-chat-header").getByText(title, { exact: true }).first().waitFor();
}

/** Every message that says it; a quote of it in another message counts for that one too. */
export function bubble(page: Page, text: string): Locator {
  return page.locator("li.message", { has: page.locator("p.text", { hasText: text }) });
}

export async function say(page: Page, text: string): Promise<void> {
  await composer(page).fill(text);
  await composer(page).press("Enter");
  await bubble(page, text).waitFor();
}

/** Chooses from the menu of a message. */
export async function act(page: Page, text: string, what: string): Promise<void> {
  const message = bubble(page, text);
  await message.hover();
  await message.getByRole("button", { name: "More", exact: true }).click();
  await page.getByRole("menuitem", { name: new RegExp(`^${literal(what)}`) }).click();
}

/** Chooses from the menu of a conversation. */
export async function actOnRow(page: Page, title: string, what: string): Promise<void> {
  await row(page, title).click({ button: "right" });
  await page.getByRole("menuitem", { name: new RegExp(`^${literal(what)}`) }).click();
}

export async function shown(locator: Locator): Promise<void> {
  await locator.first().waitFor({ state: "visible", timeout: WAIT_MS });
}

export async function gone(locator: Locator): Promise<void> {
  await expect.poll(() => locator.count(), { timeout: WAIT_MS }).toBe(0);
}

/** How far an own message has come, by the name of its ticks. */
export async function ticked(page: Page, text: string, state: "Waiting" | "Sent" | "Delivered" | "Read" | RegExp): Promise<void> {
  await shown(bubble(page, text).getByRole("img", { name: state }));
}

/** What the messages of the open conversation say, from the top, recalled ones left out. */
export function texts(page: Page): Promise<string[]> {
  return page.locator("li.message p.text").evaluateAll((all) =>
    all.map((one) => {
      const copy = one.cloneNode(true) as HTMLElement;
      copy.querySelectorAll(".meta").forEach((meta) => meta.remove());
      return (copy.textContent ?? "").trim();
    }));
}

export async function eventually<T>(read: () => Promise<T>, value: T): Promise<void> {
  await expect.poll(read, { timeout: WAIT_MS }).toEqual(value);
}

/** The open dialog, with what stands in its slots. */
export function dialog(page: Page, heading?: string | RegExp): Locator {
  const all = page.locator("stonechat-dialog[open]");
  return heading === undefined ? all.last() : all.filter({ has: page.getByRole("heading", { name: heading }) });
}

/** Answers the question of a dialog. */
export async function answer(page: Page, verb: string | RegExp): Promise<void> {
  await dialog(page).getByRole("button", { name: verb, exact: true }).click();
  await gone(page.locator("stonechat-dialog[open]"));
}

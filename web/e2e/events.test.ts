/** What happens to a group, as lines between its messages: live, after a reload, and for who was away. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Locator, Page } from "playwright-core";
import { expect, test } from "vitest";
import { bubble, dialog, eventually, gone, open, row, say, shown } from "./acts.ts";
import { stage } from "./stage.ts";

const GROUP = "Tide tables";

const here = stage();

const lines = (page: Page): Locator => page.locator("li.system");
const said = (page: Page): Promise<string[]> =>
  lines(page).evaluateAll((all) => all.map((line) => (line.textContent ?? "").replace(/[\u2066-\u2069]/g, "").trim()));
/** What readers of screens were told last. */
const heard = (page: Page): Promise<string> =>
  page.locator(".stonechat-announcer").evaluate((region) => (region.textContent ?? "").replace(/[\u2066-\u2069]/g, ""));
const details = (page: Page): Locator => page.locator("stonechat-details");

async function pick(page: Page, name: string): Promise<void> {
  await dialog(page).getByRole("combobox").fill(name);
  await dialog(page).getByRole("option", { name }).click();
}

async function rename(page: Page, title: string): Promise<void> {
  const settings = page.locator("stonechat-group-settings");
  await settings.getByRole("button", { name: /^Name/ }).click();
  await page.getByRole("textbox", { name: "Name" }).fill(title);
  await page.keyboard.press("Enter");
  await gone(dialog(page));
}

test("what happens to a group is shown to everybody in it, and stays", async () => {
  const [first, second, third] = here.people.map(({ name }) => name) as [string, string, string];
  const folder = mkdtempSync(join(tmpdir(), "stonechat-events-"));
  const other = await here.regular(folder);
  let b = await other.signIn(second);
  const a = await (await here.person()).signIn(first);

  await a.getByRole("button", { name: "New conversation" }).first().click();
  const made = dialog(a, "New conversation");
  await made.getByRole("radio", { name: "Group" }).click();
  await pick(a, second);
  await made.getByRole("button", { name: "Next" }).click();
  await made.getByRole("textbox", { name: "Name of the group" }).fill(GROUP);
  await made.getByRole("button", { name: "Start group" }).click();
  await eventually(() => said(a), [`You started this group with ${second}`]);
  await open(b, GROUP);
  const expected = [`${first} started this group with you`];
  await eventually(() => said(b), expected);

  // Live.
  await say(a, "Welcome");
  await shown(bubble(b, "Welcome"));
  await a.getByRole("button", { name: "Details" }).click();
  await details(a).getByRole("button", { name: "Add", exact: true }).click();
  await pick(a, third);
  await dialog(a, "Add people").getByRole("button", { name: "Add 1" }).click();
  expected.push(`${first} added ${third}`);
  await eventually(() => said(b), expected);
  await eventually(() => heard(b), `${first} added ${third}`);
  await eventually(() => said(a), [`You started this group with ${second}`, `You added ${third}`]);
  expect(await b.locator("li.system + li.message, li.message + li.system").count()).toBeGreaterThan(0);

  // After a reload.
  await b.reload();
  await eventually(() => said(b), expected);

  // For who was away: nothing of it is unread.
  await other.leave();
  await details(a).getByRole("button", { name: "Group settings" }).first().click();
  await rename(a, "Tides");
  expected.push(`${first} changed the name to “Tides”`);
  const back = await here.regular(folder);
  b = await back.tab();
  await shown(row(b, "Tides"));
  expect(await row(b, "Tides", "unread").count()).toBe(0);
  await open(b, "Tides");
  await eventually(() => said(b), expected);

  // Many in a row are one that opens.
  for (const title of ["Tides 1", "Tides 2", "Tides 3", "Tides 4"]) {
    await rename(a, title);
  }
  const fold = lines(b).getByRole("button", { name: "6 changes" });
  await shown(fold);
  expect(await fold.getAttribute("aria-expanded")).toBe("false");
  await eventually(() => said(b), [expected[0]!, "6 changes"]);
  await fold.focus();
  await b.keyboard.press("Enter");
  await eventually(() => lines(b).count(), 8);
  expect(await fold.getAttribute("aria-expanded")).toBe("true");
  await fold.click();
  await eventually(() => lines(b).count(), 2);
  await back.leave();
  rmSync(folder, { recursive: true, force: true });
});

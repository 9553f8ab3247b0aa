import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { actOnRow, answer, dialog, eventually, open, row, shown } from "./acts.ts";
import { stage } from "./stage.ts";

const here = stage();

function from(person: number, text: string): Promise<unknown> {
  return here.server.backend("POST", "/messages", { sender: here.people[person]!.id, to_user: here.people[0]!.id, text });
}

/** The page goes behind another window, or comes back: a browser without a screen never hides one by itself. */
function look(page: Page, visible: boolean): Promise<void> {
  return page.evaluate((state) => {
    Object.defineProperty(document, "visibilityState", { configurable: true, get: () => state });
    Object.defineProperty(document, "hidden", { configurable: true, get: () => state === "hidden" });
    document.dispatchEvent(new Event("visibilitychange"));
  }, visible ? "visible" : "hidden");
}

/** What the browser shows now: title and text. */
function told(page: Page): Promise<string[]> {
  return page.evaluate(async () => {
    const worker = await navigator.serviceWorker.ready;
    return (await worker.getNotifications()).map(({ title, body }) => `${title}: ${body}`).sort();
  });
}

test("what arrives while the page is hidden is told, once for each conversation, unless it is muted or the user is not to be disturbed", async () => {
  const [, second, third] = here.people;
  const person = await here.person();
  const page = await person.signIn(here.people[0]!.name, "/settings/notifications");
  await page.evaluate(() => navigator.serviceWorker.ready);
  await page.getByRole("switch", { name: /^Show notifications while this page is hidden/ }).click();
  await page.getByRole("button", { name: /^Chats/ }).click();
  const other = await person.tab("/");
  await shown(row(other, second!.name));

  // Seen: nothing is told.
  await page.bringToFront();
  await from(1, "While you look");
  await shown(row(page, second!.name).getByText("While you look"));
  expect(await told(page)).toEqual([]);

  // One tab hidden, the other seen: still nothing.
  await look(page, false);
  await from(1, "One tab is seen");
  await shown(row(other, second!.name).getByText("One tab is seen"));
  expect(await told(page)).toEqual([]);

  // Both hidden: told once, and the next message takes the place of the first.
  await look(other, false);
  await from(1, "First behind your back");
  await eventually(() => told(page), [`${second!.name}: First behind your back`]);
  await from(1, "Second behind your back");
  await eventually(() => told(page), [`${second!.name}: Second behind your back`]);

  // Back, it is taken away when the conversation is opened.
  await look(page, true);
  await open(page, second!.name);
  await eventually(() => told(page), []);

  // Muted: counted, not told.
  await actOnRow(page, third!.name, "Mute");
  await dialog(page).getByRole("radio", { name: "Always" }).check();
  await answer(page, "Mute");
  await shown(row(page, third!.name, "muted"));
  await look(page, false);
  await from(2, "Into a muted conversation");
  await shown(row(page, third!.name, "unread"));
  await from(1, "And into another");
  await eventually(async () => (await told(page)).join("; "), `${second!.name}: And into another`);

  // The text is nobody's business on this device.
  await look(page, true);
  await page.getByRole("button", { name: "Settings", exact: true }).click();
  await page.getByRole("button", { name: "Notifications" }).or(page.getByRole("link", { name: "Notifications" })).or(page.getByRole("tab", { name: "Notifications" })).first().click();
  await page.getByRole("switch", { name: "Show the text of the message" }).click();
  await look(page, false);
  await from(1, "Not for every eye");
  await eventually(() => told(page), [`${second!.name}: New message`]);
});

import type { Page } from "playwright-core";
import { beforeEach, expect, test } from "vitest";
import { act, actOnRow, answer, bubble, composer, dialog, eventually, gone, list, open, row, say, shown, ticked, timeline } from "./acts.ts";
import { stage } from "./stage.ts";

const here = stage();
let ours = "";
let a: Page;

beforeEach(async () => {
  ours = here.people[0]!.name;
  a = await (await here.person()).signIn(ours);
});

/** Makes a group of us and others by the dialog. */
async function makeGroup(page: Page, title: string, names: readonly string[]): Promise<void> {
  await page.getByRole("button", { name: "New conversation" }).first().click();
  const made = dialog(page, "New conversation");
  await made.getByRole("radio", { name: "Group" }).click();
  await pick(page, names);
  await made.getByRole("button", { name: "Next" }).click();
  await made.getByRole("textbox", { name: "Name of the group" }).fill(title);
  await made.getByRole("button", { name: "Start group" }).click();
  await shown(page.locator("stonechat-chat-header").getByText(title));
}

/** Picks people in the open dialog. */
async function pick(page: Page, names: readonly string[]): Promise<void> {
  for (const name of names) {
    await dialog(page).getByRole("combobox").fill(name);
    await dialog(page).getByRole("option", { name }).click();
  }
}

test("a group is made, others come in, write, and leave", async () => {
  const [, second, third] = here.people;
  await makeGroup(a, "Harbour lights", [second!.name]);
  await say(a, "Welcome");
  const b = await (await here.person()).signIn(second!.name);
  await open(b, "Harbour lights");
  await shown(bubble(b, "Welcome"));
  await say(b, "Thanks");
  await shown(bubble(a, "Thanks").locator(".author").or(timeline(a).getByText(second!.name)));

  await a.getByRole("button", { name: "Details" }).click();
  await a.locator("stonechat-details").getByRole("button", { name: "Add", exact: true }).click();
  await pick(a, [third!.name]);
  await dialog(a, "Add people").getByRole("button", { name: "Add 1" }).click();
  await shown(b.locator("stonechat-chat-header").getByText(/3 members/));
  const c = await (await here.person()).signIn(third!.name);
  await open(c, "Harbour lights");
  // Newcomers do not see what was said before, unless the group lets them.
  await shown(c.getByText("You see messages from when you joined."));
  await say(a, "Hello to you too");
  await shown(bubble(c, "Hello to you too"));
  expect(await bubble(c, "Welcome").count()).toBe(0);

  await b.getByRole("button", { name: "Details" }).click();
  await b.getByRole("button", { name: "Leave this group" }).click();
  await answer(b, "Leave");
  await shown(b.getByText("You are no longer in this group."));
  await gone(composer(b));
  await say(a, "After you left");
  await shown(bubble(c, "After you left"));
  // What was said later reaches him, so that would have.
  await here.server.backend("POST", "/messages", { sender: third!.id, to_user: second!.id, text: "They go on without you" });
  await shown(row(b, third!.name).getByText("They go on without you"));
  expect(await bubble(b, "After you left").count()).toBe(0);
});

test("a mention calls the one who is mentioned", async () => {
  const [, second, third] = here.people;
  await makeGroup(a, "Ridge walk", [second!.name, third!.name]);
  const b = await (await here.person()).signIn(second!.name);
  const first = second!.name.split(" ")[0]!;
  await composer(a).pressSequentially(`Bread, @${first.slice(0, 2).toLowerCase()}`);
  await shown(a.getByRole("listbox", { name: "People to mention" }).getByRole("option", { name: new RegExp(`^${second!.name}`) }));
  await a.keyboard.press("Enter");
  await a.keyboard.type("?");
  await a.keyboard.press("Enter");
  await shown(row(b, "Ridge walk", "mentions you"));
  await open(b, "Ridge walk");
  await shown(bubble(b, "Bread, @"));
});

test("pin, mute, unread and archive are told on all devices", async () => {
  const second = here.people[1]!;
  await here.server.backend("POST", "/messages", { sender: second.id, to_user: here.people[0]!.id, text: "About the keys" });
  const elsewhere = await (await here.person()).signIn(ours);
  await actOnRow(a, second.name, "Pin to the top");
  await shown(row(elsewhere, second.name, "pinned"));
  await actOnRow(a, second.name, "Mute");
  await dialog(a).getByRole("radio", { name: "Always" }).check();
  await answer(a, "Mute");
  await shown(row(elsewhere, second.name, "muted"));
  await actOnRow(a, second.name, "Mark as read");
  await gone(row(elsewhere, second.name, "1 unread"));
  await actOnRow(a, second.name, "Mark as unread");
  await shown(row(elsewhere, second.name, "marked unread"));
  await actOnRow(a, second.name, "Archive");
  await gone(row(elsewhere, second.name));
  await a.getByRole("button", { name: "Undo" }).click();
  await shown(row(elsewhere, second.name));
});

test("a remark stands over the conversation, whatever stands beside it", async () => {
  const second = here.people[1]!;
  await here.server.backend("POST", "/messages", { sender: second.id, to_user: here.people[0]!.id, text: "Copy this" });
  await open(a, second.name);
  await act(a, "Copy this", "Copy text");
  const remark = a.locator("stonechat-toasts .toast");
  const off = (): Promise<number> =>
    a.evaluate(() => {
      const find = (outer: string, inner: string): DOMRect => document.querySelector(outer)!.shadowRoot!.querySelector(inner)!.getBoundingClientRect();
      const toast = document.querySelector("stonechat-provider")!.shadowRoot!.querySelector("stonechat-toasts")!.shadowRoot!.querySelector(".toast")!.getBoundingClientRect();
      const main = find("stonechat-chat", ".main");
      return Math.round(Math.abs(toast.left + toast.right - main.left - main.right) / 2);
    });
  await shown(remark);
  await expect.poll(off).toBeLessThan(2);
  await gone(remark);
  await a.getByRole("button", { name: "Details" }).click();
  await shown(a.locator("stonechat-details").getByRole("heading", { name: second.name }));
  await act(a, "Copy this", "Copy text");
  await shown(remark);
  await expect.poll(off).toBeLessThan(2);
});

test("a folder collects conversations, on all devices", async () => {
  const second = here.people[1]!;
  await here.server.backend("POST", "/messages", { sender: second.id, to_user: here.people[0]!.id, text: "Timetable" });
  const elsewhere = await (await here.person()).signIn(ours);
  await actOnRow(a, second.name, "Add to folder");
  await dialog(a, "Folders").getByRole("textbox", { name: "Name of the folder" }).fill("Timetables");
  await dialog(a, "Folders").getByRole("button", { name: "Add", exact: true }).click();
  await answer(a, "Done");
  await elsewhere.getByRole("tab", { name: "Timetables" }).click();
  await shown(row(elsewhere, second.name));
  await eventually(() => list(elsewhere).getByRole("listitem").count(), 1);
});

test("a search finds conversations, people and messages, and shows the place", async () => {
  const second = here.people[1]!;
  await here.server.backend("POST", "/messages", { sender: second.id, to_user: here.people[0]!.id, text: "The paint code is 7016" });
  for (let i = 0; i < 30; i++) {
    await here.server.backend("POST", "/messages", { sender: second.id, to_user: here.people[0]!.id, text: `More ${i}` });
  }
  await open(a, second.name);
  await shown(bubble(a, "The paint code is 7016"));
  await a.keyboard.press("Control+k");
  await a.getByRole("combobox", { name: "Conversation, person or message" }).fill("PAINT CODE IS");
  await a.getByRole("option", { name: /paint code is/i }).click();
  await shown(a.locator("li.message.jumped", { hasText: "7016" }));
});

test("somebody asks to be a contact, is accepted, and is blocked", async () => {
  const [first] = here.people;
  await here.server.backend("PUT", "/users/nina", { display_name: "Nina Berg" });
  const b = await (await here.person()).tab(`/#token=${here.server.token("nina")}`);
  // Nobody is here yet, but the people of the demo.
  await b.getByRole("button", { name: new RegExp(`${first!.name}.*Say hello`, "s") }).click();
  await say(b, "Hello, we met at the pier");
  await ticked(b, "Hello, we met at the pier", /Sent|Delivered|Read/);
  await b.getByRole("button", { name: "Details" }).click();
  await b.locator("stonechat-details").getByRole("button", { name: "More", exact: true }).click();
  await b.getByRole("menuitem", { name: "Add to contacts" }).click();
  await answer(b, "Send request");

  const main = a.getByRole("navigation", { name: "Main" });
  await main.getByRole("button", { name: /^Contacts/ }).click();
  const accept = a.getByRole("button", { name: "Accept: Nina Berg" });
  await accept.click();
  await gone(accept);
  await main.getByRole("button", { name: /^Chats/ }).click();
  await open(a, "Nina Berg");
  await say(a, "Of course");
  await shown(bubble(b, "Of course"));

  await a.getByRole("button", { name: "Details" }).click();
  await a.locator("stonechat-details").getByRole("button", { name: /^Block/ }).click();
  await answer(a, "Block");
  await shown(a.getByText("You blocked Nina Berg.").first());
  await gone(composer(a));
  await composer(b).fill("Are you there?");
  await composer(b).press("Enter");
  await shown(bubble(b, "Are you there?").getByText("Not sent. This person does not take messages from you."));
  expect(await bubble(b, "Are you there?").getByRole("button", { name: "Try again" }).count()).toBe(0);
  await a.locator("stonechat-conversation").getByRole("button", { name: "Unblock" }).click();
  await shown(composer(a));
  await say(b, "Back again?");
  await shown(bubble(a, "Back again?"));
  expect(await bubble(a, "Are you there?").count()).toBe(0);
});

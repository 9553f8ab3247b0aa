import type { Page } from "playwright-core";
import { beforeEach, expect, test } from "vitest";
import { actOnRow, bubble, composer, eventually, gone, list, open, row, say, shown, timeline } from "./acts.ts";
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
  await page.keyboard.press("Control+n");
  const dialog = page.getByRole("dialog", { name: "New conversation" });
  await shown(dialog);
  await dialog.getByText("Group", { exact: true }).click();
  for (const name of names) {
    await dialog.getByRole("combobox", { name: "Who" }).or(dialog.getByRole("searchbox")).or(dialog.getByRole("textbox")).first().fill(name);
    await dialog.getByRole("option", { name }).or(dialog.getByRole("button", { name: new RegExp(`^${name}`) })).first().click();
  }
  await dialog.getByRole("button", { name: "Next" }).click();
  await dialog.getByRole("textbox", { name: "Name of the group" }).fill(title);
  await dialog.getByRole("button", { name: "Start group" }).click();
  await shown(a.locator("stonechat-chat-header").getByText(title));
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
  await a.getByRole("button", { name: "Add", exact: true }).click();
  const dialog = a.getByRole("dialog", { name: "Add people" });
  await dialog.getByRole("textbox").or(dialog.getByRole("combobox")).or(dialog.getByRole("searchbox")).first().fill(third!.name);
  await dialog.getByRole("option", { name: third!.name }).or(dialog.getByRole("button", { name: new RegExp(`^${third!.name}`) })).first().click();
  await dialog.getByRole("button", { name: "Add 1" }).click();
  await shown(timeline(b).getByText(new RegExp(third!.name)));
  const c = await (await here.person()).signIn(third!.name);
  await open(c, "Harbour lights");
  await shown(bubble(c, "Welcome"));

  await b.getByRole("button", { name: "Details" }).click();
  await b.getByRole("button", { name: "Leave this group" }).click();
  await b.getByRole("alertdialog").or(b.getByRole("dialog", { name: /^Leave/ })).getByRole("button", { name: "Leave", exact: true }).click();
  await shown(b.getByText("You are no longer in this group."));
  await gone(composer(b));
  await say(a, "After you left");
  await shown(bubble(c, "After you left"));
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
  await a.getByRole("dialog").getByText("Always").click();
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

test("a folder collects conversations, on all devices", async () => {
  const second = here.people[1]!;
  await here.server.backend("POST", "/messages", { sender: second.id, to_user: here.people[0]!.id, text: "Timetable" });
  const elsewhere = await (await here.person()).signIn(ours);
  await actOnRow(a, second.name, "Add to folder");
  const dialog = a.getByRole("dialog", { name: "Folders" });
  await dialog.getByRole("textbox", { name: "Name of the folder" }).fill("Harbour");
  await dialog.getByRole("button", { name: "Add", exact: true }).click();
  await a.keyboard.press("Escape");
  await elsewhere.getByRole("tab", { name: "Harbour" }).click();
  await shown(row(elsewhere, second.name));
  expect(await list(elsewhere).getByRole("listitem").count()).toBe(1);
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
  await a.getByRole("combobox", { name: "Conversation, person or message" }).or(a.getByRole("searchbox", { name: "Conversation, person or message" })).first().fill("PAINT CODE");
  await a.getByRole("option", { name: /paint code/i }).or(a.getByRole("link", { name: /paint code/i })).first().click();
  await shown(a.locator("li.message.jumped", { hasText: "7016" }));
});

test("somebody is asked to be a contact, accepts, and is blocked", async () => {
  const [first, second] = here.people;
  await here.server.backend("POST", "/messages", { sender: second!.id, to_user: first!.id, text: "It is me" });
  const b = await (await here.person()).signIn(second!.name);
  await open(b, ours);
  await b.getByRole("button", { name: "Details" }).click();
  await b.getByRole("button", { name: "Add to contacts" }).click();
  await b.getByRole("dialog").getByRole("button", { name: "Send request" }).click();

  await a.getByRole("navigation", { name: "Main" }).getByRole("button", { name: /^Contacts/ }).click();
  await shown(a.getByText(`${second!.name} would like to add you`));
  await a.getByRole("button", { name: "Accept" }).click();
  await shown(b.getByRole("button", { name: "Remove from contacts" }));

  await a.getByRole("navigation", { name: "Main" }).getByRole("button", { name: /^Chats/ }).click();
  await open(a, second!.name);
  await a.getByRole("button", { name: "Details" }).click();
  await a.getByRole("button", { name: "Block", exact: true }).click();
  await a.getByRole("alertdialog").or(a.getByRole("dialog", { name: /^Block/ })).getByRole("button", { name: "Block", exact: true }).click();
  await shown(a.getByText(`You blocked ${second!.name}.`));
  await composer(b).fill("Are you there?");
  await composer(b).press("Enter");
  await shown(bubble(b, "Are you there?").getByText("Not sent. This person does not take messages from you."));
  expect(await bubble(b, "Are you there?").getByRole("button", { name: "Try again" }).count()).toBe(0);
  await a.getByRole("button", { name: "Unblock" }).first().click();
  await shown(composer(a));
  await eventually(() => bubble(a, "Are you there?").count(), 0);
});

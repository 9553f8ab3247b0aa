/** A group and those who look after it, and what a user sets for himself: in the panels, against the real server. */

import type { Locator, Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import { answer, composer, dialog, gone, open, row, shown } from "./acts.ts";
import { stage } from "./stage.ts";

const GROUP = "Harbour signage";

const here = stage();
let owner: Page;
let member: Page;
let third = "";
let second = "";

beforeAll(async () => {
  const [first, other, last] = [here.people[0]!, here.people[1]!, here.people[3]!];
  second = other.name;
  third = last.name;
  owner = await (await here.resident()).signIn(first.name);
  member = await (await here.resident()).signIn(second);
  for (const page of [owner, member]) {
    await open(page, GROUP);
    await page.getByRole("button", { name: "Details" }).click();
    await shown(details(page).getByRole("heading", { name: GROUP }));
  }
});

const details = (page: Page): Locator => page.locator("stonechat-details");
const person = (page: Page, name: string): Locator => details(page).getByRole("button", { name: new RegExp(`^${name}`) });
const remark = (page: Page, text: string | RegExp): Locator => page.getByRole("status").getByText(text);

/** Chooses from the menu of a member. */
async function toMember(page: Page, name: string, what: string): Promise<void> {
  await details(page).getByRole("button", { name: `What to do with ${name}` }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("menuitem", { name: what, exact: true }).click();
}

async function toPage(page: Page, name: RegExp): Promise<void> {
  await details(page).getByRole("button", { name }).click();
  await shown(details(page).getByRole("button", { name: "Back" }));
}

const back = (page: Page): Promise<void> => details(page).getByRole("button", { name: "Back" }).click();

test("who is muted cannot write, is told until when, and can again", async () => {
  await toMember(owner, second, "Mute");
  await answer(owner, "Mute");
  await shown(member.getByText(/^You can write again at/));
  await gone(composer(member));
  await toMember(owner, second, "Let write again");
  await shown(composer(member));
});

test("a role is given and taken, and with it what one is offered", async () => {
  expect(await details(member).getByRole("button", { name: "Group settings" }).count()).toBe(0);
  await toMember(owner, second, "Make admin");
  await shown(remark(owner, `${second} is an admin now`));
  await shown(details(member).getByRole("button", { name: "Group settings" }));
  await toMember(owner, second, "Take admin away");
  await gone(details(member).getByRole("button", { name: "Group settings" }));
});

test("who is kept out is gone, and may be let back in", async () => {
  await toMember(owner, third, "Remove and keep out");
  await owner.getByRole("textbox", { name: "Reason" }).fill("Too many advertisements");
  await answer(owner, "Keep out");
  await gone(person(owner, third));
  await toPage(owner, /^Kept out/);
  await shown(details(owner).getByText("“Too many advertisements”"));
  await details(owner).getByRole("button", { name: "Let back in" }).click();
  await shown(details(owner).getByText("Nobody is kept out."));
  await back(owner);
});

test("a link lets somebody in, and not any more once it was ended", async () => {
  await toPage(owner, /^Invitation links/);
  await details(owner).getByRole("button", { name: /^Make a link/ }).click();
  await answer(owner, "Make a link");
  await shown(details(owner).getByText("any number of uses"));
  const link = await owner.evaluate(() => navigator.clipboard.readText());
  expect(link).toMatch(/^https?:\/\/\S+#join=g_\w+\.\w+$/);

  const guest = await (await here.person()).signIn(third);
  const join = async (): Promise<void> => {
    await guest.getByRole("button", { name: "New conversation" }).first().click();
    await guest.getByRole("button", { name: "Join by link" }).click();
    await guest.getByRole("textbox", { name: "Link" }).fill(link);
    await guest.keyboard.press("Enter");
  };
  await join();
  await shown(guest.locator("stonechat-chat-header").getByText(GROUP));

  await details(owner).getByRole("button", { name: /^More/ }).click();
  await owner.getByRole("menuitem", { name: "End this link" }).click();
  await answer(owner, "End this link");
  await shown(details(owner).getByText("There is no link yet."));
  await back(owner);
  await toMember(owner, third, "Remove from the group");
  await answer(owner, "Remove from the group");
  await join();
  await shown(remark(guest, /^This link does not work\./));
  await gone(person(owner, third));
});

test("an announcement is there for everybody, and tells who has read it", async () => {
  await toPage(owner, /^Announcement/);
  await details(owner).getByRole("button", { name: "Edit" }).click();
  await owner.getByRole("textbox", { name: "What everybody should know" }).fill("Friday, 09:00, meet at gate 1");
  await answer(owner, "Announce");
  await shown(details(owner).getByText("Who has read it"));
  await back(owner);
  await shown(details(member).getByText("Friday, 09:00, meet at gate 1"));
});

test("a setting holds at once for everybody, and is taken back", async () => {
  await details(owner).getByRole("button", { name: "Group settings" }).first().click();
  const settings = owner.locator("stonechat-group-settings");
  await settings.getByRole("radiogroup", { name: "Write messages" }).getByRole("radio", { name: "Admins" }).click();
  await shown(member.getByText("Only admins can write here."));
  await owner.getByRole("button", { name: "Undo" }).click();
  await shown(composer(member));
  await settings.getByRole("button", { name: /^Name/ }).click();
  await owner.getByRole("textbox", { name: "Name" }).fill("Harbour signs");
  await owner.keyboard.press("Enter");
  await shown(row(member, "Harbour signs"));
  await settings.getByRole("button", { name: "Done" }).click();
});

test("an owner hands the group over before he leaves", async () => {
  await details(owner).getByRole("button", { name: "Leave this group" }).click();
  await dialog(owner, "Who takes over?").getByText(second).click();
  await answer(owner, "Hand over and leave");
  await shown(owner.getByText("You are no longer in this group.").first());
  await details(member).getByRole("button", { name: "Group settings" }).first().click();
  await member.getByRole("button", { name: "Close this group" }).click();
  await answer(member, "Close it");
  await shown(details(member).getByText("This group was closed. Its messages stay here."));
});

test("what a user sets for himself is kept", async () => {
  const user = await (await here.person()).signIn(third);
  const settings = user.locator("stonechat-settings");
  const go = async (section: string): Promise<void> => {
    await user.goto(`${here.server.url}/settings/${section}`);
    await shown(settings.getByRole("heading", { level: 2 }));
  };

  await go("profile");
  await settings.getByRole("button", { name: /^None/ }).click();
  await user.getByRole("textbox", { name: "What you are up to" }).fill("Walking the signs");
  await user.getByRole("button", { name: "Emoji", exact: true }).click();
  await user.locator("stonechat-emoji-picker input").fill("compass");
  await user.keyboard.press("Enter");
  await shown(user.getByRole("button", { name: "Emoji, 🧭" }));
  await answer(user, "Save");
  await shown(settings.getByText("🧭 Walking the signs").first());

  await go("privacy");
  await settings.getByRole("button", { name: /^Who may add you/ }).click();
  await user.getByRole("menuitemcheckbox", { name: "Who answers" }).click();
  await user.getByRole("textbox", { name: "Your question" }).fill("Which gate is blue?");
  await user.keyboard.press("Enter");
  await shown(settings.getByText("Which gate is blue?"));

  await go("notifications");
  await settings.getByRole("button", { name: "Add quiet hours" }).click();
  await answer(user, "Save");
  await shown(settings.getByText("Every day, 22:00 to 07:00"));

  await user.reload();
  await shown(settings.getByText("Every day, 22:00 to 07:00"));
  await go("privacy");
  await shown(settings.getByText("Which gate is blue?"));
  await shown(settings.getByText("“Walking the signs”"));
});

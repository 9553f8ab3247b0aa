/** The gallery: every component in every state is reachable for everybody, and the panels do what they say. */

import AxeBuilder from "@axe-core/playwright";
import type { Locator, Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { Person, type PersonOptions } from "./browser.ts";
import { Gallery } from "./gallery.ts";
import { site } from "./stage.ts";

const CHAPTERS = ["shell", "list", "chat", "message", "composer", "connection", "overlays", "details", "group", "profile", "settings", "new", "base"];

const gallery = site(Gallery.serve);

async function looking(path: string, look: (page: Page) => Promise<void>, options: PersonOptions = {}): Promise<void> {
  const person = await Person.arrive(gallery.browser, gallery.served.url, options);
  const page = await person.tab(path);
  await look(page);
  await person.leave();
}

/** Of the specimen with a caption. */
const specimen = (page: Page, caption: string): Locator => page.getByRole("figure", { name: caption, exact: true });

/** The same component stands there many times, so landmarks repeat; a page has each once. */
const REPEATED = ["landmark-unique", "landmark-no-duplicate-main", "landmark-main-is-top-level"];

interface View {
  readonly name: string;
  readonly query: string;
  readonly chapters: readonly string[];
  readonly axe: (axe: AxeBuilder) => AxeBuilder;
}

/** Only colours depend on the theme, and nothing of them on the direction. */
const VIEWS: readonly View[] = [
  { name: "light", query: "theme=light", chapters: CHAPTERS, axe: (axe) => axe.disableRules(REPEATED) },
  { name: "dark", query: "theme=dark", chapters: CHAPTERS, axe: (axe) => axe.withRules(["color-contrast"]) },
  {
    name: "right to left, in Chinese", query: "theme=light&dir=rtl&lang=zh", chapters: ["list", "message", "composer", "details", "settings"],
    axe: (axe) => axe.disableRules([...REPEATED, "color-contrast"]),
  },
];

async function violations(axe: AxeBuilder): Promise<string[]> {
  const { violations } = await axe.analyze();
  return violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id}: ${target.flat().join(" ")}: ${failureSummary ?? ""}`));
}

describe("the gallery", () => {
  it("has the icon that the messenger has", async () => {
    await looking("/gallery", async (page) => {
      const icon = await page.locator('link[rel="icon"]').getAttribute("href");
      const answer = await page.request.get(new URL(icon ?? "", page.url()).href);
      expect([answer.status(), answer.headers()["content-type"]]).toEqual([200, "image/svg+xml"]);
    });
  });

  for (const { name, query, chapters, axe } of VIEWS) {
    it(`has nothing that axe objects to: ${name}`, { timeout: 240_000 }, async () => {
      for (const chapter of chapters) {
        await looking(`/gallery?${query}&only=${chapter}`, async (page) => {
          await page.getByRole("figure").first().waitFor();
          expect(await violations(axe(new AxeBuilder({ page })))).toEqual([]);
        });
      }
    });
  }
});

describe("members", () => {
  it("offers an owner what an owner may do, and an admin less", async () => {
    await looking("/gallery?only=details", async (page) => {
      const itemsFor = async (caption: string, who: string): Promise<string[]> => {
        const menu = specimen(page, caption).getByRole("button", { name: `What to do with ${who}` }).first();
        await menu.scrollIntoViewIfNeeded();
        await menu.focus();
        await page.keyboard.press("Enter");
        await page.getByRole("menuitem").first().waitFor();
        const items = await page.getByRole("menuitem").allInnerTexts();
        await page.keyboard.press("Escape");
        await page.getByRole("menuitem").first().waitFor({ state: "detached" });
        return items.map((text) => text.trim());
      };
      expect(await itemsFor("Group, as its owner", "Kofi Asante")).toEqual(
        ["Message", "Make owner", "Take admin away", "Mute", "Remove from the group", "Remove and keep out"]);
      expect(await itemsFor("Group, as an admin", "Ruth Feldmann")).toEqual(["Message"]);
      expect(await itemsFor("Group, as an admin", "Ines Kowalczyk")).toEqual(["Message", "Let write again", "Remove from the group", "Remove and keep out"]);
      expect(await itemsFor("Group, as a member", "Ines Kowalczyk")).toEqual(["Message"]);
    });
  });

  it("mutes somebody for an hour, and says until when", async () => {
    await looking("/gallery?only=details", async (page) => {
      const place = specimen(page, "Group, as its owner");
      const button = place.getByRole("button", { name: "What to do with Kofi Asante" });
      await button.focus();
      await page.keyboard.press("Enter");
      await page.getByRole("menuitem", { name: "Mute" }).click();
      await page.locator("stonechat-dialog").getByRole("button", { name: "Mute" }).click();
      await place.getByRole("button", { name: /Kofi Asante Muted until 11:46/ }).waitFor();
      // The row says it: there is no remark beside it.
      expect(await page.locator("stonechat-toasts").getByText("Kofi Asante").count()).toBe(0);
    });
  });

  it("is a page of its own that leads back, and keeps the focus in it", async () => {
    await looking("/gallery?only=details", async (page) => {
      const place = specimen(page, "Group, as its owner");
      await place.getByRole("button", { name: "See all 14" }).click();
      await place.getByRole("heading", { name: "Members" }).waitFor();
      await place.getByRole("button", { name: /^Kofi Asante/ }).click();
      await place.getByRole("heading", { name: "Profile" }).waitFor();
      await page.keyboard.press("Tab");
      await page.keyboard.press("Shift+Tab");
      await place.getByRole("button", { name: "Back" }).click();
      await place.getByRole("heading", { name: "Members" }).waitFor();
      await place.getByRole("button", { name: "Back" }).click();
      await place.getByRole("heading", { name: "Harbour signage" }).waitFor();
    });
  });
});

describe("many members", () => {
  it("are found by name", async () => {
    await looking("/gallery?only=details", async (page) => {
      const place = specimen(page, "More than twenty members");
      await place.getByRole("button", { name: "See all 41" }).click();
      const search = place.getByRole("searchbox", { name: "Search members" });
      await search.fill("member 40");
      await expect.poll(() => place.locator("stonechat-members").getByRole("listitem").count()).toBe(1);
      await search.fill("nobody at all");
      await place.getByText("Nobody here is called “nobody at all”.").waitFor();
    });
  });
});

describe("a group", () => {
  it("saves a setting at once, and takes it back", async () => {
    await looking("/gallery?only=group", async (page) => {
      const writes = specimen(page, "As its owner").getByRole("radiogroup", { name: "Write messages" });
      await writes.getByRole("radio", { name: "Admins" }).click();
      await expect.poll(() => writes.getByRole("radio", { name: "Admins" }).getAttribute("aria-checked")).toBe("true");
      await page.getByRole("button", { name: "Undo" }).click();
      await expect.poll(() => writes.getByRole("radio", { name: "Everyone" }).getAttribute("aria-checked")).toBe("true");
    });
  });

  it("lets in who asks, and the row is gone", async () => {
    await looking("/gallery?only=group", async (page) => {
      const place = specimen(page, "Who asks to join");
      await place.getByText("2 people ask to join").waitFor();
      await place.getByRole("button", { name: "Let in" }).first().click();
      await place.getByText("1 person asks to join").waitFor();
    });
  });

  it("makes a link, copies it, and ends it", async () => {
    await looking("/gallery?only=group", async (page) => {
      const place = specimen(page, "Links");
      await place.getByRole("button", { name: /Make a link/ }).click();
      const dialog = page.locator("stonechat-dialog");
      await dialog.getByText("10 times").click();
      await dialog.getByRole("button", { name: "Make a link" }).click();
      await place.getByText("can be used 10 more times").waitFor();
      const text = await page.evaluate(() => navigator.clipboard.readText());
      expect(text).toMatch(/^g_\w+\.\S+$/);
      const row = place.getByRole("listitem").filter({ hasText: "10 more" });
      await row.getByRole("button", { name: /^More/ }).click();
      await page.getByRole("menuitem", { name: "End this link" }).click();
      await page.locator("stonechat-dialog").getByRole("button", { name: "End this link" }).click();
      await row.waitFor({ state: "detached" });
    });
  });

  it("is not left by its only owner without somebody who takes over", async () => {
    await looking("/gallery?only=details", async (page) => {
      const place = specimen(page, "Group, as its owner");
      await place.getByRole("button", { name: "Leave this group" }).click();
      const dialog = page.locator("stonechat-dialog");
      await dialog.getByText("Who takes over?").waitFor();
      await dialog.getByText("Ruth Feldmann").click();
      await dialog.getByRole("button", { name: "Hand over and leave" }).click();
      await place.getByText("You are no longer in this group.").waitFor();
    });
  });
});

describe("a profile", () => {
  it("shows the alias large and the real name small", async () => {
    await looking("/gallery?only=profile", async (page) => {
      const place = specimen(page, "A contact with tags");
      await place.getByRole("button", { name: "Alias" }).click();
      await page.getByLabel("Alias").fill("Kofi from the ferry");
      await page.keyboard.press("Enter");
      await place.getByRole("heading", { name: "Kofi from the ferry" }).waitFor();
      await place.getByText("Kofi Asante").waitFor();
    });
  });

  it("does not take the Enter of an input method for an answer", async () => {
    await looking("/gallery?only=profile", async (page) => {
      await specimen(page, "A contact with tags").getByRole("button", { name: "Alias" }).click();
      const field = page.getByLabel("Alias");
      await field.evaluate((element) => {
        element.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", isComposing: true, bubbles: true, composed: true, cancelable: true }));
        element.dispatchEvent(new KeyboardEvent("keydown", { key: "Process", keyCode: 229, bubbles: true, composed: true, cancelable: true }));
      });
      expect(await field.isVisible()).toBe(true);
    });
  });

  it("blocks somebody only after it was asked, and lets him through again", async () => {
    await looking("/gallery?only=profile", async (page) => {
      const place = specimen(page, "A contact with tags");
      await place.getByRole("button", { name: /^Block/ }).click();
      const dialog = page.locator("stonechat-dialog");
      await dialog.getByRole("button", { name: "Do not block" }).and(page.locator(":focus")).waitFor();
      await dialog.getByRole("button", { name: "Block", exact: true }).click();
      await place.getByText("You blocked Kofi Asante.").waitFor();
      await place.getByRole("button", { name: "Unblock" }).click();
      await place.getByRole("button", { name: /^Block/ }).waitFor();
    });
  });
});

describe("settings", () => {
  it("goes from section to section by keyboard", async () => {
    await looking("/gallery?only=settings", async (page) => {
      const place = specimen(page, "Appearance");
      const devices = place.getByRole("navigation").getByRole("button", { name: "Devices" });
      await devices.focus();
      await page.keyboard.press("Enter");
      await place.getByRole("heading", { name: "Devices", level: 2 }).waitFor();
      await expect.poll(() => devices.getAttribute("aria-current")).toBe("page");
    });
  });

  it("signs another device out after it was asked", async () => {
    await looking("/gallery?only=settings", async (page) => {
      const place = specimen(page, "Devices");
      await place.getByRole("button", { name: "Sign out Maya’s phone" }).click();
      await page.locator("stonechat-dialog").getByRole("button", { name: "Sign out" }).click();
      // Its name alone: the question of the dialog has it too.
      await place.getByText("Maya’s phone", { exact: true }).waitFor({ state: "detached" });
      await place.getByText("Safari, macOS").waitFor();
    });
  });

  it("keeps quiet hours, in words", async () => {
    await looking("/gallery?only=settings", async (page) => {
      const place = specimen(page, "Notifications");
      await place.getByRole("button", { name: "Add quiet hours" }).click();
      await page.getByLabel("From").fill("21:30");
      await page.getByLabel("Saturday").uncheck({ force: true });
      await page.getByLabel("Sunday").uncheck({ force: true });
      await page.locator("stonechat-dialog").getByRole("button", { name: "Save" }).click();
      await place.getByText("Monday to Friday, 21:30 to 07:00").waitFor();
    });
  });

  it("renames, orders and removes folders", async () => {
    await looking("/gallery?only=settings", async (page) => {
      const place = specimen(page, "Folders");
      await place.getByRole("button", { name: "Move Family up" }).click();
      await place.getByRole("button", { name: "Move Family down" }).waitFor();
      await place.getByRole("button", { name: "What to do with Family" }).click();
      await page.getByRole("menuitem", { name: "Rename folder" }).click();
      await page.getByLabel("Name of the folder").fill("Home");
      await page.keyboard.press("Enter");
      await place.getByText("Home", { exact: true }).waitFor();
      await place.getByRole("button", { name: "What to do with Home" }).click();
      await page.getByRole("menuitem", { name: "Delete folder" }).click();
      await page.locator("stonechat-dialog").getByRole("button", { name: "Delete folder" }).click();
      await place.getByText("Home", { exact: true }).waitFor({ state: "detached" });
      await place.getByText("Harbour").waitFor();
    });
  });

  it("says what is lost before it signs out", async () => {
    await looking("/gallery?only=settings", async (page) => {
      const place = specimen(page, "Appearance");
      const said = page.evaluate(() => new Promise((resolve) => document.addEventListener("stonechat-sign-out", (event) => resolve(event.detail), { once: true })));
      await place.getByRole("navigation").getByRole("button", { name: "Sign out" }).click();
      const dialog = page.locator("stonechat-dialog");
      await dialog.getByText("Everything this app keeps here is removed.").waitFor();
      await dialog.getByRole("button", { name: "Sign out" }).click();
      expect(await said).toEqual({ again: false });
    });
  });
});

describe("a new conversation", () => {
  it("starts a group by keyboard alone", async () => {
    await looking("/gallery?only=new", async (page) => {
      const place = specimen(page, "New group");
      const opened = page.evaluate(() => new Promise<string>((resolve) => document.addEventListener("stonechat-open", (event) => resolve(event.detail.conversation), { once: true })));
      const search = place.getByRole("combobox");
      await search.focus();
      await page.keyboard.type("omar");
      await page.keyboard.press("Enter");
      await place.getByRole("group", { name: "4 chosen" }).waitFor();
      await place.getByRole("button", { name: "Next" }).focus();
      await page.keyboard.press("Enter");
      await page.keyboard.type("Paint day");
      await page.keyboard.press("Enter");
      expect(await opened).toMatch(/^g_/);
    });
  });

  it("finds somebody who is no contact by his whole username", async () => {
    await looking("/gallery?only=new", async (page) => {
      const place = specimen(page, "New conversation");
      await place.getByRole("combobox").fill("sven");
      await place.getByRole("option", { name: /Sven Dahl/ }).waitFor();
    });
  });
});

describe("the example page", () => {
  it("has chat in its own colours, reachable for everybody", async () => {
    await looking("/example?invented", async (page) => {
      await page.locator("#workshop").getByText("Then we make the front hatch 4 cm wider.").waitFor();
      await page.getByRole("button", { name: "Messages 1" }).click();
      await page.locator("#corner").getByRole("link", { name: /Piet Vos/ }).waitFor();
      expect(await violations(new AxeBuilder({ page }))).toEqual([]);
    });
  });
});

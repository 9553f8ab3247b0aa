/** Every screen of the messenger over the fixed world: how one comes there, and what must be seen on it. */

import type { Page } from "playwright-core";
import { act, actOnRow, row, shown } from "./acts.ts";

type Role = Parameters<Page["getByRole"]>[0];

export interface Screen {
  readonly name: string;
  readonly world: "english" | "chinese" | "arabic" | "empty" | "offline" | "sign-in" | "sign-in-token";
  readonly size: "desktop" | "tablet" | "phone";
  readonly path?: string;
  readonly theme?: "dark";
  readonly language?: "zh";
  readonly dir?: "rtl";
  readonly go?: (page: Page) => Promise<void>;
  /** An empty page fails: each of these is visible. */
  readonly sees: readonly (readonly [Role, string | RegExp])[];
}

export const SIZES = {
  desktop: { width: 1440, height: 900 },
  tablet: { width: 900, height: 900 },
  phone: { width: 390, height: 844 },
} as const;

/** Once what is new there was seen, the list says so. */
const harbourIsRead = async (page: Page) => {
  await shown(row(page, "Harbour signage"));
  await row(page, "Harbour signage", "unread").waitFor({ state: "hidden" });
};

const details = async (page: Page) => {
  await page.getByRole("button", { name: "Details" }).click();
};

const detailsBesideList = async (page: Page) => {
  await harbourIsRead(page);
  await details(page);
};

const chatSees: Screen["sees"] = [
  ["link", /^Ines Kowalczyk/],
  ["log", "Messages"],
  ["textbox", "Message"],
  ["button", "Details"],
];

const phoneChat: Screen["sees"] = [
  ["log", "Messages"],
  ["textbox", "Message"],
  ["button", /^Back/],
];

const peopleSees: Screen["sees"] = [
  ["heading", "Stonechat"],
  ["button", /Maya Lindqvist/],
  ["button", /Ines Kowalczyk/],
  ["button", /Ruth Feldmann/],
  ["button", /عمر حداد/],
  ["button", /林晓雯/],
  ["button", /Kofi Asante/],
];

/** In both themes. */
function both(screen: Screen): readonly Screen[] {
  return [screen, { ...screen, name: `${screen.name}-dark`, theme: "dark" }];
}

export const SCREENS: readonly Screen[] = [
  ...both({ name: "sign-in", world: "sign-in", size: "desktop", sees: peopleSees }),
  { name: "sign-in-phone", world: "sign-in", size: "phone", sees: peopleSees },
  {
    name: "sign-in-token", world: "sign-in-token", size: "desktop",
    go: async (page) => {
      await page.getByRole("textbox", { name: "Or sign in with a token" }).fill("no token");
      await page.getByRole("button", { name: "Sign in" }).click();
    },
    sees: [["textbox", "Or sign in with a token"], ["button", "Sign in"], ["status", ""]],
  },
  ...both({ name: "empty", world: "empty", size: "desktop", sees: [["heading", "It’s quiet here"], ["button", "New conversation"], ["navigation", "Main"], ["button", /Ines Kowalczyk.*Say hello/s]] }),
  ...both({ name: "desktop", world: "english", size: "desktop", path: "/c/d_ines", sees: [...chatSees, ["navigation", "Main"], ["link", /^Harbour signage.*3 unread.*mentions you/s]] }),
  { name: "tablet", world: "english", size: "tablet", path: "/c/d_ines", sees: chatSees },
  {
    name: "group", world: "english", size: "desktop", path: "/c/g_harbour",
    go: async (page) => {
      await harbourIsRead(page);
      // Up to where somebody was added.
      await page.getByRole("log", { name: "Messages" }).hover();
      await page.mouse.wheel(0, -460);
      await page.getByText("Ruth Feldmann added 林晓雯").waitFor();
    },
    sees: [["log", "Messages"], ["textbox", "Message"], ["button", /^Pinned/]],
  },
  ...both({ name: "group-members", world: "english", size: "desktop", path: "/c/g_harbour", go: detailsBesideList, sees: [...chatSees, ["heading", /Members/], ["button", /Invitation links|See all 14|Add/]] }),
  { name: "message-menu", world: "english", size: "desktop", path: "/c/d_ines", go: (page) => act(page, "Perfect.", "Forward"), sees: [["dialog", "Forward message"]] },
  {
    name: "search", world: "english", size: "desktop", path: "/c/g_harbour",
    go: async (page) => {
      await harbourIsRead(page);
      await page.keyboard.press("Control+k");
      await page.getByRole("dialog").locator("input").fill("gate");
    },
    sees: [["dialog", "Go to"], ["option", /gate/i]],
  },
  { name: "offline", world: "offline", size: "desktop", path: "/c/d_ines", sees: chatSees },
  {
    name: "row-menu", world: "english", size: "desktop", path: "/c/d_ines",
    go: async (page) => {
      await page.getByRole("link", { name: /^Omar Haddad/ }).click({ button: "right" });
      await shown(page.getByRole("menu"));
    },
    sees: [["menuitem", /^Pin to the top/], ["menuitem", /^Mute/], ["menuitem", /^Archive/], ["menuitem", /^Delete conversation/]],
  },
  { name: "mute", world: "english", size: "desktop", path: "/c/d_ines", go: (page) => actOnRow(page, "Omar Haddad", "Mute"), sees: [["dialog", "Mute Omar Haddad"]] },
  {
    name: "new-conversation", world: "english", size: "desktop", path: "/",
    go: async (page) => page.getByRole("button", { name: "New conversation" }).first().click(),
    sees: [["dialog", "New conversation"]],
  },
  ...both({ name: "contacts", world: "english", size: "desktop", path: "/contacts", sees: [["heading", "Contacts"], ["button", "Accept"], ["button", "Decline"]] }),
  { name: "starred", world: "english", size: "desktop", path: "/starred", sees: [["heading", "Starred messages"]] },
  ...both({ name: "settings", world: "english", size: "desktop", path: "/settings/appearance", sees: [["heading", "Appearance"], ["radio", "Dark"]] }),
  { name: "settings-notifications", world: "english", size: "desktop", path: "/settings/notifications", sees: [["heading", "Notifications"]] },
  { name: "settings-privacy", world: "english", size: "desktop", path: "/settings/privacy", sees: [["heading", "Privacy"]] },
  { name: "settings-devices", world: "english", size: "desktop", path: "/settings/devices", sees: [["heading", "Devices"], ["button", "Sign out all other devices"]] },
  { name: "settings-folders", world: "english", size: "desktop", path: "/settings/folders", sees: [["heading", "Folders"]] },
  { name: "settings-keys", world: "english", size: "desktop", path: "/settings/keys", sees: [["heading", "Keys and help"]] },
  {
    name: "group-settings", world: "english", size: "desktop", path: "/c/g_harbour",
    go: async (page) => {
      await detailsBesideList(page);
      await page.getByRole("button", { name: "Group settings" }).first().click();
    },
    sees: [["heading", "Group settings"]],
  },
  ...both({ name: "phone-list", world: "english", size: "phone", path: "/", sees: [["link", /^Harbour signage.*3 unread.*mentions you/s], ["navigation", "Main"], ["tab", /^Unread/]] }),
  ...both({ name: "phone-chat", world: "english", size: "phone", path: "/c/d_ines", sees: phoneChat }),
  {
    name: "phone-menu", world: "english", size: "phone", path: "/c/d_ines",
    go: async (page) => {
      await page.locator("li.message", { hasText: "Perfect." }).click({ button: "right" });
      await shown(page.getByRole("menu"));
    },
    sees: [["menuitem", /^Reply/], ["menuitem", /^Copy text/], ["menuitem", /^Delete for me/]],
  },
  { name: "phone-details", world: "english", size: "phone", path: "/c/g_harbour", go: details, sees: [["button", "Leave this group"]] },
  { name: "phone-settings", world: "english", size: "phone", path: "/settings", sees: [["heading", "Settings"]] },
  ...both({ name: "chinese", world: "chinese", language: "zh", size: "desktop", path: "/c/g_spring", sees: [["textbox", "发消息"], ["link", /^周末爬山/], ["navigation", "主导航"]] }),
  { name: "chinese-phone", world: "chinese", language: "zh", size: "phone", path: "/c/g_spring", sees: [["textbox", "发消息"]] },
  { name: "chinese-settings", world: "chinese", language: "zh", size: "desktop", path: "/settings/privacy", sees: [["heading", "隐私"]] },
  ...both({ name: "rtl", world: "arabic", dir: "rtl", size: "desktop", path: "/c/g_translation", sees: [["textbox", "Message"], ["link", /^مشي يوم السبت/]] }),
  { name: "rtl-phone", world: "arabic", dir: "rtl", size: "phone", path: "/c/g_translation", sees: [["textbox", "Message"], ["button", /^Back/]] },
  { name: "rtl-phone-list", world: "arabic", dir: "rtl", size: "phone", path: "/", sees: [["link", /^مشي يوم السبت/]] },
];

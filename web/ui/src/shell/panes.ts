/** What is beside the list and an open conversation: other pages, details, a place where nothing is open. Loaded with the first of them. */

import type { Account, UserId } from "@stonechat/sdk";
import { html, nothing, type TemplateResult } from "lit";
import { adopt } from "../base/adopt.ts";
import { icon } from "../base/icons.ts";
import "../loaded.ts";
import type { StonechatChat } from "./chat.ts";
import { sides } from "./panes-css.ts";
import { welcome } from "./welcome.ts";

/** Gives the shell the styles of it. */
export function dress(root: ParentNode): void {
  adopt(root, sides);
}

/** A part of it was closed by its own button. */
export function closed(chat: StonechatChat, way: readonly EventTarget[]): void {
  const path = way.filter((node): node is Element => node instanceof Element);
  const isIn = (selector: string): boolean => path.some((element) => element.matches(selector));
  if (isIn("stonechat-dialog")) path.find((element) => element.matches("stonechat-dialog"))!.removeAttribute("open");
  else if (chat.managing && isIn("stonechat-group-settings")) chat.managing = false;
  else if (isIn(".details")) {
    if (chat.person !== null && chat.details && chat.conversation) chat.person = null;
    else chat.closeDetails();
  } else if (isIn("stonechat-conversation")) chat.go({ conversation: null });
  else if (isIn("stonechat-profile")) chat.person = null;
  else chat.go({ page: "chats", section: "" });
}

export function settings({ panes, mainRole, section, choices }: StonechatChat): TemplateResult {
  return html`<div class="wide" role=${mainRole}><stonechat-settings .section=${section || (panes === "one" ? "" : "appearance")} .choices=${choices}></stonechat-settings></div>`;
}

export function details({ panes, details: isOpen, conversation, page, person, linkBase, locale }: StonechatChat): unknown {
  if (!isOpen || !conversation || page !== "chats") return nothing;
  const one = panes === "one";
  return html`<div class="details" part="details" tabindex="-1" role=${one ? "main" : "complementary"} aria-label=${locale.t("shell.details")}>
    <stonechat-details .alone=${one} .conversation=${conversation} .person=${person} .linkBase=${linkBase}></stonechat-details></div>`;
}

/** In the place of a conversation. */
export function other(chat: StonechatChat, account: Account): unknown {
  const { page, conversation, person, linkBase } = chat;
  switch (page) {
    // On one pane it is left by the tabs.
    case "starred": return html`<stonechat-starred .bare=${chat.panes === "one"}></stonechat-starred>`;
    case "contacts": return person ? card(chat, person) : chat.follow(account.relations).size > 0 ? empty(chat, account) : nothing;
    default: return conversation
      ? html`<stonechat-group-settings .conversation=${conversation} .linkBase=${linkBase}></stonechat-group-settings>` : empty(chat, account);
  }
}

function card(chat: StonechatChat, person: UserId): TemplateResult {
  return html`<div class="card">${chat.panes === "one"
    ? html`<button type="button" class="icon-button card-back" aria-label=${chat.locale.t("common.back")} @click=${() => (chat.person = null)}>${icon("back")}</button>`
    : nothing}<div class="plate"><stonechat-profile .user=${person}></stonechat-profile></div></div>`;
}

function empty(chat: StonechatChat, account: Account): TemplateResult {
  const items = chat.all ? chat.follow(chat.all.items) : [];
  const isFirst = items.length === 0 && chat.follow(account.connection).kind !== "connecting";
  const acts = {
    begin: () => void import("./hands.ts").then(({ begin }) => begin(chat, [])),
    contacts: () => {
      chat.go({ page: "contacts" });
      void import("../contacts/add.ts").then(({ addContact }) => addContact(chat, account));
    },
  };
  const what = chat.page === "contacts" ? "person" : !isFirst ? "chat" : chat.people?.length ? "people" : "first";
  return html`<div class="empty">${welcome(chat.locale, what, acts)}</div>`;
}

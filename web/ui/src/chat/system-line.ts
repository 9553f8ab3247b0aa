/** What happened to a conversation, in words. */

import type { SystemEvent, UserId } from "@stonechat/sdk";
import { html, render, type TemplateResult } from "lit";
import type { Key } from "../i18n/index.ts";
import { isFolded, type EventItem } from "./folds.ts";
import { nameOf, type Look } from "./look.ts";

/** One line; of several that are folded, how many they are. */
export function systemLine(item: EventItem, look: Look): TemplateResult {
  const { t } = look.locale;
  return isFolded(item)
    ? html`<li class="system" part="system"><button type="button" data-act="fold" data-fold=${item.key} aria-expanded=${item.isOpen}>${
        t("event.fold", { n: item.folded.length })}</button></li>`
    : html`<li class="system" part="system"><span dir="auto">${happened(item.event, look)}</span></li>`;
}

/** The same for those who hear it. */
export function eventWords(look: Look, event: SystemEvent): string {
  const line = document.createElement("span");
  render(happened(event, look), line);
  return line.textContent.trim();
}

function happened(event: SystemEvent, look: Look): unknown[] {
  const { locale, account } = look;
  const name = (user: UserId): TemplateResult => html`<b><bdi>${nameOf(look, user)}</bdi></b>`;
  const whom = (user: UserId): TemplateResult => (user === account.user ? html`<b>${locale.t("event.you")}</b>` : name(user));
  // Who reads it comes first.
  const [first, ...others] = [...event.users].sort((a, b) => Number(b === account.user) - Number(a === account.user));
  const [second] = others;
  const users =
    first === undefined || second === undefined ? [first === undefined ? "" : whom(first)]
    : others.length === 1 ? locale.rich("event.two", { a: whom(first), b: whom(second) })
    : locale.rich("event.more", { a: whom(first), n: others.length });
  return locale.rich(keyOf(event, look), { by: name(event.by), users: html`${users}`, text: html`<bdi>${event.text}</bdi>` });
}

function keyOf({ kind, users, text, role, settings }: SystemEvent, look: Look): Key {
  const isChannel = look.summary?.kind === "channel";
  switch (kind) {
    case "conversation_created": return isChannel ? "event.channel_created" : users.length > 0 ? "event.created_with" : "event.conversation_created";
    case "role_changed": return role === "owner" ? "event.owner_changed" : role === "admin" ? "event.role_admin" : "event.role_member";
    case "settings_changed": return settings?.speak === "admins" ? "event.settings_closed" : "event.settings_changed";
    case "announced": return text ? "event.announced" : "event.announced_nothing";
    case "dissolved": return isChannel ? "event.channel_dissolved" : "event.dissolved";
    default: return `event.${kind}`;
  }
}

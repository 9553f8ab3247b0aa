/** People to greet, in a list that has no conversation yet; and people that a search finds. */

import type { Account, UserId } from "@stonechat/sdk";
import { html, nothing, type TemplateResult } from "lit";
import { sentence } from "../base/names.ts";
import { clock, lastSeen } from "../base/time.ts";
import "../loaded.ts";
import type { StonechatConversationList } from "./conversation-list.ts";

export function greet(list: StonechatConversationList, account: Account): TemplateResult | typeof nothing {
  const known = [...list.follow(account.relations).values()];
  const people = list.people ?? known.filter(({ contactsSince, blocksSince }) => contactsSince > 0 && !blocksSince).map(({ user }) => user);
  const others = people.filter((user) => user !== account.user);
  if (others.length === 0) return nothing;
  list.watching(others);
  return html`<h2 class="rows-note">${list.locale.t("list.greet")}</h2>
    <ul role="list">${others.map((user) => html`<li>${personRow(list, account, user, list.called(user))}</li>`)}</ul>`;
}

export function personRow(list: StonechatConversationList, account: Account, user: UserId, name: unknown): TemplateResult {
  return html`<button type="button" class="row" @click=${() => list.openWith(account, user)}>
    ${list.personAvatar(account, user)}
    <span class="row-lines">
      <span class="row-line"><bdi class="row-name clip">${name}</bdi></span>
      <span class="row-line"><span class="row-preview clip">${presenceWords(list, account, user)}</span>
        <span class="row-end"><span class="link-button">${list.locale.t("list.say_hello")}</span></span></span>
    </span>
  </button>`;
}

function presenceWords(list: StonechatConversationList, account: Account, user: UserId): string {
  const { availability = "offline", lastSeen: seen = 0 } = (list.isOnline(account) && list.follow(account.presences).get(user)) || {};
  const says = availability === "offline" ? lastSeen(seen, clock.now(), list.locale) : list.locale.t(`presence.${availability}`);
  const username = list.usernameOf(user);
  return sentence(says) || (username && `@${username}`);
}

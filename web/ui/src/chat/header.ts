/** `<stonechat-chat-header>`: with whom one speaks, and what they are doing. Typing is told here: in the timeline it would push messages. */

import { css, html, nothing, type CSSResultGroup, type PropertyValues, type TemplateResult } from "lit";
import type { Account, ConversationSummary, UserId } from "@stonechat/sdk";
import "../base/avatar.ts";
import { count } from "../base/badge.ts";
import { customElement, property, state } from "../base/decorators.ts";
import { StonechatElement } from "../base/element.ts";
import { icon, pebbles } from "../base/icons.ts";
import { displayName, shortName, titleOf } from "../base/names.ts";
import { profilesOf } from "../base/profiles.ts";
import { base, buttons, surface } from "../base/styles.ts";
import { clock, lastSeen, minutes } from "../base/time.ts";
import { WatchController } from "../base/watching.ts";
import { leads } from "./look.ts";
import "./words.ts";

/** In larger groups nobody counts who is there. */
const WATCHED_MAX = 100;

/**
 * @slot actions - buttons of the app, before those of the kit
 * @fires stonechat-close - back to the list, where there is one pane
 * @fires stonechat-open-details
 * @fires stonechat-search
 * @csspart header
 */
@customElement("stonechat-chat-header")
export class StonechatChatHeader extends StonechatElement {
  @property() conversation = "";
  /** Whether the details stand open beside it. */
  @property({ type: Boolean }) details = false;
  /** Whether its title is that of the page. */
  @property({ type: Boolean }) alone = false;

  @state() private people: readonly UserId[] = [];
  private asked = "";
  private readonly watching = new WatchController(this);

  static override styles: CSSResultGroup = [base, surface, buttons, css`
    :host { display: block; flex: none; }
    .header { display: flex; align-items: center; gap: var(--stonechat-space-3); min-height: var(--stonechat-size-header); padding-inline: var(--stonechat-space-5) var(--stonechat-space-3); background: var(--stonechat-color-surface); border-block-end: 1px solid var(--stonechat-color-line); }
    stonechat-avatar { --size: 38px; }
    .title { flex: 1; min-width: 0; display: grid; text-align: start; border-radius: 6px; }
    h2 { min-width: 0; font-size: var(--stonechat-font-size-body); line-height: 1.3125rem; font-weight: var(--stonechat-weight-strong); display: flex; align-items: center; gap: 6px; }
    p { min-width: 0; font-size: var(--stonechat-font-size-small); line-height: 1.125rem; color: var(--stonechat-color-text-muted); display: flex; align-items: center; gap: 7px; }
    p.typing { color: var(--stonechat-color-accent-text); }
    .actions { display: flex; gap: 2px; }
    .back, .narrow { display: none; }
    @media (max-width: 719px) {
      .header { padding-inline: 2px 4px; gap: 8px; }
      .back { display: grid; width: auto; min-width: 44px; grid-auto-flow: column; padding-inline-end: 4px; font-size: var(--stonechat-font-size-small); font-weight: var(--stonechat-weight-medium); color: var(--stonechat-color-accent-text); }
      .narrow { display: grid; }
      .wide { display: none; }
    }
  `];

  protected override willUpdate(changed: PropertyValues): void {
    super.willUpdate(changed);
    const { account } = this;
    if (account === null || this.conversation === "") {
      return;
    }
    const summary = this.read(account.conversation(this.conversation).summary);
    const wanted = `${this.conversation} ${summary?.memberCount ?? 0} ${summary?.member ?? false}`;
    if (wanted !== this.asked) {
      this.asked = wanted;
      void this.learnPeople(account, summary, wanted);
    }
    this.watching.watch(this.people);
  }

  private async learnPeople(account: Account, summary: ConversationSummary | null, asked: string): Promise<void> {
    this.people = summary?.peer ? [summary.peer] : [];
    if (summary?.kind !== "group" || summary.memberCount > WATCHED_MAX || !summary.member || (summary.group.settings.membersHidden && !leads(summary))) {
      return;
    }
    const members = await account.conversation(summary.id).members().catch(() => null);
    if (members !== null && this.asked === asked) {
      this.people = members.map(({ user }) => user);
    }
  }

  protected override render(): TemplateResult | typeof nothing {
    const { account } = this;
    if (account === null || this.conversation === "") {
      return nothing;
    }
    const { t } = this.locale;
    const talk = account.conversation(this.conversation);
    const summary = this.read(talk.summary);
    this.read(account.names);
    this.read(account.relations);
    const typing = this.read(talk.typing).filter((user) => user !== account.user);
    const elsewhere = Math.max(0, this.read(account.totalUnread) - ((summary?.preferences.mutedUntil ?? 0) > clock.now() ? 0 : summary?.unread ?? 0));
    const peer = summary?.peer ?? null;
    const title = summary === null ? "" : titleOf(account, summary, this.locale);
    const presence = peer !== null && this.isOnline(account) ? this.read(account.presences).get(peer)?.availability ?? null : null;
    const words = this.words(account, summary, typing);
    return html`<div class="header" part="header">
      <button type="button" class="icon-button back" aria-label=${elsewhere > 0 ? t("common.back_unread", { n: elsewhere }) : t("common.back")}
        @click=${() => this.emit("stonechat-close", {})}>${icon("back")}${elsewhere > 0 ? count(elsewhere, this.locale) : nothing}</button>
      <stonechat-avatar seed=${peer ?? this.conversation} name=${title} kind=${summary?.kind ?? "direct"} .presence=${presence}
        src=${peer === null ? summary?.group.avatar ?? "" : this.picture(account, peer)}></stonechat-avatar>
      <div class="title">
        <h2 aria-level=${this.alone ? 1 : 2}><bdi class="clip">${title}</bdi></h2>
        ${words ? html`<p class=${typing.length > 0 ? "typing" : ""}>${typing.length > 0 ? pebbles : nothing}<span class="clip" dir="auto">${words}</span></p>` : nothing}
      </div>
      <div class="actions"><slot name="actions"></slot>
        <button type="button" class="icon-button" aria-label=${t("chat.search")} title=${t("chat.search")} @click=${() => this.emit("stonechat-search", { conversation: this.conversation })}>${icon("search")}</button>
        <button type="button" class="icon-button" aria-label=${t("chat.details")} title=${t("chat.details")} aria-pressed=${this.details}
          @click=${() => this.emit("stonechat-open-details", { conversation: this.conversation })}><span class="wide">${icon("panel")}</span><span class="narrow">${icon("more")}</span></button>
      </div>
    </div>`;
  }

  private isOnline(account: Account): boolean {
    return this.read(account.connection).kind === "online";
  }

  private picture(account: Account, user: UserId): string {
    const profiles = profilesOf(account);
    profiles.want(user);
    return this.read(profiles).get(user)?.avatar ?? "";
  }

  /** One line: who is typing, else who is there. While offline nobody knows. */
  private words(account: Account, summary: ConversationSummary | null, typing: readonly UserId[]): string {
    const { t } = this.locale;
    if (typing.length > 0) {
      const name = (at: number): string => shortName(displayName(account, typing[at] as UserId));
      if (summary?.kind === "direct") {
        return t("typing.one_direct");
      }
      return typing.length === 1 ? t("typing.one", { a: name(0) })
        : typing.length === 2 ? t("typing.two", { a: name(0), b: name(1) }) : t("typing.many", { n: typing.length });
    }
    if (summary === null) {
      return "";
    }
    if (summary.kind === "channel") {
      return t("people.readers", { n: summary.memberCount });
    }
    const isOnline = this.isOnline(account);
    const presences = this.read(account.presences);
    if (summary.kind === "group") {
      const online = isOnline ? this.people.filter((user) => user === account.user || presences.get(user)?.availability === "online").length : 0;
      return this.people.length > 0 && isOnline ? t("people.members_online", { n: summary.memberCount, online }) : t("people.members", { n: summary.memberCount });
    }
    const there = isOnline && summary.peer !== null ? presences.get(summary.peer) : undefined;
    if (there === undefined) {
      return "";
    }
    if (there.availability === "online") {
      return t("presence.online");
    }
    this.read(minutes);
    const seen = lastSeen(there.lastSeen, clock.now(), this.locale);
    return there.availability === "away" ? [t("presence.away"), seen].filter(Boolean).join(", ") : seen;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "stonechat-chat-header": StonechatChatHeader;
  }
}

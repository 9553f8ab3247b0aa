/** What a search in the list shows; loaded when somebody goes into its field. */

import type { Account, ConversationId, ConversationSummary, Message, UserId } from "@stonechat/sdk";
import { html, nothing, type TemplateResult } from "lit";
import { adopt } from "../base/adopt.ts";
import { announce } from "../base/announcer.ts";
import { buttons } from "../base/controls.ts";
import { isComposing } from "../base/focus.ts";
import { hits, snippet, type Piece } from "../base/fold.ts";
import { titleOf } from "../base/names.ts";
import { profilesOf } from "../base/profiles.ts";
import { clock, rowTime } from "../base/time.ts";
import "../loaded.ts";
import type { StonechatConversationList } from "./conversation-list.ts";
import { personRow } from "./greet.ts";
import { notes } from "./notes-css.ts";
import { find, findMessages, wantsPinyin, type Found, type Reading } from "./find.ts";
import { rowTemplate, type RowLook } from "./row.ts";

/** After the last key. */
const PAUSE_MS = 120;

/** A row that says nothing of itself. */
const PLAIN: RowLook = {
  unread: false, muted: false, lead: "", leadKind: "", text: "", typing: false, time: "", state: "", mention: false, count: 0, end: "", heard: "",
};

/** The marked pieces of a hit. */
export function marks(pieces: readonly Piece[]): unknown {
  return pieces.map(({ text, hit }) => (hit ? html`<mark>${text}</mark>` : text));
}

export class ListSearch {
  /** Null while they are looked for. */
  private found: readonly Message[] | null = null;
  private text = "";
  private within: ConversationId | null = null;
  private reading: Reading | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly list: StonechatConversationList) {
    adopt(list.renderRoot, [buttons, notes]);
  }

  /** A key in the field. */
  keyed(event: KeyboardEvent): void {
    const { list } = this;
    if (isComposing(event)) return;
    const isSearch = list.isSearch();
    if (event.key === "Escape" && isSearch) {
      list.endSearch();
    } else if (event.key === "ArrowDown" || (event.key === "Enter" && isSearch)) {
      const first = list.renderRoot.querySelector<HTMLElement>(isSearch ? ".scroller .row" : '.scroller .row[tabindex="0"]');
      if (event.key === "Enter") first?.click();
      else first?.focus();
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  /** Looks for something else; an empty text ends it. */
  look(text: string, within: ConversationId | null): void {
    const { account } = this.list;
    if (text === this.text && within === this.within) return;
    if (within !== this.within || !text.trim()) this.found = null;
    [this.text, this.within] = [text, within];
    clearTimeout(this.timer);
    if (!account || !text.trim()) return;
    if (!this.reading && wantsPinyin(text)) {
      void import("./pinyin.ts").then((reading) => {
        this.reading = reading;
        this.list.requestUpdate();
      });
    }
    this.timer = setTimeout(() => void this.fetch(account, text, within), PAUSE_MS);
  }

  private async fetch(account: Account, text: string, within: ConversationId | null): Promise<void> {
    const messages = await findMessages(account, text, within);
    // An answer to what is not asked any more.
    if (this.text !== text || this.within !== within) return;
    this.found = messages;
    const { t } = this.list.locale;
    announce(messages.length ? t("search.results", { n: messages.length }) : t("search.nothing", { text: text.trim() }));
    this.list.requestUpdate();
  }

  render(account: Account, items: readonly ConversationSummary[]): TemplateResult {
    const { list, text, within } = this;
    const { t } = list.locale;
    list.follow(account.names);
    const { conversations, people }: Found =
      within === null && text.trim() ? find(account, items, list.follow(profilesOf(account)), text, this.reading) : { conversations: [], people: [] };
    const messages = this.found ?? [];
    const isNothing = text.trim() !== "" && conversations.length + people.length + messages.length === 0 && this.found !== null;
    const section = (title: string, rows: readonly TemplateResult[]): unknown =>
      rows.length ? html`<h2 class="rows-note">${title}</h2><ul role="list">${rows.map((row) => html`<li>${row}</li>`)}</ul>` : nothing;
    return html`<div class="scroller" @keydown=${this.onKey} @click=${(event: MouseEvent) => list.onClick(event)}>
      ${section(t("list.conversations"), conversations.map((summary) => this.conversation(account, summary)))}
      ${section(t("search.people"), people.map((user) => this.person(account, user)))}
      ${section(t("search.messages"), messages.map((message) => this.message(account, message)))}
      ${isNothing
        ? html`<div class="note"><p>${t("search.nothing", { text: text.trim() })}</p>${within === null
            ? html`<button type="button" class="button secondary" @click=${() => list.begin()}>${t("search.new_instead")}</button>`
            : html`<button type="button" class="button secondary" @click=${() => list.searchIn(null)}>${t("search.everywhere")}</button>`}</div>`
        : nothing}
    </div>`;
  }

  private person(account: Account, user: UserId): TemplateResult {
    return personRow(this.list, account, user, marks(hits(this.list.called(user), this.text)));
  }

  private conversation(account: Account, summary: ConversationSummary): TemplateResult {
    const { list, text } = this;
    const title = titleOf(account, summary, list.locale);
    const username = summary.peer ? list.usernameOf(summary.peer) : "";
    const second = summary.peer ? (username && `@${username}`) : list.locale.t(summary.kind === "channel" ? "people.readers" : "people.members", { n: summary.memberCount });
    return rowTemplate({
      id: summary.id, look: { ...PLAIN, time: summary.preview ? rowTime(summary.preview.sentAt, clock.now(), list.locale) : "" },
      title: marks(hits(title, text)), avatar: list.avatar(account, summary), href: list.href(summary.id),
      open: summary.id === list.current, tab: true, second: marks(hits(second, text)),
    }, list.locale);
  }

  private message(account: Account, message: Message): TemplateResult {
    const { list } = this;
    const { t } = list.locale;
    const summary = account.summary(message.conversation).get();
    const isGroup = summary?.kind === "group";
    const title = summary ? titleOf(account, summary, list.locale) : message.conversation;
    const lead = message.own && !isGroup ? t("list.you") : "";
    const words = marks(snippet(account.words(message.content), this.text));
    return rowTemplate({
      id: message.conversation, look: { ...PLAIN, time: rowTime(message.sentAt, clock.now(), list.locale) },
      title: isGroup ? list.called(message.sender) : title, place: isGroup && this.within === null ? t("search.in", { title }) : "",
      href: list.href(message.conversation), open: false, tab: true,
      avatar: isGroup ? list.personAvatar(account, message.sender) : summary ? list.avatar(account, summary) : html``,
      second: html`<span data-seq=${message.seq} data-ordinal=${message.ordinal}>${lead ? html`<bdi class="who">${lead}</bdi> ` : nothing}${words}</span>`,
    }, list.locale);
  }

  private onKey = (event: KeyboardEvent): void => {
    if (isComposing(event)) return;
    const root = this.list.renderRoot as ShadowRoot;
    const rows = [...root.querySelectorAll<HTMLElement>(".scroller .row")];
    const at = rows.indexOf(root.activeElement as HTMLElement);
    if (event.key === "ArrowDown") rows[Math.min(at + 1, rows.length - 1)]?.focus();
    else if (event.key === "ArrowUp" && at > 0) rows[at - 1]!.focus();
    else if (event.key === "ArrowUp") this.list.focusSearch();
    else if (event.key === "Escape") this.list.endSearch();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
}

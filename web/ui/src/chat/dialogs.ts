/** Dialogs about messages: forwarding, who read, who reacted, what it said before. Loaded when the first of them opens. */

import type { Account, Conversation, ConversationSummary, Member, MergedMessage, MessageItem, UserReaction, Version } from "@stonechat/sdk";
import { css, html, nothing, type CSSResultGroup, type LitElement, type PropertyValues, type TemplateResult } from "lit";
import "../base/avatar.ts";
import { customElement, property, state } from "../base/decorators.ts";
import "../base/dialog.ts";
import { StonechatElement } from "../base/element.ts";
import { icon, pebbles } from "../base/icons.ts";
import { displayName, titleOf } from "../base/names.ts";
import { profilesOf } from "../base/profiles.ts";
import { buttons, fields, members } from "../base/controls.ts";
import { base, scrollbars } from "../base/styles.ts";
import { clock, fullTime, moment } from "../base/time.ts";
import { reasonOf } from "../panels/reason.ts";
import { nameOf, pictureOf, type Look } from "./look.ts";
import { blocksOf } from "./pieces.ts";
import { scriptOf } from "./script.ts";
import { wordsOf } from "./wording.ts";
import "../loaded.ts";
import "./index.ts";

/** As the server takes them in one command or one card. */
const MERGED_MAX = 100;
const TARGETS_MAX = 20;
const SHOWN_MAX = 60;

/** One dialog: what it is about comes as a property, and it takes itself away when it is closed. */
abstract class MessageDialog extends StonechatElement {
  @property({ attribute: false }) look!: Look;

  static override styles: CSSResultGroup = [base, buttons, fields, members, scrollbars, css`
    .pad { padding: 0 20px 12px; }
    .rows { padding: 0 10px 10px; }
    .note { padding: 12px 20px 20px; font-size: 0.875rem; color: var(--stonechat-color-text-muted); display: flex; gap: 8px; align-items: center; }
    .choice { padding: 0 20px 10px; }
    .end { display: flex; align-items: center; gap: 4px; font-size: 18px; font-family: var(--stonechat-font-emoji); }
    .version { padding: 10px 0; border-block-start: 1px solid var(--stonechat-color-line); }
    .version:first-child { border: 0; }
    .when { font-size: var(--stonechat-font-size-meta); line-height: 1rem; color: var(--stonechat-color-text-muted); margin-block-end: 4px; display: flex; gap: 6px; }
    .when b { font-weight: var(--stonechat-weight-medium); color: var(--stonechat-color-text); }
    .says { font-size: var(--stonechat-font-size-body); line-height: var(--stonechat-line-body); white-space: pre-wrap; overflow-wrap: anywhere; color: var(--stonechat-color-text); }
    label.member { cursor: pointer; }
    label.member:hover { background: var(--stonechat-color-hover); }
    .foot { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; justify-content: flex-end; }
  `];

  protected close = (): void => this.remove();

  protected override willUpdate(changed: PropertyValues): void {
    super.willUpdate(changed);
    this.read(profilesOf(this.look.account));
  }

  protected rows(users: readonly { user: string; name: string; end?: unknown; sub?: string }[]): TemplateResult {
    return html`<ul role="list" class="rows">${users.map(({ user, name, end, sub }) => html`<li class="member">
      <stonechat-avatar seed=${user} name=${name} src=${pictureOf(this.look, user)}></stonechat-avatar>
      <span><span class="name"><bdi class="clip">${name}</bdi></span>${sub ? html`<span class="sub">${sub}</span>` : nothing}</span>
      <span class="end">${end ?? nothing}</span></li>`)}</ul>`;
  }

  protected waiting(error: unknown): TemplateResult {
    return error === null
      ? html`<p class="note" role="status">${pebbles}${this.t("common.loading")}</p>`
      : html`<p class="note" role="status">${reasonOf(error, this.locale)}</p>`;
  }
}

@customElement("stonechat-readers-dialog")
export class StonechatReadersDialog extends MessageDialog {
  @property({ attribute: false }) load!: (read: boolean) => Promise<readonly Member[]>;
  @state() private lists: readonly [readonly Member[], readonly Member[]] | null = null;
  @state() private error: unknown = null;
  @state() private isRead = true;

  protected override firstUpdated(): void {
    Promise.all([this.load(true), this.load(false)]).then((lists) => (this.lists = lists), (error: unknown) => (this.error = error));
  }

  protected override render(): TemplateResult {
    const { t } = this.locale;
    const tab = (isRead: boolean, words: string): TemplateResult =>
      html`<button type="button" role="radio" aria-checked=${this.isRead === isRead} @click=${() => (this.isRead = isRead)}>${words}</button>`;
    const shown = this.lists === null ? [] : this.lists[this.isRead ? 0 : 1];
    return html`<stonechat-dialog wide open heading=${t("readers.title")} @close=${this.close}>${this.lists === null ? this.waiting(this.error) : html`
      <div class="choice"><span class="segmented" role="radiogroup" aria-label=${t("readers.title")}>${tab(true, t("readers.read", { n: this.lists[0].length }))}${
        tab(false, t("readers.unread", { n: this.lists[1].length }))}</span></div>
      ${shown.length === 0
        ? html`<p class="note">${t(this.isRead ? "readers.nobody" : "readers.everybody")}</p>`
        : this.rows(shown.map(({ user, displayName: name, nickname }) => ({ user, name: nickname || name || nameOf(this.look, user) })))}`}
    </stonechat-dialog>`;
  }
}

@customElement("stonechat-reactions-dialog")
export class StonechatReactionsDialog extends MessageDialog {
  @property({ attribute: false }) load!: () => Promise<readonly UserReaction[]>;
  @state() private all: readonly UserReaction[] | null = null;
  @state() private error: unknown = null;

  protected override firstUpdated(): void {
    this.load().then((all) => (this.all = all), (error: unknown) => (this.error = error));
  }

  protected override render(): TemplateResult {
    return html`<stonechat-dialog wide open heading=${this.t("reactions.title")} @close=${this.close}>${this.all === null ? this.waiting(this.error)
      : this.rows(this.all.map(({ user, emojis }) => ({ user, name: nameOf(this.look, user), end: emojis.join(" ") })))}</stonechat-dialog>`;
  }
}

@customElement("stonechat-history-dialog")
export class StonechatHistoryDialog extends MessageDialog {
  @property({ attribute: false }) load!: () => Promise<readonly Version[]>;
  @state() private all: readonly Version[] | null = null;
  @state() private error: unknown = null;

  protected override firstUpdated(): void {
    this.load().then((all) => (this.all = all), (error: unknown) => (this.error = error));
  }

  protected override render(): TemplateResult {
    const { t } = this.locale;
    const all = this.all?.toReversed() ?? [];
    return html`<stonechat-dialog wide open heading=${t("history.title")} @close=${this.close}>${this.all === null ? this.waiting(this.error)
      : html`<ol role="list" class="pad">${all.map((version, at) => {
          const words = wordsOf(this.look, version);
          return html`<li class="version"><p class="when">${at === 0 ? html`<b>${t("history.now")}</b>` : at === all.length - 1 ? html`<b>${t("history.first")}</b>` : nothing}
            <time>${fullTime(version.at, this.locale)}</time></p><p class="says" dir="auto" lang=${scriptOf(words) || nothing}>${words}</p></li>`;
        })}</ol>`}</stonechat-dialog>`;
  }
}

@customElement("stonechat-merged-dialog")
export class StonechatMergedDialog extends MessageDialog {
  @property({ attribute: false }) heading = "";
  @property({ attribute: false }) messages: readonly MergedMessage[] = [];

  protected override render(): TemplateResult {
    return html`<stonechat-dialog wide open heading=${this.heading} @close=${this.close}><ol role="list" class="pad">${this.messages.map((one) => {
      const words = wordsOf(this.look, one);
      const says = one.content.kind === "text"
        ? blocksOf(one.content).flatMap(({ pieces }) => pieces.map((piece) => piece.link === null ? piece.text
            : html`<a href=${piece.link} target="_blank" rel="noopener noreferrer nofollow">${piece.text}</a>`))
        : words;
      return html`<li class="version"><p class="when"><b><bdi>${one.authorName || nameOf(this.look, one.author)}</bdi></b>
        <time title=${fullTime(one.sentAt, this.locale)}>${moment(one.sentAt, clock.now(), this.locale)}</time></p>
        <p class="says" dir="auto" lang=${scriptOf(words) || nothing}>${says}</p>${one.content.kind === "merged"
          ? this.inner(one.content.messages) : nothing}</li>`;
    })}</ol></stonechat-dialog>`;
  }

  private inner(messages: readonly MergedMessage[]): TemplateResult {
    return html`<ul class="pad" role="list">${messages.map((one) => html`<li class="muted"><bdi>${one.authorName || nameOf(this.look, one.author)}</bdi>: ${wordsOf(this.look, one)}</li>`)}</ul>`;
  }
}

/** @fires done - they were forwarded */
@customElement("stonechat-forward-dialog")
export class StonechatForwardDialog extends MessageDialog {
  @property({ attribute: false }) items: readonly MessageItem[] = [];
  @state() private all: readonly ConversationSummary[] = [];
  @state() private wanted = "";
  @state() private chosen: ReadonlySet<string> = new Set();
  @state() private isMerged = false;

  override connectedCallback(): void {
    super.connectedCallback();
    const list = this.look.account.conversations({ archived: "any" });
    const mayWriteTo = ({ member, kind, group, role }: ConversationSummary): boolean =>
      kind === "direct" || (member && !group.dissolved && group.mutedUntil <= clock.now() &&
        (group.settings.speak === "everybody" || role === "owner" || role === "admin"));
    this.all = list.items.get().filter(mayWriteTo);
    list.close();
  }

  private choose(id: string): void {
    const chosen = new Set(this.chosen);
    if (!chosen.delete(id) && chosen.size < TARGETS_MAX) {
      chosen.add(id);
    }
    this.chosen = chosen;
  }

  private send(): void {
    const { account } = this.look;
    const targets = [...this.chosen].map((id) => account.conversation(id));
    for (const target of targets) {
      void forward(account, target, this.items, this.isMerged, this.look);
    }
    // Where it went into this conversation alone, it is seen there.
    if (targets.some(({ id }) => id !== this.look.summary?.id)) {
      this.emit("stonechat-toast", { text: this.t("forward.done", { n: targets.length }), icon: "forward" });
    }
    this.dispatchEvent(new CustomEvent("done"));
    this.close();
  }

  protected override render(): TemplateResult {
    const { t } = this.locale;
    const { account } = this.look;
    const wanted = this.wanted.normalize("NFKD").toLowerCase();
    const shown = this.all.filter((one) => titleOf(account, one).normalize("NFKD").toLowerCase().includes(wanted)).slice(0, SHOWN_MAX);
    const how = (isMerged: boolean, words: string): TemplateResult =>
      html`<button type="button" role="radio" aria-checked=${this.isMerged === isMerged} @click=${() => (this.isMerged = isMerged)}>${words}</button>`;
    return html`<stonechat-dialog wide open heading=${t("forward.title", { n: this.items.length })} @close=${this.close}>
      <div class="pad"><label class="search">${icon("search", "s")}<input type="search" autofocus aria-label=${t("forward.search")} placeholder=${t("forward.search")}
        @input=${(event: Event) => (this.wanted = (event.target as HTMLInputElement).value.trim())} /></label></div>
      ${shown.length === 0 ? html`<p class="note">${t("forward.none", { text: this.wanted })}</p>` : html`<div class="rows" role="group" aria-label=${t("forward.search")}>${
        shown.map((one) => {
          const title = titleOf(account, one);
          const isChosen = this.chosen.has(one.id);
          return html`<label class="member">
            <stonechat-avatar seed=${one.peer ?? one.id} name=${title} kind=${one.kind} src=${one.peer === null ? one.group.avatar : pictureOf(this.look, one.peer)}></stonechat-avatar>
            <span class="name"><bdi class="clip">${title}</bdi></span>
            <input type="checkbox" class="check" .checked=${isChosen} @change=${() => this.choose(one.id)} /></label>`;
        })}</div>`}
      ${this.items.length > 1 ? html`<span slot="buttons" class="segmented" role="radiogroup" aria-label=${t("forward.how")}>${how(false, t("forward.single"))}${
        how(true, t("forward.merged"))}</span>` : nothing}
      <button slot="buttons" type="button" class="button secondary" @click=${this.close}>${t("common.cancel")}</button>
      <button slot="buttons" type="button" class="button primary" ?disabled=${this.chosen.size === 0} @click=${this.send}>${t("forward.send")}</button>
    </stonechat-dialog>`;
  }
}

/** Sends messages on, in their order: each with its author, or all as one card. */
async function forward(account: Account, to: Conversation, items: readonly MessageItem[], isMerged: boolean, look: Look): Promise<void> {
  if (isMerged && items.length > 1) {
    const title = look.summary === null ? "" : look.locale.t("forward.from", { title: titleOf(account, look.summary) });
    const messages = items.slice(0, MERGED_MAX).map(({ message }) => ({
      author: message.sender,
      authorName: displayName(account, message.sender),
      sentAt: message.sentAt,
      content: message.content,
    }));
    await to.send({ content: { kind: "merged", title, messages } }).catch(() => undefined);
    return;
  }
  for (const { message } of items) {
    const forwarded = message.attributes?.forwarded ?? { author: message.sender, sentAt: message.sentAt };
    // What this device cannot keep is not sent; the others of them are.
    await to.send({ content: message.content, forwarded }).catch(() => undefined);
  }
}

function open<Name extends keyof HTMLElementTagNameMap>(host: LitElement, name: Name, of: Partial<HTMLElementTagNameMap[Name]>): HTMLElementTagNameMap[Name] {
  const dialog = Object.assign(document.createElement(name), of);
  host.renderRoot.append(dialog);
  return dialog;
}

export function openForward(host: LitElement, look: Look, items: readonly MessageItem[], done: () => void = () => undefined): void {
  open(host, "stonechat-forward-dialog", { look, items }).addEventListener("done", done);
}

export function openReaders(host: LitElement, look: Look, talk: Conversation, item: MessageItem): void {
  open(host, "stonechat-readers-dialog", { look, load: (read) => talk.readers(item.message.seq, read) });
}

export function openReactions(host: LitElement, look: Look, talk: Conversation, item: MessageItem): void {
  open(host, "stonechat-reactions-dialog", { look, load: () => talk.reactions(item.message.seq) });
}

export function openHistory(host: LitElement, look: Look, talk: Conversation, item: MessageItem): void {
  open(host, "stonechat-history-dialog", { look, load: () => talk.versions(item.message.seq) });
}

export function openMerged(host: LitElement, look: Look, item: MessageItem): void {
  const { content } = item.message;
  if (content.kind === "merged") {
    const heading = content.title || look.locale.t("msg.merged", { n: content.messages.length });
    open(host, "stonechat-merged-dialog", { look, heading, messages: content.messages });
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "stonechat-readers-dialog": StonechatReadersDialog;
    "stonechat-reactions-dialog": StonechatReactionsDialog;
    "stonechat-history-dialog": StonechatHistoryDialog;
    "stonechat-merged-dialog": StonechatMergedDialog;
    "stonechat-forward-dialog": StonechatForwardDialog;
  }
}

/** `<stonechat-go>`: to any conversation, person or message from the keyboard. */

import type { Account, ConversationSummary, Message, UserId } from "@stonechat/sdk";
import { css, html, nothing, type CSSResultGroup, type TemplateResult } from "lit";
import "../base/avatar.ts";
import { customElement, query, state } from "../base/decorators.ts";
import { StonechatElement } from "../base/element.ts";
import { isComposing, keepFocus } from "../base/focus.ts";
import { hits, snippet } from "../base/fold.ts";
import { icon } from "../base/icons.ts";
import { titleOf } from "../base/names.ts";
import { profilesOf } from "../base/profiles.ts";
import { buttons, fields } from "../base/controls.ts";
import { base, scrollbars, surface } from "../base/styles.ts";
import { marks } from "../list/search.ts";
import { find, findMessages, wantsPinyin, type Reading } from "../list/find.ts";
import "../loaded.ts";

/** Before anything is typed: where one was last. */
const RECENT = 8;
const MESSAGES_SHOWN = 8;
const PAUSE_MS = 120;

interface Choice {
  readonly key: string;
  readonly avatar: TemplateResult;
  readonly name: unknown;
  readonly hint: unknown;
  readonly run: () => void;
}

@customElement("stonechat-go")
export class StonechatGo extends StonechatElement {
  @state() private text = "";
  @state() private at = 0;
  @state() private messages: readonly Message[] = [];
  @state() private reading: Reading | null = null;
  @query("dialog") private dialog!: HTMLDialogElement;
  @query("input") private input!: HTMLInputElement;
  private items: readonly ConversationSummary[] = [];
  private choices: readonly Choice[] = [];
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly giveBack = keepFocus();

  static override styles: CSSResultGroup = [
    base, surface, buttons, fields, scrollbars,
    css`
      dialog { width: 520px; max-width: calc(100vw - 32px); max-height: min(560px, calc(100dvh - 32px)); margin-block-start: min(16dvh, 120px); padding: 6px; border: 0; border-radius: var(--stonechat-radius-l); background: var(--stonechat-color-raised); color: var(--stonechat-color-text); box-shadow: var(--stonechat-shadow-3); transition: opacity var(--stonechat-time-standard) var(--stonechat-ease-out), transform var(--stonechat-time-standard) var(--stonechat-ease-out); }
      dialog[open] { display: flex; flex-direction: column; }
      @starting-style { dialog[open] { opacity: 0; transform: translateY(-4px); } }
      dialog::backdrop { background: var(--stonechat-color-scrim); }
      .search { height: 40px; margin: 4px 4px 8px; flex: none; }
      .pick { display: flex; align-items: center; gap: 10px; min-height: 42px; padding: 4px 10px; border-radius: 9px; font-size: 0.875rem; line-height: 1.25rem; cursor: pointer; }
      .pick stonechat-avatar { --size: 28px; --ring: var(--stonechat-color-raised); }
      .pick[aria-selected="true"] { background: var(--stonechat-color-hover); }
      .pick b { font-weight: var(--stonechat-weight-medium); }
      .pick .muted { font-size: var(--stonechat-font-size-small); flex: 1; }
      .pick kbd { margin-inline-start: auto; }
      .note { padding: 16px; text-align: center; color: var(--stonechat-color-text-muted); font-size: var(--stonechat-font-size-small); }
      @media (forced-colors: active) { dialog { border: 1px solid CanvasText; } .pick[aria-selected="true"] { outline: 2px solid Highlight; } }
    `,
  ];

  protected override firstUpdated(): void {
    const list = this.account?.conversations({ archived: "any" });
    this.items = list?.items.get() ?? [];
    list?.close();
    this.dialog.showModal();
    this.input.focus();
    this.requestUpdate();
  }

  private onInput(event: InputEvent): void {
    if (event.isComposing) return;
    this.text = this.input.value;
    this.at = 0;
    this.messages = [];
    clearTimeout(this.timer);
    const { account, text } = this;
    if (!account || !text.trim()) return;
    if (!this.reading && wantsPinyin(text)) void import("../list/pinyin.ts").then((reading) => (this.reading = reading));
    this.timer = setTimeout(() => {
      void findMessages(account, text).then((messages) => {
        if (this.text === text) this.messages = messages.slice(0, MESSAGES_SHOWN);
      });
    }, PAUSE_MS);
  }

  private onKey(event: KeyboardEvent): void {
    if (isComposing(event)) return;
    const { length } = this.choices;
    switch (event.key) {
      case "ArrowDown": this.at = (this.at + 1) % Math.max(1, length); break;
      case "ArrowUp": this.at = (this.at - 1 + length) % Math.max(1, length); break;
      case "Enter": this.take(this.choices[this.at]); break;
      default:
        event.stopPropagation();
        return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  private take(choice: Choice | undefined): void {
    if (!choice) return;
    this.dialog.close();
    choice.run();
  }

  private closed(): void {
    clearTimeout(this.timer);
    if (this.matches(":focus-within")) this.giveBack();
    this.remove();
  }

  protected override updated(): void {
    this.renderRoot.querySelector(".pick[aria-selected='true']")?.scrollIntoView({ block: "nearest" });
  }

  protected override render(): TemplateResult | typeof nothing {
    const { account } = this;
    if (!account) return nothing;
    this.choices = this.choose(account);
    const { choices } = this;
    const at = Math.min(this.at, choices.length - 1);
    return html`<dialog aria-label=${this.t("search.go")} @close=${this.closed} @keydown=${this.onKey}
      @click=${(event: Event) => event.target === this.dialog && this.dialog.close()}>
      <label class="search">${icon("search", "s")}<span class="sr">${this.t("search.go_label")}</span>
        <input role="combobox" aria-expanded="true" aria-controls="picks" aria-autocomplete="list" autocomplete="off" spellcheck="false"
          aria-activedescendant=${choices.length ? `pick-${at}` : nothing} placeholder=${this.t("search.go_label")} @input=${this.onInput} />
        <kbd aria-hidden="true">Esc</kbd></label>
      <div class="scroller" id="picks" role="listbox" aria-label=${this.t("search.go")}>${choices.map((choice, i) => html`<div class="pick" id="pick-${i}" role="option"
        aria-selected=${i === at ? "true" : "false"} @pointermove=${() => (this.at = i)} @click=${() => this.take(choice)}>${choice.avatar}<b class="clip"><bdi>${choice.name}</bdi></b><span
        class="muted clip" dir="auto">${choice.hint}</span>${i === at ? html`<kbd aria-hidden="true">↵</kbd>` : nothing}</div>`)}</div>
      ${choices.length === 0 && this.text.trim() ? html`<p class="note" role="status">${this.t("search.nothing", { text: this.text.trim() })}</p>` : nothing}
    </dialog>`;
  }

  private choose(account: Account): readonly Choice[] {
    const { text } = this;
    this.read(account.names);
    if (!text.trim()) return this.items.slice(0, RECENT).map((summary) => this.conversation(account, summary));
    const { conversations, people } = find(account, this.items, this.read(profilesOf(account)), text, this.reading);
    return [
      ...conversations.map((summary) => this.conversation(account, summary)),
      ...people.map((user) => this.person(account, user)),
      ...this.messages.map((message) => this.message(account, message)),
    ];
  }

  private avatar(account: Account, summary: ConversationSummary): TemplateResult {
    const { peer, kind, group } = summary;
    const isSelf = peer === account.user;
    return html`<stonechat-avatar small seed=${peer ?? summary.id} name=${titleOf(account, summary, this.locale)} kind=${isSelf ? "self" : kind}
      src=${isSelf ? "" : peer ? this.pictureOf(peer) : group.avatar}></stonechat-avatar>`;
  }

  /** The pinyin where that is what fits, else who or what it is. */
  private hint(name: string, otherwise: string): unknown {
    const full = this.reading?.spell(name)?.full;
    return full && this.text && hits(full, this.text).some(({ hit }) => hit) ? marks(hits(full, this.text)) : otherwise;
  }

  private conversation(account: Account, summary: ConversationSummary): Choice {
    const title = titleOf(account, summary, this.locale);
    const username = summary.peer ? this.profileOf(summary.peer)?.username : null;
    const what = summary.peer ? (username ? `@${username}` : "") : this.t(summary.kind === "channel" ? "people.readers" : "people.members", { n: summary.memberCount });
    return {
      key: summary.id, avatar: this.avatar(account, summary), name: marks(hits(title, this.text)), hint: this.hint(title, what),
      run: () => this.emit("stonechat-open", { conversation: summary.id }),
    };
  }

  private person(account: Account, user: UserId): Choice {
    const name = this.nameOf(user);
    const username = this.profileOf(user)?.username;
    return {
      key: user, avatar: html`<stonechat-avatar small seed=${user} name=${name} src=${this.pictureOf(user)}></stonechat-avatar>`,
      name: marks(hits(name, this.text)), hint: this.hint(name, username ? `@${username}` : ""),
      run: () => this.emit("stonechat-open", { conversation: account.conversationWith(user).id }),
    };
  }

  private message(account: Account, message: Message): Choice {
    const summary = account.summary(message.conversation).get();
    return {
      key: `${message.conversation} ${message.seq}`, avatar: summary ? this.avatar(account, summary) : html``,
      name: this.nameOf(message.sender), hint: marks(snippet(account.words(message.content), this.text)),
      run: () => this.emit("stonechat-open", { conversation: message.conversation, seq: message.seq, ordinal: message.ordinal }),
    };
  }
}

export function openGo(host: StonechatElement): void {
  if (host.renderRoot.querySelector("stonechat-go")) return;
  const go = document.createElement("stonechat-go");
  host.renderRoot.append(go);
}

declare global {
  interface HTMLElementTagNameMap {
    "stonechat-go": StonechatGo;
  }
}

/** `<stonechat-composer>`: where one writes. The text belongs to the browser's own field and is never rendered again. */

import type { Account, Conversation, Entity, EntityMark, MessageItem, Outgoing, RichText, Seq, UserId } from "@stonechat/sdk";
import { html, nothing, type CSSResultGroup, type PropertyValues, type TemplateResult } from "lit";
import "../base/avatar.ts";
import { customElement, property, query, state } from "../base/decorators.ts";
import { StonechatElement } from "../base/element.ts";
import { isComposing } from "../base/focus.ts";
import { icon } from "../base/icons.ts";
import { displayName, mineral } from "../base/names.ts";
import { base, buttons, surface } from "../base/styles.ts";
import { clock, minutes } from "../base/time.ts";
import { lookAtOutbox } from "../base/unsent.ts";
import { codeOf, reasonOf } from "../panels/reason.ts";
import { closedBy, type Closed } from "./closed.ts";
import { composer } from "./composer-css.ts";
import { DraftKeeper } from "./draft.ts";
import type { StonechatEmojiPicker } from "./emoji-picker.ts";
import { cancelSend, follow } from "./follow.ts";
import { left } from "./limit.ts";
import { ENTITIES_MAX, withLinks } from "./links.ts";
import { carryMarks, trimMarked } from "./marks.ts";
import { targetOf } from "./look.ts";
import type { MentionPicker } from "./mention-picker.ts";
import "./words.ts";

const HAS_FIELD_SIZING = typeof CSS !== "undefined" && CSS.supports("field-sizing", "content");

/** What is being answered: its number, and what to show of it. */
interface Answered {
  readonly seq: Seq;
  readonly sender: UserId | null;
  readonly text: string;
}

/** What is being changed, or written anew in the place of a message that failed. */
interface Edited {
  readonly item: MessageItem;
  readonly isAnew: boolean;
  readonly before: { readonly text: string; readonly marks: readonly Entity[] };
}

/**
 * @slot start - before the text; nothing by default
 * @fires stonechat-sent - a message is on its way
 * @fires stonechat-edit-last - somebody wants to change his last message
 * @csspart composer - the card; within it `banner`, `line`, `text`, `send`, `counter`
 * @csspart picker - those whom one can call
 * @csspart closed - why one cannot write
 */
@customElement("stonechat-composer")
export class StonechatComposer extends StonechatElement {
  /** The id of the conversation. */
  @property() conversation = "";
  /** False: Enter makes a new line, and Ctrl Enter sends. */
  @property({ attribute: false }) enterSends = true;

  @state() private reply: Answered | null = null;
  @state() private edited: Edited | null = null;
  @state() private isEmpty = true;
  @state() private remaining: number | null = null;
  @state() private problem = "";

  @query("textarea") private field!: HTMLTextAreaElement | null;

  private opened: { readonly account: Account; readonly id: string; readonly talk: Conversation; readonly draft: DraftKeeper } | null = null;
  private text = "";
  private marks: readonly Entity[] = [];
  private mentions: MentionPicker | null = null;
  private emoji: StonechatEmojiPicker | null = null;
  private isBegun = false;

  static override styles: CSSResultGroup = [base, surface, buttons, composer];

  override connectedCallback(): void {
    super.connectedCallback();
    addEventListener("pagehide", this.keep);
    document.addEventListener("visibilitychange", this.keep);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    removeEventListener("pagehide", this.keep);
    document.removeEventListener("visibilitychange", this.keep);
    this.leave();
    this.opened = null;
  }

  /** Somewhere else is written now. */
  private leave(): void {
    this.keep();
    if (!this.isEmpty) {
      this.opened?.talk.setTyping(false);
    }
  }

  private readonly keep = (): void => this.opened?.draft.flush();

  /* Rendering */

  protected override willUpdate(changed: PropertyValues): void {
    super.willUpdate(changed);
    const { account } = this;
    if (account === null || this.conversation === "") {
      this.opened = null;
      return;
    }
    if (this.opened?.account !== account || this.opened.id !== this.conversation) {
      this.leave();
      const talk = account.conversation(this.conversation);
      this.opened = { account, id: this.conversation, talk, draft: new DraftKeeper(account, talk) };
      [this.edited, this.reply, this.mentions, this.isBegun, this.problem] = [null, null, null, false, ""];
    }
  }

  protected override updated(changed: PropertyValues): void {
    super.updated(changed);
    const { opened, field } = this;
    if (opened === null || field === null) {
      this.isBegun = false;
      return;
    }
    if (!this.isBegun) {
      this.isBegun = true;
      const begun = opened.draft.begin();
      this.write(begun.text, begun.marks);
      this.answer(begun.replyTo);
      return;
    }
    const news = this.edited === null && !this.isComposing ? opened.draft.news(this.text) : null;
    if (news !== null) {
      this.write(news.text, []);
      this.answer(news.replyTo);
    }
  }

  protected override render(): TemplateResult | typeof nothing {
    const { opened } = this;
    if (opened === null) {
      return nothing;
    }
    const { account, talk } = opened;
    const { t } = this.locale;
    this.read(account.relations);
    this.read(account.names);
    const summary = this.read(talk.summary);
    // A mute ends by itself.
    if ((summary?.group.mutedUntil ?? 0) > clock.now()) {
      this.read(minutes);
    }
    const closed = closedBy(account, summary, this.locale, clock.now());
    if (closed !== null) {
      return this.closed(closed, account);
    }
    const isOver = (this.remaining ?? 0) < 0;
    const cannotSend = this.isEmpty || isOver;
    const hasPicks = (this.mentions?.picks.length ?? 0) > 0;
    return html`
      ${this.mentions?.render()}
      <div class="composer" part="composer">
        ${this.banner()}
        <div class="composer-line" part="line">
          <slot name="start"></slot>
          <button type="button" class="icon-button" aria-label=${t("write.emoji")} title=${t("write.emoji")} aria-haspopup="dialog" @click=${this.openEmoji}>${icon("emoji")}</button>
          <label class="sr" for="text">${t("write.label")}</label>
          <textarea id="text" part="text" rows="1" dir="auto" autocomplete="off" autocapitalize="sentences" spellcheck="true" enterkeyhint=${this.enterSends ? "send" : "enter"}
            placeholder=${t("write.label")} aria-autocomplete="list" aria-haspopup="listbox" aria-controls=${hasPicks ? "picks" : nothing}
            aria-activedescendant=${hasPicks ? `pick${this.mentions?.at}` : nothing}
            @input=${this.onInput} @compositionend=${this.onComposed} @keydown=${this.onKey} @click=${this.onCaret} @blur=${this.onBlur}></textarea>
          ${this.remaining === null ? nothing : html`<span class="counter ${isOver ? "over" : ""}" part="counter" role="status" aria-label=${
            t(isOver ? "write.over" : "write.left", { n: Math.abs(this.remaining) })}>${this.locale.number(this.remaining)}</span>`}
          <button type="button" class="send" part="send" aria-label=${t(this.edited?.isAnew === false ? "write.save" : "write.send")} aria-disabled=${cannotSend}
            @pointerdown=${(event: Event) => event.preventDefault()} @click=${this.send}>${icon("send")}</button>
        </div>
        ${this.problem ? html`<p class="problem" role="status">${icon("alert", "s")}<span dir="auto">${this.problem}</span></p>` : nothing}
      </div>`;
  }

  private closed({ icon: sign, words, unblock }: Closed, account: Account): TemplateResult {
    return html`<div class="closed" part="closed" role="status">${sign === null ? nothing : icon(sign, "s")}<span dir="auto">${words}</span>${unblock === null ? nothing
      : html`<button type="button" class="link-button" @click=${() => void this.unblock(account, unblock)}>${this.t("closed.unblock")}</button>`}</div>`;
  }

  private async unblock(account: Account, user: UserId): Promise<void> {
    try {
      await account.unblock(user);
      await this.updateComplete;
      this.focus();
    } catch (error) {
      this.emit("stonechat-toast", { text: reasonOf(error, this.locale), danger: true });
    }
  }

  private banner(): unknown {
    const { t } = this.locale;
    const { edited, reply, opened } = this;
    if (opened === null || (edited === null && reply === null)) {
      return nothing;
    }
    const { account } = opened;
    const cancel = html`<button type="button" class="icon-button" aria-label=${t("write.cancel")} title=${t("write.cancel")} @click=${this.cancel}>${icon("close", "s")}</button>`;
    if (edited !== null) {
      const says = edited.item.message.content;
      return html`<div class="banner" part="banner" role="status">${icon("edit")}<div class="what"><b>${t("write.edit")}</b><span class="clip muted" dir="auto">${
        says.kind === "text" ? says.text : ""}</span></div>${cancel}</div>`;
    }
    const who = reply?.sender ?? null;
    const isOwn = who === account.user;
    return html`<div class="banner" part="banner" role="status">${icon("reply")}<div class="what ${who === null || isOwn ? "" : `m${mineral(who)}`}"><b>${
      isOwn ? t("write.reply_own") : who === null ? t("act.reply") : this.locale.rich("write.reply_to", { name: html`<bdi>${displayName(account, who)}</bdi>` })}</b><span
      class="clip muted" dir="auto">${reply?.text}</span></div>${cancel}</div>`;
  }

  /* The text */

  private isComposing = false;

  private readonly onInput = (event: Event): void => {
    const field = event.target as HTMLTextAreaElement;
    // What is being composed belongs to the input method: nothing reads it before it is done.
    this.isComposing = (event as InputEvent).isComposing;
    this.isEmpty = field.value.trim() === "";
    this.grow();
    if (!this.isComposing) {
      this.typed();
    }
  };

  private readonly onComposed = (): void => {
    this.isComposing = false;
    this.typed();
  };

  /** Takes what the field says now. */
  private typed(): void {
    const { field, opened } = this;
    if (field === null || opened === null) {
      return;
    }
    this.marks = carryMarks(this.marks, this.text, field.value, field.selectionEnd);
    this.text = field.value;
    this.problem = "";
    this.measure();
    if (this.edited === null) {
      opened.draft.put({ text: this.text, marks: this.marks, replyTo: this.reply?.seq ?? null });
      opened.talk.setTyping(!this.isEmpty);
    }
    void this.lookForMention();
  }

  private measure(): void {
    this.isEmpty = this.text.trim() === "";
    this.remaining = left(this.text);
    this.grow();
  }

  private grow(): void {
    const { field } = this;
    if (field !== null && !HAS_FIELD_SIZING) {
      field.style.height = "auto";
      field.style.height = `${field.scrollHeight}px`;
    }
  }

  /** Puts a text into the field, instead of what is there. */
  private write(text: string, marks: readonly Entity[]): void {
    const { field } = this;
    if (field === null) {
      return;
    }
    if (field.value !== text) {
      field.value = text;
    }
    [this.text, this.marks, this.problem] = [text, marks, ""];
    this.measure();
    this.mentions?.close();
  }

  /** Writes at a place as if it were typed, so that it can be undone. */
  private insert(start: number, end: number, text: string): void {
    const { field } = this;
    if (field === null) {
      return;
    }
    field.focus({ preventScroll: true });
    field.setSelectionRange(start, end);
    if (!document.execCommand("insertText", false, text)) {
      field.setRangeText(text, start, end, "end");
      this.typed();
    }
  }

  /* Answering and changing */

  /** Answers a message. */
  replyTo(item: MessageItem): void {
    const { opened } = this;
    if (opened === null) {
      return;
    }
    this.stopEditing();
    const { message } = item;
    this.reply = { seq: message.seq, sender: message.sender, text: opened.account.words(message.content) };
    this.putDraft();
    this.focus();
  }

  /** Answers what a draft answers: of it only the number is known, and the rest is looked for. */
  private answer(seq: Seq | null): void {
    this.reply = seq === null ? null : { seq, sender: null, text: "" };
    this.resolveReply();
  }

  /** Whoever knows the message that is answered tells it. */
  resolve: (seq: Seq) => MessageItem | null = () => null;

  resolveReply(): void {
    const { reply, opened } = this;
    if (reply === null || reply.sender !== null || opened === null) {
      return;
    }
    const item = this.resolve(reply.seq);
    if (item !== null) {
      this.reply = { seq: reply.seq, sender: item.message.sender, text: opened.account.words(item.message.content) };
    }
  }

  /** Lets an own message say something else. One that failed is written anew in its place. */
  edit(item: MessageItem): void {
    const { content } = item.message;
    if (content.kind !== "text") {
      return;
    }
    const before = this.edited?.before ?? { text: this.text, marks: this.marks };
    this.edited = { item, isAnew: item.state?.kind === "failed", before };
    this.write(content.text, content.entities);
    this.focus();
    this.field?.setSelectionRange(content.text.length, content.text.length);
  }

  /** Begins with a text that was written before. */
  begin(text: RichText): void {
    this.stopEditing();
    this.write(text.text, text.entities);
    this.putDraft();
    this.focus();
  }

  private stopEditing(): void {
    if (this.edited !== null) {
      const { before } = this.edited;
      this.edited = null;
      this.write(before.text, before.marks);
    }
  }

  private readonly cancel = (): void => {
    if (this.edited === null) {
      this.reply = null;
      this.putDraft();
    } else {
      this.stopEditing();
    }
    this.focus();
  };

  private putDraft(): void {
    this.opened?.draft.put({ text: this.text, marks: this.marks, replyTo: this.reply?.seq ?? null });
  }

  /* Sending */

  private readonly send = (): void => {
    const { opened, edited, reply, field } = this;
    if (opened === null || field === null || this.isComposing) {
      return;
    }
    this.typed();
    const { text, entities } = this.outgoing();
    if (text === "" || (this.remaining ?? 0) < 0) {
      return;
    }
    this.mentions?.close();
    if (edited !== null && !edited.isAnew) {
      const says = edited.item.message.content;
      this.stopEditing();
      if (says.kind !== "text" || says.text !== text || JSON.stringify(says.entities) !== JSON.stringify(entities)) {
        void follow(this, this.locale, opened.talk.edit(targetOf(edited.item), { text, entities }));
      }
      return;
    }
    const headSeq = opened.talk.summary.get()?.headSeq ?? 0;
    const answers = edited?.item.message.attributes?.replyTo?.seq ?? reply?.seq ?? null;
    const what: Outgoing = { text, entities, ...(answers === null ? {} : { replyTo: answers }), ...(headSeq > 0 ? { readUpto: headSeq } : {}) };
    if (edited === null) {
      this.reply = null;
      this.write("", []);
      opened.draft.clear();
    } else {
      this.stopEditing();
    }
    opened.talk.setTyping(false);
    void this.deliver(opened.account, opened.talk, what, edited?.item ?? null, reply);
    this.focus();
  };

  private async deliver(account: Account, talk: Conversation, what: Outgoing, instead: MessageItem | null, reply: Answered | null): Promise<void> {
    try {
      const handle = await talk.send(what);
      handle.sent.catch(() => undefined);
      if (instead !== null) {
        await cancelSend(account, instead);
      }
      this.emit("stonechat-sent", { conversation: talk.id });
    } catch (error) {
      // It could not even be kept: what was written comes back.
      if (this.opened?.talk === talk && this.text === "") {
        this.write(what.text ?? "", what.entities ?? []);
        this.reply = reply;
      }
      this.problem = this.t(codeOf(error).startsWith("store.") ? "fail.device" : codeOf(error) === "too_large" ? "fail.too_long" : "fail.refused");
    } finally {
      lookAtOutbox(account);
    }
  }

  /** What goes out: without the space around it, with its addresses and the names that were written out. */
  private outgoing(): { text: string; entities: readonly Entity[] } {
    const { text, entities } = trimMarked(this.text, this.marks);
    const named = [...entities, ...(this.mentions?.found(text, entities) ?? [])].sort((a, b) => a.start - b.start);
    return { text, entities: withLinks(text, named).slice(0, ENTITIES_MAX) };
  }

  /* Mentions */

  private readonly onCaret = (): void => void this.lookForMention();

  private readonly onBlur = (): void => {
    this.mentions?.close();
    this.opened?.draft.flush();
  };

  /** Who calls people needs those who can be called: they come with the first `@`. */
  private async lookForMention(): Promise<void> {
    const { opened } = this;
    const summary = opened?.talk.summary.get() ?? null;
    if (opened === null || summary === null || summary.kind === "direct" || !this.text.includes("@")) {
      this.mentions?.close();
      return;
    }
    if (this.mentions === null) {
      const { MentionPicker: Made } = await import("./mention-picker.ts");
      if (this.opened !== opened) {
        return;
      }
      this.mentions ??= new Made(this, opened.account, opened.talk);
    }
    const { field } = this;
    if (field !== null && field.selectionStart === field.selectionEnd && !this.isComposing) {
      this.mentions.look(this.text, field.selectionEnd, this.marks);
    }
  }

  /** Writes a marked stretch in the place of another, and a space behind it. */
  insertMarked(start: number, end: number, text: string, mark: EntityMark): void {
    const hasSpace = /^\s/.test(this.text.slice(end));
    this.insert(start, end, hasSpace ? text : `${text} `);
    this.marks = [...this.marks, { start, end: start + text.length, mark }].sort((a, b) => a.start - b.start);
    const behind = start + text.length + 1;
    this.field?.setSelectionRange(behind, behind);
    this.mentions?.close();
    this.putDraftUnlessEditing();
  }

  private putDraftUnlessEditing(): void {
    if (this.edited === null) {
      this.putDraft();
    }
  }

  /* Keys */

  private readonly onKey = (event: KeyboardEvent): void => {
    if (isComposing(event) || this.isComposing) {
      return;
    }
    if (this.mentions?.key(event)) {
      event.preventDefault();
      event.stopPropagation();
      return;
    }
    const isChord = event.ctrlKey || event.metaKey;
    if (event.key === "Enter") {
      const sends = this.enterSends ? !event.shiftKey && !event.altKey : isChord;
      if (sends) {
        event.preventDefault();
        event.stopPropagation();
        this.send();
      }
    } else if (event.key === "ArrowUp" && this.text === "" && this.edited === null && !isChord && !event.altKey && !event.shiftKey) {
      event.preventDefault();
      this.emit("stonechat-edit-last", {});
    } else if (event.key === "Escape") {
      if (this.edited !== null || this.reply !== null) {
        event.preventDefault();
        event.stopPropagation();
        this.cancel();
      } else {
        this.field?.blur();
      }
    }
  };

  /* Emoji */

  private readonly openEmoji = async (event: Event): Promise<void> => {
    const { field } = this;
    const cause = event.currentTarget as Element;
    if (this.emoji?.isConnected) {
      this.emoji.close();
      return;
    }
    let [start, end] = [field?.selectionStart ?? this.text.length, field?.selectionEnd ?? this.text.length];
    field?.focus({ preventScroll: true });
    const { openEmojiPicker } = await import("./emoji-picker.ts");
    this.emoji = openEmojiPicker(this, cause, (emoji) => {
      const before = (this.renderRoot as ShadowRoot).activeElement as HTMLElement | null;
      this.insert(start, end, emoji);
      start += emoji.length;
      end = start;
      // With Shift it stays open, and so does its field.
      if (before !== field && before?.isConnected) {
        before.focus({ preventScroll: true });
      }
    });
  };

  override focus(options?: FocusOptions): void {
    void this.updateComplete.then(() => this.field?.focus(options));
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "stonechat-composer": StonechatComposer;
  }
}

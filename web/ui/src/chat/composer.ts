/** `<stonechat-composer>`: where one writes. The text belongs to the browser's own field and is never rendered again. */

import type { Account, Conversation, ConversationSummary, Entity, EntityMark, MessageItem, Outgoing, RichText, Seq, UserId } from "@stonechat/sdk";
import { html, nothing, type CSSResultGroup, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, query, state } from "../base/decorators.ts";
import { StonechatElement } from "../base/element.ts";
import { isComposing } from "../base/focus.ts";
import { icon } from "../base/icons.ts";
import { Part } from "../base/part.ts";
import { base, buttons, surface } from "../base/styles.ts";
import { clock, minutes } from "../base/time.ts";
import { lookAtOutbox } from "../base/unsent.ts";
import { composer } from "./composer-css.ts";
import { DraftKeeper, type Begun } from "./draft.ts";
import type { StonechatEmojiPicker } from "./emoji-picker.ts";
import { isFar } from "./limit.ts";
import { leads } from "./look.ts";
import type { MentionPicker } from "./mention-picker.ts";
import "./words.ts";

/** What is not in every message: answers, changes, mentions, addresses, emoji, and why one cannot write. */
const writing = new Part(() => import("./writing.ts"));

const HAS_FIELD_SIZING = typeof CSS !== "undefined" && CSS.supports("field-sizing", "content");

/** What is being answered: its number, and what to show of it. */
export interface Answered {
  readonly seq: Seq;
  readonly sender: UserId | null;
  readonly text: string;
}

/** A text as it goes out. */
export type Said = Pick<RichText, "text" | "entities">;

/** What is being changed, or written anew in the place of a message that failed. */
export interface Edited {
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

  @state() reply: Answered | null = null;
  @state() edited: Edited | null = null;
  @state() private isEmpty = true;
  @state() remaining: number | null = null;
  @state() problem = "";

  @query("textarea") field!: HTMLTextAreaElement | null;

  opened: { readonly account: Account; readonly id: string; readonly talk: Conversation; readonly draft: DraftKeeper } | null = null;
  text = "";
  marks: readonly Entity[] = [];
  mentions: MentionPicker | null = null;
  emoji: StonechatEmojiPicker | null = null;
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

  protected override async scheduleUpdate(): Promise<void> {
    if (writing.now === null && this.needsMore()) {
      await writing.soon(this);
    }
    super.scheduleUpdate();
  }

  /** Whether what is drawn next is more than a line to write in. */
  private needsMore(): boolean {
    const { account, conversation } = this;
    return this.reply !== null || this.edited !== null || this.remaining !== null || this.problem !== "" || this.mentions !== null ||
      (account !== null && conversation !== "" && isClosed(account, account.summary(conversation).get()));
  }

  protected override willUpdate(changed: PropertyValues): void {
    super.willUpdate(changed);
    writing.now?.dress(this.renderRoot);
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
      this.take(begun);
      return;
    }
    const news = this.edited === null && !this.isComposing ? opened.draft.news(this.text) : null;
    if (news !== null) {
      this.take(news);
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
    if (isClosed(account, summary)) {
      return html`${writing.now?.closed(this, account, summary)}`;
    }
    const isOver = (this.remaining ?? 0) < 0;
    const cannotSend = this.isEmpty || isOver;
    const hasPicks = (this.mentions?.picks.length ?? 0) > 0;
    return html`
      ${this.mentions?.render()}
      <div class="composer" part="composer">
        ${writing.now?.banner(this)}
        <div class="composer-line" part="line">
          <slot name="start"></slot>
          <button type="button" class="icon-button" aria-label=${t("write.emoji")} title=${t("write.emoji")} aria-haspopup="dialog" @click=${this.openEmoji}>${icon("emoji")}</button>
          <label class="sr" for="text">${t("write.label")}</label>
          <textarea id="text" part="text" rows="1" dir="auto" autocomplete="off" autocapitalize="sentences" spellcheck="true" enterkeyhint=${this.enterSends ? "send" : "enter"}
            placeholder=${t("write.label")} aria-autocomplete="list" aria-haspopup="listbox" aria-controls=${hasPicks ? "picks" : nothing}
            aria-activedescendant=${hasPicks ? `pick${this.mentions?.at}` : nothing}
            @input=${this.onInput} @compositionend=${this.onComposed} @keydown=${this.onKey} @click=${this.onCaret} @blur=${this.onBlur}></textarea>
          ${writing.now?.counter(this)}
          <button type="button" class="send" part="send" aria-label=${t(this.edited?.isAnew === false ? "write.save" : "write.send")} aria-disabled=${cannotSend}
            @pointerdown=${(event: Event) => event.preventDefault()} @click=${this.send}>${icon("send")}</button>
        </div>
        ${writing.now?.problem(this)}
      </div>`;
  }

  /* The text */

  isComposing = false;

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
  typed(): void {
    const { field, opened } = this;
    if (field === null || opened === null) {
      return;
    }
    this.marks = this.marks.length === 0 ? [] : writing.now?.carryMarks(this.marks, this.text, field.value, field.selectionEnd) ?? [];
    this.text = field.value;
    this.problem = "";
    this.measure();
    if (this.edited === null) {
      opened.draft.put({ text: this.text, marks: this.marks, replyTo: this.reply?.seq ?? null });
      opened.talk.setTyping(!this.isEmpty);
    }
    this.lookForMention();
  }

  private measure(): void {
    this.isEmpty = this.text.trim() === "";
    if (isFar(this.text)) {
      this.remaining = null;
    } else {
      const { text } = this;
      writing.use(({ left }) => (this.remaining = text === this.text ? left(text) : this.remaining));
    }
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
  write(text: string, marks: readonly Entity[]): void {
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

  putDraft(): void {
    this.opened?.draft.put({ text: this.text, marks: this.marks, replyTo: this.reply?.seq ?? null });
  }

  /* Answering and changing */

  /** Begins with what was begun before, or elsewhere. */
  private take({ text, marks, replyTo }: Begun): void {
    this.write(text, marks);
    this.reply = replyTo === null ? null : { seq: replyTo, sender: null, text: "" };
    this.resolveReply();
  }

  /** Whoever knows the message that is answered tells it. */
  resolve: (seq: Seq) => MessageItem | null = () => null;

  resolveReply(): void {
    if (this.reply !== null) {
      writing.use(({ resolveReply }) => resolveReply(this));
    }
  }

  /** Answers a message. */
  replyTo(item: MessageItem): void {
    writing.use(({ replyTo }) => replyTo(this, item));
  }

  /** Lets an own message say something else. One that failed is written anew in its place. */
  edit(item: MessageItem): void {
    writing.use(({ edit }) => edit(this, item));
  }

  /** Begins with a text that was written before. */
  begin(text: RichText): void {
    writing.use(({ begin }) => begin(this, text));
  }

  /* Sending */

  private readonly send = (): void => {
    if (this.opened === null || this.field === null || this.isComposing) {
      return;
    }
    this.typed();
    const { text } = this;
    if (this.marks.length > 0 || this.mentions !== null || text.includes("://")) {
      // Without it addresses are found by who reads them.
      writing.use((more) => this.sendNow(more.outgoing(this)), () => this.sendNow({ text: text.trim(), entities: [] }));
    } else {
      this.sendNow({ text: text.trim(), entities: [] });
    }
  };

  private sendNow({ text, entities }: Said): void {
    const { opened, edited, reply } = this;
    if (opened === null || text === "" || (this.remaining ?? 0) < 0) {
      return;
    }
    this.mentions?.close();
    if (edited !== null && !edited.isAnew) {
      writing.now?.change(this, edited.item, { text, entities });
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
      writing.now?.stopEditing(this);
    }
    opened.talk.setTyping(false);
    void this.deliver(opened.account, opened.talk, what, edited?.item ?? null, reply);
    this.focus();
  }

  private async deliver(account: Account, talk: Conversation, what: Outgoing, instead: MessageItem | null, reply: Answered | null): Promise<void> {
    try {
      const handle = await talk.send(what);
      handle.sent.catch(() => undefined);
      if (instead !== null) {
        await writing.now?.cancelSend(account, instead);
      }
      this.emit("stonechat-sent", { conversation: talk.id });
    } catch (error) {
      // It could not even be kept: what was written comes back.
      if (this.opened?.talk === talk && this.text === "") {
        this.write(what.text ?? "", what.entities ?? []);
        this.reply = reply;
      }
      writing.use(({ problemOf }) => (this.problem = problemOf(error, this.locale)));
    } finally {
      lookAtOutbox(account);
    }
  }

  /* Mentions */

  private readonly onCaret = (): void => this.lookForMention();

  private readonly onBlur = (): void => {
    this.mentions?.close();
    this.opened?.draft.flush();
  };

  private lookForMention(): void {
    if (this.mentions !== null || this.text.includes("@")) {
      writing.use(({ lookForMention }) => void lookForMention(this));
    }
  }

  /** Writes a marked stretch in the place of another, and a space behind it. */
  insertMarked(start: number, end: number, text: string, mark: EntityMark): void {
    writing.use(({ insertMarked }) => insertMarked(this, { start, end, mark }, text));
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
        writing.now?.cancel(this);
      } else {
        this.field?.blur();
      }
    }
  };

  private openEmoji(event: Event): void {
    const cause = event.currentTarget as Element;
    writing.use(({ openEmoji }) => void openEmoji(this, cause));
  }

  override focus(options?: FocusOptions): void {
    void this.updateComplete.then(() => this.field?.focus(options));
  }
}

/** Whether one cannot write; `closed.ts` knows why. */
function isClosed(account: Account, summary: ConversationSummary | null): boolean {
  if (summary?.kind === "direct") {
    return (account.relations.get().get(summary.peer ?? "")?.blocksSince ?? 0) > 0;
  }
  if (summary === null) {
    return false;
  }
  const { group, member } = summary;
  return !member || group.dissolved || group.mutedUntil > clock.now() || (group.settings.speak !== "everybody" && !leads(summary));
}

declare global {
  interface HTMLElementTagNameMap {
    "stonechat-composer": StonechatComposer;
  }
}

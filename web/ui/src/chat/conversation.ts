/** `<stonechat-conversation>`: header, pinned bar, timeline and composer of one conversation. */

import { css, html, nothing, type CSSResultGroup, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import type { Message, MessageItem, Ordinal, Seq } from "@stonechat/sdk";
import { StonechatElement } from "../base/element.ts";
import type { StonechatEventMap } from "../base/events.ts";
import { icon } from "../base/icons.ts";
import { base, buttons, surface } from "../base/styles.ts";
import type { StonechatComposer } from "./composer.ts";
import "./composer.ts";
import { copy, deleteForMe } from "./deeds.ts";
import "./header.ts";
import { nameOf, type Renderers } from "./look.ts";
import "./pinned.ts";
import type { StonechatTimeline } from "./timeline.ts";
import "./timeline.ts";
import { textOf } from "./acts.ts";

/** As many as the server deletes or stars in one command. */
const SELECTED_MAX = 100;
const PARTS = "message, bubble, author, quote, text, card, meta, ticks, reactions, reaction, failure, divider, day, unread, gap, start, jumps, quick, list";

/**
 * @slot header-actions - buttons of the app in the header
 * @slot composer-start - before the text of the composer
 * @slot notice - between the header and the timeline
 */
@customElement("stonechat-conversation")
export class StonechatConversation extends StonechatElement {
  /** Its id. */
  @property() conversation = "";
  /** What an app puts in the place of a kind of content, or of line. */
  @property({ attribute: false }) renderers: Renderers = {};
  /** False: Enter makes a new line, and Ctrl Enter sends. */
  @property({ attribute: false }) enterSends = true;
  /** Whether the details stand open beside it. */
  @property({ type: Boolean }) details = false;
  /** Whether it is the only thing on the page, such as on a phone: its title is that of the page then. */
  @property({ type: Boolean }) alone = false;

  @state() private selected: readonly MessageItem[] | null = null;
  @state() private pinned: readonly Message[] = [];

  @query("stonechat-timeline") private lines!: StonechatTimeline;
  @query("stonechat-composer") private writer!: StonechatComposer;

  static override styles: CSSResultGroup = [base, surface, buttons, css`
    :host { display: flex; flex-direction: column; min-width: 0; min-height: 0; height: 100%; background: var(--stonechat-color-canvas); position: relative; }
    .selection { width: 100%; max-width: var(--stonechat-size-column); margin-inline: auto; padding: var(--stonechat-space-1) var(--stonechat-space-5) var(--stonechat-space-5); flex: none; }
    .bar { display: flex; align-items: center; gap: 4px; min-height: 46px; padding: 4px 8px 4px 6px; border-radius: 22px; background: var(--stonechat-color-surface); box-shadow: var(--stonechat-shadow-1); font-size: 0.875rem; }
    .bar .count { flex: 1; min-width: 0; font-weight: var(--stonechat-weight-medium); padding-inline-start: 4px; }
    .bar .button { border-radius: 18px; padding-inline: 12px; color: var(--stonechat-color-text); }
    .bar .button.danger { color: var(--stonechat-color-danger-text); }
    .bar .icon { width: 18px; height: 18px; }
    .bar > .icon-button { border-radius: 18px; }
    @media (max-width: 719px) {
      .selection { padding: 4px 8px calc(10px + env(safe-area-inset-bottom)); }
      .bar .button span { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
    }
  `];

  constructor() {
    super();
    this.addEventListener("stonechat-reply", (event: StonechatEventMap["stonechat-reply"]) => this.writer.replyTo(event.detail.item));
    this.addEventListener("stonechat-edit", (event: StonechatEventMap["stonechat-edit"]) => {
      const { item, text } = event.detail;
      if (item !== undefined) {
        this.writer.edit(item);
      } else if (text !== undefined) {
        this.writer.begin(text);
      }
    });
    this.addEventListener("stonechat-edit-last", () => {
      const last = this.lines.lastEditable;
      if (last !== null) {
        this.writer.edit(last);
        void this.lines.reveal(last.key);
      }
    });
    this.addEventListener("stonechat-select", (event: StonechatEventMap["stonechat-select"]) => (this.selected = event.detail.items));
    this.addEventListener("stonechat-sent", () => this.lines.toLatest());
    this.addEventListener("keydown", (event) => this.onKey(event));
  }

  protected override willUpdate(changed: PropertyValues): void {
    super.willUpdate(changed);
    if (changed.has("conversation")) {
      [this.selected, this.pinned] = [null, []];
    }
  }

  /** Shows a message and lights it up; with its ordinal it is found however far back it is. */
  async show(seq: Seq, ordinal: Ordinal = 0): Promise<boolean> {
    await this.updateComplete;
    return this.lines.jumpTo(seq, ordinal);
  }

  /** The part that has messages. */
  get timelineElement(): StonechatTimeline {
    return this.lines;
  }

  /** The part where one writes. */
  get composerElement(): StonechatComposer {
    return this.writer;
  }

  override focus(options?: FocusOptions): void {
    void this.updateComplete.then(() => this.writer.focus(options));
  }

  private onKey(event: KeyboardEvent): void {
    if (event.key === "Escape" && !event.defaultPrevented && this.selected !== null) {
      event.preventDefault();
      event.stopPropagation();
      this.stopSelecting();
    }
  }

  private readonly stopSelecting = (): void => {
    this.lines.setSelection(null);
    this.focus();
  };

  protected override render(): TemplateResult | typeof nothing {
    if (this.account === null || this.conversation === "") {
      return nothing;
    }
    const { conversation } = this;
    return html`
      <stonechat-chat-header exportparts="header" .conversation=${conversation} .details=${this.details} .alone=${this.alone}><slot name="header-actions" slot="actions"></slot></stonechat-chat-header>
      <stonechat-pinned-bar exportparts="pinned" .conversation=${conversation} .known=${this.pinned}
        .jump=${(message: Message) => void this.show(message.seq, message.ordinal)}></stonechat-pinned-bar>
      <slot name="notice"></slot>
      <stonechat-timeline exportparts=${PARTS} .conversation=${conversation} .renderers=${this.renderers} @pins=${this.onPins}></stonechat-timeline>
      ${this.selected === null ? nothing : this.selectionBar(this.selected)}
      <stonechat-composer exportparts="composer, banner, line, text: composer-text, send, counter, picker, closed" ?hidden=${this.selected !== null} .conversation=${conversation}
        .enterSends=${this.enterSends} .resolve=${this.resolve}><slot name="composer-start" slot="start"></slot></stonechat-composer>`;
  }

  private readonly resolve = (seq: Seq): MessageItem | null =>
    this.lines.items.find((item): item is MessageItem => item.kind === "message" && item.message.seq === seq) ?? null;

  private onPins(event: CustomEvent<readonly Message[]>): void {
    this.pinned = event.detail;
    this.writer.resolveReply();
  }

  private selectionBar(items: readonly MessageItem[]): TemplateResult {
    const { t } = this.locale;
    const says = items.filter(({ message }) => message.content.kind !== "recalled" && message.content.kind !== "corrupt");
    const texts = items.filter((item) => textOf(item) !== "");
    const isMany = items.length > SELECTED_MAX;
    return html`<div class="selection"><div class="bar" part="selection" role="toolbar" aria-label=${t("select.bar")}>
      <button type="button" class="icon-button" aria-label=${t("select.cancel")} title=${t("select.cancel")} @click=${this.stopSelecting}>${icon("close", "s")}</button>
      <span class="count" role="status">${t("select.count", { n: items.length })}</span>
      ${says.length > 0 && !isMany ? html`<button type="button" class="button quiet" @click=${() => void this.forward(says)}>${icon("forward")}<span>${t("act.forward")}</span></button>` : nothing}
      ${texts.length > 0 ? html`<button type="button" class="button quiet" @click=${() => void this.copy(texts)}>${icon("copy")}<span>${t("act.copy")}</span></button>` : nothing}
      ${items.length > 0 && !isMany ? html`<button type="button" class="button quiet danger" @click=${() => void this.deleteThem(items)}>${icon("trash")}<span>${t("delete.do")}</span></button>` : nothing}
    </div></div>`;
  }

  private async forward(items: readonly MessageItem[]): Promise<void> {
    const { look } = this.lines;
    const { openForward } = await import("./dialogs.ts");
    if (look !== null) {
      openForward(this, look, items, this.stopSelecting);
    }
  }

  private async copy(items: readonly MessageItem[]): Promise<void> {
    const { look } = this.lines;
    if (look !== null) {
      await copy(this, this.locale, items, (item) => nameOf(look, item.message.sender));
      this.stopSelecting();
    }
  }

  private async deleteThem(items: readonly MessageItem[]): Promise<void> {
    const { talk } = this.lines;
    if (talk !== null && (await deleteForMe(this, this.locale, talk, items))) {
      this.stopSelecting();
    }
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "stonechat-conversation": StonechatConversation;
  }
}

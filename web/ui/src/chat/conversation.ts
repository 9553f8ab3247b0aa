/** `<stonechat-conversation>`: header, pinned bar, timeline and composer of one conversation. */

import { css, html, nothing, type CSSResultGroup, type PropertyValues, type TemplateResult } from "lit";
import type { Message, MessageItem, Ordinal, Seq } from "@stonechat/sdk";
import { customElement, property, query, state } from "../base/decorators.ts";
import { StonechatElement } from "../base/element.ts";
import type { StonechatEventMap } from "../base/events.ts";
import { base, surface } from "../base/styles.ts";
import type { StonechatComposer } from "./composer.ts";
import "./composer.ts";
import "./header.ts";
import type { Renderers } from "./look.ts";
import type { StonechatTimeline } from "./timeline.ts";
import "./timeline.ts";
import "./words.ts";

const PARTS = "message, bubble, author, quote, text, card, meta, ticks, reactions, reaction, failure, divider, day, unread, gap, start, jumps, quick";

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

  static override styles: CSSResultGroup = [base, surface, css`
    :host { display: flex; flex-direction: column; min-width: 0; min-height: 0; height: 100%; background: var(--stonechat-color-canvas); position: relative; }
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
    this.addEventListener("stonechat-edit-last", () => void this.editLast());
    this.addEventListener("stonechat-select", (event: StonechatEventMap["stonechat-select"]) => (this.selected = event.detail.items));
    this.addEventListener("stonechat-sent", () => this.lines.toLatest());
    this.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !event.defaultPrevented && this.selected !== null) {
        event.preventDefault();
        event.stopPropagation();
        this.stopSelecting();
      }
    });
  }

  protected override willUpdate(changed: PropertyValues): void {
    super.willUpdate(changed);
    if (changed.has("conversation")) {
      [this.selected, this.pinned] = [null, []];
    }
  }

  protected override firstUpdated(): void {
    void import("./pinned.ts");
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

  private async editLast(): Promise<void> {
    const last = await this.lines.lastEditable();
    if (last !== null) {
      this.writer.edit(last);
      void this.lines.reveal(last.key);
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
      ${this.selected === null ? nothing : html`<stonechat-selection-bar exportparts="selection" .items=${this.selected} .timeline=${this.lines} @done=${this.stopSelecting}></stonechat-selection-bar>`}
      <stonechat-composer exportparts="composer, banner, line, text: composer-text, send, counter, picker, closed" ?hidden=${this.selected !== null} .conversation=${conversation}
        .enterSends=${this.enterSends} .resolve=${this.resolve}><slot name="composer-start" slot="start"></slot></stonechat-composer>`;
  }

  private readonly resolve = (seq: Seq): MessageItem | null =>
    this.lines.items.find((item): item is MessageItem => item.kind === "message" && item.message.seq === seq) ?? null;

  private onPins(event: CustomEvent<readonly Message[]>): void {
    this.pinned = event.detail;
    this.writer.resolveReply();
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "stonechat-conversation": StonechatConversation;
  }
}

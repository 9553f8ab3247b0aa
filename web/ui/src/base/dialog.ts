/**
 * `<stonechat-dialog>`: the browser's own dialog in the look of the kit. Only before a loss, or for a choice: the title is
 * the question, the buttons are verbs, and the safe one has the focus (`autofocus`).
 */

import { css, html, nothing, render, type CSSResultGroup, type LitElement, type TemplateResult } from "lit";
import { adopt } from "./adopt.ts";
import { customElement, property, query } from "./decorators.ts";
import { StonechatElement } from "./element.ts";
import { keepFocus } from "./focus.ts";
import { icon, type IconName } from "./icons.ts";
import { buttons } from "./controls.ts";
import { base, scrollbars, surface } from "./styles.ts";
import "../loaded.ts";

/**
 * @slot - what it says
 * @slot buttons - verbs, the safe one first
 * @fires close - it was closed, by whatever
 * @csspart dialog
 */
@customElement("stonechat-dialog")
export class StonechatDialog extends StonechatElement {
  @property() heading = "";
  @property({ type: Boolean, reflect: true }) open = false;
  /** It tells of a loss or of an end: read at once. */
  @property({ type: Boolean }) alert = false;
  /** It has a cross; such a dialog holds lists and fields, and scrolls. */
  @property({ type: Boolean, reflect: true }) wide = false;
  /** Over its title; all of it is centred then. */
  @property({ reflect: true }) symbol: IconName | "" = "";
  /** Only its buttons end it. */
  @property({ type: Boolean }) held = false;

  @query("dialog") private dialog!: HTMLDialogElement;
  private giveBack: (() => void) | null = null;

  static override styles: CSSResultGroup = [
    base, surface, buttons, scrollbars,
    css`
      :host { display: contents; }
      dialog { width: 400px; max-width: calc(100vw - 32px); max-height: calc(100dvh - 32px); padding: 24px; border: 0; border-radius: var(--stonechat-radius-xl); background: var(--stonechat-color-raised); color: var(--stonechat-color-text); box-shadow: var(--stonechat-shadow-3); transition: opacity var(--stonechat-time-gentle) var(--stonechat-ease-out), transform var(--stonechat-time-gentle) var(--stonechat-ease-out); }
      dialog[open] { display: flex; flex-direction: column; }
      @starting-style { dialog[open] { opacity: 0; transform: translateY(8px); } }
      dialog::backdrop { background: var(--stonechat-color-scrim); }
      :host([wide]) dialog { width: 480px; padding: 0; }
      .head { display: flex; align-items: center; gap: 8px; }
      :host([wide]) .head { padding: 14px 12px 10px 20px; }
      :host([wide]) .head:dir(rtl) { padding: 14px 20px 10px 12px; }
      h2 { flex: 1; font-size: var(--stonechat-font-size-title); line-height: var(--stonechat-line-title); font-weight: var(--stonechat-weight-strong); }
      .content { min-height: 0; flex: 1 1 auto; font-size: 0.875rem; line-height: 1.3125rem; color: var(--stonechat-color-text-muted); text-wrap: pretty; margin-block-start: 6px; }
      :host([wide]) .content { margin: 0; color: var(--stonechat-color-text); text-wrap: wrap; display: flex; flex-direction: column; }
      :host([symbol]:not([symbol=""])) dialog { text-align: center; }
      .symbol { margin: 0 auto 8px; color: var(--stonechat-color-icon); }
      :host([symbol]:not([symbol=""])) .buttons { justify-content: center; }
      .buttons { margin-block-start: 20px; }
      .buttons:not(.some) { display: none; }
      :host([wide]) .buttons { margin: 0; padding: 12px 20px 16px; }
      @media (forced-colors: active) { dialog { border: 1px solid CanvasText; } }
    `,
  ];

  protected override updated(): void {
    if (this.open && !this.dialog.open) {
      this.giveBack ??= keepFocus();
      this.dialog.showModal();
      // The browser looks for `autofocus` in the dialog's own tree; what is slotted is in another.
      this.querySelector<HTMLElement>("[autofocus]")?.focus();
    } else if (!this.open && this.dialog.open) {
      this.dialog.close();
    }
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.giveBack?.();
    this.giveBack = null;
  }

  /** Ends it. */
  hide(): void {
    this.open = false;
  }

  private onClose(): void {
    this.open = false;
    this.giveBack?.();
    this.giveBack = null;
    this.dispatchEvent(new Event("close"));
  }

  private onClick(event: MouseEvent): void {
    // A click on the backdrop is one on the dialog itself, outside of its box.
    if (this.held || event.target !== this.dialog) return;
    const box = this.dialog.getBoundingClientRect();
    const inside = event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
    if (!inside) this.hide();
  }

  protected override render(): TemplateResult {
    return html`<dialog part="dialog" role=${this.alert ? "alertdialog" : nothing} aria-labelledby="heading"
      @close=${this.onClose} @cancel=${(event: Event) => this.held && event.preventDefault()}
      @click=${this.onClick} @keydown=${(event: Event) => event.stopPropagation()}>
      ${this.symbol ? html`<span class="symbol">${icon(this.symbol)}</span>` : nothing}
      <div class="head"><h2 id="heading">${this.heading}</h2>${this.wide
        ? html`<button type="button" class="icon-button" aria-label=${this.t("common.close")} @click=${this.hide}>${icon("close", "s")}</button>`
        : nothing}</div>
      <div class="content ${this.wide ? "scroller" : ""}"><slot></slot></div>
      <div class="buttons some"><slot name="buttons" @slotchange=${this.onButtons}></slot></div>
    </dialog>`;
  }

  private onButtons(event: Event): void {
    const slot = event.target as HTMLSlotElement;
    slot.parentElement!.classList.toggle("some", slot.assignedElements().length > 0);
  }
}

export interface Question {
  /** The question, naming the loss. */
  readonly title: string;
  readonly text: string;
  /** What it does, as a verb. */
  readonly yes: string;
  /** What keeps things as they are; it has the focus. */
  readonly no: string;
  readonly danger?: boolean;
}

/** Asks before something is lost. */
export function ask(host: LitElement, question: Question): Promise<boolean> {
  return new Promise((resolve) => {
    const place = document.createElement("div");
    place.style.display = "contents";
    host.renderRoot.append(place);
    adopt(host.renderRoot, buttons);
    let answer = false;
    const end = (yes: boolean): void => {
      answer = yes;
      place.querySelector("stonechat-dialog")!.hide();
    };
    const closed = (): void => {
      place.remove();
      resolve(answer);
    };
    render(
      html`<stonechat-dialog alert open heading=${question.title} @close=${closed}>
        <p class="question">${question.text}</p>
        <button slot="buttons" type="button" class="button secondary" autofocus @click=${() => end(false)}>${question.no}</button>
        <button slot="buttons" type="button" class="button ${question.danger ? "danger" : "primary"}" @click=${() => end(true)}>${question.yes}</button>
      </stonechat-dialog>`,
      place,
    );
  });
}

declare global {
  interface HTMLElementTagNameMap {
    "stonechat-dialog": StonechatDialog;
  }
}

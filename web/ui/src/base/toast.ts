/** `<stonechat-toasts>`: one remark at a time over the composer. Never for what is visible anyway. */

import { css, html, nothing, type CSSResultGroup, type TemplateResult } from "lit";
import { customElement, state } from "./decorators.ts";
import { StonechatElement } from "./element.ts";
import type { Toast } from "./events.ts";
import { icon } from "./icons.ts";
import { buttons } from "./controls.ts";
import { base, surface } from "./styles.ts";
import "../loaded.ts";

const SHOWN_MS = 4000;
/** With an act there is something to decide. */
const SHOWN_WITH_ACT_MS = 6000;

@customElement("stonechat-toasts")
export class StonechatToasts extends StonechatElement {
  @state() private toast: Toast | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;

  static override styles: CSSResultGroup = [
    base, surface, buttons,
    css`
      :host { position: fixed; inset: auto 0 calc(86px + env(safe-area-inset-bottom)); width: auto; height: auto; margin: 0; border: 0; padding-inline: calc(16px + var(--stonechat-toast-start, 0px)) calc(16px + var(--stonechat-toast-end, 0px)); background: none; overflow: visible; display: flex; justify-content: center; pointer-events: none; }
      .toast { display: inline-flex; align-items: center; gap: 12px; min-height: 42px; max-width: 520px; padding: 10px 16px; border-radius: var(--stonechat-radius-l); background: var(--stonechat-color-raised); color: var(--stonechat-color-text); box-shadow: var(--stonechat-shadow-2); font-size: 0.875rem; line-height: 1.25rem; pointer-events: auto; transition: opacity var(--stonechat-time-standard) var(--stonechat-ease-out), transform var(--stonechat-time-standard) var(--stonechat-ease-out); }
      @starting-style { .toast { opacity: 0; transform: translateY(4px); } }
      .toast > .icon { color: var(--stonechat-color-text-muted); }
      .toast.danger > .icon { color: var(--stonechat-color-danger-text); }
      .link-button { margin-inline-start: 8px; white-space: nowrap; }
      @media (forced-colors: active) { .toast { border: 1px solid CanvasText; } }
    `,
  ];

  /** Shows one; the one before goes. */
  show(toast: Toast): void {
    this.toast = toast;
    // Again on top of what was opened since.
    if (this.matches(":popover-open")) this.hidePopover();
    this.popover = "manual";
    this.showPopover();
    this.wait();
  }

  hide(): void {
    clearTimeout(this.timer);
    if (this.matches(":popover-open")) this.hidePopover();
    this.toast = null;
  }

  /** Puts the focus on its act; false where there is none. */
  focusAct(): boolean {
    const act = this.renderRoot.querySelector<HTMLElement>(".link-button");
    act?.focus();
    return !!act;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.timer);
  }

  private wait(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.hide(), this.toast?.action ? SHOWN_WITH_ACT_MS : SHOWN_MS);
  }

  private stay(): void {
    clearTimeout(this.timer);
  }

  protected override render(): TemplateResult {
    const toast = this.toast;
    return html`<div role="status">${toast
      ? html`<div class="toast ${toast.danger ? "danger" : ""}" part="toast" @pointerenter=${this.stay} @pointerleave=${this.wait}
          @focusin=${this.stay} @focusout=${this.wait}>
          ${toast.danger ? icon("alert") : toast.icon ? icon(toast.icon) : nothing}<span dir="auto">${toast.text}</span>
          ${toast.action
            ? html`<button type="button" class="link-button" @click=${() => (this.hide(), toast.action!.run())}>${toast.action.label}</button>`
            : nothing}</div>`
      : nothing}</div>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "stonechat-toasts": StonechatToasts;
  }
}

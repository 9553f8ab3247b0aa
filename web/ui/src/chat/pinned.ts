/** `<stonechat-pinned-bar>`: what was pinned for everybody, one at a time, the newest first. */

import { css, html, nothing, type CSSResultGroup, type PropertyValues, type TemplateResult } from "lit";
import type { Message } from "@stonechat/sdk";
import { customElement, property, state } from "../base/decorators.ts";
import { StonechatElement } from "../base/element.ts";
import { icon } from "../base/icons.ts";
import { buttons } from "../base/controls.ts";
import { base, surface } from "../base/styles.ts";
import "../loaded.ts";
import "./index.ts";

/** @csspart pinned */
@customElement("stonechat-pinned-bar")
export class StonechatPinnedBar extends StonechatElement {
  @property() conversation = "";
  /** What the timeline knows to be pinned, oldest first: shown until the server says all, and asked again when it changes. */
  @property({ attribute: false }) known: readonly Message[] = [];
  /** Shows a message. */
  @property({ attribute: false }) jump: (message: Message) => void = () => undefined;

  @state() private all: readonly Message[] | null = null;
  /** From the newest, which is 0. */
  @state() private at = 0;
  private asked = "";

  static override styles: CSSResultGroup = [base, surface, buttons, css`
    :host { display: block; flex: none; }
    .pinned { position: relative; display: flex; align-items: center; gap: 10px; height: 46px; padding-inline: var(--stonechat-space-5) var(--stonechat-space-3); background: var(--stonechat-color-surface); border-block-end: 1px solid var(--stonechat-color-line); font-size: var(--stonechat-font-size-small); line-height: 1.125rem; }
    .bar { width: 3px; height: 26px; border-radius: 2px; background: var(--stonechat-color-accent); flex: none; }
    .what { min-width: 0; flex: 1; display: flex; gap: 6px; height: 100%; align-items: center; outline-offset: -2px; border-radius: 6px; }
    .what b { font-weight: var(--stonechat-weight-strong); white-space: nowrap; }
    @media (max-width: 719px) { .pinned { padding-inline: 12px 4px; } }
  `];

  protected override willUpdate(changed: PropertyValues): void {
    super.willUpdate(changed);
    const { account } = this;
    if (account === null) {
      return;
    }
    if (changed.has("conversation")) {
      [this.all, this.at] = [null, 0];
    }
    const isOnline = this.read(account.connection).kind === "online";
    const wanted = isOnline ? `${this.conversation} ${this.known.map(({ seq }) => seq).join()}` : "";
    if (wanted !== "" && wanted !== this.asked) {
      this.asked = wanted;
      account.conversation(this.conversation).pinnedMessages().then((all) => {
        if (this.asked === wanted) {
          this.all = all.toSorted((a, b) => a.seq - b.seq);
        }
      }, () => (this.asked = ""));
    }
  }

  protected override render(): TemplateResult | typeof nothing {
    const { account } = this;
    const all = this.all ?? this.known;
    const n = all.length;
    if (account === null || n === 0) {
      return nothing;
    }
    const { t } = this.locale;
    const at = Math.min(this.at, n - 1);
    const message = all[n - 1 - at] as Message;
    const next = (): void => void (this.at = (at + 1) % n);
    const show = (): void => {
      this.jump(message);
      next();
    };
    return html`<div class="pinned" part="pinned"><span class="bar"></span>
      <button type="button" class="what" @click=${show}><b dir="auto">${n > 1 ? t("chat.pinned_at", { at: at + 1, n }) : t("chat.pinned")}</b><span class="clip muted" dir="auto">${
        account.words(message.content) || t("kind.unknown")}</span></button>
      ${n > 1 ? html`<button type="button" class="icon-button" aria-label=${t("chat.pinned_next")} title=${t("chat.pinned_next")} @click=${next}>${icon("down")}</button>` : nothing}
    </div>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "stonechat-pinned-bar": StonechatPinnedBar;
  }
}

/** `<stonechat-selection-bar>`: what can be done with messages that are selected. It stands in the place of the composer. */

import { css, html, nothing, type CSSResultGroup, type TemplateResult } from "lit";
import type { MessageItem } from "@stonechat/sdk";
import { customElement, property } from "../base/decorators.ts";
import { StonechatElement } from "../base/element.ts";
import { icon } from "../base/icons.ts";
import { buttons } from "../base/controls.ts";
import { base, surface } from "../base/styles.ts";
import { textOf } from "./acts.ts";
import { copy, deleteForMe } from "./deeds.ts";
import { nameOf } from "./look.ts";
import type { StonechatTimeline } from "./timeline.ts";
import "../loaded.ts";
import "./index.ts";

/** As many as the server deletes or stars in one command. */
const SELECTED_MAX = 100;

/**
 * @fires done - selecting is over
 * @csspart selection
 */
@customElement("stonechat-selection-bar")
export class StonechatSelectionBar extends StonechatElement {
  @property({ attribute: false }) items: readonly MessageItem[] = [];
  /** Where they were selected. */
  @property({ attribute: false }) timeline: StonechatTimeline | null = null;

  static override styles: CSSResultGroup = [base, surface, buttons, css`
    :host { display: block; width: 100%; max-width: var(--stonechat-size-column); margin-inline: auto; padding: var(--stonechat-space-1) var(--stonechat-space-5) var(--stonechat-space-5); flex: none; }
    .bar { display: flex; align-items: center; gap: 4px; min-height: 46px; padding: 4px 8px 4px 6px; border-radius: 22px; background: var(--stonechat-color-surface); box-shadow: var(--stonechat-shadow-1); font-size: 0.875rem; }
    .count { flex: 1; min-width: 0; font-weight: var(--stonechat-weight-medium); padding-inline-start: 4px; }
    .button { border-radius: 18px; padding-inline: 12px; color: var(--stonechat-color-text); }
    .button.danger { color: var(--stonechat-color-danger-text); }
    .icon { width: 18px; height: 18px; }
    .icon-button { border-radius: 18px; }
    @media (max-width: 719px) {
      :host { padding: 4px 8px calc(10px + env(safe-area-inset-bottom)); }
      .button span { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
    }
  `];

  protected override render(): TemplateResult {
    const { t } = this.locale;
    const { items } = this;
    const says = items.filter(({ message }) => message.content.kind !== "recalled" && message.content.kind !== "corrupt");
    const texts = items.filter((item) => textOf(item) !== "");
    const isMany = items.length > SELECTED_MAX;
    return html`<div class="bar" part="selection" role="toolbar" aria-label=${t("select.bar")}>
      <button type="button" class="icon-button" aria-label=${t("select.cancel")} title=${t("select.cancel")} @click=${this.done}>${icon("close", "s")}</button>
      <span class="count" role="status">${t("select.count", { n: items.length })}</span>
      ${says.length > 0 && !isMany ? html`<button type="button" class="button quiet" @click=${() => void this.forward(says)}>${icon("forward")}<span>${t("act.forward")}</span></button>` : nothing}
      ${texts.length > 0 ? html`<button type="button" class="button quiet" @click=${() => void this.copy(texts)}>${icon("copy")}<span>${t("act.copy")}</span></button>` : nothing}
      ${items.length > 0 && !isMany ? html`<button type="button" class="button quiet danger" @click=${() => void this.deleteThem(items)}>${icon("trash")}<span>${t("delete.do")}</span></button>` : nothing}
    </div>`;
  }

  private readonly done = (): void => void this.dispatchEvent(new CustomEvent("done"));

  private async forward(items: readonly MessageItem[]): Promise<void> {
    const look = this.timeline?.look ?? null;
    const { openForward } = await import("./dialogs.ts");
    if (look !== null) {
      openForward(this, look, items, this.done);
    }
  }

  private async copy(items: readonly MessageItem[]): Promise<void> {
    const look = this.timeline?.look ?? null;
    if (look !== null) {
      await copy(this, this.locale, items, (item) => nameOf(look, item.message.sender));
      this.done();
    }
  }

  private async deleteThem(items: readonly MessageItem[]): Promise<void> {
    const talk = this.timeline?.talk ?? null;
    if (talk !== null && (await deleteForMe(this, this.locale, talk, items))) {
      this.done();
    }
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "stonechat-selection-bar": StonechatSelectionBar;
  }
}

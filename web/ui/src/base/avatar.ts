/** `<stonechat-avatar>`: people are round, groups and channels are squared stones. The shape tells before the colour. */

import { css, html, LitElement, nothing, type CSSResultGroup, type PropertyValues, type TemplateResult } from "lit";
import type { Availability, ConversationKind } from "@stonechat/sdk";
import { customElement, property, state } from "./decorators.ts";
import { icon } from "./icons.ts";
import { initials, mineral } from "./names.ts";
import { base } from "./styles.ts";

/** Only what a page may load without asking: pictures are the app's own. */
const PICTURE = /^(https:\/\/|\/(?!\/)|blob:|data:image\/(png|jpeg|webp|gif|svg\+xml)[;,])/i;

/**
 * A picture, else initials on the mineral of the id. It is a decoration: the name stands beside it. Its size is `--size`,
 * what lies behind it `--ring`.
 *
 * @csspart presence - the dot of who is there
 */
@customElement("stonechat-avatar")
export class StonechatAvatar extends LitElement {
  /** Chooses the colour: the id of a user or of a conversation. */
  @property() seed = "";
  @property() name = "";
  /** `direct` is a person. `self`: notes to oneself. */
  @property({ reflect: true }) kind: ConversationKind | "self" = "direct";
  /** The address of a picture; what is none is not shown. */
  @property() src = "";
  /** Shown for people only; null where it is not known. */
  @property() presence: Availability | null = null;
  /** Below 32 px there is room for one Han character only. */
  @property({ type: Boolean }) small = false;

  @state() private broken = false;

  static override styles: CSSResultGroup = [
    base,
    css`
      :host { position: relative; display: grid; place-items: center; width: var(--size, 48px); height: var(--size, 48px); border-radius: 50%; flex: none; font-size: calc(var(--size, 48px) * 0.36); line-height: 1; font-weight: var(--stonechat-weight-strong); letter-spacing: 0.01em; user-select: none; }
      :host([kind="group"]), :host([kind="channel"]) { border-radius: 32%; }
      .face { display: grid; place-items: center; width: 100%; height: 100%; border-radius: inherit; overflow: hidden; background: var(--bg); color: var(--ink); }
      .han { letter-spacing: 0; font-size: calc(var(--size, 48px) * 0.34); }
      :host(:lang(zh)) { font-weight: var(--stonechat-weight-medium); }
      img { width: 100%; height: 100%; object-fit: cover; }
      .icon { width: 46%; height: 46%; }
      /* On the circle, at 45°. */
      .presence { position: absolute; inset-block-end: calc(var(--size, 48px) * 0.1464 - 6.5px); inset-inline-end: calc(var(--size, 48px) * 0.1464 - 6.5px); width: 13px; height: 13px; border-radius: 50%; border: 2.5px solid var(--ring, var(--stonechat-color-surface)); background: var(--stonechat-color-positive); }
      .presence.away { background: var(--ring, var(--stonechat-color-surface)); box-shadow: inset 0 0 0 2px var(--stonechat-color-text-muted); }
      @media (forced-colors: active) { .face { border: 1px solid CanvasText; } .presence { background: Highlight; } }
    `,
  ];

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("src")) this.broken = false;
  }

  /** Until the network is back: it may have been the reason. */
  private failed(): void {
    this.broken = true;
    addEventListener("online", () => (this.broken = false), { once: true });
  }

  protected override render(): TemplateResult {
    const there = this.kind === "direct" && this.presence && this.presence !== "offline";
    return html`<span class="face m${mineral(this.seed)}" aria-hidden="true">${this.face()}</span>${
      there ? html`<span part="presence" class="presence ${this.presence!}"></span>` : nothing}`;
  }

  private face(): unknown {
    if (PICTURE.test(this.src) && !this.broken) {
      return html`<img src=${this.src} alt="" draggable="false" loading="lazy" @error=${this.failed} />`;
    }
    if (this.kind === "channel") return icon("megaphone");
    if (this.kind === "self") return icon("star");
    const letters = initials(this.name, this.small, this.kind === "group");
    if (!letters) return icon(this.kind === "group" ? "people" : "person");
    return html`<span class=${/\p{Script=Han}/u.test(letters) ? "han" : ""}>${letters}</span>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "stonechat-avatar": StonechatAvatar;
  }
}

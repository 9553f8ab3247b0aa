/** `<stonechat-connection>`: one calm line about the connection. It floats at the foot of what it is in, and moves nothing. */

import type { ConnectionState } from "@stonechat/sdk";
import { css, html, nothing, type CSSResultGroup, type PropertyValues, type TemplateResult } from "lit";
import { customElement, state } from "../base/decorators.ts";
import { StonechatElement } from "../base/element.ts";
import { icon, pebbles } from "../base/icons.ts";
import { setStyle } from "../base/set-style.ts";
import { buttons } from "../base/controls.ts";
import { base, surface } from "../base/styles.ts";
import { unsentOf } from "../base/unsent.ts";
import { changesAt, type Line, lineOf, next, START, type Watch } from "./line.ts";
import "../loaded.ts";

/** @csspart line */
@customElement("stonechat-connection")
export class StonechatConnection extends StonechatElement {
  @state() private watch: Watch = START;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private stop: (() => void) | undefined;

  static override styles: CSSResultGroup = [
    base, surface, buttons,
    css`
      :host { position: absolute; inset: auto var(--stonechat-space-3) var(--stonechat-space-3); z-index: 3; pointer-events: none; }
      .line { display: flex; align-items: center; gap: 10px; min-height: 40px; padding: 9px 14px; border-radius: var(--stonechat-radius-l); background: var(--stonechat-color-raised); box-shadow: var(--stonechat-shadow-2); font-size: var(--stonechat-font-size-small); line-height: 1.125rem; position: relative; overflow: hidden; pointer-events: auto; transition: opacity var(--stonechat-time-standard) var(--stonechat-ease-out), transform var(--stonechat-time-standard) var(--stonechat-ease-out); }
      @starting-style { .line { opacity: 0; transform: translateY(4px); } }
      .icon, .pebbles { color: var(--stonechat-color-text-muted); }
      .link-button { margin-inline-start: auto; white-space: nowrap; }
      .back, .back .icon { color: var(--stonechat-color-positive-text); }
      .bar { position: absolute; inset: auto 0 0; height: 2px; background: var(--stonechat-color-line); }
      .bar i { display: block; height: 100%; background: var(--stonechat-color-text-muted); }
      @media (forced-colors: active) { .line { border: 1px solid CanvasText; } }
    `,
  ];

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.leave();
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.requestUpdate("account");
  }

  private leave(): void {
    this.stop?.();
    this.stop = undefined;
    clearTimeout(this.timer);
    this.watch = START;
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (!changed.has("account")) return;
    this.leave();
    this.stop = this.account?.connection.subscribe((state) => this.take(state));
  }

  private take(state: ConnectionState): void {
    this.watch = next(this.watch, state, Date.now());
  }

  protected override updated(): void {
    clearTimeout(this.timer);
    const now = Date.now();
    this.toggleAttribute("shown", this.renderRoot.querySelector(".line") !== null);
    const at = changesAt(this.watch, now);
    if (at !== null) this.timer = setTimeout(() => this.requestUpdate(), Math.max(0, at - now));
  }

  protected override render(): TemplateResult {
    const account = this.account;
    const waiting = account ? [...this.read(unsentOf(account)).values()].filter((unsent) => unsent.waiting).length : 0;
    const line = lineOf(this.watch, Date.now(), waiting);
    // Only what lasts and its end are spoken.
    const spoken = line.kind === "offline" || line.kind === "back";
    return html`<div role="status">${spoken ? this.line(line) : nothing}</div>${spoken ? nothing : this.line(line)}`;
  }

  private line(line: Line): unknown {
    switch (line.kind) {
      case "reconnecting":
        return html`<div class="line" part="line">${pebbles}<span>${this.t("connection.reconnecting")}</span></div>`;
      case "catching_up":
        return html`<div class="line" part="line">${pebbles}<span>${this.t("connection.catching_up")}</span>${line.share === null
          ? nothing
          : html`<span class="bar"><i ${setStyle({ width: `${line.share * 100}%` })}></i></span>`}</div>`;
      case "offline":
        return html`<div class="line" part="line">${icon("offline")}<span>${this.t("connection.offline")}${line.retryInS === null
          ? nothing
          : html` <span class="num" aria-hidden="true">${this.t("connection.retry_in", { n: line.retryInS })}</span>`}</span>
          <button type="button" class="link-button" @click=${() => this.account?.tryNow()}>${this.t("connection.try_now")}</button></div>`;
      case "back":
        return html`<div class="line back" part="line">${icon("check")}<span>${this.t(line.everything ? "connection.back" : "connection.back_unsent")}</span></div>`;
      default:
        return nothing;
    }
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "stonechat-connection": StonechatConnection;
  }
}

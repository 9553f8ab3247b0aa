/** `<stonechat-settings>`: all that a user sets, in sections: a list of them and the one that is open. */

import { css, html, nothing, type CSSResultGroup, type TemplateResult } from "lit";
import { customElement, property } from "../base/decorators.ts";
import { ask } from "../base/dialog.ts";
import { DEFAULT_CHOICES, type Choices } from "../base/events.ts";
import { icon, type IconName } from "../base/icons.ts";
import { clock } from "../base/time.ts";
import { PHONE } from "../base/styles.ts";
import { Panel } from "./panel.ts";
import "./settings-devices.ts";
import "./settings-folders.ts";
import "./settings-keys.ts";
import "./settings-look.ts";
import "./settings-me.ts";
import "./settings-notifications.ts";
import "./settings-privacy.ts";

const SECTIONS = ["appearance", "notifications", "privacy", "devices", "folders", "language", "keys"] as const;
type Section = (typeof SECTIONS)[number] | "profile";

const SYMBOLS: Readonly<Record<(typeof SECTIONS)[number], IconName>> = {
  appearance: "language", notifications: "bell", privacy: "lock", devices: "laptop", folders: "folder", language: "globe", keys: "info",
};

/**
 * @fires stonechat-open-settings - a section was chosen; where nobody prevents it, it opens
 * @fires stonechat-appearance - something was chosen for this device: keep it, and set `choices`
 * @fires stonechat-sign-out - the user signs out, and knows what that means
 * @csspart nav
 * @csspart page
 */
@customElement("stonechat-settings")
export class StonechatSettings extends Panel {
  static override styles: CSSResultGroup = [Panel.styles, css`
    :host { display: grid; grid-template-columns: var(--stonechat-size-list) minmax(0, 1fr); background: var(--stonechat-color-canvas); }
    .nav { display: flex; flex-direction: column; min-height: 0; background: var(--stonechat-color-surface); border-inline-end: 1px solid var(--stonechat-color-line); }
    .nav .pane-header { padding-inline: var(--stonechat-space-5) var(--stonechat-space-3); border: 0; }
    .nav .pane-header h1 { font-size: var(--stonechat-font-size-heading); line-height: var(--stonechat-line-heading); }
    .nav ul { padding: 4px 8px 8px; }
    .me { display: grid; grid-template-columns: auto minmax(0, 1fr); align-items: center; column-gap: 12px; width: 100%; min-height: var(--stonechat-size-row); padding-inline: 12px; border-radius: var(--stonechat-radius-m); }
    .me:hover { background: var(--stonechat-color-hover); }
    .me[aria-current] { background: var(--stonechat-color-selected); --ring: var(--stonechat-color-selected); }
    .me b { display: block; font-weight: var(--stonechat-weight-medium); font-size: var(--stonechat-font-size-body); line-height: 1.375rem; }
    .me .sub { display: block; font-size: var(--stonechat-font-size-small); line-height: 1.25rem; color: var(--stonechat-color-text-muted); }
    .nav-item { display: flex; align-items: center; gap: 12px; width: 100%; height: 44px; padding: 0 12px; border-radius: var(--stonechat-radius-m); font-size: var(--stonechat-font-size-body); }
    .nav-item:hover { background: var(--stonechat-color-hover); }
    .nav-item .icon { color: var(--stonechat-color-icon); }
    .nav-item[aria-current] { background: var(--stonechat-color-selected); font-weight: var(--stonechat-weight-medium); }
    .nav-item:focus-visible, .me:focus-visible { outline-offset: -2px; }
    .apart { height: 8px; }
    .page-column .back { display: none; margin-inline-start: -8px; }
    .page-title { display: flex; align-items: center; gap: 4px; }
    @media (max-width: 1099px) { :host { grid-template-columns: 304px minmax(0, 1fr); } }
    @media (max-width: 719px) {
      :host { grid-template-columns: minmax(0, 1fr); }
      :host([section=""]) .page, :host(:not([section=""])) .nav { display: none; }
      .nav { border: 0; }
      .page-column .back { display: grid; }
    }
    @media (forced-colors: active) { .nav-item[aria-current], .me[aria-current] { outline: 2px solid Highlight; outline-offset: -2px; } }
  `];

  /** The section that is open; empty shows the list alone where there is room for one of both. */
  @property({ reflect: true }) section = "";
  /** What was chosen for this device. */
  @property({ attribute: false }) choices: Choices = DEFAULT_CHOICES;

  private get open(): Section {
    return this.section === "profile" || SECTIONS.some((section) => section === this.section) ? (this.section as Section) : "appearance";
  }

  private async go(section: Section | ""): Promise<void> {
    if (this.emit("stonechat-open-settings", { section })) {
      this.section = section;
    }
    await this.updateComplete;
    this.renderRoot.querySelector<HTMLElement>(section === "" ? "h1" : "h2")?.focus({ preventScroll: true });
    this.renderRoot.querySelector(".page")?.scrollTo({ top: 0 });
  }

  /** Asks, with what would be lost, before it says that the user signs out. */
  async signOut(): Promise<void> {
    const { t } = this.locale;
    const unsent = (await this.account?.outbox().catch(() => []))?.length ?? 0;
    const yes = await ask(this, {
      title: t("settings.sign_out_ask"),
      text: [unsent > 0 ? t("settings.sign_out_unsent", { n: unsent }) : "", t("settings.sign_out_text")].filter(Boolean).join(" "),
      yes: t("settings.sign_out"),
      no: t("settings.sign_out_stay"),
      danger: true,
    });
    if (yes) {
      this.emit("stonechat-sign-out", { again: false });
    }
  }

  protected override render(): unknown {
    const account = this.account;
    if (!account) {
      return nothing;
    }
    const { open } = this;
    // The list alone, on a phone, has no section open.
    const current = this.section === "" && matchMedia(PHONE).matches ? "" : open;
    const title = open === "profile" ? this.t("me.title") : this.t(`settings.${open}`);
    return html`
      <nav class="nav" part="nav" aria-label=${this.t("settings.sections")}>
        <div class="pane-header"><h1 tabindex="-1">${this.t("settings.title")}</h1></div>
        <ul class="scroller" role="list">
          <li>${this.me(current === "profile")}</li>
          <li class="apart" role="presentation"></li>
          ${SECTIONS.map((section) => html`<li>${this.item(SYMBOLS[section], this.t(`settings.${section}`), () => void this.go(section), section === current)}</li>`)}
          <li class="apart" role="presentation"></li>
          <li>${this.item("signOut", this.t("settings.sign_out"), () => void this.signOut(), false)}</li>
        </ul>
      </nav>
      <div class="page scroller" part="page" role="region" aria-label=${title} tabindex="0"><div class="page-column">
        <div class="page-title"><button type="button" class="icon-button back" aria-label=${this.t("common.back")} @click=${() => void this.go("")}>${icon("back")}</button>
          <h2 tabindex="-1">${title}</h2></div>
        ${this.body(open)}
      </div></div>`;
  }

  private item(symbol: IconName, label: string, run: () => void, current: boolean): TemplateResult {
    return html`<button type="button" class="nav-item" aria-current=${current ? "page" : nothing} @click=${run}>${icon(symbol)}<span class="clip">${label}</span></button>`;
  }

  private me(current: boolean): TemplateResult {
    const account = this.account!;
    const profile = this.read(account.profile)?.user;
    const status = this.read(account.presenceSettings)?.status;
    const holds = status && (status.until === 0 || status.until > clock.now());
    const name = profile?.displayName || this.nameOf(account.user);
    const line = [profile?.username ? `@${profile.username}` : "", holds ? (status.text ? `“${status.text}”` : status.emoji) : ""].filter(Boolean);
    return html`<button type="button" class="me" aria-current=${current ? "page" : nothing} @click=${() => void this.go("profile")}>
      <stonechat-avatar .seed=${account.user} .name=${name} .src=${profile?.avatar ?? ""}></stonechat-avatar>
      <span><b class="clip"><bdi>${name}</bdi></b>${line.length ? html`<span class="sub clip">${line.map((part, at) => html`${at ? " · " : ""}<bdi>${part}</bdi>`)}</span>` : nothing}</span>
    </button>`;
  }

  private body(section: Section): TemplateResult {
    switch (section) {
      case "profile": return html`<stonechat-settings-me></stonechat-settings-me>`;
      case "appearance": return html`<stonechat-settings-look .choices=${this.choices}></stonechat-settings-look>`;
      case "language": return html`<stonechat-settings-language .choices=${this.choices}></stonechat-settings-language>`;
      case "notifications": return html`<stonechat-settings-notifications .choices=${this.choices}></stonechat-settings-notifications>`;
      case "privacy": return html`<stonechat-settings-privacy></stonechat-settings-privacy>`;
      case "devices": return html`<stonechat-settings-devices @stonechat-sign-out-asked=${() => void this.signOut()}></stonechat-settings-devices>`;
      case "folders": return html`<stonechat-settings-folders></stonechat-settings-folders>`;
      case "keys": return html`<stonechat-settings-keys .choices=${this.choices}></stonechat-settings-keys>`;
    }
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "stonechat-settings": StonechatSettings;
  }
}

/** What rings, and when nothing does. */

import { css, html, type CSSResultGroup, type TemplateResult } from "lit";
import { FOR_GOOD, type Quiet, type QuietWindow } from "@stonechat/sdk";
import { customElement, property, state } from "../base/decorators.ts";
import { DEFAULT_CHOICES, type Choices } from "../base/events.ts";
import { icon } from "../base/icons.ts";
import { openMenu } from "../base/menu.ts";
import { clock, minutes, moment } from "../base/time.ts";
import { prompt } from "./prompt.ts";
import { askForWindow, NIGHTLY, windowText } from "./quiet-hours.ts";
import { tomorrowAt } from "./reason.ts";
import { Section } from "./section.ts";
import { zoneNow } from "./zone.ts";

const HOUR_MS = 3_600_000;
/** As many as the server keeps. */
const WINDOWS_MAX = 16;

@customElement("stonechat-settings-notifications")
export class StonechatSettingsNotifications extends Section {
  static override styles: CSSResultGroup = [Section.styles, css`
    .times { display: grid; grid-template-columns: 1fr 1fr; gap: 12px; }
    .days { display: flex; flex-wrap: wrap; gap: 6px; }
    .day { position: relative; cursor: pointer; }
    .day > span { display: grid; place-items: center; min-width: 44px; min-height: 36px; padding: 0 8px; border-radius: var(--stonechat-radius-m); box-shadow: inset 0 0 0 1px var(--stonechat-color-line-strong); font-size: var(--stonechat-font-size-small); }
    .day > :checked + span { background: var(--stonechat-color-accent-soft); color: var(--stonechat-color-accent-text); font-weight: var(--stonechat-weight-medium); box-shadow: inset 0 0 0 1px var(--stonechat-color-accent); }
    .day > :focus-visible + span { outline: 2px solid var(--stonechat-color-focus); outline-offset: 2px; }
  `];

  @property({ attribute: false }) choices: Choices = DEFAULT_CHOICES;

  @state() private permission: NotificationPermission | "none" = "Notification" in globalThis ? Notification.permission : "none";

  private async notify(on: boolean): Promise<void> {
    if (on && this.permission === "default") {
      this.permission = await Notification.requestPermission();
    }
    this.emit("stonechat-appearance", { notify: on && this.permission === "granted" });
    // What the browser refused stays off, also in the switch that was just pressed.
    this.requestUpdate();
  }

  protected override render(): unknown {
    const { account } = this;
    if (!account) {
      return "";
    }
    this.read(minutes);
    const { t } = this.locale;
    const quiet = this.read(account.quiet);
    return html`
      <section><h3>${t("settings.on_this_device")}</h3><div class="plate">${this.permission === "none"
        ? html`<p class="note">${t("settings.notify_unsupported")}</p>`
        : this.permission === "denied" ? html`<p class="note">${t("settings.notify_denied")}</p>` : this.switches()}</div></section>
      <section><h3>${t("settings.quiet_on")}</h3><div class="plate">${this.pause(quiet)}
        ${quiet.windows.map((window, at) => this.hours(quiet, window, at))}
        ${quiet.windows.length < WINDOWS_MAX ? html`<button type="button" class="setting act" @click=${() => void this.change(quiet, -1)}>
          ${icon("plus")}<span class="label">${t("settings.hours_add")}</span></button>` : ""}
      </div><p class="plate-note">${t("settings.quiet_note")}</p></section>`;
  }

  private switches(): TemplateResult {
    const { t } = this.locale;
    const on = this.choices.notify && this.permission === "granted";
    return html`
      ${this.toggle({ label: t("settings.notify"), on, set: (notify) => void this.notify(notify) })}
      ${on ? this.toggle({ label: t("settings.notify_text"), hint: t("settings.notify_text_hint"), on: this.choices.notifyText, set: (notifyText) => this.emit("stonechat-appearance", { notifyText }) }) : ""}`;
  }

  private pause(quiet: Quiet): TemplateResult {
    const { t } = this.locale;
    const now = clock.now();
    if (quiet.pausedUntil > now) {
      const says = quiet.pausedUntil >= FOR_GOOD ? t("settings.pause_always") : t("settings.pause_until", { time: moment(quiet.pausedUntil, now, this.locale) });
      return html`<div class="setting">${icon("moon")}<span class="label">${says}</span>
        <button type="button" class="button secondary small" @click=${() => void this.act("pause", () => this.account!.pauseUntil(0))}>${t("settings.pause_end")}</button></div>`;
    }
    return this.row({ label: t("settings.pause"), symbol: "moon", value: icon("next", "s"), open: () => void this.startPause(now) });
  }

  private async startPause(now: number): Promise<void> {
    const { t } = this.locale;
    const answer = await prompt(this, {
      title: t("settings.pause_title"),
      fields: [{ kind: "choice", name: "until", value: String(now + HOUR_MS), options: [
        { value: String(now + HOUR_MS), label: t("settings.pause_hour") }, { value: String(tomorrowAt(8, now)), label: t("settings.pause_morning") },
        { value: String(FOR_GOOD), label: t("settings.pause_forever") },
      ] }],
      yes: t("settings.pause_do"), no: t("common.cancel"),
    });
    if (answer) {
      await this.act("pause", () => this.account!.pauseUntil(Number(answer.until)));
    }
  }

  private hours(quiet: Quiet, window: QuietWindow, at: number): TemplateResult {
    const { t } = this.locale;
    const text = windowText(window, this.locale);
    const open = (event: Event): void => {
      openMenu(this, { label: text, at: event.currentTarget as Element, items: [
        { label: t("group.change"), icon: "edit", run: () => void this.change(quiet, at) }, null,
        { label: t("settings.hours_remove"), icon: "trash", danger: true, run: () => void this.save(quiet.windows.toSpliced(at, 1)) },
      ] });
    };
    return html`<button type="button" class="setting" aria-haspopup="menu" @click=${open}>${icon("clock")}
      <span class="label">${t("settings.hours")}<span class="hint">${text}</span></span><span class="value">${icon("more", "s")}</span></button>`;
  }

  /** `at` -1 adds one. */
  private async change(quiet: Quiet, at: number): Promise<void> {
    const window = await askForWindow(this, quiet.windows[at] ?? NIGHTLY);
    if (window) {
      await this.save(at < 0 ? [...quiet.windows, window] : quiet.windows.with(at, window));
    }
  }

  private async save(windows: readonly QuietWindow[]): Promise<void> {
    await this.act("hours", () => this.account!.setQuietHours(windows, zoneNow(Date.now())));
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "stonechat-settings-notifications": StonechatSettingsNotifications;
  }
}

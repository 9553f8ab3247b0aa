/** Where the user is signed in. */

import { css, html, type CSSResultGroup, type TemplateResult } from "lit";
import type { Device } from "@stonechat/sdk";
import { customElement, state } from "../base/decorators.ts";
import { ask } from "../base/dialog.ts";
import { icon } from "../base/icons.ts";
import { clock, lastSeen, minutes } from "../base/time.ts";
import { WAITING, type Fetched } from "./panel.ts";
import { Section } from "./section.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** @fires stonechat-sign-out-asked - this device */
@customElement("stonechat-settings-devices")
export class StonechatSettingsDevices extends Section {
  static override styles: CSSResultGroup = [Section.styles, css`.hint::first-letter { text-transform: uppercase; }`];

  @state() private fetchedDevices: Fetched<readonly Device[]> = WAITING;

  override connectedCallback(): void {
    super.connectedCallback();
    void this.updateComplete.then(() => this.load());
  }

  private async load(): Promise<void> {
    const { account } = this;
    if (account) {
      this.fetchedDevices = await this.fetched(() => account.devices());
    }
  }

  /** As the server tells them; until then, or without it, as this device knows them. */
  private get devices(): readonly Device[] {
    const known = this.read(this.account!.devicesKnown);
    const told = this.fetchedDevices.kind === "got" ? this.fetchedDevices.value : [];
    const all = new Map(told.map((device) => [device.id, device]));
    for (const device of known.values()) {
      const before = all.get(device.id);
      all.set(device.id, before && before.seenAt > device.seenAt ? { ...device, seenAt: before.seenAt } : device);
    }
    return [...all.values()].filter((device) => !device.revoked).sort((a, b) => b.seenAt - a.seenAt);
  }

  private nameOfDevice(device: Device): string {
    return device.name || device.client || this.t("settings.device_id", { id: device.id.slice(0, 8) });
  }

  private async signOut(device: Device): Promise<void> {
    const { t } = this.locale;
    const name = this.nameOfDevice(device);
    const yes = await ask(this, {
      title: t("settings.device_out_ask", { name }), text: t("settings.device_out_text"),
      yes: t("settings.device_out"), no: t("settings.device_out_keep"), danger: true,
    });
    if (yes) {
      await this.act(device.id, () => this.account!.revokeDevice(device.id));
      await this.load();
    }
  }

  private async signOutOthers(n: number): Promise<void> {
    const { t } = this.locale;
    const yes = await ask(this, {
      title: t("settings.others_out_ask", { n }), text: t("settings.device_note"),
      yes: t("settings.device_out"), no: t("settings.device_out_keep"), danger: true,
    });
    if (yes) {
      await this.act("others", () => this.account!.revokeOtherDevices());
      await this.load();
    }
  }

  protected override render(): unknown {
    const { account } = this;
    if (!account) {
      return "";
    }
    this.read(minutes);
    const { t } = this.locale;
    const all = this.devices;
    const own = all.find((device) => device.id === account.deviceId);
    const others = all.filter((device) => device !== own);
    return html`
      <section><h3>${t("settings.this_device")}</h3><div class="plate">${own ? this.device(own, true) : this.thisDevice()}</div></section>
      <section><h3>${t("settings.other_devices")}</h3><div class="plate">${others.length
        ? others.map((device) => this.device(device, false))
        : html`<p class="note">${this.fetchedDevices.kind === "failed" ? this.fetchedDevices.why : t("settings.no_other_devices")}</p>`}</div>
        ${others.length ? html`<p class="plate-note">${t("settings.device_note")}</p>` : ""}</section>
      ${others.length ? html`<section><div class="plate"><button type="button" class="setting danger" @click=${() => void this.signOutOthers(others.length)}>
        <span class="label">${t("settings.others_out")}</span></button></div></section>` : ""}`;
  }

  private readonly askOwn = (): void => void this.dispatchEvent(new CustomEvent("stonechat-sign-out-asked"));

  /** Before the server was heard it knows only that it is here. */
  private thisDevice(): TemplateResult {
    return html`<div class="setting">${icon("laptop")}<span class="label">${this.t("settings.this_device")}</span>
      <button type="button" class="button secondary small" @click=${this.askOwn}>${this.t("settings.device_out")}</button></div>`;
  }

  /** "Seen 4 minutes ago", and the day when that was before. */
  private seen(at: number): string {
    const now = clock.now();
    const past = Math.max(0, now - at);
    if (past >= DAY_MS) {
      return lastSeen(at, now, this.locale);
    }
    const format = new Intl.RelativeTimeFormat(this.locale.tag, { numeric: "auto" });
    const time = past < HOUR_MS ? format.format(-Math.round(past / MINUTE_MS), "minute") : format.format(-Math.round(past / HOUR_MS), "hour");
    return this.t("settings.device_seen", { time });
  }

  private device(device: Device, own: boolean): TemplateResult {
    const name = this.nameOfDevice(device);
    const seen = own ? this.t("settings.device_now") : this.seen(device.seenAt);
    const client = device.client && device.client !== device.name ? ` · ${device.client.replace("/", " ")}` : "";
    return html`<div class="setting">${icon(device.platform === "phone" || device.platform === "tablet" ? "phone" : "laptop")}
      <span class="label"><bdi>${name}</bdi><span class="hint">${seen}${client}</span></span>
      <button type="button" class="button secondary small" aria-label=${this.t("settings.device_out_label", { name })}
        @click=${own ? this.askOwn : () => void this.signOut(device)}>${this.t("settings.device_out")}</button></div>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "stonechat-settings-devices": StonechatSettingsDevices;
  }
}

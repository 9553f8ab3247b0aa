/** What the user says of himself: name, username, status. */

import { css, html, type CSSResultGroup } from "lit";
import type { CustomStatus } from "@stonechat/sdk";
import { customElement } from "../base/decorators.ts";
import { icon } from "../base/icons.ts";
import { clock, moment } from "../base/time.ts";
import { prompt } from "./prompt.ts";
import { codeOf, reasonOf, tomorrowAt } from "./reason.ts";
import { Section } from "./section.ts";

const NAME_BYTES_MAX = 256;
const USERNAME_BYTES_MAX = 32;
const STATUS_BYTES_MAX = 256;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

@customElement("stonechat-settings-me")
export class StonechatSettingsMe extends Section {
  static override styles: CSSResultGroup = [Section.styles, css`
    .identity { padding-block: 0 4px; }
    .identity stonechat-avatar { --size: 88px; }
  `];

  protected override render(): unknown {
    const { account } = this;
    if (!account) {
      return "";
    }
    const { t } = this.locale;
    const profile = this.read(account.profile)?.user;
    const name = profile?.displayName || this.nameOf(account.user);
    const status = this.read(account.presenceSettings)?.status ?? null;
    const change = html`${t("group.change")}${icon("next", "s")}`;
    return html`
      <div class="identity"><stonechat-avatar .seed=${account.user} .name=${name} .src=${profile?.avatar ?? ""}></stonechat-avatar><h3 dir="auto">${name}</h3></div>
      <section><div class="plate">
        ${this.row({ label: t("me.name"), hint: name, value: change, open: () => void this.changeName(name) })}
        ${this.row({ label: t("me.username"), hint: profile?.username ? `@${profile.username}` : t("me.username_none"), value: change, open: () => void this.changeUsername(profile?.username ?? "") })}
      </div><p class="plate-note">${t("me.username_hint")}</p></section>
      <section><h3>${t("me.status")}</h3><div class="plate">
        ${this.row({ label: this.statusText(status), ...(this.statusUntil(status) ? { hint: this.statusUntil(status) } : {}), value: change, open: () => void this.changeStatus(status) })}
        ${status ? html`<button type="button" class="setting act" @click=${() => void this.act("status", () => account.setPresence({ status: null }))}>
          <span class="label">${t("me.status_clear")}</span></button>` : ""}
      </div></section>`;
  }

  private statusText(status: CustomStatus | null): string {
    return status ? [status.emoji, status.text].filter(Boolean).join(" ") : this.t("me.status_none");
  }

  private statusUntil(status: CustomStatus | null): string {
    return status && status.until > clock.now() ? this.t("me.status_until_time", { time: moment(status.until, clock.now(), this.locale) }) : "";
  }

  private async changeName(before: string): Promise<void> {
    const { t } = this.locale;
    const answer = await prompt(this, {
      title: t("me.name"),
      fields: [{ kind: "text", name: "name", label: t("me.name"), value: before, required: true, most: NAME_BYTES_MAX }],
      yes: t("common.save"), no: t("common.cancel"),
    });
    if (answer?.name && answer.name !== before) {
      await this.act("name", () => this.account!.setProfile({ displayName: answer.name! }));
    }
  }

  private async changeUsername(before: string): Promise<void> {
    const { t } = this.locale;
    const answer = await prompt(this, {
      title: t("me.username"),
      fields: [{ kind: "text", name: "username", label: t("me.username"), hint: t("me.username_hint"), value: before, most: USERNAME_BYTES_MAX }],
      yes: t("common.save"), no: t("common.cancel"),
    });
    const username = answer?.username?.replace(/^@/, "").toLowerCase();
    if (username === undefined || username === before) {
      return;
    }
    try {
      await this.account!.setProfile({ username });
    } catch (error) {
      const text = codeOf(error) === "already_exists" ? t("me.username_taken", { text: username }) : reasonOf(error, this.locale);
      this.emit("stonechat-toast", { text, danger: true });
    }
  }

  private async changeStatus(before: CustomStatus | null): Promise<void> {
    const { t } = this.locale;
    const now = clock.now();
    const tonight = tomorrowAt(0, now);
    const answer = await prompt(this, {
      title: t("me.status"),
      fields: [
        { kind: "text", name: "text", label: t("me.status_text"), value: before?.text ?? "", most: STATUS_BYTES_MAX },
        { kind: "emoji", name: "emoji", label: t("me.status_emoji"), value: before?.emoji ?? "" },
        { kind: "choice", name: "until", label: t("me.status_until"), value: before && before.until === 0 ? "0" : String(tonight), options: [
          { value: String(now + HOUR_MS), label: t("me.status_hour") }, { value: String(tonight), label: t("me.status_today") },
          { value: String(now + 7 * DAY_MS), label: t("me.status_week") }, { value: "0", label: t("me.status_never") },
        ] },
      ],
      yes: t("common.save"), no: t("common.cancel"),
    });
    if (answer) {
      const { text = "", emoji = "" } = answer;
      const status = text || emoji ? { text, emoji, until: Number(answer.until) } : null;
      await this.act("status", () => this.account!.setPresence({ status }));
    }
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "stonechat-settings-me": StonechatSettingsMe;
  }
}

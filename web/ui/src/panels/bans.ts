/** Who is kept out of a group, and how one lets him back in. */

import { css, html, type CSSResultGroup, type TemplateResult } from "lit";
import { FOR_GOOD, type Ban } from "@stonechat/sdk";
import { customElement, state } from "../base/decorators.ts";
import { clock, moment } from "../base/time.ts";
import { ConversationPanel } from "./conversation-panel.ts";
import { Panel, WAITING, type Fetched } from "./panel.ts";

@customElement("stonechat-bans")
export class StonechatBans extends ConversationPanel {
  static override styles: CSSResultGroup = [Panel.styles, css`
    :host { display: block; background: none; }
    .member { align-items: start; padding-block: 10px; }
    .sub { white-space: normal; overflow-wrap: anywhere; }
  `];

  @state() private bans: Fetched<readonly Ban[]> = WAITING;

  protected override begin(): void {
    this.bans = WAITING;
    void this.load();
  }

  private async load(): Promise<void> {
    const { handle } = this;
    if (handle) {
      const got = await this.fetched(() => handle.bans());
      if (handle === this.handle) {
        this.bans = got;
      }
    }
  }

  private async lift(ban: Ban): Promise<void> {
    await this.act(ban.user, () => this.handle!.liftBan(ban.user));
    await this.load();
  }

  protected override render(): unknown {
    return this.got(this.bans, (bans) => bans.length
      ? html`<ul role="list">${bans.map((ban) => this.banRow(ban))}</ul>`
      : html`<p class="note">${this.t("bans.none")}</p>`, () => void this.load());
  }

  private banRow(ban: Ban): TemplateResult {
    const now = clock.now();
    const until = ban.until >= FOR_GOOD ? this.t("bans.always")
      : ban.until <= now ? this.t("bans.over") : this.t("bans.until", { time: moment(ban.until, now, this.locale) });
    const by = ban.by ? ` · ${this.t("bans.by", { name: this.nameOf(ban.by) })}` : "";
    return html`<li class="member">
      <stonechat-avatar .seed=${ban.user} .name=${ban.displayName || ban.user}></stonechat-avatar>
      <span><span class="name"><bdi class="clip">${ban.displayName || ban.user}</bdi></span>
        <span class="sub">${until}${by}</span>
        ${ban.reason ? html`<span class="sub" dir="auto">${this.t("contacts.said", { message: ban.reason })}</span>` : ""}</span>
      ${this.may("lift_ban") ? html`<button type="button" class="button secondary small" @click=${() => void this.lift(ban)}>${this.t("bans.lift")}</button>` : ""}
    </li>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "stonechat-bans": StonechatBans;
  }
}

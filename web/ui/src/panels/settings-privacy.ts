/** Who may reach the user, and who sees him. */

import { css, html, type CSSResultGroup, type TemplateResult } from "lit";
import type { PresenceSettings, WhoMayAdd, WhoMayMessage, WhoMaySee } from "@stonechat/sdk";
import { customElement } from "../base/decorators.ts";
import { icon } from "../base/icons.ts";
import { clock, moment } from "../base/time.ts";
import { prompt } from "./prompt.ts";
import { Section } from "./section.ts";

const QUESTION_BYTES_MAX = 256;
/** What holds for somebody who has never changed it, of which the server says nothing. */
const NEVER_CHANGED: PresenceSettings = { status: null, whoMaySee: "everybody", whoMaySeeLastSeen: "everybody", invisible: false };

@customElement("stonechat-settings-privacy")
export class StonechatSettingsPrivacy extends Section {
  static override styles: CSSResultGroup = [Section.styles, css`
    .plate > ul { padding: 4px; }
    .plate .member { padding-inline: 12px; }
  `];

  protected override render(): unknown {
    const { account } = this;
    if (!account) {
      return "";
    }
    const { t } = this.locale;
    const profile = this.read(account.profile);
    const told = this.read(account.presenceSettings);
    if (!profile && !told) {
      return html`<p class="note" role="status">${t("settings.offline")}</p>`;
    }
    const presence = told ?? NEVER_CHANGED;
    const see: readonly (readonly [WhoMaySee, string])[] = [["everybody", t("settings.anyone")], ["contacts", t("settings.contacts")], ["nobody", t("settings.nobody")]];
    return html`
      ${profile ? this.reach(profile.whoMayMessage, profile.whoMayAdd, profile.user.question) : ""}
      <section><h3>${t("settings.seeing")}</h3><div class="plate">
        ${this.choiceRow({ label: t("settings.who_see"), hint: t("settings.who_see_hint"), options: see, value: presence.whoMaySee, set: (whoMaySee) => void this.act("see", () => account.setPresence({ whoMaySee })) })}
        ${this.choiceRow({ label: t("settings.who_last"), options: see, value: presence.whoMaySeeLastSeen, set: (whoMaySeeLastSeen) => void this.act("last", () => account.setPresence({ whoMaySeeLastSeen })) })}
        ${this.toggle({ label: t("settings.invisible"), hint: t("settings.invisible_hint"), on: presence.invisible, set: (invisible) => void this.act("invisible", () => account.setPresence({ invisible })) })}
      </div></section>
      ${this.blocked()}`;
  }

  private reach(whoMayMessage: WhoMayMessage, whoMayAdd: WhoMayAdd, question: string): TemplateResult {
    const { t } = this.locale;
    const account = this.account!;
    return html`<section><h3>${t("settings.reach")}</h3><div class="plate">
      ${this.choiceRow<WhoMayMessage>({
        label: t("settings.who_message"), value: whoMayMessage, set: (value) => void this.act("message", () => account.setProfile({ whoMayMessage: value })),
        options: [["anyone", t("settings.anyone")], ["contacts", t("settings.contacts")], ["nobody", t("settings.nobody")]],
      })}
      ${this.choiceRow<WhoMayAdd>({
        label: t("settings.who_add"), value: whoMayAdd, set: (value) => void this.chooseWhoMayAdd(value, question),
        options: [["anyone", t("settings.anyone")], ["ask", t("settings.ask")], ["question", t("settings.question")], ["nobody", t("settings.nobody")]],
      })}
      ${whoMayAdd === "question" ? this.row({
        label: t("settings.question_label"), hint: question || t("settings.question_none"), value: html`${t("group.change")}${icon("next", "s")}`, open: () => void this.changeQuestion(question),
      }) : ""}
    </div></section>`;
  }

  /** A question has to be there before anybody can answer it. */
  private async chooseWhoMayAdd(whoMayAdd: WhoMayAdd, question: string): Promise<void> {
    if (whoMayAdd === "question" && question === "") {
      await this.changeQuestion("");
      return;
    }
    await this.act("add", () => this.account!.setProfile({ whoMayAdd }));
  }

  private async changeQuestion(before: string): Promise<void> {
    const { t } = this.locale;
    const answer = await prompt(this, {
      title: t("settings.question_label"),
      fields: [{ kind: "text", name: "question", label: t("settings.question_label"), hint: t("settings.question_hint"), value: before, required: true, most: QUESTION_BYTES_MAX }],
      yes: t("common.save"), no: t("common.cancel"),
    });
    if (answer?.question) {
      await this.act("question", () => this.account!.setProfile({ whoMayAdd: "question", question: answer.question! }));
    }
  }

  private blocked(): TemplateResult {
    const { t } = this.locale;
    const account = this.account!;
    const blocked = [...this.read(account.relations).values()].filter((relation) => relation.blocksSince > 0).sort((a, b) => b.blocksSince - a.blocksSince);
    return html`<section><h3>${t("settings.blocked")}</h3><div class="plate">${blocked.length
      ? html`<ul role="list">${blocked.map(({ user, blocksSince }) => html`<li class="member">${this.avatarOf(user)}
          <span><span class="name"><bdi class="clip">${this.nameOf(user)}</bdi></span>
            <span class="sub">${t("settings.blocked_since", { time: moment(blocksSince, clock.now(), this.locale) })}</span></span>
          <button type="button" class="button secondary small" aria-label=${`${t("contacts.unblock")}: ${this.nameOf(user)}`}
            @click=${() => void this.act(user, () => account.unblock(user))}>${t("contacts.unblock")}</button></li>`)}</ul>`
      : html`<p class="note">${t("settings.blocked_none")}</p>`}</div></section>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "stonechat-settings-privacy": StonechatSettingsPrivacy;
  }
}

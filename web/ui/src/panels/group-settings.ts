/** `<stonechat-group-settings>`: what a group is like, and who may do what in it. Saved at once, with a way back. */

import { css, html, nothing, type CSSResultGroup, type TemplateResult } from "lit";
import type { ConversationSummary, GroupSettings, JoinMode, Who } from "@stonechat/sdk";
import { customElement, property, state } from "../base/decorators.ts";
import { icon } from "../base/icons.ts";
import { openMenu } from "../base/menu.ts";
import "./asking.ts";
import "./bans.ts";
import { ConversationPanel } from "./conversation-panel.ts";
import { askForOwner, askToClose } from "./group-acts.ts";
import "./links.ts";
import { Panel } from "./panel.ts";
import { prompt } from "./prompt.ts";

const TITLE_BYTES_MAX = 256;
const DESCRIPTION_BYTES_MAX = 1024;
const JOIN_MODES: readonly JoinMode[] = ["invitation", "approval", "open"];

type Permission = "speak" | "invite" | "editInfo" | "mentionAll" | "pin";

/**
 * @fires stonechat-close - it is done
 * @csspart page
 */
@customElement("stonechat-group-settings")
export class StonechatGroupSettings extends ConversationPanel {
  static override styles: CSSResultGroup = [Panel.styles, css`
    :host { background: var(--stonechat-color-canvas); container-type: inline-size; flex: 1; }
    .sub { display: block; font-size: 0.875rem; line-height: 1.25rem; color: var(--stonechat-color-text-muted); }
       .plate > :is(stonechat-asking, stonechat-bans) { padding-inline: 6px; }
    .plate > stonechat-asking:empty { border: 0; }
    @container (max-width: 480px) { .page-column { padding: 16px 12px 32px; gap: 22px; } .page-head stonechat-avatar { --size: 40px; } .page-column h2 { font-size: var(--stonechat-font-size-title); } }
  `];

  /** What stands before the text of a link by which one joins, so that it is an address. */
  @property({ attribute: "link-base" }) linkBase = "";

  /** What was chosen and is on its way, so that it shows in the same frame. */
  @state() private wanted: Partial<GroupSettings> = {};
  /** What held when it was chosen: until the group tells something else, what was chosen is shown. */
  private settingsThen: GroupSettings | null = null;

  protected override begin(): void {
    this.wanted = {};
  }

  protected override willUpdate(changed: Map<PropertyKey, unknown>): void {
    super.willUpdate(changed);
    // The answer to a command and its event come in any order.
    if (this.busy === "" && this.settingsThen !== null && this.summary?.group.settings !== this.settingsThen) {
      this.settingsThen = null;
      this.wanted = {};
    }
  }

  private get settings(): GroupSettings | null {
    const { summary } = this;
    return summary && { ...summary.group.settings, ...this.wanted };
  }

  /** Shows it at once, saves it, and offers to undo it. What is refused goes back to what holds. */
  private async change(patch: Partial<GroupSettings>): Promise<void> {
    const { handle, settings } = this;
    if (!handle || !settings) {
      return;
    }
    const former = Object.fromEntries(Object.keys(patch).map((key) => [key, settings[key as keyof GroupSettings]])) as Partial<GroupSettings>;
    this.wanted = { ...this.wanted, ...patch };
    this.settingsThen = this.summary?.group.settings ?? null;
    const done = await this.act(Object.keys(patch).join(), () => handle.changeSettings(patch));
    if (!done) {
      this.wanted = {};
      this.settingsThen = null;
    } else {
      this.emit("stonechat-toast", { text: this.t("group.saved"), icon: "check", action: { label: this.t("common.undo"), run: () => void this.change(former) } });
    }
  }

  protected override render(): unknown {
    const { summary, settings } = this;
    if (!summary || !settings || summary.kind === "direct") {
      return nothing;
    }
    const title = this.titleOf(summary);
    return html`<div class="page scroller" part="page"><div class="page-column">
      <div class="page-head">${this.avatarOfConversation(summary)}
        <div><h2 tabindex="-1">${this.t(this.isChannel ? "group.settings_channel" : "group.settings")}</h2>
          <span class="sub clip">${this.t("group.sub", { title, members: this.memberCountText(summary) })}</span></div>
        <button type="button" class="button secondary" @click=${() => this.emit("stonechat-close", {})}>${this.t("common.done")}</button></div>
      ${this.may("edit_info") ? this.info(summary) : nothing}
      ${this.joining(settings)}
      ${this.may("change_settings") ? html`${this.permissions(summary, settings)}${this.history(settings)}` : nothing}
      ${this.may("list_bans") ? html`<section><h3>${this.t("bans.title")}</h3><div class="plate"><stonechat-bans .conversation=${this.conversation}></stonechat-bans></div></section>` : nothing}
      ${this.last(summary, title)}
    </div></div>`;
  }

  private info(summary: ConversationSummary): TemplateResult {
    return html`<section><h3>${this.t("group.info")}</h3><div class="plate">
      ${this.row({ label: this.t("group.title"), hint: summary.title, value: html`${this.t("group.change")}${icon("next", "s")}`, open: () => void this.rename(summary) })}
      ${this.row({ label: this.t("group.description"), hint: summary.group.description || this.t("group.description_none"), value: html`${this.t("group.change")}${icon("next", "s")}`, open: () => void this.describe(summary) })}
    </div></section>`;
  }

  private async rename(summary: ConversationSummary): Promise<void> {
    const { t } = this.locale;
    const answer = await prompt(this, {
      title: t(this.isChannel ? "group.title_ask_channel" : "group.title_ask"),
      fields: [{ kind: "text", name: "title", label: t("group.title"), value: summary.title, required: true, most: TITLE_BYTES_MAX }],
      yes: t("common.save"),
      no: t("common.cancel"),
    });
    const title = answer?.title;
    if (title && title !== summary.title) {
      await this.act("title", () => this.handle!.rename(title));
    }
  }

  private async describe(summary: ConversationSummary): Promise<void> {
    const { t } = this.locale;
    const answer = await prompt(this, {
      title: t("group.description_ask"),
      fields: [{ kind: "lines", name: "description", label: t("group.description"), value: summary.group.description, most: DESCRIPTION_BYTES_MAX }],
      yes: t("common.save"),
      no: t("common.cancel"),
    });
    if (answer) {
      await this.act("description", () => this.handle!.setInfo({ description: answer.description ?? "" }));
    }
  }

  private joining(settings: GroupSettings): TemplateResult | typeof nothing {
    const [mayChange, mayLink] = [this.may("change_settings"), this.may("make_link")];
    if (!mayChange && !mayLink) {
      return nothing;
    }
    const choose = (event: Event): void => {
      openMenu(this, {
        label: this.t("group.who_joins"),
        at: event.currentTarget as Element,
        items: JOIN_MODES.map((mode) => ({ label: this.t(`group.join_${mode}`), checked: mode === settings.join, run: () => void this.change({ join: mode }) })),
      });
    };
    return html`<section><h3>${this.t("group.joining")}</h3><div class="plate">
      ${mayChange ? html`<button type="button" class="setting" aria-haspopup="menu" @click=${choose}>
        <span class="label">${this.t("group.who_joins")}<span class="hint">${this.t(`group.join_${settings.join}_hint`)}</span></span>
        <span class="value">${this.t(`group.join_${settings.join}`)}${icon("next", "s")}</span>
      </button>` : nothing}
      ${this.may("decide_application") ? html`<stonechat-asking brief .conversation=${this.conversation}></stonechat-asking>` : nothing}
      ${mayLink ? html`<stonechat-links .conversation=${this.conversation} .linkBase=${this.linkBase}></stonechat-links>` : nothing}
    </div></section>`;
  }

  private permissions(summary: ConversationSummary, settings: GroupSettings): TemplateResult {
    const options: readonly (readonly [Who, string])[] = [["everybody", this.t("group.everybody")], ["admins", this.t("group.admins")]];
    const permission = (key: Permission, label: string, hint?: string): TemplateResult =>
      this.segmented({ label, ...(hint ? { hint } : {}), options, value: settings[key], set: (who) => void this.change({ [key]: who }) });
    return html`<section><h3>${this.t("group.members_may")}</h3><div class="plate">
      ${this.isChannel ? nothing : permission("speak", this.t("group.speak"))}
      ${permission("invite", this.t("group.invite"))}
      ${permission("editInfo", this.t("group.edit_info"))}
      ${permission("mentionAll", this.t("group.mention_all"), this.t("group.mention_all_hint", { n: summary.memberCount }))}
      ${permission("pin", this.t("group.pin"))}
    </div></section>`;
  }

  private history(settings: GroupSettings): TemplateResult {
    return html`<section><h3>${this.t("group.history_title")}</h3><div class="plate">
      ${this.toggle({ label: this.t("group.history"), on: settings.history, set: (history) => void this.change({ history }) })}
      ${this.toggle({ label: this.t("group.receipts"), on: settings.receipts, set: (receipts) => void this.change({ receipts }) })}
      ${this.toggle({ label: this.t("group.members_hidden"), on: settings.membersHidden, set: (membersHidden) => void this.change({ membersHidden }) })}
    </div></section>`;
  }

  private last(summary: ConversationSummary, title: string): TemplateResult | typeof nothing {
    if (!this.may("transfer_owner")) {
      return nothing;
    }
    return html`<section><div class="plate">
      <button type="button" class="setting act" @click=${() => void this.handOver(summary)}><span class="label">${this.t("group.hand_over")}</span></button>
      <button type="button" class="setting danger" @click=${() => void this.closeGroup(summary, title)}><span class="label">${this.t(this.isChannel ? "group.close_channel" : "group.close")}</span></button>
    </div></section>`;
  }

  private async handOver(summary: ConversationSummary): Promise<void> {
    const { handle } = this;
    let owner: string | null = null;
    await this.act("ask", async () => (owner = handle && (await askForOwner(this, handle, summary))));
    if (handle && owner) {
      await this.act("owner", () => handle.transferOwner(owner!), "group.handed_over", { name: this.nameOf(owner) });
    }
  }

  private async closeGroup(summary: ConversationSummary, title: string): Promise<void> {
    if ((await askToClose(this, summary, title)) && (await this.act("close", () => this.handle!.dissolve()))) {
      this.emit("stonechat-close", {});
    }
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "stonechat-group-settings": StonechatGroupSettings;
  }
}

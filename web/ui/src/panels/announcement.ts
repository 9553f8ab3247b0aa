/** What everybody in a group should know, and who has read it. */

import { css, html, nothing, type CSSResultGroup, type TemplateResult } from "lit";
import type { Announcement, Member } from "@stonechat/sdk";
import { customElement, state } from "../base/decorators.ts";
import { ask } from "../base/dialog.ts";
import { icon } from "../base/icons.ts";
import { clock, moment } from "../base/time.ts";
import { ConversationPanel } from "./conversation-panel.ts";
import { Panel, WAITING, type Fetched } from "./panel.ts";
import { prompt } from "./prompt.ts";

const ANNOUNCEMENT_BYTES_MAX = 4096;

/** Asks for the text, and announces it. */
export async function announceFrom(panel: ConversationPanel & { announceText(text: string): Promise<void> }, before: string): Promise<void> {
  const { t } = panel.locale;
  const answer = await prompt(panel, {
    title: t("details.announcement"),
    fields: [{ kind: "lines", name: "text", label: t("announcement.text"), hint: t("details.announce_hint"), value: before, required: true, most: ANNOUNCEMENT_BYTES_MAX }],
    yes: t("announcement.do"),
    no: t("common.cancel"),
  });
  if (answer?.text) {
    await panel.announceText(answer.text);
  }
}

/** @fires stonechat-changed - it says something else now */
@customElement("stonechat-announcement")
export class StonechatAnnouncement extends ConversationPanel {
  static override styles: CSSResultGroup = [Panel.styles, css`
    :host { display: block; background: none; }
    .text { padding: 14px 16px 4px; white-space: pre-wrap; overflow-wrap: anywhere; }
    .by { padding: 0 16px 12px; font-size: var(--stonechat-font-size-meta); line-height: 1rem; color: var(--stonechat-color-text-muted); }
    .acts { display: flex; gap: 8px; padding: 0 16px 16px; }
    .segmented { margin: 4px 10px 6px; }
  `];

  @state() private announced: Fetched<Announcement | null> = WAITING;
  @state() private readers: Fetched<{ readonly read: readonly Member[]; readonly unread: readonly Member[] }> = WAITING;
  @state() private showsRead = true;
  private loadedSeq = -1;

  protected override begin(): void {
    this.announced = WAITING;
    this.loadedSeq = -1;
  }

  protected override willUpdate(changed: Map<PropertyKey, unknown>): void {
    super.willUpdate(changed);
    const seq = this.summary?.group.announcement ?? -1;
    if (seq !== this.loadedSeq) {
      this.loadedSeq = seq;
      void this.load();
    }
  }

  private async load(): Promise<void> {
    const { handle } = this;
    if (!handle) {
      return;
    }
    const announced = await this.fetched(() => handle.announcement());
    if (handle !== this.handle) {
      return;
    }
    this.announced = announced;
    const { summary } = this;
    const tells = summary !== null && summary.group.settings.receipts && this.may("list_members");
    if (announced.kind === "got" && announced.value && tells) {
      this.readers = await this.fetched(async () => {
        const [read, unread] = await Promise.all([handle.announcementReaders(true), handle.announcementReaders(false)]);
        return { read, unread };
      });
    }
  }

  async announceText(text: string): Promise<void> {
    await this.act("announce", () => this.handle!.announce(text));
    await this.load();
  }

  private async takeAway(): Promise<void> {
    const { t } = this.locale;
    const yes = await ask(this, { title: t("announcement.remove_ask"), text: t("announcement.remove_text"), yes: t("announcement.remove"), no: t("announcement.keep"), danger: true });
    if (yes && (await this.act("remove", () => this.handle!.announce("")))) {
      this.dispatchEvent(new CustomEvent("stonechat-changed", { bubbles: true, composed: true }));
    }
  }

  protected override render(): unknown {
    return this.got(this.announced, (announced) => announced ? this.announcementText(announced) : nothing, () => void this.load());
  }

  private announcementText(announced: Announcement): TemplateResult {
    return html`
      <p class="text" dir="auto">${announced.text}</p>
      <p class="by">${this.t("announcement.by", { name: this.nameOf(announced.by), time: moment(announced.at, clock.now(), this.locale) })}</p>
      ${this.may("announce") ? html`<div class="acts">
        <button type="button" class="button secondary small" @click=${() => void announceFrom(this, announced.text)}>${icon("edit", "s")}${this.t("announcement.edit")}</button>
        <button type="button" class="button quiet small danger" @click=${() => void this.takeAway()}>${this.t("announcement.remove")}</button>
      </div>` : nothing}
      ${this.readers.kind === "got" ? this.whoRead(this.readers.value) : nothing}`;
  }

  private whoRead({ read, unread }: { readonly read: readonly Member[]; readonly unread: readonly Member[] }): TemplateResult {
    const shown = this.showsRead ? read : unread;
    const tabs = [["read", this.t("announcement.read", { n: read.length })], ["unread", this.t("announcement.unread", { n: unread.length })]] as const;
    return html`<div class="section">
      <div class="section-title"><h3>${this.t("announcement.readers")}</h3></div>
      ${this.segments(this.t("announcement.readers"), tabs, this.showsRead ? "read" : "unread", (which) => (this.showsRead = which === "read"))}
      ${shown.length === 0 ? html`<p class="note">${this.t(this.showsRead ? "announcement.nobody" : "announcement.everybody")}</p>` : nothing}
      <ul role="list">${shown.map((member) => html`<li class="member">${this.avatarOf(member.user)}
        <span><span class="name"><bdi class="clip">${member.nickname || this.nameOf(member.user)}</bdi></span></span></li>`)}</ul>
    </div>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "stonechat-announcement": StonechatAnnouncement;
  }
}

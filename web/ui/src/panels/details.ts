/** `<stonechat-details>`: what there is to know of a conversation, beside it. */

import { css, html, nothing, type CSSResultGroup, type TemplateResult } from "lit";
import type { Announcement, Asker, ConversationSummary, Member, UserId } from "@stonechat/sdk";
import { badge } from "../base/badge.ts";
import { customElement, property, state } from "../base/decorators.ts";
import { ask } from "../base/dialog.ts";
import { icon, type IconName } from "../base/icons.ts";
import { clock, minutes, moment } from "../base/time.ts";
import { askMute } from "../list/dialogs.ts";
import "./announcement.ts";
import { announceFrom } from "./announcement.ts";
import "./asking.ts";
import "./bans.ts";
import { ConversationPanel } from "./conversation-panel.ts";
import { askToLeave, pickPeople } from "./group-acts.ts";
import "./group-settings.ts";
import "./links.ts";
import "./members.ts";
import "./messages.ts";
import { Panel, WAITING, type Fetched } from "./panel.ts";
import "./profile.ts";
import { prompt } from "./prompt.ts";

type View = "main" | "members" | "asking" | "bans" | "links" | "announcement" | "pinned" | "settings" | `person:${string}`;

/** As many members as the beginning shows. */
const FEW = 7;
/** Up to so many members the whole list is fetched; above it, those who manage. */
const LISTED_MAX = 5000;
const NICKNAME_BYTES_MAX = 128;
const NOTE_BYTES_MAX = 256;
const FOREVER = Number.MAX_SAFE_INTEGER;
/** Changes of members come in bursts. */
const AGAIN_MS = 1000;

/**
 * @fires stonechat-close - its cross
 * @fires stonechat-open - a message or another conversation
 * @fires stonechat-search - its search
 * @fires stonechat-open-group-settings - where nobody prevents it, the settings open inside
 * @csspart header
 * @csspart identity
 */
@customElement("stonechat-details")
export class StonechatDetails extends ConversationPanel {
  static override styles: CSSResultGroup = [Panel.styles, css`
    :host { border-inline-start: 1px solid var(--stonechat-color-line); }
    .pane { display: contents; }
    .in-dialog { height: min(56dvh, 460px); }
  `];

  /** What stands before the text of a link by which one joins, so that it is an address. */
  @property({ attribute: "link-base" }) linkBase = "";

  /** Somebody who is shown instead, such as the author of a message that was pressed. */
  @property() person: UserId | null = null;

  @state() private view: View = "main";
  @state() private members: Fetched<readonly Member[]> = WAITING;
  @state() private announced: Announcement | null = null;
  @state() private pinned = 0;
  @state() private applied: readonly Asker[] = [];
  private trail: View[] = [];
  private fetchedFor = "";
  private again: ReturnType<typeof setTimeout> | undefined;

  protected override begin(): void {
    this.view = "main";
    this.trail = [];
    this.members = WAITING;
    this.announced = null;
    this.pinned = 0;
    this.applied = [];
    this.fetchedFor = "";
    clearTimeout(this.again);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.again);
    this.fetchedFor = "";
  }

  protected override willUpdate(changed: Map<PropertyKey, unknown>): void {
    super.willUpdate(changed);
    if (changed.has("person") && (this.person !== null || changed.get("person"))) {
      this.view = this.person === null ? "main" : `person:${this.person}`;
      this.trail = [];
    }
    const summary = this.summary;
    if (!summary) {
      return;
    }
    // An event that is no message: somebody came, went, or is something else now; something was pinned.
    // What could not be fetched is fetched when the network is back.
    const again = this.members.kind === "failed" ? this.read(this.account!.connection).kind === "online" : "";
    const key = [this.conversation, summary.memberCount, summary.role, summary.headSeq - summary.headOrdinal, summary.group.announcement, again].join();
    if (key !== this.fetchedFor) {
      const isFirst = this.fetchedFor === "";
      this.fetchedFor = key;
      clearTimeout(this.again);
      this.again = setTimeout(() => void this.load(), isFirst ? 0 : AGAIN_MS);
    }
  }

  private async load(): Promise<void> {
    const { handle, summary } = this;
    if (!handle || !summary) {
      return;
    }
    const isFresh = (): boolean => handle === this.handle;
    const quietly = async <T>(allowed: boolean, work: () => Promise<T>, take: (value: T) => void): Promise<void> => {
      // Beside the members, what cannot be fetched now has no row.
      const got = allowed ? await this.fetched(work) : WAITING;
      if (got.kind === "got" && isFresh()) {
        take(got.value);
      }
    };
    const isGroup = summary.kind !== "direct";
    const all = summary.memberCount <= LISTED_MAX;
    await Promise.all([
      isGroup && this.may("list_members")
        ? this.fetched(() => (all ? handle.members() : handle.admins())).then((got) => isFresh() && (this.members = got))
        : null,
      quietly(summary.group.announcement > 0, () => handle.announcement(), (value) => (this.announced = value)),
      quietly(summary.member, () => handle.pinnedMessages(), (value) => (this.pinned = value.length)),
      quietly(this.may("decide_application"), () => handle.applications(), (value) => (this.applied = value)),
    ]);
  }

  private async go(view: View): Promise<void> {
    this.trail.push(this.view);
    this.view = view;
    await this.focusHead();
  }

  private readonly back = (): void => {
    if (this.person !== null) {
      this.close();
      return;
    }
    this.view = this.trail.pop() ?? "main";
    void this.focusHead();
  };

  /** Called for Escape: true where there was a page to go back from. */
  goBack(): boolean {
    if (this.view === "main") {
      return false;
    }
    this.back();
    return true;
  }

  private readonly close = (): void => void this.emit("stonechat-close", {});

  protected override render(): unknown {
    const { summary } = this;
    if (!summary) {
      return nothing;
    }
    this.read(minutes);
    if (summary.kind === "direct" && this.view === "main") {
      return html`${this.head(this.t("details.person"), { close: this.close })}
        <div class="scroller"><stonechat-profile .user=${summary.peer ?? ""} .chat=${this.conversation}></stonechat-profile>
          <div class="section">${this.pinnedRow()}${this.clearRow()}</div></div>`;
    }
    if (this.view === "main") {
      return this.main(summary);
    }
    return html`<div class="pane" @stonechat-changed=${this.onChanged}>${this.page()}</div>`;
  }

  private readonly onChanged = (): void => void this.load();

  private page(): TemplateResult {
    const { back } = this;
    const frame = (title: string, inner: unknown): TemplateResult => html`${this.head(title, { back, close: this.close })}<div class="scroller">${inner}</div>`;
    const of = this.conversation;
    switch (this.view) {
      case "members": return frame(this.t("details.members"), html`<div class="section">${this.addRow()}
        ${this.got(this.members, (members) => html`<stonechat-members .conversation=${of} .members=${members}
          @stonechat-open-person=${this.onPerson}></stonechat-members>`, this.onChanged)}</div>`);
      case "asking": return frame(this.t("asking.title"), html`<stonechat-asking .conversation=${of}></stonechat-asking>`);
      case "bans": return frame(this.t("bans.title"), html`<stonechat-bans .conversation=${of}></stonechat-bans>`);
      case "links": return frame(this.t("links.title"), html`<stonechat-links .conversation=${of} .linkBase=${this.linkBase}></stonechat-links>`);
      case "announcement": return frame(this.t("details.announcement"), html`<stonechat-announcement .conversation=${of}
        @stonechat-changed=${back}></stonechat-announcement>`);
      case "pinned": return frame(this.t("details.pinned"), html`<stonechat-pinned .conversation=${of}></stonechat-pinned>`);
      case "settings": return html`<stonechat-group-settings .conversation=${of} .linkBase=${this.linkBase} @stonechat-close=${this.onInnerClose}></stonechat-group-settings>`;
      default: return frame(this.t("profile.title"), html`<stonechat-profile .user=${this.view.slice("person:".length)}></stonechat-profile>`);
    }
  }

  private readonly onInnerClose = (event: Event): void => {
    event.stopPropagation();
    this.back();
  };

  /** Shows a member here, unless the page shows people elsewhere. */
  private readonly onPerson = (event: CustomEvent<{ user: string }>): void => {
    event.stopPropagation();
    void this.go(`person:${event.detail.user}`);
  };

  private main(summary: ConversationSummary): TemplateResult {
    const mayEdit = this.may("edit_info") || this.may("change_settings");
    const name = this.t(summary.kind === "channel" ? "details.channel" : "details.group");
    return html`${this.head(name, {
      close: this.close,
      actions: mayEdit ? html`<button type="button" class="icon-button" aria-label=${this.t(this.isChannel ? "details.settings_channel" : "details.settings")}
        @click=${this.openSettings}>${icon("edit")}</button>` : nothing,
    })}
    <div class="scroller" @stonechat-changed=${this.onChanged}>
      ${this.identity(summary)}
      ${summary.group.dissolved ? html`<p class="note" role="status">${this.t("details.closed")}</p>`
        : summary.member ? nothing : this.outside(summary)}
      ${this.notices(summary)}
      ${summary.member ? this.memberSection(summary) : nothing}
      ${this.lastSection(summary)}
    </div>`;
  }

  /** What somebody may do who is in no more: by the settings that he knew. */
  private outside(summary: ConversationSummary): TemplateResult {
    const { join } = summary.group.settings;
    const asking = this.read(this.account!.asking).get(this.conversation);
    return html`<p class="note" role="status">${this.t("details.not_member")}</p>
      ${asking?.state === "applied" ? html`<p class="note">${this.t("details.applied")}</p>`
        : join === "open" || asking?.state === "invited" ? html`<div class="section">${this.row({ label: this.t("details.join"), symbol: "personAdd", open: () => void this.act("join", () => this.handle!.join()) })}</div>`
        : join === "approval" ? html`<div class="section">${this.row({ label: this.t("details.apply"), symbol: "personAdd", open: () => void this.askToJoin() })}</div>` : nothing}`;
  }

  private async askToJoin(): Promise<void> {
    const { t } = this.locale;
    const answer = await prompt(this, {
      title: t("details.apply"),
      fields: [{ kind: "text", name: "message", label: t("details.apply_message"), most: NOTE_BYTES_MAX }],
      yes: t("details.apply"),
      no: t("common.cancel"),
    });
    if (answer) {
      await this.act("apply", () => this.handle!.apply(answer.message ?? ""));
    }
  }

  private async clear(): Promise<void> {
    const { t } = this.locale;
    const yes = await ask(this, { title: t("details.clear_ask"), text: t("details.clear_text"), yes: t("details.clear_do"), no: t("row.keep"), danger: true });
    if (yes) {
      await this.act("clear", () => this.handle!.clearHistory());
    }
  }

  private clearRow(): TemplateResult {
    return this.row({ label: this.t("details.clear"), symbol: "trash", danger: true, open: () => void this.clear() });
  }

  private identity(summary: ConversationSummary): TemplateResult {
    return html`<div class="identity" part="identity">
      ${this.avatarOfConversation(summary)}
      <h3 dir="auto" aria-level=${this.alone ? 2 : nothing}>${this.titleOf(summary)}</h3>
      <p dir="auto">${this.countText(summary)}</p>
      ${summary.group.description ? html`<p class="about" dir="auto">${summary.group.description}</p>` : nothing}
      ${summary.member ? html`<div class="identity-actions">${this.muteTile(summary)}
        ${this.tile("search", this.t("details.search"), () => this.emit("stonechat-search", { conversation: this.conversation }))}
        ${this.may("add_member") ? this.tile("personAdd", this.t("details.add"), () => void this.add()) : nothing}</div>` : nothing}
    </div>`;
  }

  /** "14 members, 6 online", where all of them are known. */
  private countText(summary: ConversationSummary): string {
    const members = this.members.kind === "got" && summary.kind === "group" ? this.members.value : [];
    const isHere = (user: string): boolean => user === this.account?.user || this.presenceOf(user)?.availability === "online";
    const online = members.filter(({ user }) => isHere(user)).length;
    return online > 0 && members.length === summary.memberCount
      ? this.t("people.members_online", { n: summary.memberCount, online })
      : this.memberCountText(summary);
  }

  private tile(symbol: IconName, label: string, run: () => void, menu = false): TemplateResult {
    return html`<button type="button" class="tile-button" aria-haspopup=${menu ? "dialog" : nothing} @click=${run}>${icon(symbol)}<span>${label}</span></button>`;
  }

  private muteTile(summary: ConversationSummary): TemplateResult {
    const isMuted = summary.preferences.mutedUntil > clock.now();
    return this.tile(isMuted ? "bellOff" : "bell", this.t(isMuted ? "details.unmute" : "details.mute"), () => {
      if (isMuted) {
        void this.act("mute", () => this.handle!.muteUntil(0));
      } else {
        askMute(this, this.handle!, this.titleOf(summary));
      }
    }, !isMuted);
  }

  private notices(summary: ConversationSummary): TemplateResult | typeof nothing {
    const rows = [
      this.announced
        ? this.row({ label: this.t("details.announcement"), hint: this.announced.text.split("\n", 1)[0], symbol: "megaphone", value: icon("next", "s"), open: () => void this.go("announcement") })
        : this.may("announce")
          ? this.row({ label: this.t("details.announce"), symbol: "megaphone", open: () => void announceFrom(this, "") })
          : nothing,
      this.pinnedRow(),
      summary.preferences.mutedUntil > clock.now() ? this.mutedRow(summary) : nothing,
    ].filter((row) => row !== nothing);
    return rows.length > 0 ? html`<div class="section">${rows}</div>` : nothing;
  }

  private mutedRow(summary: ConversationSummary): TemplateResult {
    const until = summary.preferences.mutedUntil;
    const says = until >= FOREVER ? this.t("details.notify_never") : this.t("details.notify_off", { time: moment(until, clock.now(), this.locale) });
    return html`<div class="setting">${icon("bellOff")}<span class="label">${says}</span></div>`;
  }

  private pinnedRow(): TemplateResult | typeof nothing {
    return this.pinned > 0
      ? this.row({ label: this.t("details.pinned"), symbol: "pin", value: this.locale.number(this.pinned), open: () => void this.go("pinned") })
      : nothing;
  }

  async announceText(text: string): Promise<void> {
    await this.act("announce", () => this.handle!.announce(text));
    await this.load();
  }

  private memberSection(summary: ConversationSummary): TemplateResult {
    const { applied } = this;
    const first = applied[0];
    const asking = first ? this.row({
      label: this.t("details.asking"),
      hint: this.t("details.asking_who", { n: applied.length, name: first.displayName || first.user, rest: applied.length - 1 }),
      symbol: "people", value: badge(applied.length, this.locale), open: () => void this.go("asking"),
    }) : nothing;
    const isListed = this.may("list_members");
    const shown = isListed && summary.memberCount <= LISTED_MAX ? summary.memberCount : this.members.kind === "got" ? this.members.value.length : 0;
    return html`<div class="section">
      ${asking}
      ${isListed ? html`<div class="section-title"><h3>${this.t(summary.memberCount > LISTED_MAX ? "details.admins" : "details.members")}</h3>
        ${shown > FEW ? html`<button type="button" class="link-button" @click=${() => void this.go("members")}>${this.t("details.see_all", { n: shown })}</button>` : nothing}</div>
        ${this.got(this.members, (members) => html`<stonechat-members .conversation=${this.conversation} .members=${members} .most=${FEW}
          @stonechat-open-person=${this.onPerson}></stonechat-members>`, this.onChanged)}`
      : html`<p class="note">${this.t("details.hidden")}</p>`}
    </div>`;
  }

  private addRow(): TemplateResult | typeof nothing {
    return this.may("add_member") ? this.row({ label: this.t("member.add_title"), symbol: "personAdd", open: () => void this.add() }) : nothing;
  }

  private lastSection(summary: ConversationSummary): TemplateResult {
    const { t } = this.locale;
    const admin = this.may("change_settings") || this.may("edit_info");
    return html`<div class="section">
      ${this.may("set_nickname") ? this.row({ label: t("details.nickname"), symbol: "person", value: html`<bdi class="clip">${summary.group.nickname || t("details.nickname_none")}</bdi>`, open: () => void this.callMe(summary) }) : nothing}
      ${this.may("make_link") ? this.row({ label: t("links.title"), symbol: "link", value: icon("next", "s"), open: () => void this.go("links") }) : nothing}
      ${this.may("list_bans") ? this.row({ label: t("bans.title"), symbol: "shield", value: icon("next", "s"), open: () => void this.go("bans") }) : nothing}
      ${admin ? this.row({ label: t(this.isChannel ? "details.settings_channel" : "details.settings"), symbol: "sliders", value: icon("next", "s"), open: this.openSettings }) : nothing}
      ${this.clearRow()}
      ${this.may("leave") ? this.row({ label: t(this.isChannel ? "details.leave_channel" : "details.leave_group"), symbol: "signOut", danger: true, open: () => void this.leave(summary) }) : nothing}
    </div>`;
  }

  private readonly openSettings = (): void => {
    if (this.emit("stonechat-open-group-settings", { conversation: this.conversation })) {
      void this.go("settings");
    }
  };

  private async callMe(summary: ConversationSummary): Promise<void> {
    const { t } = this.locale;
    const answer = await prompt(this, {
      title: t("nickname.title"),
      fields: [{ kind: "text", name: "name", label: t("nickname.label"), hint: t("nickname.hint"), value: summary.group.nickname, most: NICKNAME_BYTES_MAX }],
      yes: t("common.save"),
      no: t("common.cancel"),
    });
    if (answer) {
      await this.act("nickname", () => this.handle!.setNickname(answer.name ?? ""));
      await this.load();
    }
  }

  private async add(): Promise<void> {
    const { t } = this.locale;
    const inside = this.members.kind === "got" ? this.members.value.map((member) => member.user) : [];
    const answer = await pickPeople(this, {
      title: t("member.add_title"),
      exclude: new Set(inside),
      acts: [
        { name: "ask", label: () => t("member.add_ask"), primary: false },
        { name: "add", label: (n) => t("member.add_do", { n }), primary: true },
      ],
    });
    const { handle } = this;
    if (!answer || !handle) {
      return;
    }
    const { users } = answer;
    if (answer.act === "add") {
      await this.act("add", () => handle.addMembers(users));
    } else {
      await this.act("ask", () => Promise.all(users.map((user) => handle.invite(user))), "member.asked", { n: users.length });
    }
    await this.load();
  }

  private async leave(summary: ConversationSummary): Promise<void> {
    const { handle } = this;
    const title = this.titleOf(summary);
    const leave = handle && (await this.tried(() => askToLeave(this, handle, summary, title)));
    if (leave && (await this.act("leave", leave))) {
      this.close();
    }
  }

  /** What is asked may need the server; where it cannot be reached, that is said. */
  private async tried<T>(work: () => Promise<T>): Promise<T | null> {
    let value: T | null = null;
    await this.act("ask", async () => (value = await work()));
    return value;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "stonechat-details": StonechatDetails;
  }
}

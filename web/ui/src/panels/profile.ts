/** `<stonechat-profile>`: who somebody is, and what one is to him. */

import { css, html, nothing, type CSSResultGroup, type TemplateResult } from "lit";
import { FOR_GOOD, type ConversationId, type ConversationSummary, type Relation, type UserId, type UserProfile } from "@stonechat/sdk";
import { customElement, property, state } from "../base/decorators.ts";
import { ask } from "../base/dialog.ts";
import { icon } from "../base/icons.ts";
import { openMenu, type MenuItem } from "../base/menu.ts";
import { clock, minutes, moment } from "../base/time.ts";
import { WatchController } from "../base/watching.ts";
import { Panel, WAITING, type Fetched } from "./panel.ts";
import { prompt } from "./prompt.ts";
import { sharedGroups } from "./shared-groups.ts";

const NAME_BYTES_MAX = 256;
const NOTE_BYTES_MAX = 256;
const TAGS_BYTES_MAX = 1024;

/**
 * @fires stonechat-open - to write to him, or a group that both are in
 * @fires stonechat-open-settings - to edit one's own
 * @csspart identity
 */
@customElement("stonechat-profile")
export class StonechatProfile extends Panel {
  static override styles: CSSResultGroup = [Panel.styles, css`
    :host { display: block; background: none; }
    .identity stonechat-avatar { --size: 88px; }
    .identity .status { color: var(--stonechat-color-text); margin-block-start: 8px; }
    .note.ask { display: grid; gap: 8px; padding: 0 20px 16px; text-align: center; }
    .note.ask .buttons { justify-content: center; }
    .tags { display: inline-flex; flex-wrap: wrap; justify-content: flex-end; gap: 4px; }
    .groups { padding-inline-start: 32px; }
    .member stonechat-avatar { --size: 28px; }
    .groups .member { min-height: 40px; }
  `];

  /** The id of somebody. */
  @property() user: UserId = "";
  /** The conversation beside which it stands: writing to him is what one does there already. */
  @property() chat: ConversationId = "";

  @state() private profile: Fetched<UserProfile | null> = WAITING;
  @state() private groups: Fetched<readonly ConversationSummary[]> = WAITING;
  @state() private showsGroups = false;
  private readonly watching = new WatchController(this);
  private of = "";
  private ofAccount: unknown = null;

  protected override willUpdate(changed: Map<PropertyKey, unknown>): void {
    super.willUpdate(changed);
    if (this.user !== this.of || this.account !== this.ofAccount) {
      this.of = this.user;
      this.ofAccount = this.account;
      this.profile = this.groups = WAITING;
      this.showsGroups = false;
      void this.load();
    }
  }

  private async load(): Promise<void> {
    const { account, user } = this;
    if (!account || !user) {
      return;
    }
    const isFresh = (): boolean => account === this.account && user === this.user;
    await Promise.all([
      this.fetched(async () => (await account.users([user]))[0] ?? null).then((got) => isFresh() && (this.profile = got)),
      user === account.user ? null
        : this.fetched(() => sharedGroups(account, user, clock.now())).then((got) => isFresh() && (this.groups = got)),
    ]);
  }

  private get relation(): Relation | null {
    const account = this.account;
    return account ? this.read(account.relations).get(this.user) ?? null : null;
  }

  private get known(): UserProfile | null {
    return this.profile.kind === "got" ? this.profile.value : null;
  }

  /** What he calls himself, also where the user calls him something else. */
  private get ownName(): string {
    return this.known?.displayName || this.nameOf(this.user);
  }

  private get called(): string {
    return this.relation?.alias || this.ownName;
  }

  protected override render(): unknown {
    const account = this.account;
    if (!account || !this.user) {
      return nothing;
    }
    this.read(minutes);
    this.watching.watch([this.user]);
    const own = this.user === account.user;
    const { relation } = this;
    return html`${this.identity(own, relation)}
      ${own ? nothing : html`${this.asking(relation)}${this.rows(relation)}`}`;
  }

  private identity(own: boolean, relation: Relation | null): TemplateResult {
    const presence = own ? null : this.presenceOf(this.user);
    const status = own ? this.read(this.account!.presenceSettings)?.status ?? null : presence?.status ?? null;
    const holds = status && (status.until === 0 || status.until > clock.now());
    const username = this.known?.username ?? null;
    const line = [
      relation?.alias ? this.ownName : "",
      username ? `@${username}` : "",
      own ? this.t("profile.you") : this.presenceText(presence),
    ].filter(Boolean);
    return html`<div class="identity" part="identity">
      <stonechat-avatar .seed=${this.user} .name=${this.called} .src=${this.known?.avatar ?? ""} .presence=${presence?.availability ?? null}></stonechat-avatar>
      <h3 dir="auto">${this.called}</h3>
      ${line.length ? html`<p>${line.map((part, at) => html`${at ? " · " : ""}<bdi>${part}</bdi>`)}</p>` : nothing}
      ${holds ? html`<p class="status" dir="auto">${[status.emoji, status.text && `“${status.text}”`].filter(Boolean).join(" ")}</p>` : nothing}
      ${this.profile.kind === "got" && this.profile.value === null ? html`<p>${this.t("profile.gone")}</p>` : nothing}
      <div class="identity-actions">${own ? this.ownActions() : this.actions(relation)}</div>
    </div>`;
  }

  private ownActions(): TemplateResult {
    return html`<button type="button" class="button secondary" @click=${() => this.emit("stonechat-open-settings", { section: "profile" })}>${icon("edit", "s")}${this.t("profile.edit")}</button>`;
  }

  private actions(relation: Relation | null): TemplateResult {
    const more = this.menu(relation);
    return html`
      ${this.chat === "" ? html`<button type="button" class="button primary"
        @click=${() => this.emit("stonechat-open", { conversation: this.account!.conversationWith(this.user).id })}>${icon("chat", "s")}${this.t("profile.message")}</button>` : nothing}
      <button type="button" class="button secondary" @click=${() => void this.changeAlias()}>${icon("edit", "s")}${this.t("profile.alias")}</button>
      ${more.length ? html`<button type="button" class="button secondary" aria-haspopup="menu" aria-label=${this.t("common.more")}
        @click=${(event: Event) => openMenu(this, { items: more, at: event.currentTarget as Element, label: this.t("common.more") })}>${icon("more", "s")}</button>` : nothing}`;
  }

  private menu(relation: Relation | null): readonly MenuItem[] {
    const items: MenuItem[] = [];
    const isBlocked = Boolean(relation?.blocksSince);
    if (relation?.contactsSince) {
      items.push({ label: this.t("profile.remove"), icon: "person", danger: true, run: () => void this.removeContact() });
    } else if (!isBlocked && !relation?.incoming && !relation?.outgoing) {
      items.push({ label: this.t("profile.add"), icon: "personAdd", run: () => void this.request() });
    }
    return items;
  }

  /** A request between the two, with its answers in place. */
  private asking(relation: Relation | null): TemplateResult | typeof nothing {
    const account = this.account!;
    const name = this.called;
    if (relation?.blocksSince) {
      return html`<div class="note ask" role="status">${this.t("profile.you_blocked", { name })}</div>`;
    }
    if (relation?.incoming) {
      const { message, answer } = relation.incoming;
      return html`<div class="note ask">
        <span>${this.t("profile.asks_you", { name })}</span>
        ${answer ? html`<span dir="auto">${this.t("contacts.answered", { answer })}</span>` : nothing}
        ${message ? html`<span dir="auto">${this.t("contacts.said", { message })}</span>` : nothing}
        <div class="buttons">
          <button type="button" class="button soft small" @click=${() => void this.act("accept", () => account.acceptContact(this.user))}>${this.t("profile.accept")}</button>
          <button type="button" class="button secondary small" @click=${() => void this.act("decline", () => account.declineContact(this.user))}>${this.t("profile.decline")}</button>
        </div></div>`;
    }
    if (relation?.outgoing) {
      return html`<div class="note ask"><span>${this.t("profile.requested")}</span><div class="buttons">
        <button type="button" class="button secondary small" @click=${() => void this.act("withdraw", () => account.withdrawRequest(this.user))}>${this.t("profile.withdraw")}</button>
      </div></div>`;
    }
    return nothing;
  }

  private rows(relation: Relation | null): TemplateResult {
    const tags = relation?.tags ?? [];
    return html`<div class="section">
      ${this.groupRows()}
      ${this.row({
        label: this.t("profile.tags"), symbol: "tag", open: () => void this.changeTags(),
        value: tags.length ? html`<span class="tags">${tags.map((tag) => html`<span class="tag" dir="auto">${tag}</span>`)}</span>` : this.t("profile.tags_none"),
      })}
      ${this.muteRow()}
      ${relation?.blocksSince
        ? this.row({ label: this.t("profile.unblock"), symbol: "shield", open: () => void this.act("unblock", () => this.account!.unblock(this.user)) })
        : this.row({ label: this.t("profile.block"), hint: this.t("profile.block_hint", { name: this.called }), symbol: "shield", value: icon("next", "s"), open: () => void this.block() })}
    </div>`;
  }

  private groupRows(): unknown {
    if (this.groups.kind !== "got") {
      return nothing;
    }
    const groups = this.groups.value;
    if (groups.length === 0) {
      return html`<div class="setting">${icon("people")}<span class="label">${this.t("profile.no_groups")}</span></div>`;
    }
    return html`<button type="button" class="setting" aria-expanded=${this.showsGroups} @click=${() => (this.showsGroups = !this.showsGroups)}>
      ${icon("people")}<span class="label">${this.t("profile.groups", { n: groups.length })}
        ${this.showsGroups ? nothing : html`<span class="hint one" dir="auto">${groups.map((group) => group.title).join(", ")}</span>`}</span>
      <span class="value">${icon(this.showsGroups ? "down" : "next", "s")}</span></button>
      ${this.showsGroups ? html`<ul role="list" class="groups">${groups.map((group) => html`<li>
        <button type="button" class="member" @click=${() => this.emit("stonechat-open", { conversation: group.id })}>
          ${this.avatarOfConversation(group)}<span><span class="name"><bdi class="clip">${group.title}</bdi></span></span></button></li>`)}</ul>` : nothing}`;
  }

  /** The direct conversation with him, where there is one. */
  private muteRow(): unknown {
    const account = this.account!;
    const handle = account.conversationWith(this.user);
    const summary = this.read(handle.summary);
    if (!summary) {
      return nothing;
    }
    const now = clock.now();
    const until = summary.preferences.mutedUntil;
    return this.toggle({
      label: this.t(until > now ? "profile.muted" : "profile.mute"),
      ...(until > now && until < FOR_GOOD ? { hint: this.t("mute.until", { time: moment(until, now, this.locale) }) } : {}),
      symbol: until > now ? "bellOff" : "bell",
      on: until > now,
      set: (on) => void this.act("mute", () => handle.muteUntil(on ? FOR_GOOD : 0)),
    });
  }

  /** What is noted of him, with one thing changed. */
  private annotate(change: { alias?: string; tags?: readonly string[] }): Promise<void> {
    const before = this.relation;
    return this.account!.annotate(this.user, { alias: before?.alias ?? "", tags: before?.tags ?? [], extension: before?.extension ?? {}, ...change });
  }

  private async changeAlias(): Promise<void> {
    const { t } = this.locale;
    const answer = await prompt(this, {
      title: t("profile.alias_title", { name: this.ownName }),
      fields: [{ kind: "text", name: "alias", label: t("profile.alias"), hint: t("profile.alias_hint"), value: this.relation?.alias ?? "", most: NAME_BYTES_MAX }],
      yes: t("common.save"),
      no: t("common.cancel"),
    });
    if (answer) {
      await this.act("alias", () => this.annotate({ alias: answer.alias ?? "" }));
    }
  }

  private async changeTags(): Promise<void> {
    const { t } = this.locale;
    const answer = await prompt(this, {
      title: t("profile.tags_title", { name: this.called }),
      fields: [{ kind: "text", name: "tags", label: t("profile.tags"), hint: t("profile.tags_hint"), value: (this.relation?.tags ?? []).join(", "), most: TAGS_BYTES_MAX }],
      yes: t("common.save"),
      no: t("common.cancel"),
    });
    if (answer) {
      const tags = [...new Set((answer.tags ?? "").split(/[,，、;]/).map((tag) => tag.trim()).filter(Boolean))];
      await this.act("tags", () => this.annotate({ tags }));
    }
  }

  private async block(): Promise<void> {
    const { t } = this.locale;
    const name = this.called;
    const yes = await ask(this, { title: t("profile.block_ask", { name }), text: t("profile.block_text", { name }), yes: t("profile.block"), no: t("profile.block_keep"), danger: true });
    if (yes) {
      await this.act("block", () => this.account!.block(this.user));
    }
  }

  private async removeContact(): Promise<void> {
    const { t } = this.locale;
    const name = this.called;
    const yes = await ask(this, { title: t("profile.remove_ask", { name }), text: t("profile.remove_text"), yes: t("profile.remove_do"), no: t("profile.remove_keep"), danger: true });
    if (yes) {
      await this.act("remove", () => this.account!.removeContact(this.user), "profile.removed", { name });
    }
  }

  /** Asks to become contacts; where he has a question, with its answer. */
  private async request(): Promise<void> {
    const { t } = this.locale;
    const name = this.called;
    const question = this.known?.question ?? "";
    const answer = await prompt(this, {
      title: t("profile.request_title", { name }),
      ...(question ? { text: t("profile.request_question", { name, question }) } : {}),
      fields: [
        ...(question ? [{ kind: "text", name: "answer", label: t("profile.request_answer"), required: true, most: NOTE_BYTES_MAX } as const] : []),
        { kind: "text", name: "message", label: t("profile.request_message"), most: NOTE_BYTES_MAX },
      ],
      yes: t("profile.request_do"),
      no: t("common.cancel"),
    });
    if (answer) {
      await this.act("request", () => this.account!.requestContact(this.user, answer.message ?? "", answer.answer));
    }
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "stonechat-profile": StonechatProfile;
  }
}

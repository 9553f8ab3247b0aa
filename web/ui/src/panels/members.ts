/** `<stonechat-members>`: who is in a group, and what one's role may do about it. */

import { css, html, nothing, type CSSResultGroup, type PropertyValues, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import type { Member, Presence, UserId } from "@stonechat/sdk";
import { customElement, property, state } from "../base/decorators.ts";
import { fold } from "../base/fold.ts";
import { icon } from "../base/icons.ts";
import { openMenu, type MenuItem } from "../base/menu.ts";
import { clock, minutes, moment } from "../base/time.ts";
import { WatchController } from "../base/watching.ts";
import { ConversationPanel } from "./conversation-panel.ts";
import type { Key } from "../i18n/index.ts";
import { banMember, muteMember, removeMember, type ActsOnMember } from "./member-acts.ts";
import { Panel } from "./panel.ts";
import { may, mayTo } from "./rights.ts";
import { memberRows } from "./styles.ts";

/** Above this many there is a search. */
const SEARCH_ABOVE = 20;
/** Rows drawn at first, and more whenever the end comes near. */
const ROWS = 80;
const FOREVER = Number.MAX_SAFE_INTEGER;
const ROLE_ORDER = { owner: 0, admin: 1, member: 2, none: 3 } as const;

/**
 * @fires stonechat-changed - somebody was added, removed, or is something else now
 * @fires stonechat-open - to write to somebody
 * @fires stonechat-open-person - to see who somebody is
 * @csspart member - one row
 */
@customElement("stonechat-members")
export class StonechatMembers extends ConversationPanel implements ActsOnMember {
  static override styles: CSSResultGroup = [Panel.styles, memberRows, css`
    :host { display: block; background: none; }
    .search { margin: 4px 8px 8px; }
  `];

  /** As the server told them. */
  @property({ attribute: false }) members: readonly Member[] = [];
  /** Only so many, without a search: the beginning of a list. 0 for all. */
  @property({ type: Number }) most = 0;

  @state() private query = "";
  @state() private drawn = ROWS;
  private order: readonly Member[] = [];
  private orderOf: unknown = null;
  private readonly watching = new WatchController(this);
  private readonly seen = typeof IntersectionObserver === "undefined" ? null
    : new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && (this.drawn += ROWS), { rootMargin: "400px" });

  protected override willUpdate(changed: PropertyValues<this>): void {
    super.willUpdate(changed as Map<PropertyKey, unknown>);
    // Rows stay where they are while presence comes and goes: it orders them when the list is new, and once more when
    // the first of it is known.
    const known = this.account ? this.read(this.account.presences).size > 0 : false;
    const key = known ? this.members : null;
    if (changed.has("members") || (key !== null && this.orderOf !== key)) {
      this.order = this.sorted();
      this.orderOf = key;
    }
  }

  protected override updated(): void {
    this.seen?.disconnect();
    const end = this.renderRoot.querySelector(".end");
    if (end) {
      this.seen?.observe(end);
    }
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.seen?.disconnect();
  }

  /** Owners, admins, those who are there, others; by name. */
  private sorted(): readonly Member[] {
    const names = new Intl.Collator(this.locale.tag, { numeric: true });
    const rank = (member: Member): number =>
      ROLE_ORDER[member.role] * 2 + (this.presenceOfMember(member.user)?.availability === "online" ? 0 : 1);
    return this.members.toSorted((a, b) => rank(a) - rank(b) || names.compare(this.called(a), this.called(b)));
  }

  private presenceOfMember(user: UserId): Presence | null {
    const own = user === this.account?.user;
    return own ? { user, availability: "online", platforms: [], lastSeen: 0, status: null } : this.presenceOf(user);
  }

  private called(member: Member): string {
    const alias = this.account?.relations.get().get(member.user)?.alias;
    return alias || member.nickname || member.displayName || member.user;
  }

  protected override render(): TemplateResult {
    this.read(minutes);
    const wanted = fold(this.query.trim());
    const hits = wanted === "" ? this.order
      : this.order.filter((it) => [this.called(it), it.displayName, it.user].some((name) => fold(name).includes(wanted)));
    const rows = hits.slice(0, this.most || this.drawn);
    this.watching.watch(rows.map((member) => member.user));
    const isSearched = this.most === 0 && this.members.length > SEARCH_ABOVE;
    return html`
      ${isSearched ? html`<div class="search">${icon("search", "s")}
        <input type="search" dir="auto" aria-label=${this.t("member.search")} placeholder=${this.t("member.search")} .value=${this.query}
          @input=${(event: Event) => (this.query = (event.target as HTMLInputElement).value)} /></div>` : nothing}
      ${hits.length === 0 && wanted !== "" ? html`<p class="note" role="status">${this.t("member.none", { text: this.query.trim() })}</p>` : nothing}
      <ul role="list">${repeat(rows, (member) => member.user, (member) => this.memberRow(member))}</ul>
      ${!this.most && hits.length > rows.length ? html`<div class="end"></div>` : nothing}`;
  }

  private memberRow(member: Member): TemplateResult {
    const presence = this.presenceOfMember(member.user);
    const own = member.user === this.account?.user;
    const now = clock.now();
    const isMuted = member.mutedUntil > now;
    const says = isMuted ? this.mutedText(member, now) : this.presenceText(presence);
    const role = member.role === "owner" || member.role === "admin" ? member.role : null;
    const items = this.menuOf(member, own);
    const open = (at: Element | { x: number; y: number }): void => {
      openMenu(this, { items, at, label: this.t("member.menu", { name: this.called(member) }) });
    };
    return html`<li class="member-row" @contextmenu=${(event: MouseEvent) => items.length && (event.preventDefault(), open({ x: event.clientX, y: event.clientY }))}>
      <button type="button" class="member" part="member" @click=${() => this.emit("stonechat-open-person", { user: member.user })}>
        ${this.avatarOf(member.user, presence?.availability ?? null)}
        <span><span class="name"><bdi class="clip">${this.called(member)}</bdi>${own ? html`<span class="you">${this.t("member.you")}</span>` : nothing}
          ${isMuted ? html`<span class="muted">${icon("bellOff", "xs")}</span>` : nothing}</span>
          ${says ? html`<span class="sub clip">${says}</span>` : nothing}</span>
        ${role ? html`<span class="tag">${this.t(`member.${role}`)}</span>` : html`<span></span>`}
      </button>
      ${items.length > 0 ? html`<button type="button" class="icon-button" aria-haspopup="menu" aria-label=${this.t("member.menu", { name: this.called(member) })}
        @click=${(event: Event) => open(event.currentTarget as Element)}>${icon("more")}</button>` : nothing}
    </li>`;
  }

  private mutedText(member: Member, now: number): string {
    return member.mutedUntil >= FOREVER ? this.t("member.muted") : this.t("member.muted_until", { time: moment(member.mutedUntil, now, this.locale) });
  }

  /** What is not allowed is not in it. */
  private menuOf(member: Member, own: boolean): readonly (MenuItem | null)[] {
    const summary = this.summary;
    const { handle, account } = this;
    if (!summary || !handle || !account || own) {
      return [];
    }
    const name = this.called(member);
    const now = clock.now();
    const [items, last]: [MenuItem[], MenuItem[]] = [[], []];
    items.push({ label: this.t("member.message"), icon: "chat", run: () => this.emit("stonechat-open", { conversation: account.conversationWith(member.user).id }) });
    if (may(summary, "set_role", now)) {
      if (member.role === "member") {
        items.push({ label: this.t("member.make_admin"), icon: "shield", run: () => this.change(() => handle.setRole(member.user, "admin"), "member.is_admin", name) });
      }
      if (member.role === "admin") {
        items.push({ label: this.t("member.make_owner"), icon: "crown", run: () => this.change(() => handle.setRole(member.user, "owner"), "member.is_owner", name) });
        items.push({ label: this.t("member.make_member"), icon: "person", run: () => this.change(() => handle.setRole(member.user, "member"), "member.is_member", name) });
      }
    }
    if (mayTo(summary, "mute", member.role, now)) {
      const isMuted = member.mutedUntil > now;
      items.push(isMuted
        ? { label: this.t("member.unmute"), icon: "bell", run: () => this.change(() => handle.unmute(member.user)) }
        : { label: this.t("member.mute"), icon: "bellOff", run: () => void muteMember(this, handle, member.user, name) });
    }
    if (mayTo(summary, "remove", member.role, now)) {
      last.push({ label: this.t("member.remove"), icon: "close", danger: true, run: () => void removeMember(this, handle, member.user, name) });
    }
    if (mayTo(summary, "ban", member.role, now)) {
      last.push({ label: this.t("member.ban"), icon: "shield", danger: true, run: () => void banMember(this, handle, member.user, name) });
    }
    return last.length > 0 ? [...items, null, ...last] : items;
  }

  /** Does it, and has the list fetched again. Roles are said: where the menu was, its button hides them. */
  async change(work: () => Promise<unknown>, done?: Key, name = ""): Promise<void> {
    if (await this.act("member", work, done, { name })) {
      this.dispatchEvent(new CustomEvent("stonechat-changed", { bubbles: true, composed: true }));
    }
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "stonechat-members": StonechatMembers;
  }
}

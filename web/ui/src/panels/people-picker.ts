/**
 * `<stonechat-people-picker>`: finds people by name, or by a whole username who is no contact yet. One, or several as chips.
 */

import { css, html, nothing, type CSSResultGroup, type PropertyValues, type TemplateResult } from "lit";
import type { ConversationList, UserId, UserProfile } from "@stonechat/sdk";
import { customElement, property, query, state } from "../base/decorators.ts";
import { isComposing } from "../base/focus.ts";
import { fold } from "../base/fold.ts";
import { icon } from "../base/icons.ts";
import { WatchController } from "../base/watching.ts";
import { findPerson } from "../contacts/find.ts";
import { Panel } from "./panel.ts";
import "../loaded.ts";

/** Rows that are drawn: whoever is further down is found by name. */
const ROWS_MAX = 60;
/** A username, or an id, is asked for when typing rests. */
const REST_MS = 300;

/**
 * @fires stonechat-picked - one was chosen: `detail.user`. With `multiple`, the choice changed: `detail.users`
 * @csspart person - one row
 */
@customElement("stonechat-people-picker")
export class StonechatPeoplePicker extends Panel {
  static override styles: CSSResultGroup = [Panel.styles, css`
    :host { background: none; flex: 1; min-height: 0; }
    .top { padding: 4px 16px 8px; display: grid; gap: 8px; }
    .chips { display: flex; flex-wrap: wrap; gap: 6px; }
    .chip { display: inline-flex; align-items: center; gap: 6px; max-width: 100%; min-height: 30px; padding: 2px 10px 2px 4px; border-radius: 15px; background: var(--stonechat-color-sunken); font-size: var(--stonechat-font-size-small); line-height: 1.125rem; }
    .chip:dir(rtl) { padding: 2px 4px 2px 10px; }
    .chip stonechat-avatar { --size: 22px; }
    .chip:hover { background-image: linear-gradient(var(--stonechat-color-hover), var(--stonechat-color-hover)); }
    .scroller { padding: 0 8px 8px; }
    .member { cursor: pointer; }
    .member.active { background: var(--stonechat-color-hover); }
    .tick { display: grid; place-items: center; width: 20px; height: 20px; border-radius: 50%; box-shadow: inset 0 0 0 1.5px var(--stonechat-color-line-strong); }
    [aria-selected="true"] > .tick { background: var(--stonechat-color-accent); color: var(--stonechat-color-on-accent); box-shadow: none; }
  `];

  /** Who is not offered: who is in already. */
  @property({ attribute: false }) exclude: ReadonlySet<UserId> = new Set();
  @property({ type: Boolean }) multiple = false;
  /** Those chosen, with `multiple`. */
  @property({ attribute: false }) chosen: readonly UserId[] = [];

  @state() private typed = "";
  @state() private active = 0;
  @state() private found: UserProfile | null = null;
  @query("input") private input!: HTMLInputElement;
  private resting: ReturnType<typeof setTimeout> | undefined;
  private directs: ConversationList | null = null;
  private directsOf: unknown = null;
  private readonly watching = new WatchController(this);

  override focus(options?: FocusOptions): void {
    this.input?.focus(options);
  }

  protected override firstUpdated(): void {
    this.input.focus({ preventScroll: true });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.resting);
    this.directs?.close();
    this.directs = this.directsOf = null;
  }

  protected override willUpdate(): void {
    if (this.account !== this.directsOf) {
      this.directs?.close();
      this.directsOf = this.account;
      this.directs = this.account?.conversations({ kinds: ["direct"], archived: "any" }) ?? null;
    }
  }

  /** Contacts, and who one wrote with; by name. */
  private get known(): readonly UserId[] {
    const account = this.account;
    if (!account) {
      return [];
    }
    const users = new Set<UserId>();
    const relations = this.read(account.relations);
    for (const relation of relations.values()) {
      if (relation.contactsSince) {
        users.add(relation.user);
      }
    }
    for (const { peer } of this.directs ? this.read(this.directs.items) : []) {
      if (peer && peer !== account.user && !relations.get(peer)?.blocksSince) {
        users.add(peer);
      }
    }
    const names = new Intl.Collator(this.locale.tag, { numeric: true });
    return [...users].filter((user) => !this.exclude.has(user)).sort((a, b) => names.compare(this.nameOf(a), this.nameOf(b)));
  }

  /** With nothing typed those one knows; else also whoever this device has a name of, such as members of one's groups. */
  private get rows(): readonly UserId[] {
    const wanted = fold(this.typed.trim().replace(/^@/, ""));
    const fits = (user: UserId): boolean => [this.nameOf(user), user].some((name) => fold(name).includes(wanted));
    const known = this.known;
    const hits = wanted === "" ? known : known.filter(fits);
    const { found } = this;
    const isNew = found !== null && !this.exclude.has(found.id) && !hits.includes(found.id);
    const others = wanted === "" ? [] : this.strangers(new Set([...hits, ...(isNew ? [found.id] : [])])).filter(fits);
    return [...(isNew ? [found.id] : []), ...hits, ...others].slice(0, ROWS_MAX);
  }

  private strangers(shown: ReadonlySet<UserId>): UserId[] {
    const account = this.account!;
    const relations = this.read(account.relations);
    return [...this.read(account.names).keys()].filter(
      (user) => user !== account.user && !shown.has(user) && !this.exclude.has(user) && !relations.get(user)?.blocksSince);
  }

  private type(text: string): void {
    this.typed = text;
    this.active = 0;
    this.found = null;
    clearTimeout(this.resting);
    const name = text.trim();
    if (name.length > 1) {
      this.resting = setTimeout(() => void this.find(name), REST_MS);
    }
  }

  /** Offline nobody is found, and the list of known people says what it can. */
  private async find(name: string): Promise<void> {
    const found = this.account && (await findPerson(this.account, name).catch(() => null));
    if (found && this.typed.trim() === name && found.id !== this.account?.user) {
      this.found = found;
    }
  }

  private choose(user: UserId): void {
    if (!this.multiple) {
      this.dispatchEvent(new CustomEvent("stonechat-picked", { detail: { user } }));
      return;
    }
    this.chosen = this.chosen.includes(user) ? this.chosen.filter((it) => it !== user) : [...this.chosen, user];
    if (this.typed !== "") {
      this.input.value = "";
      this.type("");
    }
    this.dispatchEvent(new CustomEvent("stonechat-picked", { detail: { users: this.chosen } }));
  }

  private onKey(event: KeyboardEvent): void {
    if (isComposing(event)) {
      return;
    }
    const rows = this.rows;
    switch (event.key) {
      case "ArrowDown": this.active = Math.min(this.active + 1, rows.length - 1); break;
      case "ArrowUp": this.active = Math.max(this.active - 1, 0); break;
      case "Enter": {
        const user = rows[this.active];
        if (user) {
          this.choose(user);
        }
        break;
      }
      case "Backspace":
        if (this.input.value !== "" || this.chosen.length === 0) {
          return;
        }
        this.choose(this.chosen.at(-1)!);
        break;
      default: return;
    }
    event.preventDefault();
  }

  protected override updated(changed: PropertyValues<this>): void {
    if ((changed as Map<PropertyKey, unknown>).has("active")) {
      this.renderRoot.querySelector(".active")?.scrollIntoView({ block: "nearest" });
    }
  }

  protected override render(): TemplateResult {
    const rows = this.rows;
    this.watching.watch(rows);
    const label = this.t("new.search");
    return html`<div class="top">
        ${this.multiple && this.chosen.length > 0 ? html`<div class="chips" role="group" aria-label=${this.t("new.chosen", { n: this.chosen.length })}>
          ${this.chosen.map((user) => html`<button type="button" class="chip" @click=${() => this.choose(user)}>
            <span class="sr">${this.t("new.remove", { name: this.nameOf(user) })}</span><stonechat-avatar small .seed=${user} .name=${this.nameOf(user)} .src=${this.pictureOf(user)}></stonechat-avatar><bdi class="clip" aria-hidden="true">${this.nameOf(user)}</bdi>${icon("close", "xs")}</button>`)}
        </div>` : nothing}
        <div class="search">${icon("search", "s")}<input type="search" dir="auto" role="combobox" aria-expanded="true" aria-controls="people" aria-autocomplete="list"
          aria-activedescendant=${rows.length ? `person-${this.active}` : nothing} aria-label=${label} placeholder=${label} autocomplete="off"
          @input=${(event: Event) => this.type((event.target as HTMLInputElement).value)} @keydown=${this.onKey} /></div>
      </div>
      ${rows.length === 0 ? html`<p class="note" role="status">${this.typed.trim() ? this.t("new.nobody", { text: this.typed.trim() }) : ""} ${this.t("new.hint")}</p>` : nothing}
      <div class="scroller" id="people" role="listbox" aria-label=${this.t("new.who")} aria-multiselectable=${this.multiple} ?hidden=${rows.length === 0}>
        ${rows.map((user, at) => this.person(user, at))}
      </div>`;
  }

  private person(user: UserId, at: number): TemplateResult {
    const presence = this.presenceOf(user);
    const says = this.found?.id === user && this.found.username ? `@${this.found.username}` : this.presenceText(presence);
    const name = this.found?.id === user ? this.found.displayName || user : this.nameOf(user);
    const isChosen = this.chosen.includes(user);
    return html`<div class="member ${at === this.active ? "active" : ""}" id=${`person-${at}`} role="option" part="person"
      aria-selected=${this.multiple ? isChosen : at === this.active} @click=${() => this.choose(user)}>
      <stonechat-avatar .seed=${user} .name=${name} .src=${this.pictureOf(user)} .presence=${presence?.availability ?? null}></stonechat-avatar>
      <span><span class="name"><bdi class="clip">${name}</bdi></span>${says ? html`<span class="sub clip">${says}</span>` : nothing}</span>
      ${this.multiple ? html`<span class="tick" aria-hidden="true">${isChosen ? icon("check", "s") : nothing}</span>` : html`<span></span>`}
    </div>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "stonechat-people-picker": StonechatPeoplePicker;
  }
}

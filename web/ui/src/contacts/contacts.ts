/** `<stonechat-contacts>`: who asks to be one, and who is one, by initial. */

import type { Account, ContactRequest, Presence, Relation, UserId } from "@stonechat/sdk";
import { css, html, nothing, type CSSResultGroup, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { announce } from "../base/announcer.ts";
import "../base/avatar.ts";
import { customElement, property, state } from "../base/decorators.ts";
import { StonechatElement } from "../base/element.ts";
import { fold, hits } from "../base/fold.ts";
import { icon } from "../base/icons.ts";
import { displayName, sentence } from "../base/names.ts";
import { buttons, fields, members } from "../base/controls.ts";
import { badges, base, panes, scrollbars, surface } from "../base/styles.ts";
import { ago, clock, fullTime, lastSeen, minutes } from "../base/time.ts";
import { WatchController } from "../base/watching.ts";
import { byInitial } from "../list/alphabet.ts";
import { marks } from "../list/search.ts";
import { nameFits, type Reading } from "../list/find.ts";
import { reasonOf } from "../panels/reason.ts";
import "../loaded.ts";
import "../panels/invitations.ts";

interface Person {
  readonly user: UserId;
  readonly name: string;
}

/**
 * @csspart header
 * @csspart search
 * @fires stonechat-open-person - somebody was chosen
 */
@customElement("stonechat-contacts")
export class StonechatContacts extends StonechatElement {
  /** Whose card is open. */
  @property() current: UserId = "";

  @state() private text = "";
  @state() private reading: Reading | null = null;
  /** Answers that are on their way. */
  @state() private answering: ReadonlySet<UserId> = new Set();
  private readonly watch = new WatchController(this);

  static override styles: CSSResultGroup = [
    base, surface, buttons, fields, badges, panes, members, scrollbars,
    css`
      :host { display: flex; flex-direction: column; min-width: 0; min-height: 0; height: 100%; position: relative; background: var(--stonechat-color-surface); }
      .scroller { flex: 1; min-height: 0; padding: 0 var(--stonechat-space-2) var(--stonechat-space-2); }
      .rows-note { position: sticky; inset-block-start: 0; z-index: 1; background: var(--stonechat-color-surface); }
      .member { padding-inline: 12px; column-gap: 12px; }
      .member[aria-current] { background: var(--stonechat-color-selected); --ring: var(--stonechat-color-selected); }
      .member:focus-visible { outline-offset: -2px; }
      .request { grid-template-columns: auto minmax(0, 1fr); align-items: start; padding-block: 10px; }
      .request .said { display: block; font-size: var(--stonechat-font-size-small); line-height: 1.1875rem; color: var(--stonechat-color-text-muted); text-spacing-trim: trim-start; }
      .request .sub { flex: none; font-weight: var(--stonechat-weight-regular); margin-inline-start: auto; }
      .request .buttons { justify-content: flex-start; margin-block-start: 8px; }
      .who { position: relative; border-radius: 6px; min-width: 0; font-weight: inherit; display: flex; }
      @media (pointer: coarse) { .who::after { content: ""; position: absolute; inset: 50% 0 auto; height: 44px; transform: translateY(-50%); } }
      .note { padding: 24px 20px; font-size: var(--stonechat-font-size-small); line-height: var(--stonechat-line-small); color: var(--stonechat-color-text-muted); text-align: center; text-wrap: balance; }
      @media (max-width: 719px) { .scroller { padding-inline: 4px; } }
    `,
  ];

  override connectedCallback(): void {
    super.connectedCallback();
    void import("../list/pinyin.ts").then((reading) => (this.reading = reading));
  }

  protected override render(): TemplateResult {
    const account = this.account;
    return html`
      <div class="pane-header" part="header"><h1>${this.t("contacts.title")}</h1>
        <button type="button" class="icon-button" aria-label=${this.t("contacts.add")} @click=${this.add}>${icon("personAdd")}</button></div>
      <div class="list-tools"><label class="search" part="search">${icon("search", "s")}<span class="sr">${this.t("contacts.search")}</span>
        <input type="search" placeholder=${this.t("contacts.search")} autocomplete="off" spellcheck="false" .value=${this.text}
          @input=${(event: Event) => (this.text = (event.target as HTMLInputElement).value)} @keydown=${this.onSearchKey} />
        ${this.text ? html`<button type="button" class="clear" aria-label=${this.t("common.clear")} @click=${() => (this.text = "")}>${icon("close", "s")}</button>` : nothing}
      </label></div>
      ${account ? this.people(account) : nothing}`;
  }

  private people(account: Account): TemplateResult {
    this.read(minutes);
    this.read(account.names);
    const relations = [...this.read(account.relations).values()];
    const wanted = fold(this.text.trim());
    const fits = ({ user, name }: Person): boolean => {
      const username = this.profileOf(user)?.username;
      return wanted === "" || nameFits(name, wanted, this.reading) || (!!username && fold(username).startsWith(wanted.replace(/^@/, "")));
    };
    const named = (those: readonly Relation[]): Person[] => those.map(({ user }) => ({ user, name: displayName(account, user) })).filter(fits);
    const incoming = relations.filter(({ incoming, blocksSince }) => incoming && !blocksSince);
    const contacts = named(relations.filter(({ contactsSince, blocksSince, incoming }) => contactsSince > 0 && !blocksSince && !incoming));
    const outgoing = named(relations.filter(({ outgoing, contactsSince }) => outgoing && !contactsSince));
    const blocked = named(relations.filter(({ blocksSince }) => blocksSince > 0));
    this.watch.watch(contacts.map(({ user }) => user));
    const requests = incoming.filter(({ user }) => fits({ user, name: displayName(account, user) }));
    const groups = byInitial(contacts, this.locale.tag, this.reading);
    const isEmpty = requests.length + contacts.length + outgoing.length + blocked.length === 0;
    return html`<div class="scroller" @keydown=${this.onKey}>
      <stonechat-invitations></stonechat-invitations>
      ${requests.length
        ? html`<h2 class="rows-note" dir="auto">${this.t("contacts.requests", { n: requests.length })}</h2>
            <ul role="list">${repeat(requests, ({ user }) => user, (relation) => this.request(account, relation.user, relation.incoming!))}</ul>`
        : nothing}
      ${groups.map(({ letter, people }) => html`<h2 class="rows-note">${letter}</h2>
        <ul role="list">${repeat(people, ({ user }) => user, (person) => html`<li>${this.person(account, person)}</li>`)}</ul>`)}
      ${this.others(account, "contacts.sent", outgoing, "contacts.withdraw", (user) => account.withdrawRequest(user))}
      ${this.others(account, "contacts.blocked", blocked, "contacts.unblock", (user) => account.unblock(user))}
      ${isEmpty ? html`<p class="note">${wanted ? this.t("search.nothing", { text: this.text.trim() }) : this.t("contacts.empty")}</p>` : nothing}
    </div>`;
  }

  private presence(account: Account, user: UserId): Presence | null {
    const { kind } = this.read(account.connection);
    return kind === "online" || kind === "syncing" ? (this.read(account.presences).get(user) ?? null) : null;
  }

  private avatar(user: UserId, name: string, presence: Presence | null): TemplateResult {
    return html`<stonechat-avatar seed=${user} name=${name} src=${this.pictureOf(user)} .presence=${presence?.availability ?? null}></stonechat-avatar>`;
  }

  private person(account: Account, { user, name }: Person): TemplateResult {
    const presence = this.presence(account, user);
    return html`<button type="button" class="member" data-user=${user} aria-current=${user === this.current ? "true" : nothing}
      @click=${() => this.emit("stonechat-open-person", { user })}>
      ${this.avatar(user, name, presence)}
      <span><span class="name"><bdi class="clip">${marks(hits(name, this.text))}</bdi></span>
        <span class="sub clip">${this.state(user, presence)}</span></span></button>`;
  }

  private state(user: UserId, presence: Presence | null): string {
    const availability = presence?.availability;
    const there = availability === "online" ? this.t("presence.online") : availability === "away" ? this.t("presence.away") : lastSeen(presence?.lastSeen ?? 0, clock.now(), this.locale);
    const { status } = presence ?? {};
    const says = status && (status.until === 0 || status.until > clock.now()) ? `${status.emoji} ${status.text}`.trim() : "";
    const username = this.profileOf(user)?.username;
    return [sentence(there), says].filter(Boolean).join(" · ") || (username ? `@${username}` : "");
  }

  private request(account: Account, user: UserId, { message, answer, at }: ContactRequest): TemplateResult {
    const name = displayName(account, user);
    const busy = this.answering.has(user);
    return html`<li class="member request">
      ${this.avatar(user, name, null)}
      <span>
        <span class="name"><button type="button" class="who" @click=${() => this.emit("stonechat-open-person", { user })}><bdi class="clip">${name}</bdi></button>
          <time class="sub" title=${fullTime(at, this.locale)}>${ago(at, clock.now(), this.locale)}</time></span>
        ${message ? html`<span class="said" dir="auto">${this.t("contacts.said", { message })}</span>` : nothing}
        ${answer ? html`<span class="said" dir="auto">${this.t("contacts.answered", { answer })}</span>` : nothing}
        ${!message && !answer ? html`<span class="said">${this.t("contacts.would_like", { name })}</span>` : nothing}
        <span class="buttons">
          <button type="button" class="button soft small" ?disabled=${busy} aria-label="${this.t("contacts.accept")}: ${name}"
            @click=${() => this.answer(account, user, true)}>${this.t("contacts.accept")}</button>
          <button type="button" class="button secondary small" ?disabled=${busy} aria-label="${this.t("contacts.decline")}: ${name}"
            @click=${() => this.answer(account, user, false)}>${this.t("contacts.decline")}</button>
        </span>
      </span></li>`;
  }

  private async answer(account: Account, user: UserId, yes: boolean): Promise<void> {
    const name = displayName(account, user);
    await this.doing(user, () => (yes ? account.acceptContact(user) : account.declineContact(user)), () =>
      announce(yes ? this.t("contacts.accepted", { name }) : this.t("contacts.declined")));
  }

  private others(account: Account, title: "contacts.sent" | "contacts.blocked", people: readonly Person[], label: "contacts.withdraw" | "contacts.unblock", act: (user: UserId) => Promise<void>): unknown {
    if (people.length === 0) return nothing;
    return html`<h2 class="rows-note">${this.t(title)}</h2><ul role="list">${repeat(people, ({ user }) => user, ({ user, name }) => html`<li class="member">
      ${this.avatar(user, name, this.presence(account, user))}
      <span class="name"><button type="button" class="who" @click=${() => this.emit("stonechat-open-person", { user })}><bdi class="clip">${name}</bdi></button></span>
      <button type="button" class="button quiet small" ?disabled=${this.answering.has(user)} aria-label="${this.t(label)}: ${name}"
        @click=${() => this.doing(user, () => act(user))}>${this.t(label)}</button></li>`)}</ul>`;
  }

  /** What needs the server says where it did not work. */
  private async doing(user: UserId, work: () => Promise<void>, done?: () => void): Promise<void> {
    this.answering = new Set([...this.answering, user]);
    try {
      await work();
      done?.();
    } catch (error) {
      this.emit("stonechat-toast", { text: reasonOf(error, this.locale), danger: true });
    } finally {
      this.answering = new Set([...this.answering].filter((each) => each !== user));
    }
  }

  private add(): void {
    void import("./add.ts").then(({ addContact }) => this.account && addContact(this, this.account));
  }

  private onSearchKey(event: KeyboardEvent): void {
    if (event.key === "Escape" && this.text) {
      this.text = "";
      event.stopPropagation();
    } else if (event.key === "ArrowDown") {
      this.renderRoot.querySelector<HTMLElement>(".scroller button")?.focus();
      event.preventDefault();
    }
  }

  private onKey(event: KeyboardEvent): void {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    const people = [...this.renderRoot.querySelectorAll<HTMLElement>("button.member, .who")];
    const at = people.indexOf((this.renderRoot as ShadowRoot).activeElement as HTMLElement);
    if (at < 0) return;
    people[at + (event.key === "ArrowDown" ? 1 : -1)]?.focus();
    event.preventDefault();
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "stonechat-contacts": StonechatContacts;
  }
}

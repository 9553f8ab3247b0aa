/** `<stonechat-chat>`: all in one. List, conversation and details in three panes, two or one, as there is room. */

import type { Account, ConversationId, ConversationList, Ordinal, Seq, UserId } from "@stonechat/sdk";
import { html, nothing, type CSSResultGroup, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import "../base/avatar.ts";
import { badge } from "../base/badge.ts";
import { StonechatElement } from "../base/element.ts";
import { DEFAULT_CHOICES, type Choices, type StonechatEventMap } from "../base/events.ts";
import { deepActive } from "../base/focus.ts";
import { icon, mark, type IconName } from "../base/icons.ts";
import { badges, base, buttons, surface } from "../base/styles.ts";
import "../chat/conversation.ts";
import type { StonechatConversation } from "../chat/conversation.ts";
import type { Renderers } from "../chat/look.ts";
import type { StonechatConversationList } from "../list/conversation-list.ts";
import "../list/conversation-list.ts";
import { commandOf, type Command } from "./keys.ts";
import { shell } from "./styles.ts";

export type Page = "chats" | "contacts" | "starred" | "settings";
type Panes = "three" | "two" | "one";

const THREE_FROM_PX = 1100;
const TWO_FROM_PX = 720;
const LIST_MIN_PX = 280;
const LIST_MAX_PX = 420;
/** Of this device. */
const LIST_WIDTH = "stonechat.list-width";

/** What is shown, for who keeps it in the address. */
export interface Shown {
  readonly page: Page;
  readonly conversation: ConversationId | null;
  readonly section: string;
  /** Whether it stands in the place of what was shown, such as a choice among equals; else one step further. */
  readonly replace: boolean;
}

/**
 * @slot rail - links of the app, under those of the kit
 * @slot list-actions - buttons in the header of the list
 * @slot header-actions - buttons in the header of the conversation
 * @slot composer-start - before the text of the composer
 * @fires stonechat-shown - the user went somewhere
 * @csspart rail
 * @csspart list
 * @csspart main
 * @csspart details
 */
@customElement("stonechat-chat")
export class StonechatChat extends StonechatElement {
  @property() page: Page = "chats";
  /** The open one. */
  @property() conversation: ConversationId | null = null;
  /** The section of the settings. */
  @property() section = "";
  /** The address of a conversation. */
  @property({ attribute: false }) href: (id: ConversationId) => string = () => "#";
  /** Whom a newcomer may greet. */
  @property({ attribute: false }) people: readonly UserId[] | null = null;
  /** What was chosen for this device. */
  @property({ attribute: false }) choices: Choices = DEFAULT_CHOICES;
  @property({ attribute: false }) renderers: Renderers = {};
  /** What stands before the text of a link by which one joins. */
  @property({ attribute: "link-base" }) linkBase = "";
  @property({ reflect: true }) panes: Panes = "three";
  @property({ type: Boolean, reflect: true }) details = false;

  /** Whose card is shown: in the details of a chat, or beside the contacts. */
  @state() private person: UserId | null = null;
  /** Whether the settings of the group stand in the place of its conversation. */
  @state() private managing = false;
  @state() private welcome: typeof import("./welcome.ts").welcome | null = null;
  @state() private listWidth = 0;

  @query("stonechat-conversation-list") private list!: StonechatConversationList | null;
  @query("stonechat-conversation") private talk!: StonechatConversation | null;

  private sizes: ResizeObserver | null = null;
  private all: ConversationList | null = null;
  private knownDevices: ReadonlySet<string> | null = null;
  private stopDevices: (() => void) | undefined;

  static override styles: CSSResultGroup = [base, surface, buttons, badges, shell];

  constructor() {
    super();
    this.addEventListener("stonechat-open", (event: StonechatEventMap["stonechat-open"]) => {
      event.stopPropagation();
      this.open(event.detail.conversation, event.detail.seq, event.detail.ordinal);
    });
    this.addEventListener("stonechat-open-person", (event: StonechatEventMap["stonechat-open-person"]) => {
      event.stopPropagation();
      this.showPerson(event.detail.user);
    });
    this.addEventListener("stonechat-open-details", (event: StonechatEventMap["stonechat-open-details"]) => {
      event.stopPropagation();
      this.toggleDetails();
    });
    this.addEventListener("stonechat-open-settings", (event: StonechatEventMap["stonechat-open-settings"]) => {
      event.stopPropagation();
      event.preventDefault();
      this.go({ page: "settings", section: event.detail.section ?? "" });
    });
    this.addEventListener("stonechat-open-group-settings", (event: StonechatEventMap["stonechat-open-group-settings"]) => {
      event.stopPropagation();
      // Where there is one pane they open in the details, which are a page of their own.
      if (this.panes === "one" || event.detail.conversation !== this.conversation) return;
      event.preventDefault();
      void this.loadPanels();
      this.managing = true;
      if (this.panes === "two") this.details = false;
    });
    this.addEventListener("stonechat-search", (event: StonechatEventMap["stonechat-search"]) => {
      event.stopPropagation();
      void this.searchIn(event.detail.conversation);
    });
    this.addEventListener("stonechat-new", (event: StonechatEventMap["stonechat-new"]) => {
      event.stopPropagation();
      void this.begin(event.detail.users ?? []);
    });
    this.addEventListener("stonechat-close", (event: Event) => {
      event.stopPropagation();
      this.closed(event);
    });
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.listWidth = Number(globalThis.localStorage?.getItem(LIST_WIDTH)) || 0;
    this.sizes = new ResizeObserver(() => this.measure());
    this.sizes.observe(this);
    this.measure();
    document.addEventListener("keydown", this.onKey);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.sizes?.disconnect();
    this.all?.close();
    this.all = null;
    this.stopDevices?.();
    document.removeEventListener("keydown", this.onKey);
  }

  private measure(): void {
    const width = this.clientWidth || innerWidth;
    this.panes = width >= THREE_FROM_PX ? "three" : width >= TWO_FROM_PX ? "two" : "one";
    const list = Math.min(LIST_MAX_PX, Math.max(LIST_MIN_PX, this.listWidth));
    if (this.listWidth) this.style.setProperty("--list", `${list}px`);
    // Remarks stand over the composer, and they are drawn by the provider.
    const start = this.panes === "one" ? "0px" : `calc(var(--stonechat-size-rail) + ${this.panes === "two" ? "304px" : this.listWidth ? `${list}px` : "var(--stonechat-size-list)"})`;
    this.closest<HTMLElement>("stonechat-provider")?.style.setProperty("--stonechat-toast-start", start);
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("account") || (this.account && !this.all)) {
      this.all?.close();
      this.all = this.account?.conversations() ?? null;
      this.watchDevices();
    }
    if (changed.has("conversation") || changed.has("page")) this.managing = false;
    if (changed.has("conversation") && this.hasUpdated) {
      this.person = null;
      // Beside the conversation they stay; over it they would hide it.
      if (!this.conversation || this.panes !== "three") this.details = false;
    }
    if (changed.has("page") && this.hasUpdated) this.person = null;
    if (this.page !== "chats" || this.details) void this.loadPanels();
  }

  /** Somebody signed in as this user somewhere: he should know. */
  private watchDevices(): void {
    this.stopDevices?.();
    this.knownDevices = null;
    this.stopDevices = this.account?.devicesKnown.subscribe((devices) => {
      const before = this.knownDevices;
      this.knownDevices = new Set(devices.keys());
      if (!before || before.size === 0) return;
      const fresh = [...devices.values()].find(({ id, revoked }) => !before.has(id) && !revoked && id !== this.account?.deviceId);
      if (!fresh) return;
      this.emit("stonechat-toast", {
        text: this.t("shell.new_device", { device: fresh.name }), icon: "laptop",
        action: { label: this.t("shell.show"), run: () => this.go({ page: "settings", section: "devices" }) },
      });
    });
  }

  /* Where one is */

  /** Details, settings and what else is beside talking are loaded when they are first needed. */
  private loadPanels(): Promise<unknown> {
    return Promise.all([import("../panels/index.ts"), import("../contacts/contacts.ts")]);
  }

  private go(to: Partial<Pick<Shown, "page" | "conversation" | "section">>, replace = false): void {
    const { page = this.page, conversation = this.conversation, section = page === "settings" ? this.section : "" } = to;
    if (page === this.page && conversation === this.conversation && section === this.section) return;
    Object.assign(this, { page, conversation, section });
    this.emit("stonechat-shown", { page, conversation, section, replace });
  }

  /** Shows a conversation, and a message in it. */
  open(conversation: ConversationId, seq?: Seq, ordinal?: Ordinal): void {
    this.go({ page: "chats", conversation });
    void this.updateComplete.then(() => {
      if (seq) void this.talk?.show(seq, ordinal);
      else if (!matchMedia("(pointer: coarse)").matches) this.talk?.focus();
    });
  }

  private showPerson(user: UserId): void {
    void this.loadPanels();
    this.person = user;
    if (this.page === "chats") this.details = true;
  }

  private toggleDetails(): void {
    void this.loadPanels();
    this.details = !this.details || this.person !== null;
    this.person = null;
  }

  private closeDetails(): void {
    this.details = false;
    this.person = null;
    this.talk?.focus();
  }

  private closed(event: Event): void {
    const path = event.composedPath().filter((node): node is Element => node instanceof Element);
    const isIn = (selector: string): boolean => path.some((element) => element.matches(selector));
    if (isIn("stonechat-dialog")) path.find((element) => element.matches("stonechat-dialog"))!.removeAttribute("open");
    else if (this.managing && isIn("stonechat-group-settings")) this.managing = false;
    else if (isIn(".details")) {
      if (this.person !== null && this.details && this.conversation) this.person = null;
      else this.closeDetails();
    } else if (isIn("stonechat-conversation")) this.go({ conversation: null });
    else if (isIn("stonechat-profile")) this.person = null;
    else this.go({ page: "chats", section: "" });
  }

  private async begin(users: readonly UserId[]): Promise<void> {
    const { showNew } = await import("./dialogs.ts");
    showNew(this, users);
  }

  private async searchIn(conversation: ConversationId): Promise<void> {
    // On one pane the list is behind the conversation.
    if (this.panes === "one") this.go({ conversation: null });
    await this.updateComplete;
    this.list?.searchIn(conversation);
  }

  /* Keys */

  private onKey = (event: KeyboardEvent): void => {
    if (event.defaultPrevented || !this.account || !this.isConnected) return;
    const active = deepActive();
    const isWriting = !!active?.matches("input, textarea, [contenteditable]");
    // On a page with other things, keys are ours while the focus is in us, or nowhere.
    const isOurs = !active || active === document.body || this.contains(active) || event.composedPath().includes(this);
    const command = isOurs ? commandOf(event, isWriting) : null;
    if (command && this.run(command)) event.preventDefault();
    else if (event.key === "Escape" && isOurs) this.escape();
  };

  /** False where there is nothing to do: the browser may do what it does. */
  private run(command: Command): boolean {
    switch (command) {
      case "go":
        void import("./go.ts").then(({ openGo }) => openGo(this));
        return true;
      case "new":
        void this.begin([]);
        return true;
      case "keys":
        this.go({ page: "settings", section: "keys" });
        return true;
      case "find":
        if (this.page !== "chats" || !this.conversation) return false;
        void this.searchIn(this.conversation);
        return true;
      case "previous": return this.step(-1, false);
      case "next": return this.step(1, false);
      case "nextUnread": return this.step(1, true);
      case "paneForward": return this.cycle(1);
      case "paneBack": return this.cycle(-1);
    }
  }

  private step(by: -1 | 1, unreadOnly: boolean): boolean {
    const next = this.list?.neighbour(by, unreadOnly);
    if (next) this.open(next);
    return !!this.list;
  }

  /** Closes what is open, outermost first, then writes. */
  private escape(): void {
    if (this.managing) this.managing = false;
    else if (this.details) this.closeDetails();
    else if (this.page === "chats") this.talk?.focus();
  }

  /** List → timeline → composer → details, and the act of a toast. */
  private cycle(by: -1 | 1): boolean {
    const { talk } = this;
    const places: { box: Element | null; focus: () => void }[] = [
      { box: this.renderRoot.querySelector(".list, .wide"), focus: () => (this.list ? this.list.focusRows() : this.renderRoot.querySelector<HTMLElement>(".list *, .wide *")?.focus()) },
      { box: talk?.timelineElement ?? null, focus: () => talk?.timelineElement.focus() },
      { box: talk?.composerElement ?? null, focus: () => talk?.composerElement.focus() },
      { box: this.renderRoot.querySelector(".details"), focus: () => this.focusFirst(".details") },
    ].filter(({ box }) => box);
    const active = this.renderRoot.querySelector(":focus-within, :focus");
    const holds = (box: Element): boolean => box.matches(":focus, :focus-within") || (!!active && box.contains(active));
    const at = places.findIndex(({ box }) => holds(box!));
    places[(at + by + places.length) % places.length]?.focus();
    return places.length > 0;
  }

  private focusFirst(selector: string): void {
    const root = this.renderRoot.querySelector(selector)?.firstElementChild;
    root?.shadowRoot?.querySelector<HTMLElement>("button, [href], input, [tabindex='0']")?.focus();
  }

  /* Rendering */

  /** A page that has chat beside other things has a main part of its own. */
  private get mainRole(): "main" | "region" {
    return document.querySelector('main, [role="main"]') ? "region" : "main";
  }

  protected override render(): TemplateResult | typeof nothing {
    const account = this.account;
    if (!account) return nothing;
    const one = this.panes === "one";
    const isInside = one && ((this.page === "chats" && !!this.conversation) || (this.page === "contacts" && !!this.person));
    return html`
      ${one ? nothing : this.rail(account)}
      ${this.page === "settings"
        ? html`<div class="wide" role=${this.mainRole}><stonechat-settings .section=${this.section || (one ? "" : "appearance")} .choices=${this.choices}></stonechat-settings></div>`
        : html`${isInside ? nothing : this.listPane()}${one && !isInside && this.page !== "starred" ? nothing : this.mainPane(account)}${this.detailsPane()}`}
      ${one && !isInside ? this.tabs(account) : nothing}`;
  }

  private places(account: Account): readonly { page: Page; icon: IconName; label: string; n: number }[] {
    const requests = [...this.read(account.relations).values()].filter(({ incoming, blocksSince }) => incoming && !blocksSince).length;
    return [
      { page: "chats", icon: "chat", label: this.t("shell.chats"), n: this.read(account.totalUnread) },
      { page: "contacts", icon: "people", label: this.t("shell.contacts"), n: requests },
      { page: "starred", icon: "star", label: this.t("shell.starred"), n: 0 },
    ];
  }

  private item(kind: string, { page, icon: name, label, n }: { page: Page; icon: IconName; label: string; n: number }): TemplateResult {
    const isHere = this.page === page;
    return html`<button type="button" class=${kind} aria-current=${isHere ? "page" : nothing}
      @click=${() => this.go({ page })}>${icon(name)}<span>${label}</span>${n > 0
        ? html`<span aria-hidden="true">${badge(n, this.locale)}</span><span class="sr">, ${this.t(page === "contacts" ? "contacts.requests" : "shell.unread", { n })}</span>`
        : nothing}</button>`;
  }

  private rail(account: Account): TemplateResult {
    const profile = this.read(account.profile);
    const { kind } = this.read(account.connection);
    const isOnline = kind === "online" || kind === "syncing";
    return html`<nav class="rail" part="rail" aria-label=${this.t("shell.main")}>
      ${mark}
      ${this.places(account).map((place) => this.item("rail-item", place))}
      <slot name="rail"></slot>
      <span class="spacer"></span>
      ${this.item("rail-item", { page: "settings", icon: "sliders", label: this.t("shell.settings"), n: 0 })}
      <button type="button" class="rail-item" @click=${() => this.go({ page: "settings", section: "profile" })}>
        <stonechat-avatar seed=${account.user} name=${profile?.user.displayName ?? account.user} src=${profile?.user.avatar ?? ""}
          .presence=${isOnline ? "online" : null}></stonechat-avatar><span class="sr">${this.t("shell.profile")}</span></button>
    </nav>`;
  }

  private tabs(account: Account): TemplateResult {
    const places = [...this.places(account), { page: "settings", icon: "sliders", label: this.t("shell.settings"), n: 0 } as const];
    return html`<nav class="tabs" aria-label=${this.t("shell.main")}>${places.map((place) => this.item("tab", place))}</nav>`;
  }

  private listPane(): TemplateResult {
    const isContacts = this.page === "contacts";
    const isHidden = this.panes === "one" && this.page === "starred";
    return html`<section class="list" part="list" role=${this.panes === "one" ? this.mainRole : "region"} aria-label=${this.t(isContacts ? "shell.contacts" : "shell.chats")} ?hidden=${isHidden}>
      ${isContacts
        ? html`<stonechat-contacts .current=${this.person ?? ""}></stonechat-contacts>`
        : html`<stonechat-conversation-list exportparts="row, name, flags, time, preview, badge, search, folders" .current=${this.page === "chats" ? this.conversation : null}
            .href=${this.href} .people=${this.people}><slot name="list-actions" slot="actions"></slot></stonechat-conversation-list>`}
      ${this.panes === "three"
        ? html`<div class="grip" role="separator" tabindex="0" aria-orientation="vertical" aria-label=${this.t("shell.resize")} aria-valuemin=${LIST_MIN_PX}
            aria-valuemax=${LIST_MAX_PX} aria-valuenow=${this.listWidth || 344} @pointerdown=${this.onGrip} @keydown=${this.onGripKey}></div>`
        : nothing}
    </section>`;
  }

  private mainPane(account: Account): TemplateResult {
    const one = this.panes === "one";
    const { page, conversation, person } = this;
    return html`<div class="main" part="main" role=${this.mainRole} aria-label=${this.mainRole === "region" ? this.t("shell.pane") : nothing}>${
      page === "starred"
        ? html`<stonechat-starred></stonechat-starred>`
        : page === "contacts"
          ? this.card(person)
          : conversation && this.managing
            ? html`<stonechat-group-settings .conversation=${conversation} .linkBase=${this.linkBase}></stonechat-group-settings>`
            : conversation
              ? html`<stonechat-conversation exportparts="message, bubble, author, quote, text, meta, ticks, reactions, failure, divider, composer" .conversation=${conversation}
                  .details=${this.details} .alone=${one} .enterSends=${this.choices.enterSends} .renderers=${this.renderers}><slot name="header-actions" slot="header-actions"></slot><slot
                  name="composer-start" slot="composer-start"></slot></stonechat-conversation>
                ${one ? html`<stonechat-connection class="over"></stonechat-connection>` : nothing}`
              : this.emptyPane(account)
    }</div>`;
  }

  private card(person: UserId | null): TemplateResult {
    if (person === null) return html`<div></div>`;
    return html`<div class="card">${this.panes === "one"
      ? html`<button type="button" class="icon-button card-back" aria-label=${this.t("common.back")} @click=${() => (this.person = null)}>${icon("back")}</button>`
      : nothing}<div class="plate"><stonechat-profile .user=${person}></stonechat-profile></div></div>`;
  }

  private detailsPane(): unknown {
    if (!this.details || !this.conversation || this.page !== "chats") return nothing;
    return html`<aside class="details" part="details" aria-label=${this.t("shell.details")}>
      <stonechat-details .conversation=${this.conversation} .person=${this.person} .linkBase=${this.linkBase}></stonechat-details></aside>`;
  }

  private emptyPane(account: Account): TemplateResult {
    if (!this.welcome) void import("./welcome.ts").then(({ welcome }) => (this.welcome = welcome));
    const items = this.all ? this.read(this.all.items) : [];
    const isFirst = items.length === 0 && this.read(account.connection).kind !== "connecting";
    const acts = { begin: () => void this.begin([]), contacts: () => this.go({ page: "contacts" }) };
    return html`<div class="empty">${this.welcome?.(this.locale, isFirst, acts)}</div>`;
  }

  /* Width of the list */

  private setWidth(width: number): void {
    this.listWidth = Math.round(Math.min(LIST_MAX_PX, Math.max(LIST_MIN_PX, width)));
    this.measure();
    try {
      localStorage.setItem(LIST_WIDTH, String(this.listWidth));
    } catch {
      // Not kept: it holds for this visit.
    }
  }

  private onGrip(event: PointerEvent): void {
    const grip = event.currentTarget as HTMLElement;
    const from = event.clientX;
    const before = this.renderRoot.querySelector<HTMLElement>(".list")!.offsetWidth;
    const move = (moved: PointerEvent): void => this.setWidth(before + (moved.clientX - from) * (this.rtl ? -1 : 1));
    grip.setPointerCapture(event.pointerId);
    grip.addEventListener("pointermove", move);
    const end = (): void => grip.removeEventListener("pointermove", move);
    grip.addEventListener("pointerup", end, { once: true });
    grip.addEventListener("pointercancel", end, { once: true });
    event.preventDefault();
  }

  private onGripKey(event: KeyboardEvent): void {
    const towardsEnd = this.rtl ? "ArrowLeft" : "ArrowRight";
    const towardsStart = this.rtl ? "ArrowRight" : "ArrowLeft";
    if (event.key !== towardsEnd && event.key !== towardsStart) return;
    this.setWidth((this.listWidth || 344) + (event.key === towardsEnd ? 12 : -12));
    event.preventDefault();
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "stonechat-chat": StonechatChat;
  }
}

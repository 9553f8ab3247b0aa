/** `<stonechat-chat>`: all in one. List, conversation and details in three panes, two or one, as there is room. */

import type { Account, ConversationId, ConversationList, Ordinal, Readable, Seq, UserId } from "@stonechat/sdk";
import { html, nothing, type CSSResultGroup, type PropertyValues, type TemplateResult } from "lit";
import "../base/avatar.ts";
import { badge } from "../base/badge.ts";
import { customElement, property, query, state } from "../base/decorators.ts";
import { StonechatElement } from "../base/element.ts";
import { DEFAULT_CHOICES, type Choices, type StonechatEventMap } from "../base/events.ts";
import { icon, mark, type IconName } from "../base/icons.ts";
import { Part } from "../base/part.ts";
import { badges, base, buttons, surface } from "../base/styles.ts";
import type { StonechatConversation } from "../chat/conversation.ts";
import type { Renderers } from "../chat/look.ts";
import type { StonechatConversationList } from "../list/conversation-list.ts";
import "../list/conversation-list.ts";
import { shell } from "./styles.ts";

/** What is beside the list and an open conversation: other pages, details, a first visit. */
const panes = new Part(() => import("./panes.ts"));

export type Page = "chats" | "contacts" | "starred" | "settings";
type Panes = "three" | "two" | "one";

const THREE_FROM_PX = 1100;
const TWO_FROM_PX = 720;
/** Of this device. */
const LIST_WIDTH = "stonechat.list-width";

/** What is shown, for who keeps it in the address. */
export interface Shown {
  readonly page: Page;
  readonly conversation: ConversationId | null;
  readonly section: string;
  /** Whether it stands in the place of what was shown, such as a choice among equals; else one step further. */
  readonly replace: boolean;
  /** Whether, on one pane, something lies over it that a step back closes, such as the details of a conversation. */
  readonly over: boolean;
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
  @state() person: UserId | null = null;
  /** Whether the settings of the group stand in the place of its conversation. */
  @state() managing = false;
  /** Of the list, where the user chose one; 0 else. */
  @state() listWidth = 0;

  @query("stonechat-conversation-list") list!: StonechatConversationList | null;
  @query("stonechat-conversation") talk!: StonechatConversation | null;

  private sizes: ResizeObserver | null = null;
  all: ConversationList | null = null;
  private wasOver = false;
  private hands: Promise<typeof import("./hands.ts")> | null = null;
  private unattend: (() => void) | undefined;

  static override styles: CSSResultGroup = [base, surface, buttons, badges, shell];

  constructor() {
    super();
    const on = <Name extends keyof StonechatEventMap>(name: Name, act: (event: StonechatEventMap[Name]) => unknown): void =>
      this.addEventListener(name as string, (event) => {
        event.stopPropagation();
        void act(event as StonechatEventMap[Name]);
      });
    on("stonechat-open", ({ detail }) => this.open(detail.conversation, detail.seq, detail.ordinal));
    on("stonechat-open-person", ({ detail }) => this.showPerson(detail.user));
    on("stonechat-open-details", () => this.toggleDetails());
    on("stonechat-open-settings", (event) => {
      event.preventDefault();
      this.go({ page: "settings", section: event.detail.section ?? "" });
    });
    on("stonechat-open-group-settings", (event) => {
      // Where there is one pane they open in the details, which are a page of their own.
      if (this.panes === "one" || event.detail.conversation !== this.conversation) return;
      event.preventDefault();
      void this.loadPanels();
      this.managing = true;
      if (this.panes === "two") this.details = false;
    });
    on("stonechat-search", ({ detail }) => this.searchIn(detail.conversation));
    on("stonechat-new", ({ detail }) => this.withHands(({ begin }) => begin(this, detail.users ?? [])));
    on("stonechat-close", (event) => {
      // An event forgets its way when it is over.
      const path = event.composedPath();
      panes.use(({ closed }) => closed(this, path));
    });
    this.addEventListener("stonechat-toast", () => this.placeRemarks());
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.listWidth = Number(globalThis.localStorage?.getItem(LIST_WIDTH)) || 0;
    this.sizes = new ResizeObserver(() => this.measure());
    this.sizes.observe(this);
    this.measure();
    this.requestUpdate("account");
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.sizes?.disconnect();
    this.all?.close();
    this.all = null;
    this.unattend?.();
    this.unattend = undefined;
  }

  private measure(): void {
    const width = this.clientWidth || innerWidth;
    this.panes = width >= THREE_FROM_PX ? "three" : width >= TWO_FROM_PX ? "two" : "one";
    if (this.listWidth) this.style.setProperty("--list", `${this.listWidth}px`);
  }

  /** Remarks are drawn by the provider: over the conversation, wherever that is on the page. */
  private placeRemarks(): void {
    const { left, right } = (this.renderRoot.querySelector(".main, .wide") ?? this).getBoundingClientRect();
    const sides = [left, innerWidth - right];
    const [start, end] = this.matches(":dir(rtl)") ? sides.reverse() : sides;
    const style = this.closest<HTMLElement>("stonechat-provider")?.style;
    style?.setProperty("--stonechat-toast-start", `${start}px`);
    style?.setProperty("--stonechat-toast-end", `${end}px`);
  }

  protected override async scheduleUpdate(): Promise<void> {
    if (panes.now === null && (this.page !== "chats" || this.details || this.managing)) await panes.soon(this);
    super.scheduleUpdate();
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    panes.now?.dress(this.renderRoot);
    if (changed.has("account") || (this.account && !this.all)) {
      this.all?.close();
      this.all = this.account?.conversations() ?? null;
    }
    if (changed.has("listWidth")) this.measure();
    if (changed.has("conversation") || changed.has("page")) this.managing = false;
    if (changed.has("conversation") && this.hasUpdated) {
      this.person = null;
      // Beside the conversation they stay; over it they would hide it.
      if (!this.conversation || this.panes !== "three") this.details = false;
    }
    if (changed.has("page") && this.hasUpdated) this.person = null;
    if (this.conversation) void this.loadTalk();
    if (this.page !== "chats" || this.details) void this.loadPanels();
  }

  protected override updated(changed: PropertyValues<this>): void {
    // Over the conversation they are a page: what is under them cannot be reached.
    if (changed.has("details") && this.details && this.panes === "one") this.renderRoot.querySelector<HTMLElement>(".details")?.focus();
    if (this.wasOver !== this.isOver) {
      this.wasOver = this.isOver;
      const { page, conversation, section, wasOver: over } = this;
      this.emit("stonechat-shown", { page, conversation, section, replace: false, over });
    }
    if (!changed.has("account")) return;
    this.unattend?.();
    this.unattend = undefined;
    const { account } = this;
    if (!account) return;
    // Whoever is quicker than the code goes where he wants once it is here.
    let early: KeyboardEvent | null = null;
    const hold = (event: KeyboardEvent): void => {
      if (!(event.ctrlKey || event.metaKey) || event.key !== "k" || event.defaultPrevented) return;
      event.preventDefault();
      early = event;
    };
    document.addEventListener("keydown", hold);
    void this.withHands(({ attend, run }) => {
      document.removeEventListener("keydown", hold);
      if (!this.isConnected || this.account !== account) return;
      this.unattend = attend(this);
      if (early) run(this, "go");
    });
  }

  private async withHands(act: (hands: typeof import("./hands.ts")) => unknown): Promise<void> {
    act(await (this.hands ??= import("./hands.ts")));
  }

  /* Where one is */

  private loadTalk(): Promise<unknown> {
    return import("../chat/index.ts");
  }

  /** Details, settings and what else is beside talking are loaded when they are first needed. */
  private loadPanels(): Promise<unknown> {
    return import("../panels/index.ts");
  }

  go(to: Partial<Pick<Shown, "page" | "conversation" | "section">>, replace = false): void {
    const { page = this.page, conversation = this.conversation, section = page === "settings" ? this.section : "" } = to;
    if (page === this.page && conversation === this.conversation && section === this.section) return;
    Object.assign(this, { page, conversation, section });
    this.emit("stonechat-shown", { page, conversation, section, replace, over: false });
  }

  /** What lies over the conversation, or the contacts, where there is one pane. */
  private get isOver(): boolean {
    const { page, conversation, details, person } = this;
    return this.panes === "one" && (page === "chats" ? details && conversation !== null : page === "contacts" && person !== null);
  }

  /** Shows a conversation, and a message in it. */
  open(conversation: ConversationId, seq?: Seq, ordinal?: Ordinal): void {
    this.go({ page: "chats", conversation });
    // Over the conversation they would hide what was asked for.
    if (this.panes !== "three") [this.details, this.person] = [false, null];
    void Promise.all([this.loadTalk(), this.updateComplete]).then(() => {
      if (seq) void this.talk?.show(seq, ordinal);
      else this.focusTalk();
    });
  }

  /** Where a finger writes, the focus would bring up a keyboard. */
  private focusTalk(): void {
    if (!matchMedia("(pointer: coarse)").matches) this.talk?.focus();
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

  closeDetails(): void {
    this.details = false;
    this.person = null;
    this.focusTalk();
  }

  /** Closes the innermost that stands open beside or over the conversation; false where nothing does. */
  closeInner(): boolean {
    if (!this.managing && !this.details && !this.isOver) return false;
    if (this.managing) this.managing = false;
    else this.closeDetails();
    return true;
  }

  async searchIn(conversation: ConversationId): Promise<void> {
    // On one pane the list is behind the conversation.
    if (this.panes === "one") this.go({ conversation: null });
    await this.updateComplete;
    this.list?.searchIn(conversation);
  }

  /* Rendering */

  /** A page that has chat beside other things has a main part of its own. */
  get mainRole(): "main" | "region" {
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
        ? panes.now?.settings(this)
        : html`${isInside ? nothing : this.listPane()}${one && !isInside && this.page !== "starred" ? nothing : this.mainPane(account)}${panes.now?.details(this)}`}
      ${one && !isInside ? this.tabs(account) : nothing}`;
  }

  private places(account: Account): readonly { page: Page; icon: IconName; label: string; n: number }[] {
    const asked = [...this.read(account.relations).values()].filter(({ incoming, blocksSince }) => incoming && !blocksSince).length;
    const invited = [...this.read(account.asking).values()].filter(({ state }) => state === "invited").length;
    const requests = asked + invited;
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
        ? html`<div class="grip" role="separator" tabindex="0" aria-orientation="vertical" aria-label=${this.t("shell.resize")} aria-valuemin="280"
            aria-valuemax="420" aria-valuenow=${this.listWidth || 344} @pointerdown=${this.onGrip} @keydown=${this.onGripKey}></div>`
        : nothing}
    </section>`;
  }

  private onGrip(event: PointerEvent): void {
    event.preventDefault();
    const grip = event.currentTarget as HTMLElement;
    void this.withHands(({ gripped }) => gripped(this, grip, event));
  }

  private onGripKey(event: KeyboardEvent): void {
    if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
    event.preventDefault();
    void this.withHands(({ gripKey }) => gripKey(this, event.key));
  }

  private mainPane(account: Account): TemplateResult {
    const one = this.panes === "one";
    const { page, conversation } = this;
    return html`<div class="main" part="main" role=${this.mainRole} aria-label=${this.mainRole === "region" ? this.t("shell.pane") : nothing}
      ?inert=${one && this.details && !!conversation && page === "chats"}>${page === "chats" && conversation && !this.managing
        ? html`<stonechat-conversation exportparts="message, bubble, author, quote, text, meta, ticks, reactions, failure, divider, composer" .conversation=${conversation}
            .details=${this.details} .alone=${one} .enterSends=${this.choices.enterSends} .renderers=${this.renderers}><slot name="header-actions" slot="header-actions"></slot><slot
            name="composer-start" slot="composer-start"></slot></stonechat-conversation>
          ${one ? html`<stonechat-connection class="over"></stonechat-connection>` : nothing}`
        : this.otherPane(account)
    }</div>`;
  }

  /** What stands in the place of a conversation. The list does not wait for it. */
  private otherPane(account: Account): unknown {
    if (panes.now === null) void panes.get().then(() => this.requestUpdate(), () => undefined);
    return panes.now?.other(this, account);
  }

  /** As `read`, in a rendering. */
  follow<T>(source: Readable<T>): T {
    return this.read(source);
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "stonechat-chat": StonechatChat;
  }
}

/** `<stonechat-conversation-list>`: what waits, what was said last, and the way to it. */

import type { Account, Availability, Conversation, ConversationId, ConversationList, ConversationSummary, Readable, UserId } from "@stonechat/sdk";
import { html, nothing, type CSSResultGroup, type PropertyValues, type TemplateResult } from "lit";
import "../base/avatar.ts";
import { count } from "../base/badge.ts";
import { customElement, property, query, state } from "../base/decorators.ts";
import { each } from "../base/each.ts";
import { StonechatElement } from "../base/element.ts";
import type { Toast } from "../base/events.ts";
import { icon } from "../base/icons.ts";
import { titleOf } from "../base/names.ts";
import { Part } from "../base/part.ts";
import { setStyle } from "../base/set-style.ts";
import { badges, base, buttons, panes, scrollbars, search, surface } from "../base/styles.ts";
import { clock, minutes } from "../base/time.ts";
import { unsentOf } from "../base/unsent.ts";
import { WatchController } from "../base/watching.ts";
import { digest, held, inOrder, type Digest, type Tab } from "./order.ts";
import { lookOf, presenceShown, reachOf, rowTemplate, type RowLook } from "./row.ts";
import type { ListSearch } from "./search.ts";
import { list, rows } from "./styles.ts";
import { RowWindow } from "./window.ts";

type Hands = typeof import("./hands.ts");

/** What stands where no rows are. */
const empty = new Part(() => import("./empty.ts"));

const ALL: Tab = { kind: "all" };
/** An empty list shows nothing this long, then what will come. */
const SKELETON_AFTER_MS = 300;
/** Conversations whose typing and receipts are followed at once: those on the screen. */
const HANDLES_MAX = 200;

/**
 * @slot actions - buttons at the end of the header
 * @slot banner - between the search field and the rows
 * @csspart header
 * @csspart search
 * @csspart folders
 * @csspart row
 * @csspart name
 * @csspart flags
 * @csspart time
 * @csspart preview
 * @csspart badge
 * @fires stonechat-open - a conversation, or a message that was found
 * @fires stonechat-new - the button of the header
 */
@customElement("stonechat-conversation-list")
export class StonechatConversationList extends StonechatElement {
  /** The open one. */
  @property() current: ConversationId | null = null;
  /** The address of a conversation, so that a row is a link that can be opened elsewhere. */
  @property({ attribute: false }) href: (id: ConversationId) => string = () => "#";
  /** Whom to greet while there is no conversation; contacts when left out. */
  @property({ attribute: false }) people: readonly UserId[] | null = null;
  @property({ attribute: false }) tab: Tab = ALL;

  @state() searching = "";
  /** Only in this conversation. */
  @state() private within: ConversationId | null = null;
  @state() skeleton = false;
  @state() private swiped: { id: ConversationId; distance: number } | null = null;
  @state() hits: ListSearch | null = null;
  @state() private hands: Hands | null = null;

  @query(".scroller") private scroller!: HTMLElement | null;
  @query("input") private input!: HTMLInputElement;

  private readonly rowsShown = new RowWindow(this, () => this.scroller);
  private readonly watch = new WatchController(this);
  private all: ConversationList | null = null;
  private handles = new Map<ConversationId, Conversation>();
  private shown: readonly ConversationSummary[] = [];
  private aimed = false;
  private cursor: ConversationId | null = null;
  private skeletonTimer: ReturnType<typeof setTimeout> | undefined;
  private frame: Promise<void> | null = null;

  static override styles: CSSResultGroup = [base, surface, buttons, search, badges, panes, scrollbars, rows, list];

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.closeList();
    clearTimeout(this.skeletonTimer);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.skeletonTimer = setTimeout(() => (this.skeleton = true), SKELETON_AFTER_MS);
  }

  /** What says nothing for two seconds, and what waits for a hand, need not be there before. */
  protected override firstUpdated(): void {
    void import("../connection/connection.ts");
    void this.withHands(() => undefined);
  }

  /** Many changes of one frame are one rendering. */
  protected override async scheduleUpdate(): Promise<void> {
    if (this.hasUpdated && !document.hidden) await (this.frame ??= new Promise((resolve) => requestAnimationFrame(() => resolve())));
    this.frame = null;
    await super.scheduleUpdate();
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("account") || (this.account && !this.all)) {
      this.closeList();
      this.all = this.account?.conversations({ archived: "any" }) ?? null;
    }
    if (changed.has("tab")) {
      this.aimed = false;
      this.rowsShown.toTop();
    }
    if (changed.has("current")) this.cursor = this.current ?? this.cursor;
  }

  private closeList(): void {
    this.all?.close();
    this.all = null;
    this.handles.clear();
  }

  /* What others may ask */

  /** Puts the focus into the search field. */
  focusSearch(): void {
    this.input.focus();
    this.input.select();
  }

  /** Searches for messages of one conversation; null searches everywhere again. */
  searchIn(conversation: ConversationId | null): void {
    this.within = conversation;
    this.focusSearch();
    this.tellSearch();
  }

  /** Ends the search, and stays in its field. */
  endSearch(): void {
    this.searching = "";
    this.within = null;
    this.tellSearch();
    this.input.focus();
  }

  /** Puts the focus on the rows. */
  focusRows(): void {
    this.renderRoot.querySelector<HTMLElement>('.row[tabindex="0"]')?.focus();
  }

  /** The conversation before or after the open one, or the next unread one; as the list shows them. */
  neighbour(step: -1 | 1, unreadOnly = false): ConversationId | null {
    const { shown } = this;
    const at = shown.findIndex((summary) => summary.id === this.current);
    for (let i = 1; i <= shown.length; i++) {
      const next = shown[(at + step * i + shown.length * 2) % shown.length];
      if (next && (!unreadOnly || next.unread > 0 || next.preferences.markedUnread)) return next.id === this.current ? null : next.id;
    }
    return null;
  }

  /* Rendering */

  protected override render(): TemplateResult {
    const account = this.account;
    const items = this.all ? this.read(this.all.items) : [];
    if (account) this.read(minutes);
    const known = digest(items, this.tab, clock.now());
    return html`
      <div class="pane-header" part="header">
        <h1>${this.t("list.title")}</h1>
        <slot name="actions"></slot>
        <button type="button" class="icon-button" aria-label=${this.t("list.new")} @click=${this.begin}>${icon("compose")}</button>
      </div>
      <div class="list-tools">
        <div class="search" role="search" part="search">${icon("search", "s")}
          <input type="search" aria-label=${this.t("search.label")} placeholder=${this.t("search.label")} autocomplete="off" spellcheck="false" enterkeyhint="search"
            .value=${this.searching} @focus=${this.loadSearch} @input=${this.onInput} @keydown=${this.onSearchKey} />
          ${this.within !== null && account ? html`<span class="within clip">${this.t("search.in", { title: this.titleAt(account, this.within) })}</span>` : nothing}
          ${this.searching || this.within !== null
            ? html`<button type="button" class="clear" aria-label=${this.t("common.clear")} @click=${this.endSearch}>${icon("close", "s")}</button>`
            : html`<kbd aria-hidden="true">Ctrl K</kbd>`}
        </div>
        ${account && !this.isSearch() && items.length > 0 ? this.tabs(account, items, known) : nothing}
      </div>
      <slot name="banner"></slot>
      ${!account ? nothing : this.isSearch() ? (this.hits?.render(account, items) ?? nothing) : this.rows(account, items, known.shown)}
      <stonechat-connection></stonechat-connection>`;
  }

  private tabs(account: Account, items: readonly ConversationSummary[], known: Digest): TemplateResult {
    const folders = inOrder(this.read(account.profile), known.folders.keys());
    const tabs: { tab: Tab; label: string; n: number }[] = [
      { tab: ALL, label: this.t("list.all"), n: 0 },
      { tab: { kind: "unread" }, label: this.t("list.unread"), n: known.waiting },
      ...folders.map((folder) => ({ tab: { kind: "folder", folder } as const, label: folder, n: known.folders.get(folder) ?? 0 })),
    ];
    if (known.hasArchived) tabs.push({ tab: { kind: "archived" }, label: this.t("list.archived"), n: 0 });
    const chosen = tabs.findIndex(({ tab }) => sameTab(tab, this.tab));
    return html`<div class="folders" role="tablist" part="folders" aria-label=${this.t("list.folders")} @keydown=${(event: KeyboardEvent) => this.hands?.tabKeyed(this, event)}>
      ${tabs.map(({ tab, label, n }, i) => {
        const folder = tab.kind === "folder" ? tab.folder : null;
        return html`<button type="button" class="folder" role="tab" id="tab-${i}" aria-controls="rows" aria-selected=${i === chosen ? "true" : "false"}
          tabindex=${i === Math.max(0, chosen) ? 0 : -1} draggable=${folder === null ? "false" : "true"}
          @click=${() => (this.tab = tab)} @contextmenu=${(event: Event) => this.onTab(event, (hands, at) => hands.folderMenu(this, account, items, folder, at))}
          @dragstart=${(event: DragEvent) => event.dataTransfer?.setData("text/plain", folder ?? "")}
          @dragover=${(event: DragEvent) => folder !== null && event.preventDefault()}
          @drop=${(event: DragEvent) => {
            const moved = event.dataTransfer?.getData("text/plain");
            this.onTab(event, (hands) => hands.folderDropped(this, account, folders, moved, folder));
          }}><bdi>${label}</bdi>${
            n > 0 ? html`<span class="count" aria-label=${this.t("list.unread_count", { n })}>${count(n, this.locale)}</span>` : nothing}</button>`;
      })}
    </div>`;
  }

  private rows(account: Account, items: readonly ConversationSummary[], fresh: readonly ConversationSummary[]): TemplateResult {
    this.shown = this.isHeld() ? held(this.shown.map(({ id }) => id), fresh) : fresh;
    const { shown } = this;
    if (shown.length === 0) return html`<div class="scroller" id="rows" role="tabpanel" tabindex="-1">${this.nothing(account, items)}</div>`;
    const window = this.rowsShown;
    window.measure(shown.length);
    const indexes: number[] = [];
    for (let i = window.from; i < window.upto; i++) indexes.push(i);
    // The row with the cursor stays drawn, so that the focus does not fall off when it scrolls away.
    const cursor = this.cursor === null ? -1 : shown.findIndex(({ id }) => id === this.cursor);
    if (cursor >= 0 && (cursor < window.from || cursor >= window.upto) && this.hasRowFocus()) indexes.push(cursor);
    const visible = indexes.map((i) => shown[i]!);
    const tab = visible.find(({ id }) => id === this.cursor)?.id ?? visible.find(({ id }) => id === this.current)?.id ?? visible[0]!.id;
    this.watch.watch(visible.flatMap(({ peer }) => (peer ? [peer] : [])));
    return html`<div class="scroller" id="rows" role="tabpanel" aria-label=${this.t("list.title")} tabindex="-1"
      @pointerenter=${this.onEnter} @pointerleave=${this.onLeave} @focusin=${this.onFocus} @focusout=${this.onFocus}
      @keydown=${this.onKey} @click=${this.onClick} @contextmenu=${this.onMenu} @pointerdown=${this.onDown}>
      <span class="probe"></span><ul class="window" role="list" data-count=${shown.length} ${setStyle({ height: `${shown.length * window.rowHeight}px` })}>
        ${each(indexes, (i) => shown[i]!.id, (i) => this.row(account, shown[i]!, i, shown.length, tab))}
      </ul>
    </div>`;
  }

  private row(account: Account, summary: ConversationSummary, index: number, count: number, tab: ConversationId): TemplateResult {
    const look = this.look(account, summary);
    const swiped = this.swiped?.id === summary.id ? this.swiped : null;
    const frame = {
      id: summary.id, look, title: titleOf(account, summary, this.locale), avatar: this.avatar(account, summary), href: this.href(summary.id),
      open: summary.id === this.current, tab: summary.id === tab,
    };
    return html`<li role="listitem" class=${swiped ? "swiped" : ""} aria-setsize=${count} aria-posinset=${index + 1}
      ${setStyle({ top: `${index * this.rowsShown.rowHeight}px` })}>${swiped ? this.hands?.underSwipe(this, summary, swiped.distance) : nothing}${
        rowTemplate(frame, this.locale)}</li>`;
  }

  private look(account: Account, summary: ConversationSummary): RowLook {
    const own = summary.preview?.sender === account.user;
    const handle = this.handle(account, summary.id);
    return lookOf({
      summary,
      me: account.user,
      title: titleOf(account, summary, this.locale),
      open: summary.id === this.current,
      typing: this.read(handle.typing),
      unsent: this.read(unsentOf(account)).get(summary.id),
      reached: own ? reachOf(summary, this.read(handle.readMarks), account.user) : null,
      nameOf: (user) => this.nameOf(user),
      words: (content) => account.words(content),
      now: clock.now(),
      locale: this.locale,
    });
  }

  /** A handle is kept while its row may come back, so that what is read of it stays the same thing. */
  private handle(account: Account, id: ConversationId): Conversation {
    let handle = this.handles.get(id);
    if (!handle) {
      if (this.handles.size >= HANDLES_MAX) this.handles.delete(this.handles.keys().next().value!);
      this.handles.set(id, (handle = account.conversation(id)));
    }
    return handle;
  }

  isOnline(account: Account): boolean {
    const { kind } = this.read(account.connection);
    return kind === "online" || kind === "syncing";
  }

  private presence(account: Account, user: UserId): Availability | null {
    return presenceShown(this.read(account.presences).get(user)?.availability, this.isOnline(account));
  }

  avatar(account: Account, summary: ConversationSummary): TemplateResult {
    const { peer, kind, group } = summary;
    const isSelf = peer === account.user;
    return html`<stonechat-avatar part="avatar" seed=${peer ?? summary.id} name=${titleOf(account, summary, this.locale)} kind=${isSelf ? "self" : kind}
      src=${isSelf ? "" : peer ? this.pictureOf(peer) : group.avatar} .presence=${peer && !isSelf ? this.presence(account, peer) : null}></stonechat-avatar>`;
  }

  personAvatar(account: Account, user: UserId): TemplateResult {
    return html`<stonechat-avatar part="avatar" seed=${user} name=${this.nameOf(user)} src=${this.pictureOf(user)}
      .presence=${this.presence(account, user)}></stonechat-avatar>`;
  }

  private nothing(account: Account, items: readonly ConversationSummary[]): unknown {
    const { kind } = this.read(account.connection);
    const isComing = this.tab.kind === "all" && items.length === 0 && (kind === "idle" || kind === "connecting" || kind === "syncing");
    // What comes at once needs no word.
    if (isComing && !this.skeleton) return nothing;
    if (!empty.now) void empty.get().then(() => this.requestUpdate(), () => undefined);
    return empty.now?.empty(this, account, isComing);
  }

  /* For search and hands, which come later */

  /** As `read`, in a rendering. */
  follow<T>(source: Readable<T>): T {
    return this.read(source);
  }

  called(user: UserId): string {
    return this.nameOf(user);
  }

  usernameOf(user: UserId): string {
    return this.profileOf(user)?.username ?? "";
  }

  remark(toast: Toast): void {
    this.emit("stonechat-toast", toast);
  }

  /** Whose presence is shown. */
  watching(users: readonly UserId[]): void {
    this.watch.watch(users);
  }

  openWith(account: Account, user: UserId): void {
    this.emit("stonechat-open", { conversation: account.conversationWith(user).id });
  }

  begin(): void {
    this.emit("stonechat-new", {});
  }

  /** Moves a row under a finger; null puts it back. `distance` is towards the end of the line. */
  swipe(row: HTMLElement, distance: number | null): void {
    this.swiped = distance === null ? null : { id: row.dataset.id!, distance };
    row.style.transform = distance === null ? "" : `translateX(${this.rtl ? -distance : distance}px)`;
  }

  private async withHands(act: (hands: Hands) => void): Promise<void> {
    this.hands ??= await import("./hands.ts");
    act(this.hands);
  }

  /* Search */

  isSearch(): boolean {
    return this.searching !== "" || this.within !== null;
  }

  private titleAt(account: Account, id: ConversationId): string {
    const summary = this.read(account.summary(id));
    return summary ? titleOf(account, summary, this.locale) : "";
  }

  private async loadSearch(): Promise<void> {
    if (this.hits) return;
    const { ListSearch } = await import("./search.ts");
    this.hits ??= new ListSearch(this);
    this.tellSearch();
  }

  private tellSearch(): void {
    this.hits?.look(this.searching, this.within);
  }

  private onInput(event: Event): void {
    // The preedit of an input method is no search yet.
    if ((event as InputEvent).isComposing) return;
    this.searching = this.input.value;
    void this.loadSearch();
    this.tellSearch();
  }

  private onSearchKey(event: KeyboardEvent): void {
    this.hits?.keyed(event);
  }

  /* Rows */

  private hasRowFocus(): boolean {
    return !!(this.renderRoot as ShadowRoot).activeElement?.classList.contains("row");
  }

  private isHeld(): boolean {
    return this.aimed || !!this.renderRoot.querySelector(".row:focus-visible");
  }

  private onEnter(event: PointerEvent): void {
    if (event.pointerType === "mouse") this.aimed = true;
  }

  private onLeave(): void {
    if (!this.aimed) return;
    this.aimed = false;
    this.requestUpdate();
  }

  private onFocus(event: FocusEvent): void {
    const row = (event.target as Element).closest<HTMLElement>(".row[data-id]");
    if (event.type === "focusin" && row) this.cursor = row.dataset.id!;
    this.requestUpdate();
  }

  private rowOf(event: Event): HTMLElement | null {
    return (event.target as Element).closest<HTMLElement>(".row[data-id]");
  }

  private summaryOf(row: HTMLElement): ConversationSummary | null {
    return this.account?.summary(row.dataset.id!).get() ?? null;
  }

  onClick(event: MouseEvent): void {
    const row = this.rowOf(event);
    // With a modifier a link opens elsewhere, where it has an address.
    const elsewhere = (event.ctrlKey || event.metaKey || event.shiftKey) && row?.getAttribute("href") !== "#";
    if (!row || event.button !== 0 || elsewhere) return;
    event.preventDefault();
    const hit = row.querySelector<HTMLElement>("[data-seq]")?.dataset;
    this.emit("stonechat-open", { conversation: row.dataset.id!, ...(hit && { seq: Number(hit.seq), ordinal: Number(hit.ordinal) }) });
  }

  private onKey(event: KeyboardEvent): void {
    const row = this.rowOf(event);
    const { account } = this;
    if (row && account) this.hands?.rowKeyed(this, account, row, event);
  }

  /** How far the focus can go, and where it is. */
  get order(): readonly ConversationSummary[] {
    return this.shown;
  }

  /** As many rows as one sees. */
  get page(): number {
    return Math.max(1, Math.floor((this.scroller?.clientHeight ?? 0) / this.rowsShown.rowHeight) - 1);
  }

  /** Moves the focus to a row, which may not be drawn yet. */
  async goTo(index: number): Promise<void> {
    const to = Math.min(Math.max(0, index), this.shown.length - 1);
    this.cursor = this.shown[to]?.id ?? null;
    this.rowsShown.show(to);
    this.requestUpdate();
    await this.updateComplete;
    this.renderRoot.querySelector<HTMLElement>(`.row[data-id="${CSS.escape(this.cursor ?? "")}"]`)?.focus({ preventScroll: true });
  }

  private onMenu(event: MouseEvent): void {
    const row = this.rowOf(event);
    const summary = row && this.summaryOf(row);
    const { account } = this;
    if (!row || !summary || !account) return;
    event.preventDefault();
    // By key it has no place of its own.
    const at = event.clientX || event.clientY ? { x: event.clientX, y: event.clientY } : row;
    void this.withHands(({ rowMenu }) => rowMenu(this, account, summary, at));
  }

  private onTab(event: Event, act: (hands: Hands, at: HTMLElement) => void): void {
    event.preventDefault();
    const at = event.currentTarget as HTMLElement;
    void this.withHands((hands) => act(hands, at));
  }

  private onDown(event: PointerEvent): void {
    const row = this.rowOf(event);
    const { account } = this;
    if (row && account && event.pointerType === "touch") void this.withHands(({ rowTouched }) => rowTouched(this, account, row, event));
  }

}

function sameTab(a: Tab, b: Tab): boolean {
  return a.kind === b.kind && (a.kind !== "folder" || b.kind !== "folder" || a.folder === b.folder);
}

declare global {
  interface HTMLElementTagNameMap {
    "stonechat-conversation-list": StonechatConversationList;
  }
}

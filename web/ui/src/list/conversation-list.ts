/** `<stonechat-conversation-list>`: what waits, what was said last, and the way to it. */

import type { Account, Availability, Conversation, ConversationId, ConversationList, ConversationSummary, Message, UserId } from "@stonechat/sdk";
import { html, nothing, type CSSResultGroup, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import { announce } from "../base/announcer.ts";
import "../base/avatar.ts";
import { count } from "../base/badge.ts";
import { StonechatElement } from "../base/element.ts";
import { isComposing } from "../base/focus.ts";
import { hits, snippet, type Piece } from "../base/fold.ts";
import { icon, type IconName } from "../base/icons.ts";
import { openMenu } from "../base/menu.ts";
import { sentence, titleOf } from "../base/names.ts";
import { setStyle } from "../base/set-style.ts";
import { badges, base, buttons, fields, panes, scrollbars, skeletons, surface } from "../base/styles.ts";
import { clock, lastSeen, minutes, rowTime } from "../base/time.ts";
import { profilesOf } from "../base/profiles.ts";
import { unsentOf } from "../base/unsent.ts";
import { WatchController } from "../base/watching.ts";
import "../connection/connection.ts";
import { actsOf } from "./acts.ts";
import { find, findMessages, wantsPinyin, type Found, type Reading } from "./find.ts";
import { foldersOf, saveFolders } from "./folders.ts";
import { held, inTab, waitingIn, type Tab } from "./order.ts";
import { lookOf, presenceShown, reachOf, rowTemplate, type RowLook } from "./row.ts";
import { list, rows } from "./styles.ts";
import { followFinger, type Swipe, type SwipeHost } from "./swipe.ts";
import { RowWindow } from "./window.ts";

const ALL: Tab = { kind: "all" };
/** After the last key of a search. */
const SEARCH_PAUSE_MS = 120;
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
export class StonechatConversationList extends StonechatElement implements SwipeHost {
  /** The open one. */
  @property() current: ConversationId | null = null;
  /** The address of a conversation, so that a row is a link that can be opened elsewhere. */
  @property({ attribute: false }) href: (id: ConversationId) => string = () => "#";
  /** Whom to greet while there is no conversation; contacts when left out. */
  @property({ attribute: false }) people: readonly UserId[] | null = null;
  @property({ attribute: false }) tab: Tab = ALL;

  @state() private searching = "";
  /** Only in this conversation. */
  @state() private within: ConversationId | null = null;
  @state() private found: readonly Message[] | null = null;
  @state() private skeleton = false;
  @state() private swipe: { id: ConversationId; distance: number } | null = null;
  @state() private reading: Reading | null = null;

  @query(".scroller") private scroller!: HTMLElement | null;
  @query("input") private input!: HTMLInputElement;

  private readonly rowsShown = new RowWindow(this, () => this.scroller);
  private readonly watch = new WatchController(this);
  private all: ConversationList | null = null;
  private handles = new Map<ConversationId, Conversation>();
  private shown: readonly ConversationSummary[] = [];
  private aimed = false;
  private cursor: ConversationId | null = null;
  private searchTimer: ReturnType<typeof setTimeout> | undefined;
  private skeletonTimer: ReturnType<typeof setTimeout> | undefined;
  private frame: Promise<void> | null = null;

  static override styles: CSSResultGroup = [base, surface, buttons, fields, badges, panes, skeletons, scrollbars, rows, list];

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.closeList();
    clearTimeout(this.searchTimer);
    clearTimeout(this.skeletonTimer);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.skeletonTimer = setTimeout(() => (this.skeleton = true), SKELETON_AFTER_MS);
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

  /** Searches for messages of one conversation. */
  searchIn(conversation: ConversationId): void {
    this.within = conversation;
    this.found = null;
    this.focusSearch();
    if (this.searching) this.search(this.searching);
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
    return html`
      <div class="pane-header" part="header">
        <h1>${this.t("list.title")}</h1>
        <slot name="actions"></slot>
        <button type="button" class="icon-button" aria-label=${this.t("list.new")} @click=${() => this.emit("stonechat-new", {})}>${icon("compose")}</button>
      </div>
      <div class="list-tools">
        <div class="search" role="search" part="search">${icon("search", "s")}
          <input type="search" aria-label=${this.t("search.label")} placeholder=${this.t("search.label")} autocomplete="off" spellcheck="false" enterkeyhint="search"
            .value=${this.searching} @input=${this.onInput} @keydown=${this.onSearchKey} />
          ${this.within !== null && account ? html`<span class="within clip">${this.t("search.in", { title: this.titleAt(account, this.within) })}</span>` : nothing}
          ${this.searching || this.within !== null
            ? html`<button type="button" class="clear" aria-label=${this.t("common.clear")} @click=${this.endSearch}>${icon("close", "s")}</button>`
            : html`<kbd aria-hidden="true">Ctrl K</kbd>`}
        </div>
        ${account && !this.isSearch() && items.length > 0 ? this.tabs(account, items) : nothing}
      </div>
      <slot name="banner"></slot>
      ${!account ? nothing : this.isSearch() ? this.results(account, items) : this.rows(account, items)}
      <stonechat-connection></stonechat-connection>`;
  }

  private tabs(account: Account, items: readonly ConversationSummary[]): TemplateResult {
    const now = clock.now();
    const folders = foldersOf(this.read(account.profile), items);
    const tabs: { tab: Tab; label: string; n: number }[] = [
      { tab: ALL, label: this.t("list.all"), n: 0 },
      { tab: { kind: "unread" }, label: this.t("list.unread"), n: waitingIn(items, { kind: "unread" }, now) },
      ...folders.map((folder) => ({ tab: { kind: "folder", folder } as const, label: folder, n: waitingIn(items, { kind: "folder", folder }, now) })),
    ];
    if (items.some(({ preferences }) => preferences.archived)) tabs.push({ tab: { kind: "archived" }, label: this.t("list.archived"), n: 0 });
    const chosen = tabs.findIndex(({ tab }) => sameTab(tab, this.tab));
    return html`<div class="folders" role="tablist" part="folders" aria-label=${this.t("list.folders")} @keydown=${this.onTabKey}>
      ${tabs.map(({ tab, label, n }, i) => {
        const folder = tab.kind === "folder" ? tab.folder : null;
        return html`<button type="button" class="folder" role="tab" id="tab-${i}" aria-controls="rows" aria-selected=${i === chosen ? "true" : "false"}
          tabindex=${i === Math.max(0, chosen) ? 0 : -1} draggable=${folder === null ? "false" : "true"}
          @click=${() => (this.tab = tab)} @contextmenu=${(event: Event) => this.onTabMenu(event, folder, items)}
          @dragstart=${(event: DragEvent) => event.dataTransfer?.setData("text/plain", folder ?? "")}
          @dragover=${(event: DragEvent) => this.onTabOver(event, folder)} @dragleave=${this.onTabLeave}
          @drop=${(event: DragEvent) => this.onTabDrop(event, folder, folders)}><bdi>${label}</bdi>${
            n > 0 ? html`<span class="count" aria-label=${this.t("list.unread_count", { n })}>${count(n, this.locale)}</span>` : nothing}</button>`;
      })}
    </div>`;
  }

  private rows(account: Account, items: readonly ConversationSummary[]): TemplateResult {
    const fresh = items.filter((summary) => inTab(summary, this.tab));
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
      <ul class="window" role="list" data-count=${shown.length} ${setStyle({ height: `${shown.length * window.rowHeight}px` })}>
        ${repeat(indexes, (i) => shown[i]!.id, (i) => this.row(account, shown[i]!, i, shown.length, tab))}
      </ul>
    </div>`;
  }

  private row(account: Account, summary: ConversationSummary, index: number, count: number, tab: ConversationId): TemplateResult {
    const look = this.look(account, summary);
    const swiped = this.swipe?.id === summary.id ? this.swipe : null;
    const frame = {
      id: summary.id, look, title: titleOf(account, summary), avatar: this.avatar(account, summary), href: this.href(summary.id),
      open: summary.id === this.current, tab: summary.id === tab,
    };
    return html`<li role="listitem" class=${swiped ? "swiped" : ""} aria-setsize=${count} aria-posinset=${index + 1}
      ${setStyle({ top: `${index * this.rowsShown.rowHeight}px` })}>${swiped ? this.underSwipe(summary, swiped.distance) : nothing}${
        rowTemplate(frame, this.locale)}</li>`;
  }

  private look(account: Account, summary: ConversationSummary): RowLook {
    const own = summary.preview?.sender === account.user;
    const handle = this.handle(account, summary.id);
    return lookOf({
      summary,
      me: account.user,
      title: titleOf(account, summary),
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

  private isOnline(account: Account): boolean {
    const { kind } = this.read(account.connection);
    return kind === "online" || kind === "syncing";
  }

  private presence(account: Account, user: UserId): Availability | null {
    return presenceShown(this.read(account.presences).get(user)?.availability, this.isOnline(account));
  }

  private avatar(account: Account, summary: ConversationSummary): TemplateResult {
    const { peer, kind, group } = summary;
    const isSelf = peer === account.user;
    return html`<stonechat-avatar part="avatar" seed=${peer ?? summary.id} name=${titleOf(account, summary)} kind=${isSelf ? "self" : kind}
      src=${isSelf ? "" : peer ? this.pictureOf(peer) : group.avatar} .presence=${peer && !isSelf ? this.presence(account, peer) : null}></stonechat-avatar>`;
  }

  private personAvatar(account: Account, user: UserId): TemplateResult {
    return html`<stonechat-avatar part="avatar" seed=${user} name=${this.nameOf(user)} src=${this.pictureOf(user)}
      .presence=${this.presence(account, user)}></stonechat-avatar>`;
  }

  /** An empty tab says how it fills; an empty list has people to greet. */
  private nothing(account: Account, items: readonly ConversationSummary[]): unknown {
    const { tab } = this;
    if (tab.kind === "folder") return html`<p class="note">${this.t("list.empty_folder", { folder: tab.folder })}</p>`;
    if (tab.kind === "unread") return html`<p class="note">${this.t("list.empty_unread")}</p>`;
    if (tab.kind === "archived") return html`<p class="note">${this.t("list.empty_archive")}</p>`;
    const { kind } = this.read(account.connection);
    if (items.length === 0 && (kind === "idle" || kind === "connecting" || kind === "syncing")) {
      return this.skeleton
        ? html`<div aria-hidden="true">${Array.from({ length: 8 }, () => html`<div class="bones"><span class="skeleton round"></span><span><span
            class="skeleton name"></span><span class="skeleton text"></span></span></div>`)}</div>`
        : nothing;
    }
    const people = this.people ?? [...this.read(account.relations).values()].filter((relation) => relation.contactsSince > 0 && !relation.blocksSince).map(({ user }) => user);
    const others = people.filter((user) => user !== account.user);
    if (others.length === 0) return nothing;
    this.watch.watch(others);
    return html`<h2 class="rows-note">${this.t("list.greet")}</h2>
      <ul role="list">${others.map((user) => html`<li>${this.personRow(account, user, this.nameOf(user))}</li>`)}</ul>`;
  }

  private personRow(account: Account, user: UserId, name: unknown): TemplateResult {
    return html`<button type="button" class="row" @click=${() => this.emit("stonechat-open", { conversation: account.conversationWith(user).id })}>
      ${this.personAvatar(account, user)}
      <span class="row-lines">
        <span class="row-line"><bdi class="row-name clip">${name}</bdi></span>
        <span class="row-line"><span class="row-preview clip">${this.presenceWords(account, user)}</span>
          <span class="row-end"><span class="link-button">${this.t("list.say_hello")}</span></span></span>
      </span>
    </button>`;
  }

  private presenceWords(account: Account, user: UserId): string {
    const presence = this.isOnline(account) ? this.read(account.presences).get(user) : undefined;
    const { availability = "offline", lastSeen: seen = 0 } = presence ?? {};
    const says = availability === "offline" ? lastSeen(seen, clock.now(), this.locale) : this.t(`presence.${availability}`);
    const username = this.profileOf(user)?.username;
    return sentence(says) || (username ? `@${username}` : "");
  }

  /* Search */

  private results(account: Account, items: readonly ConversationSummary[]): TemplateResult {
    const text = this.searching;
    this.read(account.names);
    const { conversations, people }: Found =
      this.within === null ? find(account, items, this.read(profilesOf(account)), text, this.reading) : { conversations: [], people: [] };
    const messages = text.trim() ? (this.found ?? []) : [];
    const isNothing = text.trim() !== "" && conversations.length + people.length + messages.length === 0 && this.found !== null;
    const section = (title: string, rows: unknown): TemplateResult => html`<h2 class="rows-note">${title}</h2><ul role="list">${rows}</ul>`;
    return html`<div class="scroller" @keydown=${this.onResultKey} @click=${this.onClick}>
      ${conversations.length ? section(this.t("list.conversations"), conversations.map((summary) => html`<li>${this.conversationHit(account, summary)}</li>`)) : nothing}
      ${people.length ? section(this.t("search.people"), people.map((user) => html`<li>${this.personRow(account, user, marks(hits(this.nameOf(user), text)))}</li>`)) : nothing}
      ${messages.length ? section(this.t("search.messages"), messages.map((message) => html`<li>${this.messageHit(account, message)}</li>`)) : nothing}
      ${isNothing
        ? html`<div class="note"><p>${this.t("search.nothing", { text: text.trim() })}</p>
            ${this.within === null
              ? html`<button type="button" class="button secondary" @click=${() => this.emit("stonechat-new", {})}>${this.t("search.new_instead")}</button>`
              : html`<button type="button" class="button secondary" @click=${() => ((this.within = null), this.search(text))}>${this.t("search.everywhere")}</button>`}</div>`
        : nothing}
    </div>`;
  }

  private conversationHit(account: Account, summary: ConversationSummary): TemplateResult {
    const title = titleOf(account, summary);
    const username = summary.peer ? this.profileOf(summary.peer)?.username : null;
    const key = summary.kind === "channel" ? "people.readers" : "people.members";
    const second = summary.peer ? (username ? `@${username}` : "") : this.t(key, { n: summary.memberCount });
    const look: RowLook = { ...PLAIN, time: summary.preview ? rowTime(summary.preview.sentAt, clock.now(), this.locale) : "" };
    return rowTemplate({
      id: summary.id, look, title: marks(hits(title, this.searching)), avatar: this.avatar(account, summary), href: this.href(summary.id),
      open: summary.id === this.current, tab: true, second: marks(hits(second, this.searching)),
    }, this.locale);
  }

  private messageHit(account: Account, message: Message): TemplateResult {
    const summary = account.summary(message.conversation).get();
    const isGroup = summary?.kind === "group";
    const author = this.nameOf(message.sender);
    const title = summary ? titleOf(account, summary) : message.conversation;
    const words = account.words(message.content);
    const time = rowTime(message.sentAt, clock.now(), this.locale);
    const name = isGroup ? author : title;
    const lead = message.own && !isGroup ? this.t("list.you") : "";
    const place = isGroup ? this.t("search.in", { title }) : "";
    const look: RowLook = { ...PLAIN, time };
    return rowTemplate({
      id: message.conversation, look, title: name, place, href: `${this.href(message.conversation)}`,
      avatar: isGroup ? this.personAvatar(account, message.sender) : summary ? this.avatar(account, summary) : html``,
      open: false, tab: true,
      second: html`<span data-seq=${message.seq} data-ordinal=${message.ordinal}>${lead ? html`<bdi class="who">${lead}</bdi> ` : nothing}${marks(snippet(words, this.searching))}</span>`,
    }, this.locale);
  }

  private onInput(event: Event): void {
    const text = (event.target as HTMLInputElement).value;
    // The preedit of an input method is no search yet.
    if ((event as InputEvent).isComposing) return;
    this.search(text);
  }

  private search(text: string): void {
    this.searching = text;
    this.found = text.trim() ? this.found : null;
    clearTimeout(this.searchTimer);
    const { account } = this;
    if (!account || !text.trim()) return;
    if (!this.reading && wantsPinyin(text)) void import("./pinyin.ts").then((reading) => (this.reading = reading));
    this.searchTimer = setTimeout(() => {
      void findMessages(account, text, this.within).then((messages) => {
        // An answer to what is not asked any more.
        if (this.searching !== text) return;
        this.found = messages;
        announce(messages.length ? this.t("search.results", { n: messages.length }) : this.t("search.nothing", { text: text.trim() }));
      });
    }, SEARCH_PAUSE_MS);
  }

  private isSearch(): boolean {
    return this.searching !== "" || this.within !== null;
  }

  private titleAt(account: Account, id: ConversationId): string {
    const summary = this.read(account.summary(id));
    return summary ? titleOf(account, summary) : "";
  }

  private endSearch(): void {
    this.searching = "";
    this.within = null;
    this.found = null;
    this.input.focus();
  }

  private onSearchKey(event: KeyboardEvent): void {
    if (isComposing(event)) return;
    if (event.key === "Escape" && this.isSearch()) {
      this.endSearch();
    } else if (event.key === "ArrowDown" || (event.key === "Enter" && this.searching)) {
      const first = this.renderRoot.querySelector<HTMLElement>(this.searching ? ".scroller .row" : '.scroller .row[tabindex="0"]');
      if (event.key === "Enter") first?.click();
      else first?.focus();
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  private onResultKey(event: KeyboardEvent): void {
    const rows = [...this.renderRoot.querySelectorAll<HTMLElement>(".scroller .row")];
    const at = rows.indexOf((this.renderRoot as ShadowRoot).activeElement as HTMLElement);
    if (event.key === "ArrowDown") rows[Math.min(at + 1, rows.length - 1)]?.focus();
    else if (event.key === "ArrowUp") (at <= 0 ? this.input : rows[at - 1]!).focus();
    else if (event.key === "Escape") this.endSearch();
    else return;
    event.preventDefault();
    event.stopPropagation();
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

  private onClick(event: MouseEvent): void {
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
    if (!row || isComposing(event)) return;
    const at = this.shown.findIndex(({ id }) => id === row.dataset.id);
    const page = Math.max(1, Math.floor((this.scroller?.clientHeight ?? 0) / this.rowsShown.rowHeight) - 1);
    const go = (to: number): void => void this.goTo(Math.min(Math.max(0, to), this.shown.length - 1));
    const { account } = this;
    const summary = this.summaryOf(row);
    if (!account || !summary) return;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    switch (event.key) {
      case "ArrowDown": go(at + 1); break;
      case "ArrowUp": if (at === 0) this.input.focus(); else go(at - 1); break;
      case "PageDown": go(at + page); break;
      case "PageUp": go(at - page); break;
      case "Home": go(0); break;
      case "End": go(this.shown.length - 1); break;
      case "u": actsOf(this, account).toggleRead(summary); break;
      case "p": if (!summary.preferences.archived) actsOf(this, account).togglePin(summary); break;
      case "m": actsOf(this, account).toggleMute(summary); break;
      case "a": actsOf(this, account).toggleArchive(summary); go(at); break;
      case "Delete": actsOf(this, account).remove(summary); break;
      default: return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  /** Moves the focus to a row, which may not be drawn yet. */
  private async goTo(index: number): Promise<void> {
    this.cursor = this.shown[index]?.id ?? null;
    this.rowsShown.show(index);
    this.requestUpdate();
    await this.updateComplete;
    this.renderRoot.querySelector<HTMLElement>(`.row[data-id="${CSS.escape(this.cursor ?? "")}"]`)?.focus({ preventScroll: true });
  }

  private onMenu(event: MouseEvent): void {
    const row = this.rowOf(event);
    if (!row) return;
    event.preventDefault();
    // By key it has no place of its own.
    this.openMenu(row, event.clientX || event.clientY ? { x: event.clientX, y: event.clientY } : row);
  }

  private openMenu(row: HTMLElement, at: HTMLElement | { x: number; y: number }): void {
    const summary = this.summaryOf(row);
    const { account } = this;
    if (!summary || !account) return;
    openMenu(this, { items: actsOf(this, account).menu(summary), label: titleOf(account, summary), at });
  }

  /* Touch */

  private onDown(event: PointerEvent): void {
    const row = this.rowOf(event);
    if (row && event.pointerType === "touch") followFinger(this, row, event);
  }

  isRtl(): boolean {
    return this.rtl;
  }

  moved(row: HTMLElement, distance: number | null): void {
    this.swipe = distance === null ? null : { id: row.dataset.id!, distance };
    row.style.transform = distance === null ? "" : `translateX(${this.rtl ? -distance : distance}px)`;
  }

  swiped(row: HTMLElement, act: Swipe): void {
    const summary = this.summaryOf(row);
    const { account } = this;
    if (!summary || !account) return;
    const acts = actsOf(this, account);
    if (act === "read") acts.toggleRead(summary);
    else if (act === "mute") acts.toggleMute(summary);
    else acts.toggleArchive(summary);
  }

  pressed(row: HTMLElement, at: { x: number; y: number }): void {
    this.openMenu(row, at);
  }

  private underSwipe(summary: ConversationSummary, distance: number): TemplateResult {
    const { preferences } = summary;
    const item = (name: IconName, text: string): TemplateResult => html`<span>${icon(name)}${text}</span>`;
    const isUnread = summary.unread > 0 || preferences.markedUnread;
    const read = item(isUnread ? "check" : "unread", this.t(isUnread ? "row.read" : "row.unread"));
    const isMuted = preferences.mutedUntil > clock.now();
    const mute = item(isMuted ? "bell" : "bellOff", this.t(isMuted ? "row.unmute" : "row.mute"));
    const archive = item("archive", this.t(preferences.archived ? "row.unarchive" : "row.archive"));
    return html`<div class="swipe" aria-hidden="true">${distance > 0 ? read : html`<span></span>`}${
      distance > 0 ? nothing : distance < -168 ? archive : mute}</div>`;
  }

  /* Folders */

  private onTabKey(event: KeyboardEvent): void {
    const tabs = [...(event.currentTarget as HTMLElement).querySelectorAll<HTMLElement>('[role="tab"]')];
    const at = tabs.indexOf(event.target as HTMLElement);
    const forward = this.rtl ? "ArrowLeft" : "ArrowRight";
    const back = this.rtl ? "ArrowRight" : "ArrowLeft";
    const to =
      event.key === forward ? at + 1 : event.key === back ? at - 1 : event.key === "Home" ? 0 : event.key === "End" ? tabs.length - 1 : null;
    if (event.key === "ArrowDown") this.focusRows();
    else if (to === null) return;
    else {
      const next = tabs[(to + tabs.length) % tabs.length]!;
      next.click();
      next.focus();
      next.scrollIntoView({ block: "nearest", inline: "nearest" });
    }
    event.preventDefault();
  }

  private onTabMenu(event: Event, folder: string | null, items: readonly ConversationSummary[]): void {
    const { account } = this;
    event.preventDefault();
    if (folder === null || !account) return;
    const dialogs = import("./dialogs.ts");
    openMenu(this, {
      label: folder,
      at: event.currentTarget as HTMLElement,
      items: [
        { label: this.t("folder.rename"), icon: "edit", run: () => void dialogs.then(({ askFolderName }) => askFolderName(this, account, items, folder)) },
        null,
        { label: this.t("folder.remove"), icon: "trash", danger: true, run: () => void dialogs.then(({ askFolderRemoval }) => askFolderRemoval(this, account, items, folder)) },
      ],
    });
  }

  private onTabOver(event: DragEvent, folder: string | null): void {
    if (folder === null) return;
    event.preventDefault();
    (event.currentTarget as HTMLElement).classList.add("over");
  }

  private onTabLeave(event: DragEvent): void {
    (event.currentTarget as HTMLElement).classList.remove("over");
  }

  /** Before the folder that it falls on. */
  private onTabDrop(event: DragEvent, folder: string | null, folders: readonly string[]): void {
    this.onTabLeave(event);
    const moved = event.dataTransfer?.getData("text/plain");
    if (!moved || folder === null || moved === folder || !folders.includes(moved) || !this.account) return;
    event.preventDefault();
    const rest = folders.filter((each) => each !== moved);
    rest.splice(rest.indexOf(folder), 0, moved);
    saveFolders(this.account, rest).catch(() => this.emit("stonechat-toast", { text: this.t("folder.offline"), danger: true }));
  }
}

/** A row that says nothing of itself. */
const PLAIN: RowLook = {
  unread: false, muted: false, lead: "", leadKind: "", text: "", typing: false, time: "", state: "", mention: false, count: 0, end: "", heard: "",
};

function sameTab(a: Tab, b: Tab): boolean {
  return a.kind === b.kind && (a.kind !== "folder" || b.kind !== "folder" || a.folder === b.folder);
}

/** The marked pieces of a hit. */
export function marks(pieces: readonly Piece[]): unknown {
  return pieces.map(({ text, hit }) => (hit ? html`<mark>${text}</mark>` : text));
}

declare global {
  interface HTMLElementTagNameMap {
    "stonechat-conversation-list": StonechatConversationList;
  }
}

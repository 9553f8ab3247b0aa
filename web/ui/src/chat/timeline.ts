/** `<stonechat-timeline>`: the messages of a conversation. */

import type { Account, Conversation, ItemKey, Message, MessageItem, Ordinal, Seq, Timeline, TimelineItem, UserId, Role } from "@stonechat/sdk";
import { html, nothing, type CSSResultGroup, type PropertyValues, type TemplateResult } from "lit";
import { guard } from "lit/directives/guard.js";
import "../base/avatar.ts";
import { customElement, property, query, state } from "../base/decorators.ts";
import { each } from "../base/each.ts";
import { StonechatElement } from "../base/element.ts";
import { profilesOf } from "../base/profiles.ts";
import { Part } from "../base/part.ts";
import { base, buttons, skeletons, surface } from "../base/styles.ts";
import { clock, minutes } from "../base/time.ts";
import type { Distant } from "./distant.ts";
import type { Folds } from "./folds.ts";
import { isDirect, plainWords, type Look, type Renderers } from "./look.ts";
import { isPlain, messageLine, plainLine } from "./message.ts";
import { News } from "./news.ts";
import { isWatched, Reading } from "./reading.ts";
import { recalledText } from "./recalled.ts";
import { joins } from "./runs.ts";
import { Scroller } from "./scroller.ts";
import { tellShown } from "./shown.ts";
import { frame, lines } from "./timeline-css.ts";
import type { TimelineHands } from "./hands.ts";
import type { Jumps } from "./jumps.ts";
import "./words.ts";

/** Messages fetched at once. */
const PAGE = 50;
/** So many unread are loaded when a conversation is opened; with more it opens at the first of them, and they load on the way. */
const UNREAD_LOADED_MAX = 280;
/** So many that came and were not seen: who reads further up goes on without them. */
const UNSEEN_KEPT_MAX = 500;
const JUMPED_MS = 2_400;
const SKELETON_AFTER_MS = 300;
const FRAME_MS = 16;
/** Nobody sees a hidden page, and it has no frames. */
const HIDDEN_MS = 200;
/** A message that waits for longer has a word for it. */
const SLOW_MS = 3_000;
/** Lines nearer to the edge than this, and more are fetched. */
const EDGE_LINES = 12;

/** What most conversations have somewhere, and many not at first. */
const rich = new Part(() => import("./rich.ts"));

/**
 * @fires stonechat-reply - somebody wants to answer a message
 * @fires stonechat-edit - he wants to change an own one, or to write one again
 * @fires stonechat-select - messages were selected, or selecting ended
 * @fires pins - what is known to be pinned: messages, oldest first
 * @csspart message - a message; within it `bubble`, `author`, `quote`, `text`, `card`, `meta`, `ticks`, `reactions`, `reaction`, `failure`
 * @csspart system - what happened to the conversation
 * @csspart divider - between days, and above the unread
 */
@customElement("stonechat-timeline")
export class StonechatTimeline extends StonechatElement {
  /** The id of the conversation. */
  @property() conversation = "";
  /** What an app puts in the place of a kind of content, or of line. */
  @property({ attribute: false }) renderers: Renderers = {};

  @state() timeline: Timeline | null = null;
  @state() stretch: Distant | null = null;
  @state() private jumped: ItemKey | null = null;
  @state() private skeleton = false;
  /** The message that has the bar of three beside it. */
  @state() active: ItemKey | null = null;
  /** Null while nothing is being selected. */
  @state() selection: ReadonlySet<ItemKey> | null = null;
  @state() private isAway = false;
  @state() loadsEarlier = false;
  @state() cameFrom: { readonly key: ItemKey; readonly stretch: Distant | null } | null = null;

  @query(".scroll") private box!: HTMLElement;
  @query("ol") private list!: HTMLElement;

  /** What is shown, oldest first. */
  items: readonly TimelineItem[] = [];
  look: Look | null = null;
  private opened: { readonly account: Account; readonly id: string; readonly talk: Conversation } | null = null;
  unread = 0;
  isFar = false;
  readUpto: Ordinal = 0;
  /** Resolves when what was opened last is here, or could not be opened. */
  ready: Promise<void> = Promise.resolve();
  private roles: ReadonlyMap<UserId, Role> = new Map();
  seenOrdinal: Ordinal = 0;
  private fresh: ItemKey | null = null;
  private stuck = false;
  readonly filling = new Set<Ordinal>();
  private madeOf: readonly unknown[] = [];
  private readonly timers = new Map<string, ReturnType<typeof setTimeout>>();
  readonly scroller = new Scroller(() => this.box, () => this.list);
  private readonly reading = new Reading();
  private readonly news = new News();
  private folds: Folds | null = null;
  private hands: TimelineHands | null = null;
  private jumper: Jumps | null = null;
  private sizes: ResizeObserver | null = null;
  private isScrolling = false;
  private renderedAt = Number.NEGATIVE_INFINITY;

  static override styles: CSSResultGroup = [base, surface, buttons, skeletons, frame, lines];

  /** The conversation that is shown; null before it is known. */
  get talk(): Conversation | null {
    return this.opened?.talk ?? null;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    for (const event of ["visibilitychange", "focus", "blur"]) {
      addEventListener(event, this.reading.lookAgain, true);
    }
    this.requestUpdate();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    for (const event of ["visibilitychange", "focus", "blur"]) {
      removeEventListener(event, this.reading.lookAgain, true);
    }
    this.sizes?.disconnect();
    this.sizes = null;
    this.close();
  }

  /* Opening */

  private close(): void {
    this.timeline?.close();
    this.reading.close();
    this.timers.forEach(clearTimeout);
    this.timers.clear();
    if (this.opened !== null) {
      tellShown(this.opened.account, this, null);
    }
    [this.opened, this.timeline, this.stretch, this.jumped, this.active, this.selection] = [null, null, null, null, null, null];
    [this.cameFrom, this.look, this.items, this.roles, this.skeleton, this.isAway] = [null, null, [], new Map(), false, false];
    [this.seenOrdinal, this.unread, this.stuck, this.loadsEarlier, this.fresh] = [0, 0, false, false, null];
    this.filling.clear();
    this.news.reset();
    this.folds = null;
    this.scroller.reset();
  }

  private open(account: Account, id: string): void {
    this.close();
    const talk = account.conversation(id);
    this.opened = { account, id, talk };
    this.reading.open(talk);
    tellShown(account, this, id);
    const summary = talk.summary.get();
    this.unread = summary?.unread ?? 0;
    this.readUpto = summary?.readOrdinal ?? 0;
    // Own messages and recalled ones are not unread, but they stand between.
    const behind = this.unread === 0 ? 0 : Math.max((summary?.headOrdinal ?? 0) - this.readUpto, this.unread);
    this.isFar = behind > UNREAD_LOADED_MAX;
    const { isFar } = this;
    this.later("skeleton", SKELETON_AFTER_MS, () => (this.skeleton = this.timeline === null));
    this.ready = talk.timeline({ page: isFar ? PAGE : Math.max(PAGE, behind + EDGE_LINES) }).then((timeline) => {
      if (this.opened?.talk !== talk) {
        timeline.close();
        return;
      }
      this.timeline = timeline;
      this.skeleton = false;
      if (isFar) {
        // It would stand above the first message that is loaded, which is not the first unread one.
        timeline.hideReadMarker();
        void this.jumpToUnread();
      } else if (timeline.items.get().some((item) => item.kind === "read_marker")) {
        this.scroller.aimAt({ key: "read", at: 1 / 3 });
      }
    }, () => void (this.skeleton = false));
    if (summary !== null && summary.kind !== "direct") {
      void this.learnRoles(talk);
    }
    if (summary?.preferences.markedUnread) {
      talk.markUnread(false).then((handle) => handle.done).catch(() => undefined);
    }
  }

  private async learnRoles(talk: Conversation): Promise<void> {
    const admins = await talk.admins().catch(() => null);
    if (admins !== null && this.opened?.talk === talk) {
      this.roles = new Map(admins.map(({ user, role }) => [user, role]));
      this.requestUpdate();
    }
  }

  later(name: string, ms: number, run: () => void): void {
    clearTimeout(this.timers.get(name));
    this.timers.set(name, setTimeout(run, ms));
  }

  /* Rendering */

  /** One change shows at once; what follows within a frame is one rendering together. */
  protected override async scheduleUpdate(): Promise<void> {
    if (performance.now() - this.renderedAt < FRAME_MS) {
      await new Promise((resolve) => (document.hidden ? setTimeout(resolve, HIDDEN_MS) : requestAnimationFrame(resolve)));
    }
    if (rich.now === null && this.needsMore()) {
      await rich.soon(this);
    }
    super.scheduleUpdate();
    this.renderedAt = performance.now();
  }

  /** Whether what is drawn next is more than plain words. */
  private needsMore(): boolean {
    return this.active !== null || this.selection !== null || this.jumped !== null || this.stretch !== null || this.cameFrom !== null || this.isAway ||
      this.stuck || Object.keys(this.renderers).length > 0 || !(this.timeline?.items.get() ?? []).every(isPlain);
  }

  protected override willUpdate(changed: PropertyValues): void {
    super.willUpdate(changed);
    rich.now?.dress(this.renderRoot);
    const { account, opened } = this;
    if (account === null || this.conversation === "") {
      if (opened !== null) {
        this.close();
      }
      return;
    }
    if (opened?.account !== account || opened.id !== this.conversation) {
      this.open(account, this.conversation);
    }
    this.look = this.lookNow(account);
    const live = this.timeline === null ? [] : this.read(this.timeline.items);
    this.items = this.linesOf(live);
    this.notice(live, this.look);
    this.scroller.take(this.items);
  }

  private lookNow(account: Account): Look {
    const talk = this.opened?.talk as Conversation;
    const summary = this.read(talk.summary);
    const isOnline = this.read(account.connection).kind === "online";
    if (isOnline && this.look?.isOnline === false) {
      this.stuck = false;
    }
    // Lines read names, relations and what the group allows. That it moved on is nothing to them.
    const group = summary?.group;
    const madeOf = [
      account, this.locale, this.renderers, this.roles, isOnline, this.read(account.names), this.read(profilesOf(account)), this.read(account.relations),
      this.read(account.contentTypes), summary?.kind, summary?.role, summary?.member, summary?.memberCount, summary?.title, group?.settings,
      group?.dissolved, group?.mutedUntil, group?.avatar, this.unread,
    ];
    if (this.look !== null && madeOf.every((part, at) => part === this.madeOf[at])) {
      return this.look;
    }
    this.madeOf = madeOf;
    return { account, locale: this.locale, summary, roles: this.roles, renderers: this.renderers, unread: this.unread, isOnline };
  }

  linesOf(live: readonly TimelineItem[]): readonly TimelineItem[] {
    const { stretch, account } = this;
    if (stretch === null || account === null) {
      this.scroller.isLive = true;
      return this.folded(live);
    }
    return this.folded(this.jumper?.linesOf(stretch, live) ?? live);
  }

  private folded(lines: readonly TimelineItem[]): readonly TimelineItem[] {
    return rich.now === null ? lines : (this.folds ??= new rich.now.Folds()).take(lines);
  }

  /** Tells what arrived, and goes along with an own message. */
  private notice(live: readonly TimelineItem[], look: Look): void {
    const { fresh, oldest, pinned } = this.news.look(live, look, rich.now?.wordsOf ?? plainWords, rich.now?.eventWords);
    if (fresh !== null) {
      this.fresh = fresh;
      this.toLatest();
      this.later("slow", SLOW_MS, () => this.requestUpdate());
    }
    this.scroller.unlooked = isWatched() ? null : this.scroller.unlooked ?? oldest;
    if (pinned !== null) {
      this.dispatchEvent(new CustomEvent("pins", { detail: pinned }));
    }
  }

  protected override render(): TemplateResult | typeof nothing {
    const { look } = this;
    if (look === null) {
      return nothing;
    }
    const { t } = this.locale;
    const { from, upto } = this.scroller.span;
    const isEarlierAway = !look.isOnline && this.items.length > 0 && this.items[0]?.kind !== "start" && from === 0 && this.stuck;
    return html`
      <div class="scroll ${isDirect(look) ? "direct" : ""} ${this.selection === null ? "" : "selecting"}" role="log" tabindex="0" aria-live="off"
        aria-label=${t("chat.messages")} @scroll=${this.onScroll} @click=${this.on} @keydown=${this.on} @contextmenu=${this.on} @pointerover=${this.on}
        @pointerleave=${this.on} @pointerdown=${this.on} @pointermove=${this.on} @pointerup=${this.on} @pointercancel=${this.on} @focusin=${this.on} @focusout=${this.on}>
        <div class="column">
          ${isEarlierAway ? rich.now?.earlierAway(look) : nothing}
          <div class="before"></div>
          <ol role="list">${each(this.items.slice(from, upto), (item) => item.key, (item, at) => this.line(item, from + at, look))}</ol>
          <div class="behind"></div>
          ${this.skeleton && this.items.length === 0
            ? html`<div class="skeletons" aria-hidden="true"><span class="skeleton"></span><span class="skeleton"></span><span class="skeleton"></span></div>` : nothing}
        </div>
      </div>
      ${rich.now?.over(this.loadsEarlier && from === 0)}
      ${this.jumpButtons(look)}`;
  }

  private line(item: TimelineItem, at: number, look: Look): unknown {
    if (item.kind !== "message") {
      const day = item.kind === "day" ? Math.floor(this.read(minutes) / 1_440) : 0;
      return guard([item, look, day, rich.now], () => (rich.now?.otherLine ?? plainLine)(item, look));
    }
    const { key } = item;
    const start = !joins(this.items[at - 1], item);
    const end = !joins(item, this.items[at + 1]);
    const selected = this.selection?.has(key) ?? false;
    const now = clock.now();
    const isWaiting = item.state?.kind === "queued" || item.state?.kind === "sending";
    const line = {
      start, end, selected, jumped: this.jumped === key, active: this.active === key && this.selection === null,
      slow: isWaiting && now - item.message.sentAt >= SLOW_MS,
      fresh: this.fresh === key,
      again: item.message.content.kind === "recalled" && recalledText(item, now) !== null,
    };
    return guard([item, look, rich.now, ...Object.values(line)], () => messageLine(item, line, look, rich.now));
  }

  private jumpButtons(look: Look): unknown {
    const summary = this.opened === null ? null : this.read(this.opened.talk.summary);
    return rich.now?.jumpButtons({
      look,
      isAway: this.isAway,
      unseen: this.scroller.isLive ? rich.now.unseen(this.items, this.seenOrdinal) : summary?.unread ?? 0,
      isMuted: (summary?.preferences.mutedUntil ?? 0) > clock.now(),
      mentions: summary?.unreadMentions ?? 0,
      back: this.cameFrom === null ? null : this.goBack,
      toMention: () => void this.jumpToMention(),
      toLatest: () => this.toLatest(),
    });
  }

  protected override updated(changed: PropertyValues): void {
    super.updated(changed);
    if (this.look === null) {
      return;
    }
    if (this.sizes === null) {
      this.sizes = new ResizeObserver(() => {
        this.scroller.settle();
        // Other lines are laid out in the next frame: in this one they would be measured again.
        requestAnimationFrame(() => this.looked());
      });
      this.sizes.observe(this.box);
      this.sizes.observe(this.list.parentElement as HTMLElement, { box: "border-box" });
      void this.getHands();
    }
    const { before, behind } = this.scroller.spacers();
    this.setSpacer(".before", before);
    this.setSpacer(".behind", behind);
    this.scroller.settle();
    this.hands?.rendered();
    this.looked();
  }

  private setSpacer(name: string, height: number): void {
    const spacer = this.renderRoot.querySelector<HTMLElement>(name);
    const size = `${height}px`;
    if (spacer !== null && spacer.style.height !== size) {
      spacer.style.height = size;
    }
  }

  /* Scrolling */

  private onScroll(): void {
    if (this.isScrolling) {
      return;
    }
    this.isScrolling = true;
    requestAnimationFrame(() => {
      this.isScrolling = false;
      if (this.isConnected && this.box !== null) {
        this.scroller.scrolled();
        void rich.get().then(({ showDay }) => showDay(this), () => undefined);
        this.looked();
      }
    });
  }

  /** After what is in sight may be another. */
  private looked(): void {
    const { scroller, items } = this;
    if (this.timeline === null || items.length === 0 || !this.isConnected || this.box.clientHeight === 0) {
      return;
    }
    const isAway = !scroller.isLive || scroller.fromEnd > this.box.clientHeight;
    const wasSeen = this.seenOrdinal;
    const seen = lastMessage(items, scroller.isAtEnd && scroller.isLive ? items.length - 1 : scroller.seenUpto);
    if (seen !== null) {
      this.seenOrdinal = Math.max(this.seenOrdinal, seen.ordinal);
      this.reading.look(seen.seq);
    }
    if (isAway !== this.isAway) {
      this.isAway = isAway;
    }
    if (scroller.isOut || (isAway && wasSeen !== this.seenOrdinal)) {
      this.requestUpdate();
    }
    if (scroller.isAtEnd && scroller.isLive && (this.cameFrom ?? this.stretch) !== null && this.jumped === null) {
      [this.cameFrom, this.stretch] = [null, null];
    }
    const newest = lastMessage(items, items.length - 1)?.ordinal ?? 0;
    if (isAway && this.stretch === null && this.seenOrdinal > 0 && newest - this.seenOrdinal > UNSEEN_KEPT_MAX) {
      this.jumps().then((jumps) => jumps.letGo(), () => undefined);
    }
    this.fetchAround();
  }

  /** Fetches what is about to be seen. */
  private fetchAround(): void {
    const { from, upto } = this.scroller.visible;
    if (from < EDGE_LINES) {
      void this.loadEarlier();
    }
    if (!this.scroller.isLive && upto > this.items.length - EDGE_LINES) {
      void this.jumper?.loadLater();
    }
    if (this.look?.isOnline) {
      rich.now?.fillGaps(this, this.items.slice(Math.max(0, from - EDGE_LINES), upto + EDGE_LINES));
    }
  }

  private async loadEarlier(): Promise<void> {
    const { timeline, talk, stretch } = this;
    if (this.loadsEarlier || this.stuck || timeline === null || talk === null || this.items[0]?.kind === "start" || this.items.length === 0) {
      return;
    }
    this.loadsEarlier = true;
    try {
      if (stretch === null) {
        const { loaded, reachedStart } = await timeline.paginateBack(PAGE);
        this.stuck = loaded === 0 && !reachedStart;
      } else {
        await this.jumper?.loadEarlier(talk, stretch);
      }
    } catch {
      // Asked again when the connection is back.
      this.stuck = true;
    } finally {
      this.loadsEarlier = false;
    }
  }

  /* Jumping */

  /** To the newest message. */
  toLatest(): void {
    [this.stretch, this.cameFrom] = [null, null];
    this.scroller.isLive = true;
    this.scroller.toEnd();
    this.requestUpdate();
  }

  /** Back to where one was before a jump. */
  private goBack = (): void => {
    const { cameFrom } = this;
    if (cameFrom !== null) {
      [this.stretch, this.cameFrom] = [cameFrom.stretch, null];
      this.scroller.aimAt({ key: cameFrom.key, at: 1 / 3 });
      this.highlight(cameFrom.key);
    }
  };

  private async jumps(): Promise<Jumps> {
    const { Jumps: Made } = await import("./jumps.ts");
    return (this.jumper ??= new Made(this));
  }

  /** To the first message that was unread when the timeline was opened. */
  async jumpToUnread(): Promise<boolean> {
    return (await this.jumps()).toUnread();
  }

  /** To the next message that calls the user, and that he has not seen. */
  async jumpToMention(): Promise<boolean> {
    return (await this.jumps()).toMention();
  }

  /** To a message, by its numbers; the ordinal lets it be found far away. Remembers where one was. */
  async jumpTo(seq: Seq, ordinal: Ordinal = 0): Promise<boolean> {
    return (await this.jumps()).to(seq, ordinal);
  }

  /** Lights a line up for a moment. */
  highlight(key: ItemKey): void {
    this.jumped = null;
    // Off for a frame, so that the same line lights up a second time.
    void this.updateComplete.then(() => {
      this.jumped = key;
      this.later("jumped", JUMPED_MS, () => (this.jumped = null));
    });
  }

  /* For those who act on messages */

  /** Brings a message into sight, with as little movement as can be. */
  async reveal(key: ItemKey): Promise<HTMLElement | null> {
    this.scroller.aimAt({ key, at: "nearest" });
    this.requestUpdate();
    await this.updateComplete;
    return this.scroller.elementOf(key);
  }

  elementOf(key: ItemKey): HTMLElement | null {
    return this.scroller.elementOf(key);
  }

  messageAt(key: ItemKey): MessageItem | null {
    const place = this.scroller.placeOf(key);
    const item = place === undefined ? undefined : this.items[place];
    return item?.kind === "message" ? item : null;
  }

  /** The last line in sight, where the keyboard begins. */
  get lastVisible(): number {
    return this.scroller.visible.upto - 1;
  }

  /** Takes a message into the selection, or out of it; with the first one selecting begins. */
  toggle(key: ItemKey): void {
    const selection = new Set(this.selection ?? []);
    if (!selection.delete(key)) {
      selection.add(key);
    }
    this.setSelection(selection);
  }

  /** Opens a row of events, or closes it. */
  toggleFold(key: ItemKey): void {
    this.folds?.toggle(key);
    this.scroller.aimAt({ key, at: "nearest" });
    this.requestUpdate();
  }

  setSelection(selection: ReadonlySet<ItemKey> | null): void {
    this.selection = selection !== null && selection.size === 0 && this.selection === null ? null : selection;
    const items = this.items.filter((item): item is MessageItem => item.kind === "message" && (selection?.has(item.key) ?? false));
    this.emit("stonechat-select", { items: this.selection === null ? null : items });
  }

  /** The last own message that may be changed. */
  async lastEditable(): Promise<MessageItem | null> {
    return (await this.getHands()).lastEditable();
  }

  private async getHands(): Promise<TimelineHands> {
    const { TimelineHands: Made } = await import("./hands.ts");
    return (this.hands ??= new Made(this));
  }

  /** What is done with hands is told to those who know what it means: they come a moment after the first lines. */
  private readonly on = (event: Event): void => {
    const target = event.composedPath()[0];
    if (this.hands !== null && target instanceof Element) {
      this.hands.handle(event, target);
    } else if (target instanceof Element && (event.type === "click" || event.type === "keydown")) {
      // A key before this one may have moved the focus meanwhile.
      const at = (): Element => (event.type === "keydown" ? (this.renderRoot as ShadowRoot).activeElement : null) ?? target;
      void this.getHands().then((hands) => hands.handle(event, at()));
    }
  };

  /** On the message that had it last, else on the last one in sight. */
  override focus(options?: FocusOptions): void {
    const before = this.hands?.last ?? null;
    const place = this.items.findLastIndex((item, at) => item.kind === "message" && at <= this.lastVisible);
    const line = (before === null ? null : this.elementOf(before)) ?? (place < 0 ? null : this.elementOf((this.items[place] as TimelineItem).key));
    (line ?? this.box)?.focus({ preventScroll: true, ...options });
  }
}

function lastMessage(items: readonly TimelineItem[], from: number): Message | null {
  for (let at = from; at >= 0; at -= 1) {
    const item = items[at];
    if (item?.kind === "message" && item.message.seq > 0) {
      return item.message;
    }
  }
  return null;
}

declare global {
  interface HTMLElementTagNameMap {
    "stonechat-timeline": StonechatTimeline;
  }
}

/** The lines of a timeline, from what the device holds. */

import { NO_DELETIONS, type Removed } from "../domain/deletions.ts";
import { partition } from "../domain/number.ts";
import { NO_PLAYS, type Played } from "../domain/plays.ts";
import { NO_STARS, type Starred } from "../domain/stars.ts";
import { same } from "../same.ts";
import type {
  Attributes, ClientMsgId, ConversationId, ItemKey, Message, MessageItem, Ordinal, Pending, Quote, ReadMark, SentMark,
  Seq, TimelineItem, Timestamp, Unsent, UserId,
} from "../types.ts";
import type { Change } from "./change.ts";
import type { Opened } from "./command.ts";
import type { HistoryRows } from "../store/store.ts";
import { type EventRow, foldChange, type Interval, type MessageRow } from "./rows.ts";
import { quoted, rowToMessage } from "./translate.ts";
import { layOver } from "./wishes.ts";

/** The day of a time, in days since 1970-01-01 by the reader's clock. */
export type DayOf = (at: Timestamp) => number;

/** Messages that a window keeps while others arrive, besides those that its reader paged back to. */
const KEPT = 1_000;
/** So many more, and those are dropped at once. */
const SURPLUS = 100;

/** A window on a conversation: everything held from an ordinal on, and what waits in the outbox behind it. */
export class TimelineModel {
  #from = Infinity;
  /** In the order of the log. */
  readonly #rows: MessageRow[] = [];
  readonly #events = new Map<Seq, EventRow>();
  readonly #echoes = new Map<number, Unsent>();
  readonly #wishes = new Map<number, Pending>();
  readonly #sent = new Map<ClientMsgId, SentMark>();
  #intervals: readonly Interval[] = [];
  #readMarker: Ordinal | null = null;
  /** What was said up to here is not shown. */
  #cleared: Seq = 0;
  #removed: Removed = NO_DELETIONS.removed;
  #starred: Starred = NO_STARS.starred;
  #played: Played = NO_PLAYS.played;
  #marks: readonly ReadMark[] = [];
  /** What a message says, and how a quote shows it: read once from each row. */
  readonly #messageOf = once((row) => rowToMessage(row, this.me));
  readonly #quotedOf = once(quoted);
  /** The lines as they were given last. */
  #shown = new Map<ItemKey, TimelineItem>();
  /** The lines of messages as long as nothing changes but that others arrive. */
  readonly #lines = new WeakMap<MessageRow, readonly [age: number, line: TimelineItem]>();
  #age = 0;
  #kept = KEPT;
  /** How many reads of the store, or questions to the core, are on their way. */
  #reads = 0;
  /** What was told since the first of them. Where the store stands still, so does this. */
  #meanwhile: Change[] = [];

  /** An empty window; {@link begin} and {@link merge} fill it. Without `dayOf` no lines divide the days. */
  constructor(readonly me: UserId, readonly conversation: ConversationId, readonly dayOf: DayOf | null) {}

  /** What is told while something is read is taken again over what that brings, which may be older. */
  reading<T>(read: () => Promise<T>): Promise<T> {
    this.#reads++;
    return read().finally(() => {
      this.#reads--;
      if (this.#reads === 0) {
        this.#meanwhile = [];
      }
    });
  }

  /** Takes what the core says of the conversation when it is opened. */
  begin(opened: Opened): void {
    this.#age++;
    opened.unsent.forEach(([order, unsent]) => this.#echoes.set(order, unsent));
    opened.pending.forEach(([order, pending]) => this.#wishes.set(order, pending));
    this.#intervals = opened.intervals;
    this.#marks = opened.marks;
    this.#cleared = opened.cleared;
    this.#removed = opened.removed;
    this.#starred = opened.starred;
    this.#played = opened.played;
    this.#readMarker = opened.unread > 0 ? opened.floor : null;
    this.#from = Math.min(this.#from, opened.head + 1);
    this.#takeAgain();
  }

  /** Takes what the store holds, and shows everything from an ordinal on. */
  merge({ messages, events }: HistoryRows, from: Ordinal): void {
    this.#age++;
    this.#from = Math.min(this.#from, from);
    messages.forEach((row) => this.#put(row));
    events.forEach((row) => this.#events.set(row.seq, row));
    this.#kept = Math.max(this.#kept, this.#rows.length + KEPT);
    this.#takeAgain();
  }

  /** Each says how something is: the last about it counts, however often they are taken. */
  #takeAgain(): void {
    this.#meanwhile.forEach((change) => this.#take(change));
  }

  /** Takes a change; says whether the lines may be different. */
  apply(change: Change): boolean {
    if (change.kind !== "cleared" && of(change) !== this.conversation) {
      return false;
    }
    if (this.#reads > 0) {
      this.#meanwhile.push(change);
    }
    return this.#take(change);
  }

  #take(change: Change): boolean {
    const { kind } = change;
    if (kind !== "messages" && kind !== "events" && kind !== "intervals" && kind !== "echo" && kind !== "echo_gone" && kind !== "conversation") {
      this.#age++;
    }
    switch (change.kind) {
      case "echo":
        this.#echoes.set(change.order, change.unsent);
        return true;
      case "echo_gone":
        return drop(this.#echoes, (unsent) => unsent.clientMsgId === change.clientMsgId);
      case "pending":
        this.#wishes.set(change.order, change.pending);
        return true;
      case "pending_gone":
        return drop(this.#wishes, (pending) => pending.commandId === change.commandId);
      case "send":
        if (change.state.kind === "sent") {
          this.#sent.set(change.clientMsgId, change.state);
        }
        return true;
      case "messages":
        change.rows.filter((row) => row.ordinal >= this.#from).forEach((row) => this.#put(row));
        this.#drop();
        return true;
      case "events":
        change.rows.forEach((row) => this.#events.set(row.seq, row));
        return true;
      case "message_changed": {
        const at = this.#indexOf(change.change.target);
        if (at !== null) {
          this.#rows[at] = foldChange(this.#rows[at]!, change.change);
        }
        return at !== null;
      }
      case "conversation": {
        const { removed, starred, played, preferences } = change.summary;
        const before = [this.#cleared, this.#removed, this.#starred, this.#played];
        [this.#cleared, this.#removed, this.#starred, this.#played] = [preferences.clearedUpto, removed, starred, played];
        const isSame = [this.#cleared, removed, starred, played].every((now, at) => now === before[at]);
        this.#age += Number(!isSame);
        return !isSame;
      }
      case "intervals":
        this.#intervals = change.intervals;
        return true;
      case "unheld": {
        const held = (ordinal: Ordinal) => this.#intervals.some(([from, upto]) => from <= ordinal && ordinal <= upto);
        const stays = ({ ordinal }: { readonly ordinal: Ordinal }) => ordinal >= change.below || held(ordinal);
        this.#rows.splice(0, Infinity, ...this.#rows.filter(stays));
        drop(this.#events, (row) => !stays(row));
        return true;
      }
      case "cleared":
      case "conversation_gone":
        this.#clear();
        return true;
      case "marks":
        this.#marks = change.marks;
        return true;
      default:
        return false;
    }
  }

  /** Takes a message, unless a newer copy of it is here. */
  #put(row: MessageRow): void {
    const at = partition(this.#rows, (it) => it.ordinal < row.ordinal);
    const here = this.#rows[at];
    // Others may quote it.
    this.#age += Number(here !== undefined);
    if (here?.ordinal !== row.ordinal) {
      this.#rows.splice(at, 0, row);
    } else if (here.seq !== row.seq || here.changed <= row.changed) {
      this.#rows[at] = row;
    }
  }

  /** A window that is open for days does not grow without end. */
  #drop(): void {
    if (this.#reads === 0 && this.#rows.length > this.#kept + SURPLUS) {
      this.#rows.splice(0, this.#rows.length - this.#kept);
      this.#from = this.#rows[0]!.ordinal;
      drop(this.#events, ({ ordinal }) => ordinal < this.#from);
      this.#age++;
    }
  }

  #indexOf(seq: Seq): number | null {
    const at = partition(this.#rows, (it) => it.seq < seq);
    return this.#rows[at]?.seq === seq ? at : null;
  }

  #clear(): void {
    this.#age++;
    this.#rows.length = 0;
    this.#events.clear();
    this.#intervals = [];
    this.#from = 1;
  }

  /** Takes the place of another window on the same conversation: lines that say the same stay the same objects. */
  goOnFrom(before: TimelineModel): void {
    this.#shown = before.#shown;
    this.#readMarker = before.#readMarker;
    before.#sent.forEach((mark, id) => this.#sent.set(id, mark));
  }

  /** Takes the line above the unread away. */
  hideReadMarker(): void {
    this.#readMarker = null;
  }

  /** From where the window shows, and the start of the interval that holds the ordinal before; null when none does. */
  nextPage(): readonly [from: Ordinal, held: Ordinal | null] {
    const before = Math.max(0, this.#from - 1);
    const held = this.#intervals.find(([from, upto]) => from <= before && before <= upto);
    return [this.#from, held?.[0] ?? null];
  }

  /** The first ordinal held after a gap; null when none is. */
  afterGap(after: Ordinal): Ordinal | null {
    return this.#intervals.find(([from]) => from > after)?.[0] ?? null;
  }

  /** Whether nothing is before the window. */
  reachedStart(): boolean {
    return this.#from <= 1;
  }

  /** The lines, oldest first. A line that says what it said before is the same object. */
  items(): TimelineItem[] {
    const items: TimelineItem[] = [];
    const shown = new Map<ItemKey, TimelineItem>();
    const push = (item: TimelineItem) => {
      const before = this.#shown.get(item.key);
      const line = before && same(before, item) ? before : item;
      shown.set(line.key, line);
      items.push(line);
      return line;
    };
    let last = -Infinity;
    const pushDay = (at: Timestamp) => {
      const day = this.dayOf?.(at) ?? -Infinity;
      // Days only go forward: a device's clock that is behind the server's makes no second line.
      if (day > last) {
        last = day;
        push({ key: `d:${day}`, kind: "day", day });
      }
    };
    const [first] = this.#intervals;
    if (this.#from <= 1 && (first ? first[0] <= 1 : this.#rows.length === 0)) {
      push({ key: "start", kind: "start" });
    }
    const gaps = this.#gaps();
    const pushGaps = (below: Ordinal) => {
      while (gaps[0] && gaps[0].after < below) {
        push(gaps.shift()!);
      }
    };
    const events = [...this.#events.values()].sort((a, b) => a.seq - b.seq);
    let next = 0;
    const pushEvents = (below: Seq) => {
      for (let event; (event = events[next]!)?.seq < below; next++) {
        if (event.seq > this.#cleared && event.ordinal >= this.#from) {
          pushGaps(event.ordinal);
          pushDay(event.at);
          push({ key: `l:${event.seq}`, kind: "event", event });
        }
      }
    };
    let marker = this.#readMarker;
    for (const row of this.#rows) {
      if (!this.#shows(row)) {
        continue;
      }
      pushEvents(row.seq);
      pushGaps(row.ordinal);
      pushDay(row.sentAt);
      if (marker !== null && row.ordinal > marker && row.sender !== this.me && !row.recalled) {
        marker = null;
        push({ key: "read", kind: "read_marker" });
      }
      const [age, line] = this.#lines.get(row) ?? [];
      if (line !== undefined && age === this.#age) {
        shown.set(line.key, line);
        items.push(line);
      } else {
        this.#lines.set(row, [this.#age, push(this.#itemOf(row))]);
      }
    }
    pushEvents(Infinity);
    pushGaps(Infinity);
    for (const [, unsent] of [...this.#echoes].sort(([a], [b]) => a - b)) {
      if (!this.#rows.some((row) => row.clientMsgId === unsent.clientMsgId)) {
        pushDay(unsent.createdAt);
        push(this.#echoOf(unsent));
      }
    }
    this.#shown = shown;
    return items;
  }

  #shows({ seq }: MessageRow): boolean {
    return seq > this.#cleared && !this.#removed.holds(seq);
  }

  #gaps(): Extract<TimelineItem, { kind: "gap" }>[] {
    const ends = this.#intervals.slice(0, -1).map(([, after], at) => ({
      key: `g:${after}`, kind: "gap" as const, after, missing: this.#intervals[at + 1]![0] - after - 1,
    }));
    return ends.filter(({ after, missing }) => missing > 0 && after + 1 >= this.#from);
  }

  #echoOf({ clientMsgId, content, attributes, createdAt, state }: Unsent): MessageItem {
    return this.#item(`o:${clientMsgId}`, {
      conversation: this.conversation, seq: 0, ordinal: 0, sender: this.me, own: true, sentAt: createdAt, clientMsgId,
      content, attributes, pinned: false, editedAt: 0, reactions: [],
    }, { state });
  }

  #itemOf(row: MessageRow): MessageItem {
    const { seq, ordinal, sentAt, conversation, clientMsgId } = row;
    const message = this.#messageOf(row);
    const { own } = message;
    const known = own && clientMsgId ? this.#sent.get(clientMsgId) : null;
    const sent = { kind: "sent", conversation, seq, ordinal, sentAt, deduplicated: false, conflict: false } as const;
    const others = this.#marks.filter((mark) => mark.user !== row.sender);
    const isVoice = row.bodyType === "voice";
    // The key of an own message is that of its echo.
    return this.#item(own && clientMsgId ? `o:${clientMsgId}` : `l:${seq}`, message, {
      state: own ? known ?? sent : null,
      readBy: others.filter((mark) => mark.upto >= seq).length,
      deliveredTo: others.filter((mark) => mark.delivered >= seq).length,
      starred: this.#starred.holds(seq) && !row.recalled,
      playedByMe: isVoice && !own && this.#played.holds(seq),
      playedByOthers: isVoice && own ? this.#played.byOthers(seq) : 0,
    });
  }

  /** Shows a message as the commands about it want it, and says which they are. */
  #item(key: ItemKey, message: Message, more: Partial<MessageItem>): MessageItem {
    const { own, clientMsgId, seq } = message;
    const pending = this.#wishes.size === 0 ? [] : [...this.#wishes].sort(([a], [b]) => a - b).map(([, it]) => it).filter(
      ({ wish }) => "target" in wish && ((own && wish.target === clientMsgId) || (seq > 0 && wish.target === seq)),
    );
    return {
      key, kind: "message", state: null, readBy: 0, deliveredTo: 0, starred: false, playedByMe: false, playedByOthers: 0,
      ...more,
      message: pending.reduce((shown, it) => layOver(shown, it, this.me), message),
      pending,
      quote: this.#quote(message.attributes),
    };
  }

  /** What a message answers, as far as this window knows it. */
  #quote(attributes: Attributes | null): Quote | null {
    if (!attributes?.replyTo) {
      return null;
    }
    const { seq, ordinal } = attributes.replyTo;
    const row = this.#rows[this.#indexOf(seq) ?? -1];
    const isIt = row && (ordinal === 0 || row.ordinal === ordinal) && this.#shows(row);
    return { seq, ordinal, says: isIt ? this.#quotedOf(row) : null };
  }
}

/** The conversation that a change is of; null when it is of none. */
function of(change: Change): ConversationId | null {
  switch (change.kind) {
    case "echo":
      return change.unsent.conversation;
    case "pending":
      return change.pending.conversation;
    case "conversation":
      return change.summary.id;
    default:
      return "conversation" in change ? change.conversation : null;
  }
}

function drop<V>(all: Map<number, V>, isGone: (value: V) => boolean): true {
  for (const [key, value] of all) {
    if (isGone(value)) {
      all.delete(key);
    }
  }
  return true;
}

/** The same result for the same row. */
function once<T>(make: (row: MessageRow) => T): (row: MessageRow) => T {
  const known = new WeakMap<MessageRow, { readonly made: T }>();
  return (row) => {
    const before = known.get(row) ?? { made: make(row) };
    known.set(row, before);
    return before.made;
  };
}

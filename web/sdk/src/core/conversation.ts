/** One conversation as the core sees it: its row, what it holds above a hole, and the arithmetic of unread. */

import { calls } from "../content.ts";
import { type Deletions, NO_DELETIONS, type Removed } from "../domain/deletions.ts";
import { userId } from "../domain/id.ts";
import { num } from "../domain/number.ts";
import type { Played } from "../domain/plays.ts";
import type { Preferences } from "../domain/preferences.ts";
import type { Starred } from "../domain/stars.ts";
import type * as v1 from "../gen/stonechat/v1/native_pb.ts";
import type { Ordinal, ReadMark, Seq, UserId } from "../types.ts";
import type { Summary } from "./change.ts";
import { Intervals } from "./intervals.ts";
import { HELD_MAX, KNOWN_MAX } from "./limits.ts";
import type { ConversationRow, MessageRow } from "./rows.ts";
import { conversationKind, group, marks, messageRow, preview, role } from "./translate.ts";

/** How far a conversation is in step. */
export type Phase =
  /**
   * `live`: events are applied as they come. `unreachable`: the server does not let the device have what is missing; not
   * before the next connection.
   */
  | { readonly kind: "live" | "unreachable" }
  /** Something is missing; until this time it may still come by itself. */
  | { readonly kind: "holding"; readonly until: number }
  /** Something is missing and is to be fetched, not before this time. */
  | { readonly kind: "behind"; readonly until: number };

export const LIVE: Phase = { kind: "live" };

/**
 * What a conversation that is behind asks for next: the events after the last contiguous one; where they are too many the
 * newest messages, leaving a gap; or, where none may be left out, the messages of the gap from its beginning.
 */
export type Fetch = "events" | "newest" | "replay";

/** A message as unread sees it. */
export interface Known {
  /** Its event. */
  readonly seq: Seq;
  /** Whether the user wrote it. */
  readonly own: boolean;
  /** The event that took it back; 0 when that is not known, null when none did. */
  readonly recalled: Seq | null;
  readonly silent: boolean;
  /** Whether it calls the user. */
  readonly calls: boolean;
}

/** A message of the log. */
export function knownOf(row: MessageRow, me: UserId): Known {
  const { attributes } = row;
  return {
    seq: row.seq,
    own: row.sender === me,
    recalled: row.recalled ? row.changed : null,
    silent: attributes?.silent ?? false,
    calls: !!attributes && calls(attributes, me),
  };
}

/** Unread messages, and those of them that call the user. */
interface Counted {
  readonly unread: number;
  readonly mentions: number;
}

const NONE: Counted = { unread: 0, mentions: 0 };

function plus(a: Counted, b: Counted): Counted {
  return { unread: a.unread + b.unread, mentions: a.mentions + b.mentions };
}

function less(a: Counted, b: Counted): Counted {
  return { unread: Math.max(0, a.unread - b.unread), mentions: Math.max(0, a.mentions - b.mentions) };
}

function counts({ own, silent, recalled, calls }: Known): Counted {
  const unread = Number(!own && !silent && recalled === null);
  return { unread, mentions: calls ? unread : 0 };
}

export class Conversation {
  /** Which ordinals are held. */
  readonly intervals = new Intervals();
  /** Events above the last contiguous one. */
  readonly held = new Map<Seq, v1.Event>();
  /** The largest seq that was ever seen. */
  seen: Seq;
  /** The head that the last welcome told: what is at or below it was stored before this connection sent anything. */
  welcomed: Seq = 0;
  /** How far it is in step. */
  phase = LIVE;
  /** Whether a fetch is in flight. */
  fetching = false;
  /** What is fetched next when it is behind. */
  nextFetch: Fetch = "events";
  /** Fetches in a row that brought nothing. */
  fruitless = 0;
  /** What it adds to the total of unread. */
  counted = 0;
  /** How much of that is not told, since it is muted. */
  muted = 0;
  /** What the user removed for himself, as the server said it last. */
  removed: Deletions = NO_DELETIONS;
  /** The personal change that said so. */
  removedVersion = 0;
  /** The personal change up to which the numbers that the server gave last leave out what is removed. */
  countedVersion = 0;
  /** Seq and authorship of messages above the floor, by ordinal. */
  readonly #known = new Map<Ordinal, Known>();

  /** `row` is what the store has of it, and belongs to this from here on. */
  constructor(readonly row: ConversationRow) {
    this.seen = row.headSeq;
  }

  /** Up to which seq events are known to exist. */
  target(): Seq {
    return Math.max(this.seen, this.row.headSeq);
  }

  /** Keeps an event for later. */
  hold(event: v1.Event): void {
    const seq = num(event.seq);
    this.seen = Math.max(this.seen, seq);
    if (seq > this.row.lastSeq) {
      this.held.set(seq, event);
    }
    if (this.held.size > HELD_MAX) {
      this.held.delete(Math.max(...this.held.keys()));
    }
  }

  /** Takes the next event in order out of what is held; forgets what is held twice. */
  nextHeld(): v1.Event | null {
    const next = this.row.lastSeq + 1;
    const event = this.held.get(next);
    this.held.delete(next);
    if (!event) {
      for (const seq of this.held.keys()) {
        if (seq < next) {
          this.held.delete(seq);
        }
      }
    }
    return event ?? null;
  }

  /** The ordinal above which messages are unread. */
  floor(): Ordinal {
    return Math.max(this.row.readOrdinal, this.row.floorOrdinal);
  }

  /** Remembers a message. */
  know(ordinal: Ordinal, known: Known): void {
    if (ordinal > this.row.readOrdinal) {
      const before = this.#known.get(ordinal)?.recalled ?? null;
      this.#known.set(ordinal, { ...known, recalled: known.recalled ?? before });
    }
    if (this.#known.size > KNOWN_MAX) {
      this.#known.delete(Math.min(...this.#known.keys()));
    }
  }

  /** Counts a message that is newer than everything before. */
  count(ordinal: Ordinal, known: Known): void {
    this.row.headOrdinal = Math.max(this.row.headOrdinal, ordinal);
    if (ordinal > this.floor() && !this.removed.holdsOrdinal(ordinal)) {
      this.#set(plus(this.#unread(), counts({ ...known, recalled: null })));
    }
  }

  #unread(): Counted {
    return { unread: this.row.unread, mentions: this.row.unreadMentions };
  }

  #set({ unread, mentions }: Counted): void {
    this.row.unread = unread;
    this.row.unreadMentions = mentions;
  }

  /** Takes a number; null when this device cannot know it, and the server is to be asked. */
  #setOrAsk(counted: Counted | null): void {
    if (counted) {
      this.#set(counted);
    } else {
      this.row.unreadStale = true;
    }
  }

  /**
   * A message was taken back by an event; `newer` says that the row does not know of it. A number that the server gave
   * knows of recalls that are replayed only now, and a cursor that moved meanwhile took what it passed for unread: then
   * it is counted anew, by the server where it cannot be here.
   */
  recall(recalled: v1.Recalled, by: Seq, own: boolean, newer: boolean): void {
    const ordinal = num(recalled.ordinal);
    const { silent } = recalled;
    const known = this.#known.get(ordinal);
    const calls = known?.calls ?? false;
    this.know(ordinal, { seq: num(recalled.seq), own, recalled: by, silent, calls });
    const floor = this.floor();
    if (own || silent || this.removed.holdsOrdinal(ordinal)) {
      return;
    }
    if (newer && (known?.recalled ?? null) === null) {
      if (ordinal > floor) {
        this.#set(less(this.#unread(), { unread: 1, mentions: Number(calls) }));
        // Whether a message that is not here called the user is not known.
        this.row.unreadStale ||= !known && this.row.unreadMentions > 0;
      }
    } else {
      this.#setOrAsk(this.#othersBetween(floor, this.row.headOrdinal));
    }
  }

  /** Moves the read cursor; it never moves back. Without the ordinal the unread number is stale. */
  moveCursor(seq: Seq, ordinal: Ordinal | null): boolean {
    const { row } = this;
    if (seq < row.readSeq || (seq === row.readSeq && (ordinal ?? 0) <= row.readOrdinal)) {
      return false;
    }
    const before = this.floor();
    row.readSeq = seq;
    const known = ordinal ?? this.#ordinalAt(seq);
    row.readOrdinal = Math.max(row.readOrdinal, known ?? (seq >= row.headSeq ? row.headOrdinal : 0));
    this.#recount(before);
    row.unreadStale ||= known === null;
    this.moveOverOwn();
    return true;
  }

  /**
   * Moves the cursor over own messages directly after it, as the server does whenever one comes to stand beside the
   * other. That it moves when there are too many of them above it, only the server can tell.
   */
  moveOverOwn(): void {
    for (let next; (next = this.#known.get(this.floor() + 1))?.own; ) {
      this.row.readOrdinal = this.floor() + 1;
      this.row.readSeq = Math.max(this.row.readSeq, next.seq);
    }
  }

  /** The last ordinal at or before a seq, where this device can tell. */
  #ordinalAt(seq: Seq): Ordinal | null {
    const { headSeq, headOrdinal, readOrdinal } = this.row;
    if (seq >= headSeq) {
      return seq === headSeq ? headOrdinal : null;
    }
    let last = 0;
    for (const [ordinal, known] of this.#known) {
      if (known.seq <= seq) {
        last = Math.max(last, ordinal);
      }
    }
    if (last > 0) {
      return last === headOrdinal || this.#known.has(last + 1) ? last : null;
    }
    // Before everything that is known: where the cursor stands, when nothing lies between.
    return this.#known.has(readOrdinal + 1) ? readOrdinal : null;
  }

  #recount(before: Ordinal): void {
    const floor = this.floor();
    const { headOrdinal } = this.row;
    const left = this.#othersBetween(floor, headOrdinal);
    const read = left ? null : this.#othersBetween(before, floor);
    this.#setOrAsk(read ? less(this.#unread(), read) : left);
    this.#forgetRead();
  }

  #forgetRead(): void {
    for (const ordinal of this.#known.keys()) {
      if (ordinal <= this.row.readOrdinal) {
        this.#known.delete(ordinal);
      }
    }
  }

  /** What is known above one ordinal and up to another, and is not removed. */
  #knownBetween(above: Ordinal, upto: Ordinal): Known[] {
    const between = [...this.#known].filter(([at]) => above < at && at <= upto && !this.removed.holdsOrdinal(at));
    return between.map(([, known]) => known);
  }

  /** Messages of others above one ordinal and up to another, when every one of them is known; else null. */
  #othersBetween(above: Ordinal, upto: Ordinal): Counted | null {
    if (above >= upto) {
      return NONE;
    }
    const between = this.#knownBetween(above, upto);
    const wanted = upto - above - this.removed.between(above, upto);
    return between.length === wanted ? between.map(counts).reduce(plus, NONE) : null;
  }

  /** Takes what the server says of it; says whether its read cursor is behind. */
  take(wire: v1.Conversation): boolean {
    const { row } = this;
    const { readSeq } = row;
    const readOrdinal = row.unreadStale ? null : row.readOrdinal;
    const headSeq = num(wire.headSeq);
    const older = headSeq < row.headSeq;
    // What an older answer cannot know is still to be asked for.
    row.unreadStale &&= older;
    row.floorOrdinal = Math.max(row.floorOrdinal, num(wire.floorOrdinal));
    row.visibleFromSeq = Math.max(row.visibleFromSeq, num(wire.visibleFromSeq));
    row.readSeq = num(wire.readSeq);
    row.readOrdinal = num(wire.readOrdinal);
    row.unread = num(wire.unread);
    row.unreadMentions = wire.unreadMentions;
    if (older) {
      // It was made before events that are already here: those are counted on top.
      const later = this.#othersBetween(Math.max(this.floor(), num(wire.headOrdinal)), row.headOrdinal);
      this.#setOrAsk(later && plus(this.#unread(), later));
      this.#uncountRecalled(headSeq, num(wire.headOrdinal));
    } else {
      row.kind = conversationKind(wire.kind, row.id);
      row.title = wire.title;
      row.peer = userId(wire.peerId);
      row.peerName = wire.peerName;
      row.role = role(wire.role);
      row.member = wire.member;
      row.memberCount = wire.memberCount;
      if (wire.group) {
        row.group = group(wire.group, row.kind);
      }
      row.headSeq = headSeq;
      row.headOrdinal = num(wire.headOrdinal);
      row.activeAt = num(wire.activeAt);
      const last = wire.lastMessage && messageRow(wire.lastMessage);
      row.preview = last ? preview(last) : null;
    }
    const deletionsSeq = num(wire.deletionsSeq);
    this.countedVersion = older ? 0 : deletionsSeq;
    if (deletionsSeq < this.removedVersion) {
      // It was made before something was removed.
      this.#recountRemoved();
      row.unreadStale = this.#dropPreview() || row.unreadStale;
    }
    marks(wire.readMarks).forEach((mark) => this.mark(mark));
    // Whoever is no member cannot move it any more: the server's cursor stands.
    const behind = wire.member && readSeq > row.readSeq;
    if (behind) {
      // Past everything that the server has, all of it is read.
      this.moveCursor(readSeq, readSeq >= row.headSeq ? row.headOrdinal : readOrdinal);
    } else {
      this.#forgetRead();
      this.moveOverOwn();
    }
    return behind;
  }

  /** What was taken back after an older answer was made is in its number still. */
  #uncountRecalled(headSeq: Seq, headOrdinal: Ordinal): void {
    let later = NONE;
    for (const known of this.#knownBetween(this.floor(), headOrdinal)) {
      if (known.recalled === 0) {
        this.row.unreadStale ||= !known.own && !known.silent;
      } else if ((known.recalled ?? 0) > headSeq) {
        later = plus(later, counts({ ...known, recalled: null }));
      }
    }
    this.#set(less(this.#unread(), later));
    this.row.unreadStale ||= this.#known.size >= KNOWN_MAX;
  }

  /** Takes what the user removed; says whether the message that the list shows went with it. */
  remove(version: number, deletions: Deletions): boolean {
    this.removed = deletions;
    this.removedVersion = version;
    // Numbers that the server gave knowing of it are right.
    if (version > this.countedVersion) {
      this.#recountRemoved();
    }
    return this.#dropPreview();
  }

  #dropPreview(): boolean {
    const { preview: shown } = this.row;
    const isGone = !!shown && this.removed.holds(shown.seq);
    this.row.preview = isGone ? null : shown;
    return isGone;
  }

  /** Counts anew without what is removed, or lets the server. */
  #recountRemoved(): void {
    const floor = this.floor();
    const { headOrdinal } = this.row;
    if (this.removed.between(floor, headOrdinal) > 0) {
      this.#setOrAsk(this.#othersBetween(floor, headOrdinal));
    }
  }

  /** Unread messages as they are shown, and those of them that call the user. */
  shownUnread({ waiting }: Removed): Counted {
    const about = waiting.size > 0 ? this.#knownBetween(this.floor(), Infinity).filter((it) => waiting.has(it.seq)) : [];
    return less(this.#unread(), about.map(counts).reduce(plus, NONE));
  }

  /** Takes how far another member is; it never moves back. */
  mark(mark: ReadMark): boolean {
    const others = this.row.marks.filter((it) => it.user !== mark.user);
    const before = this.row.marks.find((it) => it.user === mark.user);
    const upto = Math.max(before?.upto ?? 0, mark.upto);
    const delivered = Math.max(before?.delivered ?? 0, mark.delivered, upto);
    if (before && upto === before.upto && delivered === before.delivered) {
      return false;
    }
    const { user } = mark;
    this.row.marks = [...others, { user, upto, delivered }].sort((a, b) => (a.user < b.user ? -1 : 1));
    return true;
  }

  /** Forgets everything but its name: the server's store has another history. */
  forgetHistory(): void {
    Object.assign(this.row, {
      headSeq: 0, headOrdinal: 0, lastSeq: 0, lastOrdinal: 0, readSeq: 0, readOrdinal: 0, readUnconfirmed: 0,
      deliveredUnconfirmed: 0, playsUnconfirmed: [], floorOrdinal: 0, visibleFromSeq: 0, unread: 0, unreadMentions: 0,
      unreadStale: false, marks: [], preview: null, staleFrom: 0,
    } satisfies Partial<ConversationRow>);
    this.intervals.clear();
    this.held.clear();
    this.#known.clear();
    this.seen = 0;
    this.phase = LIVE;
    this.nextFetch = "events";
    this.fruitless = 0;
  }

  /** What a list shows of it. */
  summary(preferences: Preferences, removed: Removed, starred: Starred, played: Played): Summary {
    const { row } = this;
    const { id, kind, peer, member, memberCount, activeAt, headSeq, headOrdinal, readSeq, readOrdinal } = row;
    const shown = row.preview;
    const { unread, mentions } = this.shownUnread(removed);
    return {
      id, kind, peer, role: row.role, member, memberCount, activeAt, headSeq, headOrdinal, readSeq, readOrdinal,
      title: peer ? row.peerName || peer : row.title,
      unread,
      unreadMentions: mentions,
      preview: shown && shown.seq > preferences.clearedUpto && !removed.holds(shown.seq) ? shown : null,
      preferences, removed, starred, played,
      hidden: preferences.hiddenUpto > 0 && headSeq <= preferences.hiddenUpto,
      group: row.group,
    };
  }
}

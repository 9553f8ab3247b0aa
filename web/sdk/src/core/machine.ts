/**
 * The rules of a client, pure: inputs and the time go in, actions come out. What each part may not do:
 *
 * - nothing is sent before it is durable, and nothing is told before the store holds it (`journal`);
 * - the pointer of a conversation moves by events only, one by one, and never past a hole (`sync`, `apply`, `fetch`);
 * - a position is stored in the transaction that completes what it stands for (`sync`);
 * - a payload never changes once it was written, nor its id, and nothing overtakes in a lane (`outbox`, `lane`);
 * - unread is the sentence of the protocol page; what this device cannot count, it asks for (`conversation`).
 */

import type { TokenReason } from "../api.ts";
import type { Deletions } from "../domain/deletions.ts";
import type { Plays } from "../domain/plays.ts";
import type { Preferences } from "../domain/preferences.ts";
import type { Stars } from "../domain/stars.ts";
import type { Event, Frame, Platform } from "../gen/stonechat/v1/native_pb.ts";
import type { ConversationId, Quiet, ReadMark, Seq, StoreError, UserId } from "../types.ts";
import { Asks, onAsk, onAskTime, onFocus, onLoadBefore, onOpen, pumpAsks } from "./ask.ts";
import { areWithin } from "./bounds.ts";
import { Calls, type Purpose } from "./calls.ts";
import type { Change } from "./change.ts";
import { pumpChanges } from "./changes.ts";
import { type Body, type BodyInit, type Command, DONE, type Result, type Ticket } from "./command.ts";
import { type Declared, newDeclared, tellContentTypes } from "./content-types.ts";
import { Conversation } from "./conversation.ts";
import { removedOf } from "./deletions.ts";
import { pumpDelivered, settleAllDelivered, takeStored } from "./delivered.ts";
import { Dice } from "./dice.ts";
import { pumpFetches } from "./fetch.ts";
import { Journal } from "./journal.ts";
import { onQueue, settleWishes } from "./lane.ts";
import {
  breakOff, closed, end, Link, onClosed, onLinkTime, onOpened, onStart, onToken, storeFailed, tellConnection,
  type TokenError, tryNow,
} from "./link.ts";
import { onCancel, onOutboxTime, onRetry, onSend, Outbox, pumpOutbox, tellSend } from "./outbox.ts";
import { type Entries, newEntries, tellPeople } from "./people.ts";
import { onMarkPlayed, playedOf, pumpPlayed } from "./played.ts";
import { preferencesOf } from "./preferences.ts";
import { onAway, onPresenceTime, onWatch, pumpWatch, Watched } from "./presence.ts";
import { emptyQuiet, tellQuiet } from "./quiet.ts";
import { onMarkRead, pumpReads, settleCursors } from "./reads.ts";
import { onRefusal } from "./refusal.ts";
import type { DeviceRow, Snapshot, Transaction } from "./rows.ts";
import { onSignOut } from "./sign-out.ts";
import { starredOf } from "./stars.ts";
import {
  fallBehind, holdsDeadline, onAnswer, onHoldTime, onSignal, pumpPull, type Session, storePosition, wantStale,
} from "./sync.ts";
import { onTyping, onTypingTime, Typists } from "./typing.ts";
import { newFrame } from "./wire.ts";

/** What does not change while an account is open. */
export interface Settings {
  readonly me: UserId;
  /** This device. */
  readonly device: string;
  /** Its name for people. */
  readonly deviceName: string;
  /** Name and version of this client. */
  readonly client: string;
  /** The class of this device. */
  readonly platform: Platform;
  /** Conversations of the first page; 0 leaves it to the server. */
  readonly window: number;
  /** Whether events are kept until they are acknowledged. */
  readonly recordEvents: boolean;
}

/** What the world gives with each input. */
export interface Now {
  /** Whole milliseconds since some moment; never goes back. */
  readonly monotonicMs: number;
  /** Whole milliseconds since the epoch; may jump. */
  readonly wallMs: number;
  /** A fresh random number: a whole one, from 0. */
  readonly random: number;
}

/** What happened. */
export type Input =
  /** The user wants something. */
  | { readonly kind: "command"; readonly ticket: Ticket; readonly command: Command }
  /** The provider gave a token, or did not. */
  | { readonly kind: "token"; readonly token: string | TokenError }
  /** The connection is there. */
  | { readonly kind: "opened" }
  /** The connection could not be made, or broke. */
  | { readonly kind: "closed"; readonly reason: string }
  /** A frame came on the connection. */
  | { readonly kind: "frame"; readonly frame: Frame }
  /** Every transaction up to this number is durable. */
  | { readonly kind: "committed"; readonly number: number }
  /** The store cannot go on. */
  | { readonly kind: "store_failed"; readonly error: StoreError }
  /** Time passed; see {@link Core.nextDeadline}. */
  | { readonly kind: "tick" };

/** What is to be done, in this order. */
export type Action =
  /** Ask the provider for a token; answered by `token`. */
  | { readonly kind: "fetch_token"; readonly reason: TokenReason }
  /** Connect; answered by `opened` or `closed`. */
  | { readonly kind: "connect" }
  /** Drop the connection, or the try to make one. Nothing of it is to come in any more. */
  | { readonly kind: "disconnect" }
  | { readonly kind: "transmit"; readonly frame: Frame }
  /** Make changes durable, all or none, in the order of the transactions; answered by `committed`. */
  | { readonly kind: "commit"; readonly transaction: Transaction }
  /** Tell whoever looks. */
  | { readonly kind: "emit"; readonly change: Change }
  /** Answer a command. */
  | { readonly kind: "reply"; readonly ticket: Ticket; readonly reply: Result };

/** The client. */
export class Core {
  now: Now = { monotonicMs: 0, wallMs: 0, random: 0 };
  dice = new Dice(0);
  readonly actions: Action[] = [];
  readonly journal = new Journal(this.actions);
  readonly link = new Link();
  calls = new Calls();
  device: DeviceRow;
  readonly conversations = new Map<ConversationId, Conversation>();
  /** Events of conversations that are being asked for, by seq. */
  readonly unknown = new Map<ConversationId, Map<Seq, Event>>();
  /** Cursors of the user in conversations that are not known yet: seq and ordinal. */
  readonly unknownCursors = new Map<ConversationId, readonly [number, number]>();
  /** How far others have read, or have, in conversations that are not known yet: the last that was told. */
  readonly unknownMarks = new Map<ConversationId, Map<UserId, ReadMark>>();
  /** Conversations to ask the server for. */
  readonly gets = new Set<ConversationId>();
  /** Conversations whose messages may lack changes. */
  readonly stale = new Set<ConversationId>();
  /** Conversations that are not settled. */
  readonly unsettled = new Set<ConversationId>();
  /** Conversations whose missing part the server refuses, until the next connection. */
  readonly unreachable = new Set<ConversationId>();
  /** Conversations whose cursor the server has not confirmed. */
  readonly unconfirmed = new Set<ConversationId>();
  /** When the server confirmed a cursor, of those that it may not have stored yet. */
  readonly confirmed = new Map<ConversationId, number>();
  /** What arrived in direct conversations, is durable, and was not told to the server. */
  readonly undelivered = new Map<ConversationId, Seq>();
  /** What of it the server confirmed and may not have stored yet, and when it confirmed it. */
  readonly delivered = new Map<ConversationId, readonly [upto: Seq, at: number]>();
  /** Conversations of which the server is to be told that voice messages were played. */
  readonly unplayed = new Set<ConversationId>();
  session: Session | null = null;
  /** Frames that came before the welcome. */
  early: Body[] = [];
  /** Whether the server waits for a pull. */
  poked = false;
  /** The newest position, until what is before it is stored. */
  position: Uint8Array | null = null;
  outbox: Outbox;
  readonly asks = new Asks();
  typists = new Typists();
  entries: Entries = newEntries();
  /** What is known of the types of content that the app declares. */
  readonly declared: Declared = newDeclared();
  watched = new Watched();
  /** What the user prefers in conversations, as the server said it last. */
  readonly preferences = new Map<ConversationId, Preferences>();
  /** What the user removed from conversations, as the server said it last, with the numbers of the changes. */
  readonly deletions = new Map<ConversationId, readonly [version: number, deletions: Deletions]>();
  /** What the user starred in conversations, as the server said it last. */
  readonly stars = new Map<ConversationId, Stars>();
  /** Which voice messages of conversations were played, as the server said it last. */
  readonly plays = new Map<ConversationId, Plays>();
  /** When the user is not to be disturbed, as the server said it last. */
  quiet: Quiet = emptyQuiet();
  /** Who waits for the device to be signed out. */
  leaving: Ticket[] = [];
  /** Whether it is: nothing is stored any more. */
  isSignedOut = false;
  focus: readonly ConversationId[] = [];
  recorded: number;
  totalUnread = 0;
  /** Of which so many are in muted conversations, and are not told. */
  mutedUnread = 0;
  /** When the mutes of those end that have unread messages. */
  readonly #mutes = new Map<ConversationId, number>();
  /** Unread messages that the welcome counted in conversations which have not been listed yet. */
  unlistedUnread = 0;
  /** The server's total of a welcome that this input brought. */
  welcomeUnread: number | null = null;
  /** This input brought a page of conversations. */
  pageTaken = false;
  /** Conversations that this input changed. */
  touched = new Set<ConversationId>();
  /** No fetch before this time: the server asked for patience. */
  fetchFrom = 0;

  /** Begins with what the store holds. The first actions tell it. */
  constructor(readonly settings: Settings, snapshot: Snapshot) {
    this.device = { ...snapshot.device };
    this.outbox = new Outbox(snapshot.outbox);
    this.recorded = snapshot.recorded;
    for (const row of snapshot.conversations) {
      this.conversations.set(row.id, new Conversation({ ...row }));
      if (row.staleFrom > 0) {
        this.stale.add(row.id);
      }
    }
    for (const [id, from, upto] of snapshot.intervals) {
      this.conversations.get(id)?.intervals.add(from, upto);
    }
    tellPeople(this, snapshot.entries);
    tellContentTypes(this);
    this.touched.clear();
    this.#tellWhatIsHere();
    this.journal.close();
  }

  /** Takes an input. Take all actions after it. */
  handle(now: Now, input: Input): void {
    this.now = now;
    this.dice = new Dice(now.random);
    switch (input.kind) {
      case "command":
        this.#onCommand(input.ticket, input.command);
        break;
      case "token":
        onToken(this, input.token);
        break;
      case "opened":
        onOpened(this);
        break;
      case "closed":
        onClosed(this, input.reason);
        break;
      case "frame":
        this.#onFrame(input.frame);
        break;
      case "committed":
        this.journal.committed(input.number);
        break;
      case "store_failed":
        this.#onStoreFailed(input.error);
        break;
      case "tick":
    }
    takeStored(this);
    this.#onTime();
    this.#pump();
    this.#finish();
  }

  /** What is to be done next; null when nothing is. */
  pollAction(): Action | null {
    return this.actions.shift() ?? null;
  }

  /** When to call {@link Core.handle} with `tick` at the latest, in monotonic milliseconds; null when nothing waits. */
  nextDeadline(): number | null {
    const now = this.nowMs();
    const times = [
      this.link.deadline(),
      this.calls.deadline(),
      this.asks.deadline(now),
      this.typists.deadline(),
      this.watched.deadline(this.serverMs(), now),
      this.outbox.deadline(this.now, this.link.isUp()),
      holdsDeadline(this),
      ...[...this.#mutes.values()].map((until) => now + until - this.now.wallMs),
    ];
    // What is due and still here waits for something else than time.
    return times.reduce((first, time) => (time !== null && time > now && (first === null || time < first) ? time : first), null);
  }

  me(): UserId {
    return this.settings.me;
  }

  nowMs(): number {
    return this.now.monotonicMs;
  }

  /** The server's clock now, by the last welcome. */
  serverMs(): number {
    return this.link.serverMs(this.nowMs());
  }

  /** Sends a call. */
  call(purpose: Purpose, body: BodyInit): void {
    this.#transmit(this.calls.begin(purpose, this.nowMs()), body);
  }

  /** Sends a frame that wants no answer. */
  signal(body: BodyInit): void {
    this.#transmit(0, body);
  }

  #transmit(id: number, body: BodyInit): void {
    this.link.sent(this.nowMs());
    this.actions.push({ kind: "transmit", frame: newFrame(id, body) });
  }

  #tellWhatIsHere(): void {
    // In the order of the list, so that each goes to its end.
    const all = [...this.conversations.values()].map((it) => it.row).sort((a, b) => b.activeAt - a.activeAt);
    for (const row of all) {
      const { id } = row;
      this.#tellSummary(id);
      if (row.marks.length > 0) {
        this.journal.tell({ kind: "marks", conversation: id, marks: row.marks });
      }
      if (row.readUnconfirmed > 0) {
        this.unconfirmed.add(id);
      }
      if (row.deliveredUnconfirmed > 0) {
        this.undelivered.set(id, row.deliveredUnconfirmed);
      }
      if (row.playsUnconfirmed.length > 0) {
        this.unplayed.add(id);
      }
      if (row.unreadStale) {
        this.gets.add(id);
      }
      if (row.lastSeq < this.conversations.get(id)!.target()) {
        fallBehind(this, id, 0);
      }
    }
    this.tellTotalUnread();
    tellQuiet(this);
    this.journal.tell({ kind: "recorded", number: this.recorded });
    for (const entry of this.outbox.entries.values()) {
      tellSend(this, entry.row.clientMsgId);
    }
  }

  #onFrame({ id, body }: Frame): void {
    this.link.heard();
    if (!body.case) {
      return;
    }
    if (!areWithin(body)) {
      breakOff(this, "the server named a number that no store reaches");
      return;
    }
    if (id === 0n) {
      onSignal(this, body);
      return;
    }
    // Nobody asked, or not on this connection: not for us.
    const purpose = this.calls.end(Number(id));
    if (purpose && body.case === "error") {
      onRefusal(this, purpose, body.value);
    } else if (purpose) {
      onAnswer(this, purpose, body);
    }
  }

  #onCommand(ticket: Ticket, command: Command): void {
    const { journal } = this;
    const reads = ["stop", "outbox", "pending", "sign_out"].includes(command.kind);
    if (this.isSignedOut && !reads) {
      journal.reply(ticket, closed());
      return;
    }
    switch (command.kind) {
      case "sign_out":
        return onSignOut(this, ticket);
      case "start":
        return onStart(this, ticket);
      case "stop":
        end(this, { kind: "stopped" });
        return journal.reply(ticket, DONE);
      case "try_now":
        tryNow(this);
        return journal.reply(ticket, DONE);
      case "send":
        return onSend(this, ticket, command.draft);
      case "queue":
        return onQueue(this, ticket, command.command);
      case "retry":
        return onRetry(this, ticket, command.id);
      case "cancel":
        return onCancel(this, ticket, command.id);
      case "mark_read":
        return onMarkRead(this, ticket, command.conversation, command.upto);
      case "mark_played":
        return onMarkPlayed(this, ticket, command.conversation, command.message);
      case "typing":
        return onTyping(this, ticket, command.conversation, command.active);
      case "focus":
        return onFocus(this, ticket, command.conversations);
      case "watch":
        return onWatch(this, ticket, command.users);
      case "away":
        return onAway(this, ticket, command.away);
      case "call":
        return onAsk(this, ticket, command.body);
      case "open":
        return onOpen(this, ticket, command.conversation);
      case "load_before":
        return onLoadBefore(this, ticket, command.conversation, command.before, command.limit);
      case "outbox":
        return journal.reply(ticket, { kind: "outbox", unsent: this.outbox.all().map(([, unsent]) => unsent) });
      case "pending":
        return journal.reply(ticket, { kind: "pending", pending: this.outbox.pending().map(([, pending]) => pending) });
    }
  }

  #onTime(): void {
    onLinkTime(this);
    onOutboxTime(this);
    onAskTime(this);
    onTypingTime(this);
    onPresenceTime(this);
    onHoldTime(this);
    this.#mutes.forEach((until, id) => until <= this.now.wallMs && this.#mutes.delete(id) && this.#tellSummary(id));
    settleCursors(this);
    settleAllDelivered(this);
  }

  #onStoreFailed(error: StoreError): void {
    this.journal.giveUp(storeFailed(error));
    end(this, { kind: "store", error });
  }

  /** Sends what may be sent now. */
  #pump(): void {
    wantStale(this);
    if (!this.link.isUp()) {
      return;
    }
    pumpPull(this);
    pumpOutbox(this);
    pumpReads(this);
    pumpWatch(this);
    pumpDelivered(this);
    pumpPlayed(this);
    pumpAsks(this);
    pumpFetches(this);
    pumpChanges(this);
  }

  /** Ends an input: what it changed becomes one transaction. */
  #finish(): void {
    const before = this.totalUnread;
    const { touched } = this;
    this.touched = new Set();
    for (const id of touched) {
      const row = this.conversations.get(id)?.row;
      if (row) {
        if (!row.member) {
          // As the server has it, whatever was not read when the membership ended.
          row.unread = row.unreadMentions = 0;
        }
        this.journal.write({ kind: "put_conversation", row: { ...row } });
        this.#tellSummary(id);
      }
      settleWishes(this, id);
    }
    this.#settleUnlisted(before);
    storePosition(this);
    tellConnection(this);
    this.journal.close();
  }

  /** The total is right from the first page on: what is not listed yet is known from the welcome. */
  #settleUnlisted(before: number): void {
    const was = this.unlistedUnread;
    if (this.welcomeUnread !== null) {
      this.unlistedUnread = Math.max(0, this.welcomeUnread - this.totalUnread);
    } else if (this.pageTaken) {
      this.unlistedUnread = Math.max(0, was - Math.max(0, this.totalUnread - before));
    }
    this.welcomeUnread = null;
    this.pageTaken = false;
    if (!this.session?.nextPage) {
      this.unlistedUnread = 0;
    }
    if (this.unlistedUnread !== was) {
      this.tellTotalUnread();
    }
  }

  tellTotalUnread(): void {
    const unread = Math.max(0, this.totalUnread + this.unlistedUnread - this.mutedUnread);
    this.journal.tell({ kind: "total_unread", unread });
  }

  #tellSummary(id: ConversationId): void {
    const conversation = this.conversations.get(id);
    if (!conversation) {
      return;
    }
    const preferences = preferencesOf(this, id);
    const removed = removedOf(this, id);
    const counts = conversation.row.member ? conversation.shownUnread(removed).unread : 0;
    const muted = preferences.mutedUntil > this.now.wallMs ? counts : 0;
    const { counted: before, muted: mutedBefore } = conversation;
    conversation.counted = counts;
    conversation.muted = muted;
    if (muted > 0) {
      this.#mutes.set(id, preferences.mutedUntil);
    }
    const summary = conversation.summary(preferences, removed, starredOf(this, id), playedOf(this, id));
    this.journal.tell({ kind: "conversation", summary });
    if (before !== counts || mutedBefore !== muted) {
      this.totalUnread += counts - before;
      this.mutedUnread += muted - mutedBefore;
      this.tellTotalUnread();
    }
  }
}


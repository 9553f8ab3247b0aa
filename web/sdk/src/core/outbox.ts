/**
 * The outbox: written before it is sent, one lane a conversation, the same payload through all retries. Commands wait in
 * the lanes too; what is special about them is in `lane`.
 */

import { attributesToWire } from "../content.ts";
import { isFinal } from "../domain/error-code.ts";
import { conversationId, uuidBytes } from "../domain/id.ts";
import { num } from "../domain/number.ts";
import { argument, notFound } from "../fail.ts";
import type * as v1 from "../gen/stonechat/v1/native_pb.ts";
import { same } from "../same.ts";
import type { ClientMsgId, ConversationId, Pending, SendFailure, SendState, SentMark, Seq, Unsent } from "../types.ts";
import { keepMessages } from "./apply.ts";
import { type BodyInit, DONE, type Draft, type Result, type Ticket } from "./command.ts";
import { backoffMs } from "./dice.ts";
import { isLeftBehind, letWishGo, pendingOf, placeWhatIsAbout } from "./lane.ts";
import { GIVE_UP_MS, LANE_IN_FLIGHT_MAX, OUTBOX_MAX } from "./limits.ts";
import { breakOff } from "./link.ts";
import type { Core, Now } from "./machine.ts";
import { tellQuiet } from "./quiet.ts";
import { waitMs } from "./refusal.ts";
import type { MessageRow, OutboxRow } from "./rows.ts";
import * as translate from "./translate.ts";
import { sameBytes } from "./wire.ts";

/** The code of a message that waited too long. */
const GAVE_UP = "gave_up";

/** A message or a command of the outbox. */
export interface Entry {
  row: OutboxRow;
  /** The transaction that made it what it is. */
  transaction: number;
  attempts: number;
  /** Whether it waits for the answer of one before it, which is on its way: that one was refused, and says so soon. */
  waitsInOrder: boolean;
  stage: Stage;
}

/**
 * What is done with an entry: to be sent, not before a time; on the connection; or failed, and the lane goes on without
 * it.
 */
export type Stage = number | "in_flight" | "parked";

/** Own messages, and commands, that the server has not acknowledged. */
export class Outbox {
  last = 0;
  /** By their order, ascending. */
  readonly entries = new Map<number, Entry>();
  readonly lanes = new Map<ConversationId, Entry[]>();
  /** Wishes that were granted by events which are not here yet, with their places. */
  readonly settling = new Map<ConversationId, (readonly [order: number, pending: Pending])[]>();
  /** Where own messages were placed, oldest first: a command may name them by their ids. */
  readonly placed = new Map<ClientMsgId, Seq>();
  /** The lane that was served last, so that each gets its turn. */
  served: ConversationId = "";
  readonly #byId = new Map<ClientMsgId, Entry>();

  /** Takes what the store had. What was on its way is sent again: that is safe. */
  constructor(rows: readonly OutboxRow[] = []) {
    for (const row of rows) {
      this.insert(row, 0);
    }
  }

  insert(row: OutboxRow, transaction: number): void {
    const entry = { row, transaction, attempts: 0, waitsInOrder: false, stage: row.failure ? "parked" : 0 } as const;
    this.last = Math.max(this.last, row.order);
    this.#byId.set(row.clientMsgId, entry);
    this.entries.set(row.order, entry);
    const lane = this.lanes.get(row.conversation);
    if (lane) {
      lane.push(entry);
    } else {
      this.lanes.set(row.conversation, [entry]);
    }
  }

  remove(entry: Entry): void {
    const { order, clientMsgId, conversation } = entry.row;
    this.#byId.delete(clientMsgId);
    this.entries.delete(order);
    const left = this.lane(conversation).filter((other) => other !== entry);
    if (left.length > 0) {
      this.lanes.set(conversation, left);
    } else {
      this.lanes.delete(conversation);
    }
  }

  get(id: ClientMsgId): Entry | undefined {
    return this.#byId.get(id);
  }

  lane(conversation: ConversationId): readonly Entry[] {
    return this.lanes.get(conversation) ?? [];
  }

  /** All messages, in their order. */
  all(): (readonly [number, Unsent])[] {
    return unsentOf([...this.entries.values()]);
  }

  /** Messages of one conversation, in their order. */
  of(conversation: ConversationId): (readonly [number, Unsent])[] {
    return unsentOf(this.lane(conversation));
  }

  /** All commands, in their order. */
  pending(): (readonly [number, Pending])[] {
    return pendingIn([...this.entries.values()]);
  }

  /** What is to be shown in one conversation: commands that wait, and those whose events are on their way. */
  wishesOf(conversation: ConversationId): (readonly [number, Pending])[] {
    return [...(this.settling.get(conversation) ?? []), ...pendingIn(this.lane(conversation))];
  }

  /** Whether something before a message in its lane is on its way, or else waits. */
  before(entry: Entry): "in_flight" | "waiting" | null {
    const lane = this.lane(entry.row.conversation);
    const ahead = lane.slice(0, lane.indexOf(entry)).filter((it) => it.stage !== "parked" && !isLeftBehind(this, it));
    return ahead.some((it) => it.stage === "in_flight") ? "in_flight" : ahead.length > 0 ? "waiting" : null;
  }

  /** A message was answered: those behind it need not wait for that any more. */
  releaseFollowers(entry: Entry): void {
    for (const other of this.lane(entry.row.conversation)) {
      other.waitsInOrder = false;
    }
  }

  /** When a message is next tried again, or given up. */
  deadline(now: Now, up: boolean): number | null {
    let first = Infinity;
    for (const { stage, row } of this.entries.values()) {
      if (typeof stage === "number") {
        const giveUp = now.monotonicMs + Math.max(0, row.createdAt + GIVE_UP_MS - now.wallMs);
        for (const time of up ? [stage, giveUp] : [giveUp]) {
          first = time > now.monotonicMs ? Math.min(first, time) : first;
        }
      }
    }
    return first === Infinity ? null : first;
  }

  /** The connection went: what was on it is to be sent again. */
  forgetConnection(): ClientMsgId[] {
    const again = [...this.entries.values()].filter((entry) => entry.stage === "in_flight");
    return again.map((entry) => {
      entry.stage = 0;
      return entry.row.clientMsgId;
    });
  }
}

export function stateOf({ row, stage }: Entry): SendState {
  return row.failure ?? { kind: stage === "in_flight" ? "sending" : "queued" };
}

function unsentOf(entries: readonly Entry[]): (readonly [number, Unsent])[] {
  const messages = entries.filter((entry) => !entry.row.command);
  return messages.map((entry) => [entry.row.order, translate.unsent(entry.row, stateOf(entry))]);
}

function pendingIn(entries: readonly Entry[]): (readonly [number, Pending])[] {
  return entries.flatMap((entry) => {
    const pending = pendingOf(entry);
    return pending ? [[entry.row.order, pending] as const] : [];
  });
}

export function onSend(core: Core, ticket: Ticket, draft: Draft): void {
  core.journal.reply(ticket, enqueue(core, draft));
}

function enqueue(core: Core, draft: Draft): Result {
  const { readUpto, ...message } = draft;
  const entry = core.outbox.get(draft.clientMsgId);
  if (entry) {
    const { command, body, attributes, conversation } = entry.row;
    const isSame =
      !command && sameBytes(body, draft.body) && same(attributes, draft.attributes) && conversation === draft.conversation;
    return isSame
      ? { kind: "queued", state: stateOf(entry) }
      : argument("client_msg_id", "is used by another in the outbox");
  }
  if (core.outbox.entries.size >= OUTBOX_MAX) {
    return argument("outbox", `has at most ${OUTBOX_MAX} entries`);
  }
  keepInOutbox(core, { ...message, readUpto, command: null });
  return { kind: "queued", state: { kind: "queued" } };
}

/** Keeps a new message or command. */
export function keepInOutbox(core: Core, what: Omit<OutboxRow, "order" | "createdAt" | "written" | "failure">): void {
  const order = core.outbox.last + 1;
  const row = { ...what, order, createdAt: core.now.wallMs, written: core.link.isUp(), failure: null };
  core.journal.write({ kind: "put_outbox", row });
  core.outbox.insert(row, core.journal.openNumber());
  tellSend(core, row.clientMsgId);
}

/** Replaces parts of a row; what waits for the transaction of that is not sent before it is durable. */
export function changeRow(core: Core, entry: Entry, change: Partial<OutboxRow>): void {
  entry.row = { ...entry.row, ...change };
  core.journal.write({ kind: "put_outbox", row: entry.row });
}

export function onRetry(core: Core, ticket: Ticket, id: ClientMsgId): void {
  const entry = core.outbox.get(id);
  if (entry?.stage === "parked") {
    entry.attempts = 0;
    entry.stage = 0;
    entry.transaction = core.journal.openNumber();
    showAgain(core, entry);
    changeRow(core, entry, { failure: null, createdAt: core.now.wallMs });
    if (entry.row.command) {
      tellQuiet(core);
    }
    tellSend(core, id);
  }
  // What is not parked is already being tried.
  core.journal.reply(ticket, entry ? DONE : notFound("message in the outbox"));
}

/** What a command asks for is shown again, or no longer. */
function showAgain(core: Core, { row }: Entry): void {
  if (row.command) {
    core.touched.add(row.conversation);
  }
}

export function onCancel(core: Core, ticket: Ticket, id: ClientMsgId): void {
  const entry = core.outbox.get(id);
  const isFree = entry && (entry.stage === "parked" || !entry.row.written);
  if (isFree) {
    takeOut(core, id, { kind: "cancelled" });
  }
  core.journal.reply(ticket, isFree ? DONE : notFound("message that can be taken back"));
}

/** Sends what may be sent: in the order of each lane, as far as there is room. */
export function pumpOutbox(core: Core): void {
  const { served, lanes } = core.outbox;
  const turns = [...lanes.keys()].sort();
  const next = turns.findIndex((id) => id > served);
  for (const id of next > 0 ? [...turns.slice(next), ...turns.slice(0, next)] : turns) {
    if (!core.calls.haveRoom()) {
      return;
    }
    pumpLane(core, id);
  }
}

function pumpLane(core: Core, lane: ConversationId): void {
  const { outbox, journal } = core;
  let inFlight = 0;
  let after: ClientMsgId | null = null;
  let isBlocked = false;
  for (const entry of outbox.lane(lane)) {
    const id = entry.row.clientMsgId;
    const goesAlone = entry.row.command !== null;
    if (entry.stage === "parked" || isLeftBehind(outbox, entry)) {
      continue;
    }
    if (entry.stage === "in_flight") {
      if (goesAlone) {
        // Nothing is written behind a command that has no answer.
        return;
      }
      inFlight += 1;
      after = id;
      continue;
    }
    // Nothing overtakes a message that waits.
    const waits = entry.stage > core.nowMs() || ((goesAlone || entry.waitsInOrder) && inFlight > 0);
    if (waits || inFlight >= LANE_IN_FLIGHT_MAX || !core.calls.haveRoom()) {
      return;
    }
    if (!entry.row.written) {
      // From here on it may be on the server; that is durable before it is true.
      entry.transaction = journal.openNumber();
      changeRow(core, entry, { written: true });
    }
    isBlocked ||= !journal.isDurable(entry.transaction);
    // One that is not durable takes the place that it will have.
    inFlight += 1;
    if (!isBlocked) {
      entry.stage = "in_flight";
      entry.waitsInOrder = false;
      outbox.served = lane;
      core.call({ kind: "send", id }, payload(core, entry.row, after));
      tellSend(core, id);
      after = id;
    }
    if (goesAlone) {
      return;
    }
  }
}

function payload(core: Core, row: OutboxRow, after: ClientMsgId | null): BodyInit {
  if (row.command) {
    return row.command.call;
  }
  const { conversation, peer, clientMsgId, bodyType, body, attributes } = row;
  return {
    case: "send",
    value: {
      clientMsgId: uuidBytes(clientMsgId),
      bodyType,
      body,
      readUpto: BigInt(row.readUpto),
      ...(after && { after: uuidBytes(after) }),
      ...(attributes && { attributes: attributesToWire(attributes) }),
      to:
        peer && !core.conversations.has(conversation)
          ? { case: "userId", value: peer }
          : { case: "conversationId", value: conversation },
    },
  };
}

/** The message is durable at the server: it is placed. The pointer of the log does not move by that. */
export function onSent(core: Core, id: ClientMsgId, sent: v1.Sent): void {
  const mark = markOf(sent);
  if (!mark) {
    return breakOff(core, "an acknowledgement without a conversation");
  }
  const entry = core.outbox.get(id);
  if (!entry) {
    return;
  }
  if (entry.row.command) {
    return breakOff(core, "the server answered a command as a message");
  }
  const { conversation, seq, ordinal, sentAt } = mark;
  const { readUpto, bodyType, body, attributes } = entry.row;
  // First it is placed, then it stops waiting: whoever looks sees it once, always. An old one may lie in a gap.
  const known = core.conversations.get(conversation);
  if (!known || seq > known.row.lastSeq || known.intervals.holds(ordinal)) {
    const row: MessageRow = {
      conversation, seq, ordinal, clientMsgId: id, sender: core.me(), sentAt, bodyType, body, attributes, corrupt: false,
      changed: seq, edits: 0, editedAt: 0, reactions: [], recalled: null, pinned: false,
    };
    keepMessages(core, conversation, [row]);
  }
  takeOut(core, id, mark);
  readWithSend(core, conversation, readUpto);
}

/** The event of an own message is here: no acknowledgement is needed any more. */
export function onOwnMessage(core: Core, row: MessageRow): void {
  const { clientMsgId: id, conversation, seq, ordinal, sentAt } = row;
  const entry = id && core.outbox.get(id);
  if (!entry || entry.row.command) {
    return;
  }
  const { written, readUpto, bodyType, body } = entry.row;
  const isChanged = row.corrupt || row.edits > 0 || row.recalled !== null;
  takeOut(core, id, {
    kind: "sent", conversation, seq, ordinal, sentAt,
    // What this device never wrote to a connection was sent by another, under the same id; what was there when this
    // connection began, by an earlier send.
    deduplicated: !written || seq <= (core.conversations.get(conversation)?.welcomed ?? 0),
    conflict: !isChanged && !(bodyType === row.bodyType && sameBytes(body, row.body)),
  });
  readWithSend(core, conversation, readUpto);
}

/** The server moved the cursor with a send; so does the device. */
function readWithSend(core: Core, id: ConversationId, readUpto: Seq): void {
  const conversation = core.conversations.get(id);
  if (conversation?.moveCursor(Math.min(readUpto, conversation.target()), null)) {
    core.touched.add(id);
  }
}

/** Seqs of another history say nothing in this one. */
export function forgetReadUpto(core: Core): void {
  for (const entry of core.outbox.entries.values()) {
    if (entry.row.readUpto > 0) {
      changeRow(core, entry, { readUpto: 0 });
    }
  }
}

export function onSendRefused(core: Core, id: ClientMsgId, error: v1.Error): void {
  const { outbox } = core;
  const entry = outbox.get(id);
  if (!entry) {
    return;
  }
  const { code } = error;
  const first = error.first && markOf(error.first);
  if (code === "conflict" && first && !entry.row.command) {
    // What was sent first stands; its event brings it.
    return takeOut(core, id, { ...first, conflict: true });
  }
  const wait = waitMs(error, backoffMs(core.dice, entry.attempts));
  outbox.releaseFollowers(entry);
  if (isFinal(code)) {
    return park(core, entry, { kind: "failed", code, text: error.message, recoverable: false });
  }
  entry.attempts += 1;
  entry.stage = core.nowMs() + wait;
  const before = outbox.before(entry);
  if (code === "retry_in_order" && before) {
    // It follows its predecessor, which waits as long as it must.
    entry.waitsInOrder = before === "in_flight";
    entry.stage = core.nowMs();
  }
  tellSend(core, id);
}

/** Gives up what waited too long. */
export function onOutboxTime(core: Core): void {
  for (const entry of core.outbox.entries.values()) {
    if (typeof entry.stage === "number" && entry.row.createdAt + GIVE_UP_MS <= core.now.wallMs) {
      park(core, entry, { kind: "failed", code: GAVE_UP, text: "not acknowledged within 24 hours", recoverable: true });
    }
  }
}

function park(core: Core, entry: Entry, failure: SendFailure): void {
  entry.stage = "parked";
  showAgain(core, entry);
  changeRow(core, entry, { failure });
  if (entry.row.command) {
    tellQuiet(core);
  }
  tellSend(core, entry.row.clientMsgId);
}

export function takeOut(core: Core, id: ClientMsgId, state: SendState): void {
  const { outbox, journal } = core;
  const entry = outbox.get(id);
  if (!entry) {
    return;
  }
  const { conversation, command } = entry.row;
  outbox.releaseFollowers(entry);
  outbox.remove(entry);
  journal.write({ kind: "drop_outbox", clientMsgId: id });
  if (command) {
    letWishGo(core, entry, state);
  } else {
    journal.tell({ kind: "echo_gone", conversation, clientMsgId: id });
    placeWhatIsAbout(core, conversation, id, state);
  }
  journal.tell({ kind: "send", conversation, clientMsgId: id, state });
}

export function tellSend(core: Core, id: ClientMsgId): void {
  const entry = core.outbox.get(id);
  if (!entry) {
    return;
  }
  const { conversation, order } = entry.row;
  const state = stateOf(entry);
  const pending = pendingOf(entry);
  core.journal.tell(
    pending ? { kind: "pending", order, pending } : { kind: "echo", order, unsent: translate.unsent(entry.row, state) },
  );
  core.journal.tell({ kind: "send", conversation, clientMsgId: id, state });
}

function markOf(sent: v1.Sent): SentMark | null {
  const conversation = conversationId(sent.conversationId);
  if (!conversation) {
    return null;
  }
  const { deduplicated } = sent;
  const [seq, ordinal, sentAt] = [num(sent.seq), num(sent.ordinal), num(sent.sentAt)];
  return { kind: "sent", conversation, seq, ordinal, sentAt, deduplicated, conflict: false };
}

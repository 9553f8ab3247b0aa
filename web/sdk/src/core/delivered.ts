/**
 * What arrived from others in direct conversations: a register that only grows, told to the server once the store holds
 * what it stands for. One call is in flight at a time; what comes meanwhile goes with the next.
 */

import { conversationId, userId } from "../domain/id.ts";
import { num } from "../domain/number.ts";
import type * as v1 from "../gen/stonechat/v1/native_pb.ts";
import type { ConversationId, ReadMark, Seq } from "../types.ts";
import { backoffMs } from "./dice.ts";
import { CURSOR_SETTLES_MS, DELIVERED_PER_CALL_MAX, UNKNOWN_MAX } from "./limits.ts";
import type { Core } from "./machine.ts";
import { serverError, waitMs } from "./refusal.ts";

type Told = readonly (readonly [ConversationId, Seq])[];

/** What others wrote up to here is in the transaction of this input. */
export function arrived(core: Core, id: ConversationId, seq: Seq): void {
  const row = core.conversations.get(id)?.row;
  if (row?.kind === "direct") {
    row.deliveredUnconfirmed = Math.max(row.deliveredUnconfirmed, seq);
    core.touched.add(id);
    core.journal.stored(id, seq);
  }
}

/** What is durable now may be told. */
export function takeStored(core: Core): void {
  for (const [id, seq] of core.journal.takeStored()) {
    // It may be gone by now, or of a history that is no more.
    if ((core.conversations.get(id)?.row.deliveredUnconfirmed ?? 0) >= seq) {
      wait(core, id, seq);
    }
  }
}

function wait(core: Core, id: ConversationId, seq: Seq): void {
  core.undelivered.set(id, Math.max(seq, core.undelivered.get(id) ?? 0));
}

/** Tells the server what arrived. */
export function pumpDelivered(core: Core): void {
  const { undelivered, calls } = core;
  if (core.fetchFrom > core.nowMs() || undelivered.size === 0 || calls.isInFlight("delivered")) {
    return;
  }
  for (const [id, upto] of undelivered) {
    const row = core.conversations.get(id)?.row;
    // Whoever has read it has it: the cursor says so.
    if (!row?.member || row.readSeq >= upto) {
      undelivered.delete(id);
      settleDelivered(core, id, upto);
    }
  }
  if (undelivered.size > 0 && calls.haveRoom()) {
    const told = [...undelivered].slice(0, DELIVERED_PER_CALL_MAX);
    const marks = told.map(([conversationId, upto]) => ({ conversationId, uptoSeq: BigInt(upto) }));
    core.call({ kind: "delivered", told }, { case: "markDelivered", value: { marks } });
  }
}

export function onDeliveredConfirmed(core: Core, told: Told): void {
  for (const [id, upto] of told) {
    if ((core.undelivered.get(id) ?? Infinity) <= upto) {
      core.undelivered.delete(id);
    }
    // The row keeps it until the server has surely stored it: a device that starts again then says it again.
    core.delivered.set(id, [upto, core.nowMs()]);
  }
}

export function onDeliveredRefused(core: Core, told: Told, error: v1.Error): void {
  if (serverError(error).retryable) {
    const wait = waitMs(error, backoffMs(core.dice, 1));
    core.fetchFrom = Math.max(core.fetchFrom, core.nowMs() + wait);
    return;
  }
  for (const [id, upto] of told) {
    core.undelivered.delete(id);
    settleDelivered(core, id, upto);
  }
}

/** What the server has stored by now: it answered a call that was made long enough after it was told. */
export function settleAllDelivered(core: Core): void {
  for (const [id, [upto, at]] of core.delivered) {
    if (at + CURSOR_SETTLES_MS <= core.calls.answered) {
      core.delivered.delete(id);
      settleDelivered(core, id, upto);
    }
  }
}

function settleDelivered(core: Core, id: ConversationId, upto: Seq): void {
  const row = core.conversations.get(id)?.row;
  if (row && row.deliveredUnconfirmed > 0 && row.deliveredUnconfirmed <= upto) {
    row.deliveredUnconfirmed = 0;
    core.touched.add(id);
  }
}

/** A server that crashes may lose the last second of what it was told: that is said again. */
export function doubtDelivered(core: Core): void {
  settleAllDelivered(core);
  for (const [id, [upto]] of core.delivered) {
    wait(core, id, upto);
  }
  core.delivered.clear();
}

/** A device of the other user has it. */
export function onDeliveredMoved(core: Core, moved: v1.DeliveredMoved): void {
  const [id, user] = [conversationId(moved.conversationId), userId(moved.userId)];
  if (id && user && user !== core.me()) {
    mark(core, id, { user, upto: 0, delivered: num(moved.uptoSeq) });
  }
}

/** How far the other user of a direct conversation is. */
export function onReceipts(core: Core, state: v1.ReceiptState): void {
  const user = core.conversations.get(state.conversationId)?.row.peer;
  // One that is not known yet brings its marks along.
  if (user) {
    mark(core, state.conversationId, { user, upto: num(state.readSeq), delivered: num(state.deliveredSeq) });
  }
}

/** Takes how far another member is. */
export function mark(core: Core, id: ConversationId, mark: ReadMark): void {
  const conversation = core.conversations.get(id);
  if (conversation?.mark(mark)) {
    core.touched.add(id);
    core.journal.tell({ kind: "marks", conversation: id, marks: conversation.row.marks });
  } else if (!conversation && (core.unknownMarks.size < UNKNOWN_MAX || core.unknownMarks.has(id))) {
    // It is being asked for, and the answer may have been made before this.
    const marks = core.unknownMarks.get(id) ?? new Map<string, ReadMark>();
    const { user } = mark;
    const known = marks.get(user) ?? mark;
    const [upto, delivered] = [Math.max(known.upto, mark.upto), Math.max(known.delivered, mark.delivered)];
    core.unknownMarks.set(id, marks.set(user, { user, upto, delivered }));
  }
}

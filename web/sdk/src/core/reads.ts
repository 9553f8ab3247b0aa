/** Read cursors: a register a conversation that only grows, told to the server when it can be told. */

import { conversationId, userId } from "../domain/id.ts";
import { num } from "../domain/number.ts";
import { notFound } from "../fail.ts";
import type * as v1 from "../gen/stonechat/v1/native_pb.ts";
import type { ConversationId, Ordinal, Seq } from "../types.ts";
import { DONE, type Ticket } from "./command.ts";
import { mark, onReceipts } from "./delivered.ts";
import { CURSOR_SETTLES_MS, UNKNOWN_MAX } from "./limits.ts";
import type { Core } from "./machine.ts";
import { onEntry } from "./people.ts";
import { passes } from "./refusal.ts";
import { fallBehind } from "./sync.ts";
import { role } from "./translate.ts";

/**
 * How a personal change came: by itself, or with a list that names every conversation in which something happened, so
 * that nothing has to be asked for.
 */
export type Told = "live" | "with_list";

export function onMarkRead(core: Core, ticket: Ticket, id: ConversationId, upto: Seq): void {
  const conversation = core.conversations.get(id);
  if (!conversation) {
    core.journal.reply(ticket, notFound("conversation"));
    return;
  }
  const seq = Math.min(upto, conversation.target());
  if (conversation.moveCursor(seq, null)) {
    conversation.row.readUnconfirmed = seq;
    core.unconfirmed.add(id);
    core.touched.add(id);
  }
  core.journal.reply(ticket, DONE);
}

/** Tells the server of cursors that it has not confirmed, one call a conversation at a time. */
export function pumpReads(core: Core): void {
  if (core.fetchFrom > core.nowMs()) {
    return;
  }
  for (const id of core.unconfirmed) {
    if (!core.calls.haveRoom()) {
      return;
    }
    const upto = core.conversations.get(id)?.row.readUnconfirmed ?? 0;
    if (upto > 0 && !core.calls.isInFlight("read", id, upto)) {
      core.call({ kind: "read", id, upto }, { case: "markRead", value: { conversationId: id, uptoSeq: BigInt(upto) } });
    }
  }
}

export function onReadConfirmed(core: Core, id: ConversationId, upto: Seq): void {
  if (core.conversations.get(id)?.row.readUnconfirmed === upto) {
    // The row keeps it until the server has surely stored it: a device that starts again then says it again.
    core.unconfirmed.delete(id);
    core.touched.add(id);
    core.confirmed.set(id, core.nowMs());
  }
}

/** Cursors that the server has stored by now: it answered a call that was made long enough after it confirmed them. */
export function settleCursors(core: Core): void {
  for (const [id, at] of core.confirmed) {
    if (at + CURSOR_SETTLES_MS <= core.calls.answered) {
      settleCursor(core, id);
    }
  }
}

function settleCursor(core: Core, id: ConversationId): void {
  core.confirmed.delete(id);
  const row = core.conversations.get(id)?.row;
  if (row && row.readUnconfirmed > 0 && !core.unconfirmed.has(id)) {
    row.readUnconfirmed = 0;
    core.touched.add(id);
  }
}

export function onReadRefused(core: Core, id: ConversationId, upto: Seq, error: v1.Error): void {
  if (passes(core, error)) {
    return;
  }
  onReadConfirmed(core, id, upto);
  settleCursor(core, id);
  // Whoever is no member any more is told where the cursor stands; until then it is shown where it was.
  const conversation = core.conversations.get(id);
  if (conversation) {
    conversation.row.unreadStale = true;
    core.touched.add(id);
  }
}

export function onReadMoved(core: Core, moved: v1.ReadMoved): void {
  const id = conversationId(moved.conversationId);
  const user = userId(moved.userId);
  if (!id || !user) {
    return;
  }
  const upto = num(moved.uptoSeq);
  if (user !== core.me()) {
    mark(core, id, { user, upto, delivered: upto });
    return;
  }
  ownCursor(core, id, upto, num(moved.uptoOrdinal));
  // Whoever moved it may be gone when the server has to be told again.
  const row = core.conversations.get(id)?.row;
  if (row?.member) {
    row.readUnconfirmed = Math.max(row.readUnconfirmed, row.readSeq);
    core.touched.add(id);
    core.confirmed.set(id, core.nowMs());
  }
}

/**
 * A server that crashes may lose the last second of cursors: those are told again on the next connection. When it crashed
 * nobody knows, but it was there when it was last heard.
 */
export function doubtCursors(core: Core): void {
  const doubted = [...core.confirmed.keys()];
  core.confirmed.clear();
  doubted.forEach((id) => tellCursorAgain(core, id));
}

/** The server's cursor is behind the one that is known here. */
export function tellCursorAgain(core: Core, id: ConversationId): void {
  const row = core.conversations.get(id)?.row;
  if (!row) {
    return;
  }
  row.readUnconfirmed = row.member ? row.readSeq : 0;
  if (row.readUnconfirmed > 0) {
    core.unconfirmed.add(id);
  } else {
    core.unconfirmed.delete(id);
  }
  // Whoever is no member any more cannot move it: he asks where it stands.
  row.unreadStale ||= !row.member;
  core.touched.add(id);
}

function ownCursor(core: Core, id: ConversationId, seq: Seq, ordinal: Ordinal): void {
  const conversation = core.conversations.get(id);
  if (conversation) {
    if (conversation.moveCursor(seq, ordinal)) {
      core.touched.add(id);
    }
  } else if (core.unknownCursors.size < UNKNOWN_MAX) {
    // What does not fit is told again with the conversation, a second later.
    const [before, at] = core.unknownCursors.get(id) ?? [0, 0];
    core.unknownCursors.set(id, seq > before || (seq === before && ordinal > at) ? [seq, ordinal] : [before, at]);
  }
}

/** Takes a change of what belongs to the user. */
export function onPersonal(core: Core, change: v1.PersonalChange, told: Told): void {
  const { change: it } = change;
  if (it.case === "membership") {
    onMembership(core, it.value, told);
  } else if (it.case === "read") {
    const id = conversationId(it.value.conversationId);
    if (id) {
      ownCursor(core, id, num(it.value.uptoSeq), num(it.value.uptoOrdinal));
    }
  } else if (it.case === "receipts") {
    onReceipts(core, it.value);
  } else if (it.case) {
    // A device that was signed out hears of itself by its connection.
    onEntry(core, change);
  }
}

function onMembership(core: Core, membership: v1.MembershipState, told: Told): void {
  const id = conversationId(membership.conversationId);
  if (!id) {
    return;
  }
  const conversation = core.conversations.get(id);
  if (membership.member) {
    if (!conversation?.row.member && told === "live") {
      core.gets.add(id);
    }
    if (conversation) {
      conversation.row.role = role(membership.role);
      core.touched.add(id);
    }
    return;
  }
  const upto = num(membership.visibleUptoSeq);
  // Said of an older membership than the one that the log already told of: the log is right.
  if (!conversation || upto < conversation.row.visibleFromSeq) {
    return;
  }
  const { row } = conversation;
  row.member = false;
  row.role = "none";
  conversation.seen = Math.max(conversation.seen, upto);
  core.touched.add(id);
  if (row.lastSeq < conversation.target()) {
    fallBehind(core, id, core.nowMs());
  }
}

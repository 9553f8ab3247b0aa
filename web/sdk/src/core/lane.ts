/**
 * Commands in the lanes of the outbox: edits, reactions, recalls, and whatever else bears a `command_id` and belongs to a
 * conversation. A command goes alone: the wire has no word for what it follows, so it is written when nothing before it is
 * under way, and nothing is written behind it before it was answered.
 *
 * What it asks for is shown at once, as a wish that is laid over a message and never written into it. A wish can be
 * granted twice and looks the same, and it goes when the log has passed the event that granted it.
 */

import { contentOf } from "../content.ts";
import { uuid, uuidBytes } from "../domain/id.ts";
import { num } from "../domain/number.ts";
import { argument, notFound } from "../fail.ts";
import type * as v1 from "../gen/stonechat/v1/native_pb.ts";
import type { ClientMsgId, ConversationId, Pending, SendState, Seq, Wish } from "../types.ts";
import type { Body, LaneCommand, Reply, Result, Ticket } from "./command.ts";
import { OUTBOX_MAX, PLACED_MAX, SETTLING_MAX } from "./limits.ts";
import { breakOff } from "./link.ts";
import type { Core } from "./machine.ts";
import { changeRow, type Entry, keepInOutbox, type Outbox, stateOf, takeOut, tellSend } from "./outbox.ts";
import { tellQuiet } from "./quiet.ts";
import { onPersonal } from "./reads.ts";
import type { QueuedCommand } from "./rows.ts";
import { newBody, NO_BYTES } from "./wire.ts";

/** What a command asks for; null for a message. */
export function pendingOf(entry: Entry): Pending | null {
  const { command, conversation, clientMsgId: commandId, createdAt } = entry.row;
  return command && { conversation, commandId, wish: wishOf(command), createdAt, state: stateOf(entry) };
}

/** Whether a command waits for a message that failed: the lane goes on without both. */
export function isLeftBehind(outbox: Outbox, { row }: Entry): boolean {
  const about = row.command?.about;
  return !!about && outbox.get(about)?.stage === "parked";
}

/** The calls of one case that wait in the outbox and have not failed, in their order, each with its time. */
export function waiting<C extends v1.Frame["body"]["case"]>(
  entries: Iterable<Entry>,
  kind: C,
): { call: Extract<Body, { case: C }>["value"] & {}; at: number }[] {
  const calls = [];
  for (const { row } of entries) {
    if (row.command?.call.case === kind && !row.failure) {
      calls.push({ call: row.command.call.value as never, at: row.createdAt });
    }
  }
  return calls;
}

export function onQueue(core: Core, ticket: Ticket, command: LaneCommand): void {
  core.journal.reply(ticket, queue(core, command));
}

function queue(core: Core, command: LaneCommand): Result {
  const { outbox } = core;
  const { conversation, commandId: id, about: target } = command;
  const entry = outbox.get(id);
  if (entry) {
    return entry.row.command && entry.row.conversation === conversation
      ? { kind: "kept", id, state: stateOf(entry) }
      : argument("command_id", "is used by another in the outbox");
  }
  if (outbox.entries.size >= OUTBOX_MAX) {
    return argument("outbox", `has at most ${OUTBOX_MAX} entries`);
  }
  const body = newBody(command.call);
  let about: ClientMsgId | null = null;
  let seq: Seq | undefined;
  if (typeof target === "string") {
    const reply = changeUnsent(core, target, id, body);
    if (reply) {
      return reply;
    }
    const message = outbox.get(target);
    about = message && !message.row.command ? target : null;
    seq = about ? undefined : outbox.placed.get(target);
    if (!about && !seq) {
      return notFound("message");
    }
  } else {
    seq = target ?? undefined;
  }
  const call = filledIn(body, id, seq);
  if (!call) {
    return argument("command", "is none that waits in a lane");
  }
  keepInOutbox(core, {
    conversation, clientMsgId: id, peer: null, bodyType: "", body: NO_BYTES, attributes: null, readUpto: 0,
    command: { call, about },
  });
  showOwn(core, conversation, call);
  return { kind: "kept", id, state: { kind: "queued" } };
}

/** What only the user himself sees is shown as the commands want it. */
function showOwn(core: Core, conversation: ConversationId, call: Body): void {
  if (call.case === "setPreferences" || call.case === "deleteMessages" || call.case === "starMessages") {
    core.touched.add(conversation);
  } else if (call.case === "setQuiet") {
    tellQuiet(core);
  }
}

/** What was never written to a connection is not frozen: it is sent as the edit has it, or not at all. */
function changeUnsent(core: Core, message: ClientMsgId, id: ClientMsgId, call: Body): Reply | null {
  const entry = core.outbox.get(message);
  if (call.case !== "changeMessage" || !entry || entry.row.command) {
    return null;
  }
  const { case: kind, value } = call.value.change;
  if (kind === "edit" && !entry.row.written) {
    entry.transaction = core.journal.openNumber();
    changeRow(core, entry, { bodyType: value.bodyType, body: value.body });
    tellSend(core, message);
    return { kind: "kept", id: message, state: stateOf(entry) };
  }
  if (kind === "recall" && (!entry.row.written || entry.stage === "parked")) {
    takeOut(core, message, { kind: "cancelled" });
    return { kind: "kept", id, state: { kind: "done", seq: 0 } };
  }
  return null;
}

/** A message left the outbox: the commands about it can go, or have nothing left to be about. */
export function placeWhatIsAbout(core: Core, lane: ConversationId, message: ClientMsgId, state: SendState): void {
  const { outbox } = core;
  const seq = state.kind === "sent" ? state.seq : null;
  if (seq) {
    outbox.placed.delete(message);
    outbox.placed.set(message, seq);
    const [oldest] = outbox.placed.keys();
    if (outbox.placed.size > PLACED_MAX && oldest) {
      outbox.placed.delete(oldest);
    }
  }
  for (const entry of outbox.lane(lane)) {
    const { command, clientMsgId: id } = entry.row;
    if (command?.about !== message) {
      continue;
    }
    const call = seq && filledIn(command.call, id, seq);
    if (!call) {
      takeOut(core, id, { kind: "cancelled" });
      continue;
    }
    entry.transaction = core.journal.openNumber();
    changeRow(core, entry, { command: { call, about: null } });
    tellSend(core, id);
  }
}

/** A command was answered: its event, if it led to one, is durable at the server. */
export function onCommandDone(core: Core, id: ClientMsgId, body: Body): void {
  const entry = core.outbox.get(id);
  if (entry && !entry.row.command) {
    return breakOff(core, "the server answered a message as a command");
  }
  if (body.case === "entry") {
    onPersonal(core, body.value, "live");
  }
  // Of commands that lead to no event there is none.
  takeOut(core, id, { kind: "done", seq: body.case === "commandDone" ? num(body.value.seq) : 0 });
}

/** An own event that is no message is here: no answer to its command is needed any more. */
export function onOwnChange(core: Core, event: v1.Event): void {
  const id = uuid(event.clientMsgId);
  if (id && core.outbox.get(id)?.row.command) {
    takeOut(core, id, { kind: "done", seq: num(event.seq) });
  }
}

/** A command left the outbox. What was granted stays to be seen until its event is here. */
export function letWishGo(core: Core, entry: Entry, state: SendState): void {
  const { outbox, journal } = core;
  const { conversation, clientMsgId: commandId, order, command } = entry.row;
  const asked = pendingOf(entry);
  if (!command || !asked) {
    return;
  }
  showOwn(core, conversation, command.call);
  if (state.kind !== "done") {
    return journal.tell({ kind: "pending_gone", conversation, commandId });
  }
  const pending: Pending = { ...asked, state };
  journal.tell({ kind: "pending", order, pending });
  const settling = [...(outbox.settling.get(conversation) ?? []), [order, pending] as const];
  const oldest = settling.length > SETTLING_MAX && settling.shift();
  if (oldest) {
    journal.tell({ kind: "pending_gone", conversation, commandId: oldest[1].commandId });
  }
  outbox.settling.set(conversation, settling);
  settleWishes(core, conversation);
}

/** Lets those wishes go whose events the log has passed, and those of a log that this device cannot follow. */
export function settleWishes(core: Core, id: ConversationId): void {
  const { settling } = core.outbox;
  const row = core.conversations.get(id)?.row;
  const stay = (settling.get(id) ?? []).filter(([, { state, commandId }]) => {
    const isHere =
      !row?.member || state.kind !== "done" || (state.seq <= row.lastSeq && !(row.staleFrom > 0 && state.seq >= row.staleFrom));
    if (isHere) {
      core.journal.tell({ kind: "pending_gone", conversation: id, commandId });
    }
    return !isHere;
  });
  if (stay.length > 0) {
    settling.set(id, stay);
  } else {
    settling.delete(id);
  }
}

/** Events of another history will not come. */
export function forgetWishes(core: Core): void {
  const { settling, placed } = core.outbox;
  for (const [conversation, wishes] of settling) {
    for (const [, { commandId }] of wishes) {
      core.journal.tell({ kind: "pending_gone", conversation, commandId });
    }
  }
  settling.clear();
  placed.clear();
}

/**
 * A call with the id of its command, and the seq of the message that it is about; null for a call that does not wait in a
 * lane. To let another one wait, name it here.
 */
function filledIn(call: Body, id: ClientMsgId, seq: Seq | undefined): Body | null {
  const commandId = uuidBytes(id);
  switch (call.case) {
    case "changeMessage":
      return { ...call, value: { ...call.value, commandId, seq: seq ? BigInt(seq) : call.value.seq } };
    case "changeConversation":
    case "setPreferences":
    case "deleteMessages":
    case "starMessages":
    case "setQuiet":
      return { ...call, value: { ...call.value, commandId } } as Body;
    default:
      return null;
  }
}

/** What a command asks for, as a message shows it. */
function wishOf({ call, about }: QueuedCommand): Wish {
  if (call.case !== "changeMessage") {
    return { kind: "other" };
  }
  const target = about ?? num(call.value.seq);
  const { case: kind, value } = call.value.change;
  switch (kind) {
    case "edit":
      return { kind, target, content: contentOf(value.bodyType, value.body) };
    case "react":
      return { kind: value.remove ? "take_back" : kind, target, emoji: value.emoji };
    case "recall":
      return { kind, target };
    case "pin":
      return { kind, target, pinned: !value.remove };
    default:
      return { kind: "other" };
  }
}

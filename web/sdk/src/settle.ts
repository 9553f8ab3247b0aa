/**
 * What became of what was sent, when another page leads: the one before may have been killed after it stored that and before
 * it told. The outbox says what still waits, and the log what was placed; what is in neither was taken back, or carried out.
 */

import type { SendHandle } from "./api.ts";
import type { LaneCommand, Reply } from "./core/command.ts";
import { LOOK_BACK_MESSAGES } from "./driver/limits.ts";
import { asked, type Inner } from "./inner.ts";
import type { ClientMsgId, ConversationId, SentMark } from "./types.ts";

const FINAL = ["sent", "done", "cancelled"];

/** Tells the states of those that wait no more. */
export async function settle(inner: Inner): Promise<void> {
  const { views } = inner.host;
  const open = [...views.sends].flatMap(([id, view]) => {
    const before = view.state.get();
    return FINAL.includes(before.kind) ? [] : [{ id, view, before }];
  });
  if (open.length === 0) {
    return;
  }
  const [{ unsent }, { pending }] = await Promise.all([
    asked(inner, { kind: "outbox" }, "outbox"),
    asked(inner, { kind: "pending" }, "pending"),
  ]);
  const waiting = new Set([...unsent.map((it) => it.clientMsgId), ...pending.map((it) => it.commandId)]);
  for (const { id, view, before } of open.filter((it) => !waiting.has(it.id))) {
    const { conversation } = view;
    const state = (await placeOf(inner, conversation, id)) ?? ({ kind: "done", seq: 0 } as const);
    // Unless it was told meanwhile.
    if (view.state.get() === before) {
      views.apply([{ kind: "send", conversation, clientMsgId: id, state }]);
    }
  }
}

/**
 * Takes back what the core does not have, or not any more: that is so already where another page led when it was asked first.
 * Of a message that is in the log, and of a command that was carried out, the refusal stands.
 */
export async function cancelAgain(inner: Inner, handle: Pick<SendHandle, "state">, error: unknown): Promise<void> {
  await settle(inner);
  const { kind } = handle.state.get();
  if (kind !== "cancelled" && !(kind === "done" && "clientMsgId" in handle)) {
    throw error;
  }
}

/**
 * Keeps a command that the core refused: the message that it names by its id may have left the outbox when another page led,
 * so that the log has to say where it is; and what was recalled by then need not be recalled again.
 */
export async function queueAgain(
  inner: Inner,
  command: LaneCommand,
  error: unknown,
): Promise<Extract<Reply, { kind: "kept" }>> {
  const { conversation, about, commandId: id, call } = command;
  if (typeof about === "string" && (error as { code?: string }).code === "not_found") {
    const place = await placeOf(inner, conversation, about);
    if (place !== null) {
      return asked(inner, { kind: "queue", command: { ...command, about: place.seq } }, "kept");
    }
    await settle(inner);
    const kind = inner.host.views.sends.get(about)?.state.get().kind;
    const isRecall = call.case === "changeMessage" && call.value?.change?.case === "recall";
    if (isRecall && (kind === "cancelled" || kind === "done")) {
      return { kind: "kept", id, state: { kind: "done", seq: 0 } };
    }
  }
  throw error;
}

/** Where the log has a message, of those that came last. */
async function placeOf({ host }: Inner, conversation: ConversationId, id: ClientMsgId): Promise<SentMark | null> {
  const newest = { conversation, from: 0, upto: Number.MAX_SAFE_INTEGER, limit: LOOK_BACK_MESSAGES };
  const row = (await host.call("page", newest)).messages.find(({ clientMsgId }) => clientMsgId === id);
  if (row === undefined) {
    return null;
  }
  const { seq, ordinal, sentAt } = row;
  return { kind: "sent", conversation, seq, ordinal, sentAt, deduplicated: false, conflict: false };
}

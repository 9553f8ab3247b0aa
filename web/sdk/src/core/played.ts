/**
 * Voice messages that were played: as the server said it last, with what waits to be told on top. Those of a conversation
 * are told one after the other, again and again until the server has stored them; they wait in its row.
 */

import { num } from "../domain/number.ts";
import { NO_PLAYS, Played, Plays } from "../domain/plays.ts";
import { argument, notFound } from "../fail.ts";
import type * as v1 from "../gen/stonechat/v1/native_pb.ts";
import type { ConversationId, Seq } from "../types.ts";
import { DONE, type Result, type Ticket } from "./command.ts";
import { backoffMs } from "./dice.ts";
import { PLAYS_WAITING_MAX } from "./limits.ts";
import type { Core } from "./machine.ts";
import { serverError, waitMs } from "./refusal.ts";

/** Plays of the wire. */
export function playsOfWire({ floorSeq, playedSeqs, byOthers }: v1.Plays): Plays {
  return new Plays(num(floorSeq), playedSeqs.map(num), byOthers.map(({ seq, players: by }) => ({ seq: num(seq), by })));
}

export function onMarkPlayed(core: Core, ticket: Ticket, id: ConversationId, seq: Seq): void {
  core.journal.reply(ticket, markPlayed(core, id, seq));
}

function markPlayed(core: Core, id: ConversationId, seq: Seq): Result {
  const row = core.conversations.get(id)?.row;
  if (core.plays.get(id)?.holds(seq) || row?.playsUnconfirmed.includes(seq)) {
    return DONE;
  }
  if (!row) {
    return notFound("conversation");
  }
  if (row.playsUnconfirmed.length >= PLAYS_WAITING_MAX) {
    return argument("message", `has at most ${PLAYS_WAITING_MAX} before it that wait`);
  }
  row.playsUnconfirmed = [...row.playsUnconfirmed, seq];
  core.unplayed.add(id);
  core.touched.add(id);
  return DONE;
}

/** Tells the server what was played, one message at a time. */
export function pumpPlayed(core: Core): void {
  if (core.fetchFrom > core.nowMs() || !core.calls.haveRoom() || core.calls.isInFlight("played")) {
    return;
  }
  for (const id of core.unplayed) {
    const seq = core.conversations.get(id)?.row.playsUnconfirmed[0];
    if (seq) {
      return core.call({ kind: "played", id, seq }, { case: "markPlayed", value: { conversationId: id, seq: BigInt(seq) } });
    }
    core.unplayed.delete(id);
  }
}

/** It is stored: the entry that says so is on its way. */
export function onPlayedConfirmed(core: Core, id: ConversationId, seq: Seq): void {
  if (core.conversations.has(id)) {
    core.plays.set(id, (core.plays.get(id) ?? NO_PLAYS).play(seq));
    settlePlayed(core, id, seq);
  }
}

export function onPlayedRefused(core: Core, id: ConversationId, seq: Seq, error: v1.Error): void {
  if (serverError(error).retryable) {
    const wait = waitMs(error, backoffMs(core.dice, 1));
    core.fetchFrom = Math.max(core.fetchFrom, core.nowMs() + wait);
  } else {
    // It was taken back, or the user is no member any more: there is nothing to be told.
    settlePlayed(core, id, seq);
  }
}

function settlePlayed(core: Core, id: ConversationId, seq: Seq): void {
  const row = core.conversations.get(id)?.row;
  if (row) {
    row.playsUnconfirmed = row.playsUnconfirmed.filter((waiting) => waiting !== seq);
    core.touched.add(id);
  }
}

/** What is known of the voice messages of a conversation, what waits to be told included. */
export function playedOf(core: Core, id: ConversationId): Played {
  const plays = core.plays.get(id) ?? NO_PLAYS;
  const waiting = core.conversations.get(id)?.row.playsUnconfirmed ?? [];
  return waiting.length > 0 ? new Played(plays, waiting) : plays.played;
}

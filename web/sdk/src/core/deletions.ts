/**
 * What the user removed from conversations for himself: as the server said it last, with what waits in the outbox on top.
 * Of what the server has taken nothing is held any more, and nothing that says it again is kept.
 */

import { Deletions, NO_DELETIONS, Removed } from "../domain/deletions.ts";
import { num } from "../domain/number.ts";
import type * as v1 from "../gen/stonechat/v1/native_pb.ts";
import type { ConversationId } from "../types.ts";
import { waiting } from "./lane.ts";
import type { Core } from "./machine.ts";
import type { Interval, MessageRow } from "./rows.ts";

/** Deletions of the wire. */
export function deletionsOfWire(wire: v1.Deletions): Deletions {
  const runs = wire.runs.map((run) => ({
    fromSeq: num(run.fromSeq),
    uptoSeq: num(run.uptoSeq),
    fromOrdinal: num(run.fromOrdinal),
    uptoOrdinal: num(run.uptoOrdinal),
  }));
  return new Deletions(runs);
}

/** What the user removed from a conversation, what waits in the outbox included. */
export function removedOf(core: Core, id: ConversationId): Removed {
  const [, deletions] = core.deletions.get(id) ?? [0, NO_DELETIONS];
  const seqs = waiting(core.outbox.lane(id), "deleteMessages").flatMap(({ call }) => call.seqs.map(num));
  return seqs.length > 0 ? new Removed(deletions, new Set(seqs)) : deletions.removed;
}

/** Takes what the store had. */
export function knowDeletions(core: Core, id: ConversationId, version: number, deletions: Deletions): void {
  const conversation = core.conversations.get(id);
  if (conversation) {
    conversation.removed = deletions;
    conversation.removedVersion = version;
  }
  core.deletions.set(id, [version, deletions]);
}

/** Takes what the server says, and lets go of what is held of it. */
export function takeDeletions(core: Core, id: ConversationId, version: number, deletions: Deletions): void {
  const [, before] = core.deletions.get(id) ?? [0, NO_DELETIONS];
  core.deletions.set(id, [version, deletions]);
  const isNew = deletions.runs.filter((run) => !before.holdsRun(run));
  const intervals = isNew.map((run): Interval => [run.fromOrdinal, run.uptoOrdinal]);
  if (intervals.length > 0) {
    core.journal.write({ kind: "drop_messages", conversation: id, intervals });
  }
  if (core.conversations.get(id)?.remove(version, deletions)) {
    // What the list shows instead, the server says.
    core.gets.add(id);
  }
  core.touched.add(id);
}

/** Messages without those that the user removed. */
export function withoutRemoved(core: Core, id: ConversationId, rows: readonly MessageRow[]): readonly MessageRow[] {
  const known = core.deletions.get(id);
  return known ? rows.filter((row) => !known[1].holdsOrdinal(row.ordinal)) : rows;
}

/** The server has another history: it tells once more what is removed. */
export function forgetDeletions(core: Core): void {
  for (const id of core.deletions.keys()) {
    const conversation = core.conversations.get(id);
    if (conversation) {
      conversation.removed = NO_DELETIONS;
      conversation.removedVersion = conversation.countedVersion = 0;
    }
    core.touched.add(id);
  }
  core.deletions.clear();
}

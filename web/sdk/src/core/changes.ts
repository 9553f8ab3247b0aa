/**
 * What later events make of messages. Events of a conversation come in the order of its log, so what is held is as it is
 * at the last contiguous event, but for what could be missed: that is fetched as it is now, and until then nothing is
 * folded into it, since a message that lacks one change must not take the next.
 */

import { num } from "../domain/number.ts";
import type * as v1 from "../gen/stonechat/v1/native_pb.ts";
import type { ConversationId, Seq } from "../types.ts";
import { keepMessages } from "./apply.ts";
import { mayFetch } from "./fetch.ts";
import { breakOff } from "./link.ts";
import type { Core } from "./machine.ts";
import { isUnsaid, type MessageRow } from "./rows.ts";
import { changePreview, messageChange, messageRow, preview } from "./translate.ts";

/** Takes what an event makes of a message. `newer` says that the list does not know of it yet. */
export function changeMessage(core: Core, id: ConversationId, event: v1.Event, newer: boolean): void {
  const change = messageChange(event, core.me());
  if (!change) {
    return;
  }
  if (isUnsaid(change)) {
    return goStale(core, id, change.by);
  }
  const row = core.conversations.get(id)?.row;
  // What is taken back is the same whatever became of it before.
  if (!row || (row.staleFrom > 0 && change.target < row.staleFrom && change.what.kind !== "recalled")) {
    return;
  }
  if (newer && row.preview?.seq === change.target) {
    row.preview = changePreview(row.preview, change);
  }
  core.journal.write({ kind: "change_message", change });
  core.journal.tell({ kind: "message_changed", conversation: id, change });
}

/** Messages of a conversation may lack what events from `from` on made of them. */
export function goStale(core: Core, id: ConversationId, from: Seq): void {
  const row = core.conversations.get(id)?.row;
  if (row) {
    row.staleFrom = row.staleFrom === 0 ? from : Math.min(row.staleFrom, from);
    core.touched.add(id);
    core.stale.add(id);
  }
}

/** Asks for what may have been missed, once the conversation is in step. */
export function pumpChanges(core: Core): void {
  for (const id of core.stale) {
    if (!mayFetch(core)) {
      return;
    }
    const conversation = core.conversations.get(id);
    if (!conversation) {
      core.stale.delete(id);
      continue;
    }
    const held = conversation.intervals.all();
    const [first, last] = [held[0], held.at(-1)];
    if (!first || !last) {
      goFresh(core, id, 0);
    } else if (conversation.phase.kind === "live" && !core.calls.isInFlight("changes", id)) {
      const afterSeq = BigInt(conversation.row.staleFrom - 1);
      const [fromOrdinal, uptoOrdinal] = [BigInt(first[0]), BigInt(last[1])];
      core.call(
        { kind: "changes", id },
        { case: "fetchChanges", value: { conversationId: id, afterSeq, fromOrdinal, uptoOrdinal } },
      );
    }
  }
}

/** Takes changed messages as they are now. */
export function onChanges(core: Core, id: ConversationId, page: v1.Changes): void {
  const conversation = core.conversations.get(id);
  if (!conversation) {
    return;
  }
  const { row } = conversation;
  const upto = num(page.uptoSeq);
  if (page.more && upto < row.staleFrom) {
    return breakOff(core, "a page of changes that does not go on");
  }
  const rows = page.messages.flatMap(({ event }): MessageRow[] => {
    const changed = event && messageRow(event);
    return changed?.conversation === id && conversation.intervals.holds(changed.ordinal) ? [changed] : [];
  });
  const shown = rows.findLast((changed) => changed.seq === row.preview?.seq);
  row.preview = shown ? preview(shown) : row.preview;
  keepMessages(core, id, rows);
  goFresh(core, id, !page.more && upto >= row.lastSeq ? 0 : upto + 1);
}

/** What was missed is here up to an event; 0 when it is all here. */
function goFresh(core: Core, id: ConversationId, staleFrom: Seq): void {
  const row = core.conversations.get(id)?.row;
  if (row) {
    row.staleFrom = staleFrom;
    core.touched.add(id);
  }
  if (staleFrom === 0) {
    core.stale.delete(id);
  }
}

/** The user may not ask any more; what is here stays as it is. */
export function onChangesRefused(core: Core, id: ConversationId): void {
  goFresh(core, id, 0);
}

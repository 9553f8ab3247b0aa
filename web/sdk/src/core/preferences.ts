/** What the user prefers in each conversation: as the server said it last, with what waits in the outbox on top. */

import { num, until } from "../domain/number.ts";
import { applyPreferences, NO_PREFERENCES, type Preferences, type PreferencesPatch } from "../domain/preferences.ts";
import type * as v1 from "../gen/stonechat/v1/native_pb.ts";
import type { ConversationId } from "../types.ts";
import { waiting } from "./lane.ts";
import type { Core } from "./machine.ts";

/** Preferences of the wire. */
export function preferencesOfWire(wire: v1.Preferences): Preferences {
  const { markedUnread, archived, folders, draft, fields } = wire;
  return {
    pinnedAt: num(wire.pinnedAt),
    mutedUntil: until(wire.mutedUntil),
    markedUnread, archived, folders, fields,
    draft: draft ? { text: draft.text, replyTo: num(draft.replyToSeq) || null, at: num(draft.at) } : null,
    clearedUpto: num(wire.clearedUptoSeq),
    hiddenUpto: num(wire.hiddenUptoSeq),
  };
}

function patch(wire: v1.SetPreferences): PreferencesPatch {
  const { pinned, mutedUntil, markedUnread, archived, folders, draft, clearedUptoSeq, hiddenUptoSeq } = wire;
  const removed = Object.fromEntries(wire.removeFields.map((name) => [name, null]));
  return {
    ...(pinned !== undefined && { pinned }),
    ...(mutedUntil !== undefined && { mutedUntil: until(mutedUntil) }),
    ...(markedUnread !== undefined && { markedUnread }),
    ...(archived !== undefined && { archived }),
    ...(folders && { folders: folders.names }),
    ...(draft && { draft: draft.text ? { text: draft.text, replyTo: num(draft.replyToSeq) || null } : null }),
    clearedUpto: num(clearedUptoSeq ?? 0n),
    hiddenUpto: num(hiddenUptoSeq ?? 0n),
    fields: { ...removed, ...wire.fields },
  };
}

/** What the user prefers in a conversation, what waits in the outbox included. */
export function preferencesOf(core: Core, id: ConversationId): Preferences {
  const head = core.conversations.get(id)?.row.headSeq ?? 0;
  const asked = waiting(core.outbox.lane(id), "setPreferences");
  const stored = core.preferences.get(id) ?? NO_PREFERENCES;
  return asked.reduce((all, { call, at }) => applyPreferences(all, patch(call), at, head), stored);
}

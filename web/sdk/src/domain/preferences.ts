/** What a user prefers in one conversation, for himself and on all of his devices. */

import type * as types from "../types.ts";
import type { Seq, Timestamp } from "../types.ts";

/** The preferences of a user in one conversation. */
export interface Preferences extends types.Preferences {
  /** It is not listed until something happens after this event. */
  readonly hiddenUpto: Seq;
}

/** A change of preferences; what it does not name stays. */
export interface PreferencesPatch extends Partial<Pick<Preferences, "mutedUntil" | "markedUnread" | "archived" | "folders">> {
  readonly pinned?: boolean;
  /** Null for nothing. */
  readonly draft?: { readonly text: string; readonly replyTo: Seq | null } | null;
  /** Neither of the two ever goes back. */
  readonly clearedUpto?: Seq;
  readonly hiddenUpto?: Seq;
  /** Fields of the app; null removes one. */
  readonly fields: Readonly<Record<string, string | null>>;
}

export const NO_PREFERENCES: Preferences = {
  pinnedAt: 0, mutedUntil: 0, markedUnread: false, archived: false, folders: [], draft: null, clearedUpto: 0, hiddenUpto: 0,
  fields: {},
};

/**
 * With a change that was made at a time when the conversation had a head: nothing that is still to come is cleared.
 * Whether fields fit says the server.
 */
export function applyPreferences(was: Preferences, patch: PreferencesPatch, now: Timestamp, head: Seq): Preferences {
  const { pinned, mutedUntil = was.mutedUntil, draft, clearedUpto = 0, hiddenUpto = 0 } = patch;
  const fields: Record<string, string> = { ...was.fields };
  for (const [name, value] of Object.entries(patch.fields)) {
    if (value === null) {
      delete fields[name];
    } else {
      fields[name] = value;
    }
  }
  return {
    pinnedAt: pinned === undefined ? was.pinnedAt : pinned ? was.pinnedAt || now : 0,
    mutedUntil: patch.mutedUntil === undefined || mutedUntil > now ? mutedUntil : 0,
    markedUnread: patch.markedUnread ?? was.markedUnread,
    archived: patch.archived ?? was.archived,
    folders: patch.folders ?? was.folders,
    draft: draft === undefined ? was.draft : draft && { ...draft, at: now },
    clearedUpto: Math.max(was.clearedUpto, Math.min(clearedUpto, head)),
    hiddenUpto: Math.max(was.hiddenUpto, Math.min(hiddenUpto, head)),
    fields,
  };
}

/** Whether a conversation is not listed, while its head is this. */
export function isHidden(preferences: Preferences, head: Seq): boolean {
  return preferences.hiddenUpto > 0 && head <= preferences.hiddenUpto;
}

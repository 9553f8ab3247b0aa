/** The order of the list, and what a tab of it shows. */

import type { ConversationId, ConversationSummary, Profile, Timestamp } from "@stonechat/sdk";

/** The field of the private profile that has the folders; one name a line. */
export const FOLDERS_FIELD = "stonechat.folders";

/** What the list shows: all, what is unread, a folder, or the archive. */
export type Tab =
  | { readonly kind: "all" | "unread" | "archived" }
  | { readonly kind: "folder"; readonly folder: string };

export function inTab(summary: ConversationSummary, tab: Tab): boolean {
  const { preferences } = summary;
  if (tab.kind === "archived") return preferences.archived;
  if (preferences.archived) return false;
  if (tab.kind === "unread") return isUnread(summary);
  return tab.kind !== "folder" || preferences.folders.includes(tab.folder);
}

export function isUnread(summary: ConversationSummary): boolean {
  return summary.unread > 0 || summary.preferences.markedUnread;
}

/** What a list needs to know of all conversations, in one pass: it is made anew with each message that arrives. */
export interface Digest {
  /** Those of the tab. */
  readonly shown: readonly ConversationSummary[];
  /** How many wait, muted ones not counted: all, and by folder. */
  readonly waiting: number;
  readonly folders: ReadonlyMap<string, number>;
  readonly hasArchived: boolean;
}

export function digest(items: readonly ConversationSummary[], tab: Tab, now: Timestamp): Digest {
  const shown: ConversationSummary[] = [];
  const folders = new Map<string, number>();
  let waiting = 0;
  let hasArchived = false;
  for (const summary of items) {
    const { preferences } = summary;
    if (inTab(summary, tab)) shown.push(summary);
    hasArchived ||= preferences.archived;
    const counts = !preferences.archived && isUnread(summary) && preferences.mutedUntil <= now ? 1 : 0;
    waiting += counts;
    for (const folder of preferences.folders) folders.set(folder, (folders.get(folder) ?? 0) + counts);
  }
  return { shown, waiting, folders, hasArchived };
}

/** Folders as the user has them; those that only conversations know come last. */
export function inOrder(profile: Profile | null, known: Iterable<string>): readonly string[] {
  return [...new Set([...(profile?.privateFields[FOLDERS_FIELD] ?? "").split("\n").filter(Boolean), ...known])];
}

/**
 * While the pointer is over the list, or a row has the focus, nothing moves: the shown order stays, what went away goes,
 * and what came is appended where nobody aims.
 */
export function held(shown: readonly ConversationId[], fresh: readonly ConversationSummary[]): readonly ConversationSummary[] {
  const byId = new Map(fresh.map((summary) => [summary.id, summary]));
  const kept: ConversationSummary[] = [];
  for (const id of shown) {
    const summary = byId.get(id);
    if (!summary) continue;
    kept.push(summary);
    byId.delete(id);
  }
  return byId.size === 0 ? kept : [...kept, ...byId.values()];
}

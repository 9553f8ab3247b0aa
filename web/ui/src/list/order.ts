/** The order of the list, and what a tab of it shows. */

import type { ConversationId, ConversationSummary, Timestamp } from "@stonechat/sdk";

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

/** How many conversations of a tab wait, muted ones not counted. */
export function waitingIn(items: readonly ConversationSummary[], tab: Tab, now: Timestamp): number {
  let n = 0;
  for (const summary of items) if (isUnread(summary) && summary.preferences.mutedUntil <= now && inTab(summary, tab)) n++;
  return n;
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

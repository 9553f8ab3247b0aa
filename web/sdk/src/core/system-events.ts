/** What happened to a conversation: kept beside its messages, in the order of the log. */

import { settingsOf } from "../domain/group.ts";
import { num } from "../domain/number.ts";
import type * as v1 from "../gen/stonechat/v1/native_pb.ts";
import type { ConversationId, SystemEventKind } from "../types.ts";
import type { Core } from "./machine.ts";
import type { EventRow } from "./rows.ts";
import { role, settings } from "./translate.ts";

/** How the names of those begin that timelines do not show. */
const HIDDEN = /^(mess|edit|react|recall|comm|appl|invit|ban_|nick|link)/;

/** Whether timelines show events of a kind. */
export function isShown(kind: string): boolean {
  return !HIDDEN.test(kind);
}

/** What events say, whichever they are. */
interface Said {
  readonly kind?: number;
  readonly userId?: string;
  readonly userIds?: readonly string[];
  readonly members?: readonly string[];
  readonly title?: string;
  readonly text?: string;
  readonly role?: number;
  readonly until?: bigint;
  readonly seq?: bigint;
  readonly removed?: boolean;
  readonly settings?: v1.GroupSettings;
}

/** Keeps those events that timelines show. */
export function keepEvents(core: Core, conversation: ConversationId, events: readonly v1.Event[]): void {
  const rows = events.map(eventRow).filter((row) => row?.conversation === conversation) as EventRow[];
  rows.forEach((row) => core.journal.write({ kind: "put_event", row }));
  if (rows.length > 0) {
    core.journal.tell({ kind: "events", conversation, rows });
  }
}

/** The row of an event; null when timelines do not show it. */
export function eventRow({ kind, change, conversationId: conversation, senderId: by, sentAt, seq, ordinal }: v1.Event): EventRow | null {
  const it = change.value as Said | undefined;
  // That two talk to each other is no news to them, nor that somebody is kept out who was no member, or a pin was taken off.
  if (!it || !isShown(kind) || it.kind === 1 || it.removed === (kind === "pinned")) {
    return null;
  }
  return {
    conversation, by,
    seq: num(seq),
    // It is held with the message before it; with the first one where there is none.
    ordinal: num(ordinal) || 1,
    kind: kind as SystemEventKind,
    at: num(sentAt),
    users: (it.userIds ?? it.members ?? [it.userId]).filter((user): user is string => !!user && user !== by),
    text: it.title ?? it.text ?? "",
    role: role(it.role ?? 0),
    until: num(it.until ?? 0n),
    about: num(it.seq ?? 0n),
    settings: it.settings ? settings(it.settings, settingsOf("group")) : null,
  };
}

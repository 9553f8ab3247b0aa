/** Search on this device, and what the user starred: without a connection. */

import type { Search, StarredMessage } from "./api.ts";
import type { Inner } from "./inner.ts";
import type { MessageRow } from "./core/rows.ts";
import { rowToMessage } from "./core/translate.ts";
import { SEARCH_MAX, STARRED_PAGE_MAX } from "./driver/limits.ts";
import { argument } from "./fail.ts";
import { showsNothing } from "./text.ts";
import type { ConversationId, Message, Ordinal, Seq } from "./types.ts";

/** Messages on this device that say something, newest first. What was taken back, removed or cleared is not found. */
export async function search({ host, me }: Inner, what: Search): Promise<Message[]> {
  if (showsNothing(what.text)) {
    throw argument("text", "shows nothing");
  }
  const { text, conversation = null, bodyType = null, since = 0, after } = what;
  const limit = Math.min(what.limit || SEARCH_MAX, SEARCH_MAX);
  let page = { text, conversation, bodyType, since, limit, after: after ? placeOf(after) : null };
  const found: Message[] = [];
  for (;;) {
    const rows = await host.call("search", page);
    found.push(...rows.filter((row) => isShown(host.views, row)).map((row) => rowToMessage(row, me)));
    const last = rows.at(-1);
    // What the user has just removed may have filled the page.
    if (last === undefined || rows.length < limit || found.length >= limit) {
      return found.slice(0, limit);
    }
    page = { ...page, after: placeOf(last) };
  }
}

function placeOf(row: { sentAt: number; conversation: ConversationId; seq: Seq }): readonly [number, ConversationId, Seq] {
  return [row.sentAt, row.conversation, row.seq];
}

/** Whether the user neither removed nor cleared a message for himself. */
function isShown(views: Inner["host"]["views"], { conversation, seq }: MessageRow): boolean {
  const summary = views.summary(conversation);
  return summary === null || !(summary.removed.holds(seq) || seq <= summary.preferences.clearedUpto);
}

type Mark = Omit<StarredMessage, "message"> & { readonly ordinal: Ordinal | null };

/**
 * The starred messages of all conversations, the one that was starred last first. What this device does not hold is asked
 * for by `fetch`. What was taken back is not among them.
 */
export async function starred(
  { host, me }: Inner,
  after: StarredMessage | null,
  limit: number,
  fetch: (conversation: ConversationId, ordinal: Ordinal) => Promise<readonly Message[]>,
): Promise<StarredMessage[]> {
  const marks = [...host.views.summaries()].flatMap((summary): Mark[] => {
    const left = summary.starred.all().filter(({ seq }) => !summary.removed.holds(seq) && seq > summary.preferences.clearedUpto);
    return left.map(({ at, seq, ordinal }) => ({ at, conversation: summary.id, seq, ordinal }));
  });
  marks.sort((one, other) => (isBefore(one, other) ? 1 : -1));
  const page: StarredMessage[] = [];
  for (const mark of marks.filter((it) => after === null || isBefore(it, after))) {
    if (page.length >= Math.min(limit || STARRED_PAGE_MAX, STARRED_PAGE_MAX)) {
      break;
    }
    const { at, conversation, seq, ordinal } = mark;
    const row = await host.call("message", conversation, seq);
    const isOnline = host.views.connection.get().kind === "online";
    const asked = row === null && ordinal !== null && isOnline ? await fetch(conversation, ordinal).catch(() => []) : [];
    const message = row === null ? asked.find((it) => it.seq === seq) ?? null : rowToMessage(row, me);
    if (message?.content.kind !== "recalled") {
      page.push({ at, conversation, seq, message });
    }
  }
  return page;
}

/** The order of the list, the same on every device and on the server. */
function isBefore(one: Omit<StarredMessage, "message">, other: Omit<StarredMessage, "message">): boolean {
  const [a, b] = [bytesOrder(one.conversation), bytesOrder(other.conversation)];
  return one.at !== other.at ? one.at < other.at : a !== b ? a < b : one.seq < other.seq;
}

/** An id as a text that is ordered as its bytes are: in its letters digits come last. */
function bytesOrder(id: ConversationId): string {
  return id.slice(2).replace(/[2-7]/g, (digit) => String.fromCharCode(0x79 + Number(digit)));
}

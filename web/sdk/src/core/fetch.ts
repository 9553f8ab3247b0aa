/** What the core fetches by itself: pages of the welcome, single conversations, and what a conversation is missing. */

import { num } from "../domain/number.ts";
import type * as v1 from "../gen/stonechat/v1/native_pb.ts";
import type { ConversationId, Ordinal, Seq } from "../types.ts";
import { apply, keepInterval, keepMessagesOf, record } from "./apply.ts";
import type { Purpose } from "./calls.ts";
import { goStale } from "./changes.ts";
import { askContentTypes, wantsContentTypes } from "./content-types.ts";
import type { Conversation } from "./conversation.ts";
import { arrived } from "./delivered.ts";
import { backoffMs } from "./dice.ts";
import { settleWishes } from "./lane.ts";
import { FETCHES_MAX, JUMP_PAGE, LIST_PAGE, REPLAY_PAGE } from "./limits.ts";
import type { Core } from "./machine.ts";
import { advance, fallBehind } from "./sync.ts";

/** Fetches in a row that bring nothing, after which a conversation counts as unreachable. */
const FRUITLESS_MAX = 5;

/** Fetches what is missing, as far as there is room. */
export function pumpFetches(core: Core): void {
  const { session, calls } = core;
  const now = core.nowMs();
  if (core.fetchFrom > now) {
    return;
  }
  if (session?.nextPage && mayFetch(core) && !calls.isInFlight("list")) {
    core.call({ kind: "list" }, { case: "listConversations", value: { page: session.nextPage, limit: LIST_PAGE } });
  }
  if (session && session.personalAfter !== null && mayFetch(core) && !calls.isInFlight("personal")) {
    core.call({ kind: "personal" }, { case: "fetchPersonal", value: { after: BigInt(session.personalAfter) } });
  }
  if (wantsContentTypes(core) && mayFetch(core)) {
    askContentTypes(core);
  }
  for (const id of core.gets) {
    if (!mayFetch(core)) {
      return;
    }
    if (!calls.isInFlight("get", id)) {
      core.call({ kind: "get", id }, { case: "getConversation", value: { conversationId: id } });
    }
  }
  for (const id of core.unsettled) {
    if (!mayFetch(core)) {
      return;
    }
    const conversation = core.conversations.get(id);
    if (conversation?.phase.kind === "behind" && conversation.phase.until <= now && !conversation.fetching) {
      conversation.fetching = true;
      fetch(core, conversation);
    }
  }
}

export function mayFetch({ calls }: Core): boolean {
  return calls.haveRoom() && calls.fetches < FETCHES_MAX;
}

function fetch(core: Core, { row, nextFetch }: Conversation): void {
  const { id, lastSeq, lastOrdinal } = row;
  const conversationId = id;
  switch (nextFetch) {
    case "events":
      return core.call({ kind: "catch_up", id }, {
        case: "fetchEvents", value: { conversationId, afterSeq: BigInt(lastSeq) },
      });
    case "newest":
      return core.call({ kind: nextFetch, id }, {
        case: "fetchMessages",
        value: { conversationId, range: { case: "beforeOrdinal", value: 0n }, limit: JUMP_PAGE, withEvents: true },
      });
    case "replay":
      return core.call({ kind: nextFetch, id }, {
        case: "fetchMessages",
        value: {
          conversationId, range: { case: "afterOrdinal", value: BigInt(lastOrdinal) }, limit: REPLAY_PAGE, withEvents: true,
        },
      });
  }
}

/** A fetch was refused for a reason that passes, or its connection went. */
export function fetchAgain(core: Core, purpose: Purpose): void {
  if (purpose.kind === "catch_up" || purpose.kind === "newest" || purpose.kind === "replay") {
    fetched(core, purpose.id);
  }
}

function fetched(core: Core, id: ConversationId): Conversation | null {
  const conversation = core.conversations.get(id) ?? null;
  if (conversation) {
    conversation.fetching = false;
  }
  return conversation;
}

/** Takes the events after the last contiguous one. */
export function onEvents(core: Core, id: ConversationId, answer: v1.Events): void {
  const conversation = fetched(core, id);
  if (!conversation) {
    return;
  }
  if (answer.jump) {
    conversation.nextFetch = core.settings.recordEvents ? "replay" : "newest";
    return;
  }
  const { row } = conversation;
  const before = row.lastSeq;
  const upto = num(answer.uptoSeq);
  let at = 0;
  while (row.lastSeq < upto) {
    const next = row.lastSeq + 1;
    while (at < answer.events.length && answer.events[at]!.seq < next) {
      at++;
    }
    const event = answer.events[at];
    const hidden = answer.hidden.find((it) => it.fromSeq <= next && next <= it.uptoSeq);
    if (event && num(event.seq) === next) {
      apply(core, id, event);
    } else if (hidden) {
      takeHidden(core, conversation, Math.min(num(hidden.uptoSeq), upto), answer);
    } else {
      break;
    }
  }
  afterFetch(core, conversation, before);
}

/** What the user may never see counts as held. It may have changed what he sees. */
function takeHidden(core: Core, { row, intervals }: Conversation, upto: Seq, answer: v1.Events): void {
  const next = row.lastSeq + 1;
  row.lastSeq = upto;
  if (upto >= answer.headSeq) {
    // The last one is not told to him: only the page says that it is there.
    row.headSeq = Math.max(row.headSeq, num(answer.headSeq));
    if (answer.headOrdinal > row.headOrdinal) {
      row.headOrdinal = num(answer.headOrdinal);
      // How far the cursor went over own messages among them, only the server can tell.
      core.gets.add(row.id);
    }
  }
  core.touched.add(row.id);
  if (intervals.all().length > 0) {
    goStale(core, row.id, next);
  }
}

/** Goes on after a fetch: in step, or asks again, or gives up for this connection. */
function afterFetch(core: Core, conversation: Conversation, before: Seq): void {
  const { row } = conversation;
  const { id } = row;
  advance(core, id);
  if (conversation.phase.kind === "live") {
    return;
  }
  if (row.lastSeq > before) {
    conversation.fruitless = 0;
    fallBehind(core, id, core.nowMs());
  } else if (++conversation.fruitless >= FRUITLESS_MAX) {
    onUnreachable(core, id);
  } else {
    fallBehind(core, id, core.nowMs() + backoffMs(core.dice, 0));
  }
}

/** Takes the newest page after a jump; what is between stays a gap. */
export function onNewest(core: Core, id: ConversationId, page: v1.Messages): void {
  const conversation = fetched(core, id);
  if (!conversation) {
    return;
  }
  const before = conversation.row.lastSeq;
  const below = num(page.uptoOrdinal);
  moveTo(core, conversation, page);
  keepMessagesOf(core, id, page);
  keepInterval(core, id, page.moreBefore ? num(page.fromOrdinal) : 1, below);
  // Own messages that were acknowledged before the jump lie in the gap: what became of them is not followed.
  core.journal.write({ kind: "drop_unheld", conversation: id, below });
  core.journal.tell({ kind: "unheld", conversation: id, below });
  // Own messages in the gap may have moved the cursor.
  core.gets.add(id);
  afterFetch(core, conversation, before);
}

/** Takes the next messages of a gap of which none may be left out. */
export function onReplay(core: Core, id: ConversationId, page: v1.Messages): void {
  const conversation = fetched(core, id);
  if (!conversation) {
    return;
  }
  const { row } = conversation;
  const { lastSeq: before, lastOrdinal: held } = row;
  const upto = num(page.uptoOrdinal);
  for (const { event } of page.messages) {
    if (event && event.ordinal > held) {
      record(core, event);
    }
  }
  keepMessagesOf(core, id, page);
  keepInterval(core, id, held + 1, upto);
  if (!page.moreAfter) {
    moveTo(core, conversation, page);
    afterFetch(core, conversation, before);
    return;
  }
  row.lastOrdinal = Math.max(held, upto);
  conversation.nextFetch = "replay";
  core.touched.add(id);
  if (upto > held) {
    fallBehind(core, id, core.nowMs());
  } else {
    afterFetch(core, conversation, before);
  }
}

/** The pointer moves to the state of a page; the list is asked for, since events were left out. */
function moveTo(core: Core, conversation: Conversation, page: v1.Messages): void {
  const { row, intervals } = conversation;
  const asOf = num(page.asOfSeq);
  const next = row.lastSeq + 1;
  if (asOf >= next && intervals.all().length > 0) {
    goStale(core, row.id, next);
  }
  row.lastSeq = Math.max(row.lastSeq, asOf);
  row.lastOrdinal = Math.max(row.lastOrdinal, num(page.uptoOrdinal));
  conversation.seen = Math.max(conversation.seen, asOf);
  conversation.nextFetch = "events";
  row.unreadStale = true;
  core.touched.add(row.id);
  core.gets.add(row.id);
  arrived(core, row.id, row.lastSeq);
}

/** Keeps a page that the user asked for; says whether there are messages before it. */
export function keepPage(core: Core, id: ConversationId, before: Ordinal, page: v1.Messages): boolean {
  const row = core.conversations.get(id)?.row;
  if (row) {
    const end = Math.min(Math.max(0, before - 1), row.headOrdinal);
    const upto = num(page.uptoOrdinal);
    keepMessagesOf(core, id, page);
    keepInterval(core, id, num(page.fromOrdinal), upto);
    if (!page.moreBefore) {
      // Nothing before it is for the user: the beginning is reached.
      keepInterval(core, id, 1, Math.max(upto, end));
    }
  }
  return page.moreBefore;
}

/** The server does not let the device have what is missing. */
export function onUnreachable(core: Core, id: ConversationId): void {
  const conversation = fetched(core, id);
  if (conversation) {
    conversation.phase = { kind: "unreachable" };
    core.unsettled.delete(id);
    if (!core.unreachable.has(id)) {
      core.unreachable.add(id);
      core.gets.add(id);
    }
  }
}

/** The conversation does not exist, or not for the user. */
export function onGetRefused(core: Core, id: ConversationId): void {
  const { gets, unknown, unsettled, unreachable, unconfirmed, undelivered, delivered, unplayed, touched } = core;
  for (const all of [gets, unknown, unsettled, unreachable, unconfirmed, undelivered, delivered, unplayed, touched]) {
    all.delete(id);
  }
  const conversation = core.conversations.get(id);
  if (conversation) {
    core.conversations.delete(id);
    core.journal.write({ kind: "drop_conversation", conversation: id });
    settleWishes(core, id);
    core.journal.tell({ kind: "conversation_gone", conversation: id });
    core.totalUnread -= conversation.counted;
    core.mutedUnread -= conversation.muted;
    core.tellTotalUnread();
  }
}

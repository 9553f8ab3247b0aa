/** What an event does to a device: the same in every order in which events may arrive. */

import { bumps } from "../domain/kind.ts";
import { num } from "../domain/number.ts";
import type * as v1 from "../gen/stonechat/v1/native_pb.ts";
import type { ConversationId, Ordinal, Role, UserId } from "../types.ts";
import { changeMessage, goStale } from "./changes.ts";
import { type Conversation, type Known, knownOf } from "./conversation.ts";
import { withoutRemoved } from "./deletions.ts";
import { arrived } from "./delivered.ts";
import { foldGroup } from "./group.ts";
import { onOwnChange } from "./lane.ts";
import type { Core } from "./machine.ts";
import { onOwnMessage } from "./outbox.ts";
import type { MessageRow } from "./rows.ts";
import { keepEvents } from "./system-events.ts";
import { isCountable, messageRow, preview, role } from "./translate.ts";
import { stoppedTyping } from "./typing.ts";

/** Applies the next event of a conversation: the pointer moves to it. */
export function apply(core: Core, id: ConversationId, event: v1.Event): void {
  const conversation = core.conversations.get(id);
  if (!conversation) {
    return;
  }
  const { row } = conversation;
  const me = core.me();
  const seq = num(event.seq);
  const ordinal = num(event.ordinal);
  const before = row.lastOrdinal;
  const countable = isCountable(event, before);
  const own = event.senderId === me;
  // What is not newer is already in what the server said of the conversation.
  const newer = seq > row.headSeq;
  row.lastSeq = Math.max(row.lastSeq, seq);
  row.lastOrdinal = Math.max(before, ordinal);
  if (seq <= row.readSeq) {
    // Read before it came.
    row.readOrdinal = Math.max(row.readOrdinal, ordinal);
  }
  const message = messageRow(event);
  const known: Known = message ? knownOf(message, me) : { seq, own, recalled: null, silent: false, calls: false };
  // Whether a damaged message of somebody else counts, only the server can tell.
  const unclear = event.corrupt && !own;
  row.unreadStale ||= countable && unclear && newer;
  if (countable && !unclear) {
    conversation.know(ordinal, { ...known, recalled: event.messageRecalled && !newer ? 0 : null });
  }
  if (newer) {
    row.headSeq = seq;
    // Also of an event that does not count: messages before it may be hidden from the user. How far the cursor went over
    // own ones among them, only the server can tell.
    if (ordinal > row.headOrdinal + Number(countable)) {
      core.gets.add(id);
    }
    row.headOrdinal = Math.max(row.headOrdinal, ordinal);
    if (countable) {
      conversation.count(ordinal, known);
    }
    if (fold(conversation, event, message, me)) {
      // The floor of the new membership is the server's to say.
      row.unreadStale = true;
      core.gets.add(id);
    }
  }
  if (event.change.case === "recalled") {
    const recalled = event.change.value;
    conversation.recall(recalled, seq, recalled.authorId === me, newer);
  }
  conversation.moveOverOwn();
  core.touched.add(id);
  changeMessage(core, id, event, newer);
  if (countable && !own) {
    arrived(core, id, seq);
  }
  if (own) {
    onOwnChange(core, event);
  }
  // Messages between that were hidden are held, also before an event that does not count.
  if (countable || ordinal > before) {
    keepInterval(core, id, before + 1, ordinal);
  }
  if (message) {
    keepMessages(core, id, [message]);
    if (own) {
      onOwnMessage(core, message);
    }
    stoppedTyping(core, id, message.sender);
  }
  keepEvents(core, id, [event]);
  // A replay may have recorded the messages of a range before its events came.
  if (!countable || ordinal > before) {
    record(core, event);
  }
}

/** Keeps messages of the log. */
export function keepMessages(core: Core, id: ConversationId, all: readonly MessageRow[]): void {
  const rows = withoutRemoved(core, id, all);
  for (const row of rows) {
    core.journal.write({ kind: "put_message", row });
  }
  if (rows.length > 0) {
    core.journal.tell({ kind: "messages", conversation: id, rows });
  }
}

/** Notes that an interval of ordinals is held. */
export function keepInterval(core: Core, id: ConversationId, from: Ordinal, upto: Ordinal): void {
  const held = core.conversations.get(id)?.intervals;
  if (held?.add(from, upto)) {
    const intervals = held.all();
    core.journal.write({ kind: "put_intervals", conversation: id, intervals });
    core.journal.tell({ kind: "intervals", conversation: id, intervals });
  }
}

/** Keeps an event until it is acknowledged, where that was asked for. */
export function record(core: Core, event: v1.Event): void {
  if (core.settings.recordEvents) {
    const number = ++core.recorded;
    core.journal.write({ kind: "record", number, event });
    core.journal.tell({ kind: "recorded", number });
  }
}

/** The messages of a page, of one conversation. */
export function rowsOf(id: ConversationId, messages: readonly v1.Message[]): MessageRow[] {
  const rows = messages.map(({ event }) => event && messageRow(event));
  return rows.filter((row): row is MessageRow => row?.conversation === id);
}

/** Keeps a page of messages as they are now, and what it settles. */
export function keepMessagesOf(core: Core, id: ConversationId, page: v1.Messages): void {
  const conversation = core.conversations.get(id);
  const asOf = num(page.asOfSeq);
  if (conversation && asOf < conversation.row.lastSeq) {
    // What came live since it was made found none of them here.
    goStale(core, id, asOf + 1);
  }
  const rows = rowsOf(id, page.messages);
  keepMessages(core, id, rows);
  keepEvents(core, id, page.events);
  for (const row of rows) {
    const known = knownOf(row, core.me());
    if (known.own || !row.corrupt) {
      conversation?.know(row.ordinal, known);
    }
    if (known.own) {
      onOwnMessage(core, row);
    }
  }
}

/** Changes what a list shows of a conversation by an event that is newer than it. Says whether it let the user in. */
function fold({ row, removed }: Conversation, event: v1.Event, message: MessageRow | null, me: UserId): boolean {
  const { change, senderId } = event;
  if (change.case) {
    row.group = foldGroup(row.group, event, me);
  }
  if (bumps(event.kind)) {
    row.activeAt = Math.max(row.activeAt, num(event.sentAt));
  }
  if (message && !removed.holdsOrdinal(message.ordinal)) {
    row.preview = preview(message);
  }
  const more = (by: number) => {
    row.memberCount = Math.max(0, row.memberCount + by);
  };
  const comes = () => {
    row.member = true;
    row.role = row.role === "none" ? "member" : row.role;
    return true;
  };
  const becomes = (next: Role) => {
    row.role = next;
  };
  let out = false;
  switch (change.case) {
    case "membersAdded":
      more(change.value.userIds.length);
      if (change.value.userIds.includes(me)) {
        return comes();
      }
      break;
    case "joined":
      more(1);
      if (senderId === me) {
        return comes();
      }
      break;
    case "memberRemoved":
      more(-1);
      out = change.value.userId === me;
      break;
    case "memberLeft":
      more(-1);
      out = senderId === me;
      break;
    case "memberBanned":
      more(-Number(change.value.removed));
      out = change.value.userId === me;
      break;
    case "ownerLeft":
      more(-1);
      if (change.value.userId === me) {
        becomes("owner");
      }
      out = senderId === me;
      break;
    case "ownerChanged":
      if (change.value.userId === me) {
        becomes("owner");
      } else if (senderId === me) {
        becomes("admin");
      }
      break;
    case "roleChanged":
      if (change.value.userId === me) {
        becomes(role(change.value.role));
      }
      break;
    case "renamed":
      row.title = change.value.title;
      break;
    // Others are of messages, or of a group besides its members.
  }
  if (out) {
    row.member = false;
    becomes("none");
  }
  return false;
}

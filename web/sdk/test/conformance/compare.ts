/** What a device has and shows, in the words of a script. */

import { fromBinary, toJson } from "@bufbuild/protobuf";
import { toBinary } from "../../src/codec.ts";
import { FrameSchema as OwnFrameSchema } from "../../src/gen/stonechat/v1/native_pb.ts";
import type { ConversationRow, MessageRow, OutboxRow } from "../../src/core/rows.ts";
import type { Summary } from "../../src/core/change.ts";
import { newFrame } from "../../src/core/wire.ts";
import { uuidBytes } from "../../src/domain/id.ts";
import { type Frame, FrameSchema } from "../../src/gen/stonechat/v1/native_whole_pb.ts";
import type { Tables } from "../../src/store/memory.ts";
import {
  type Attributes, type ConversationId, type Entity, FOR_GOOD, type MessageItem, type Presence, type Reaction, type ReadMark, type SystemEvent,
  type SendState, type TimelineItem, type Timestamp, type UserId,
} from "../../src/types.ts";

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether a value has everything that the expected one names; `null` means absent. */
export function names(expected: Json, actual: Json | undefined): boolean {
  if (!isObject(expected) || !isObject(actual)) {
    return equals(expected, actual);
  }
  return Object.entries(expected).every(([key, value]) => {
    const found = actual[key];
    return value === null ? found === undefined || found === null : found !== undefined && names(value, found);
  });
}

function equals(one: Json, other: Json | undefined): boolean {
  if (Array.isArray(one) && Array.isArray(other)) {
    return one.length === other.length && one.every((it, at) => equals(it, other[at]));
  }
  if (isObject(one) && isObject(other)) {
    const keys = Object.keys(one);
    return keys.length === Object.keys(other).length && keys.every((key) => equals(one[key]!, other[key]));
  }
  return one === other;
}

export function show(value: Json | undefined): string {
  return JSON.stringify(value, null, 1);
}

/** Fails unless a value has everything that the expected one names. */
export function check(what: string, expected: Json, actual: Json): void {
  if (!names(expected, actual)) {
    throw new Error(`${what}: expected ${show(expected)}\nfound ${show(actual)}`);
  }
}

/** The same for rows, which are compared whole in their number and order. */
export function checkRows(what: string, expected: Json, actual: JsonObject[] | Json[]): void {
  const isSame =
    Array.isArray(expected) && expected.length === actual.length && expected.every((want, at) => names(want, actual[at]));
  if (!isSame) {
    throw new Error(`${what}: expected ${show(expected)}\nfound ${show(actual)}`);
  }
}

/** A frame as the JSON mirror has it. */
export function mirror(frame: Frame): JsonObject {
  const whole = fromBinary(FrameSchema, toBinary(OwnFrameSchema, frame));
  return toJson(FrameSchema, whole, { useProtoFieldName: true }) as JsonObject;
}

export function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}

/** What has no end, as the wire has it. */
function time(at: Timestamp): number {
  return at >= FOR_GOOD ? 2 ** 63 : at;
}

function reactionsOf(all: readonly Reaction[]): Json {
  return all.map(({ emoji, count, own }) => [emoji, count, own]);
}

function messageOf(row: MessageRow): JsonObject {
  return {
    conversation_id: row.conversation,
    seq: row.seq,
    ordinal: row.ordinal,
    client_msg_id: row.clientMsgId && base64(uuidBytes(row.clientMsgId)),
    sender: row.sender,
    sent_at: row.sentAt,
    body_type: row.bodyType,
    body: base64(row.body),
    state: row.recalled ? "recalled" : row.corrupt ? "corrupt" : "ok",
    changed_seq: row.changed,
    edits: row.edits,
    reactions: reactionsOf(row.reactions),
    pinned: row.pinned,
    attributes: row.attributes && attributesOf(row.attributes),
  };
}

function attributesOf(it: Attributes): JsonObject {
  return {
    reply_to: it.replyTo && [it.replyTo.seq, it.replyTo.ordinal],
    mentions: [...it.mentions],
    mention_all: it.mentionAll,
    silent: it.silent,
    priority: it.priority,
    extension: base64(it.extension),
    forwarded: it.forwarded && [it.forwarded.author, it.forwarded.sentAt],
  };
}

/** The stretches of a text in characters, as the wire counts them: the first, how many, what, and of some which. */
function entitiesOf(text: string, entities: readonly Entity[]): Json {
  const count = (upto: number) => [...text.slice(0, upto)].length;
  return entities.map(({ start, end, mark }) => {
    const first = count(start);
    const which =
      mark.kind === "mention" ? [mark.user]
      : mark.kind === "link" ? [mark.address]
      : mark.kind === "code_block" ? [mark.language]
      : [];
    return [first, count(end) - first, mark.kind, ...which];
  });
}

function unsentOf(row: OutboxRow): JsonObject {
  const { command } = row;
  return {
    conversation_id: row.conversation,
    client_msg_id: base64(uuidBytes(row.clientMsgId)),
    peer_id: row.peer,
    body_type: row.bodyType,
    body: base64(row.body),
    read_upto: row.readUpto,
    written: Number(row.written),
    command: command && mirror(newFrame(0, command.call)),
    about: command?.about ? base64(uuidBytes(command.about)) : null,
  };
}

function rowOf(row: Readonly<ConversationRow>): JsonObject {
  const { settings } = row.group;
  const mark = ({ user, upto, delivered }: ReadMark) => [user, upto, delivered];
  return {
    conversation_id: row.id,
    kind: row.kind,
    title: row.title,
    peer_id: row.peer,
    peer_name: row.peerName,
    role: ["none", "member", "admin", "owner"].indexOf(row.role),
    member: Number(row.member),
    member_count: row.memberCount,
    head_seq: row.headSeq,
    head_ordinal: row.headOrdinal,
    read_seq: row.readSeq,
    read_ordinal: row.readOrdinal,
    read_unconfirmed: row.readUnconfirmed,
    delivered_unconfirmed: row.deliveredUnconfirmed,
    plays_unconfirmed: [...row.playsUnconfirmed],
    read_marks: row.marks.map(mark),
    floor_ordinal: row.floorOrdinal,
    unread: row.unread,
    unread_mentions: row.unreadMentions,
    active_at: row.activeAt,
    last_seq: row.lastSeq,
    last_ordinal: row.lastOrdinal,
    about: {
      description: row.group.description,
      avatar: row.group.avatar,
      settings: {
        speak: settings.speak,
        invite: settings.invite,
        edit_info: settings.editInfo,
        mention_all: settings.mentionAll,
        pin: settings.pin,
        join: settings.join,
        history: settings.history,
        receipts: settings.receipts,
        members_hidden: settings.membersHidden,
      },
      announcement: row.group.announcement,
      dissolved: row.group.dissolved,
      muted_until: time(row.group.mutedUntil),
      nickname: row.group.nickname,
    },
    extension: base64(row.group.extension),
  };
}

/** The order of ids by their bytes, which is the order of the tables. */
function byId(one: ConversationId, other: ConversationId): number {
  // Digits come after the letters there.
  const key = (id: ConversationId) => id.slice(2).replace(/[2-7]/g, (digit) => String.fromCharCode(121 + Number(digit)));
  return key(one) < key(other) ? -1 : key(one) > key(other) ? 1 : 0;
}

/** Compares what is stored, by table. */
export function checkStore(expected: JsonObject, tables: Tables): void {
  const conversations = [...tables.conversations.values()].sort((one, other) => byId(one.id, other.id));
  const messages = [...tables.messages.values()].flatMap((all) => [...all.values()]);
  messages.sort((one, other) => byId(one.conversation, other.conversation) || one.seq - other.seq);
  const intervals = [...tables.intervals].sort(([one], [other]) => byId(one, other));
  const outbox = [...tables.outbox.values()].sort((one, other) => one.order - other.order);
  const events = [...tables.systemEvents.values()].flatMap((all) => [...all.values()]);
  events.sort((one, other) => byId(one.conversation, other.conversation) || one.seq - other.seq);
  const rows: Record<string, JsonObject[]> = {
    messages: messages.map(messageOf),
    system_events: events.map(({ conversation, seq, ordinal, kind }) => ({ conversation_id: conversation, seq, ordinal, kind })),
    intervals: intervals.flatMap(([id, all]) =>
      all.map(([from, upto]) => ({ conversation_id: id, from_ordinal: from, upto_ordinal: upto })),
    ),
    outbox: outbox.map(unsentOf),
    conversations: conversations.map(rowOf),
  };
  for (const [table, want] of Object.entries(expected)) {
    if (table === "position") {
      check(table, want, base64(tables.device.position));
    } else if (rows[table]) {
      checkRows(table, want, rows[table]);
    } else {
      throw new Error(`there is no table ${table}`);
    }
  }
}

function summaryOf({ id, title, unread, member, preview, preferences: it, hidden }: Summary): JsonObject {
  return {
    conversation_id: id,
    title,
    unread,
    member,
    preview: preview && preview.text,
    preferences: {
      pinned: it.pinnedAt > 0,
      muted_until: it.mutedUntil ? time(it.mutedUntil) : null,
      marked_unread: it.markedUnread,
      archived: it.archived,
      folders: [...it.folders],
      draft: it.draft && it.draft.text,
      cleared_upto: it.clearedUpto,
      hidden_upto: it.hiddenUpto,
      fields: { ...it.fields },
    },
    hidden,
  };
}

export function checkList(expected: Json, summaries: Iterable<Summary>): void {
  const list = [...summaries].sort((one, other) => other.activeAt - one.activeAt || byId(one.id, other.id));
  checkRows("list", expected, list.map(summaryOf));
}

function lineOf(item: TimelineItem): Json {
  switch (item.kind) {
    case "message":
      return messageLine(item);
    case "event":
      return eventLine(item.event);
    case "gap":
      return { gap_after: item.after, missing: item.missing };
    default:
      return item.kind;
  }
}

function eventLine({ kind, seq, by, at, users, text, role, about, settings }: SystemEvent): JsonObject {
  return {
    event: kind,
    seq,
    by,
    at,
    users: [...users],
    text: kind === "renamed" || kind === "announced" ? text : null,
    role: kind === "role_changed" ? ["none", "member", "admin", "owner"].indexOf(role) : null,
    about: about || null,
    speak: settings && settings.speak,
  };
}

function messageLine(item: MessageItem): JsonObject {
  const { message, state, quote } = item;
  const { content } = message;
  return {
    text: content.kind === "text" ? content.text : content.kind === "recalled" ? "" : content.kind,
    recalled_by: content.kind === "recalled" ? content.by : null,
    sender: message.sender,
    seq: message.seq || null,
    state: state && state.kind,
    edited: message.editedAt > 0,
    reactions: reactionsOf(message.reactions),
    entities: content.kind === "text" ? entitiesOf(content.text, content.entities) : [],
    pinned: message.pinned,
    starred: item.starred,
    quote: quote && { seq: quote.seq, sender: quote.says?.sender ?? null, text: quote.says?.text ?? null },
    read_by: item.readBy,
    delivered_to: item.deliveredTo,
    played_by_me: item.playedByMe,
    played_by_others: item.playedByOthers,
    waiting: item.pending.map((pending) => pending.state.kind),
  };
}

export function checkTimeline(expected: Json, items: readonly TimelineItem[]): void {
  checkRows("timeline", expected, items.map(lineOf));
}

export function checkPresence(expected: Json, presences: ReadonlyMap<UserId, Presence>): void {
  const actual: JsonObject = {};
  for (const [user, { availability, lastSeen, status }] of presences) {
    actual[user] = {
      availability,
      ...(lastSeen ? { last_seen: lastSeen } : {}),
      ...(status ? { status: `${status.emoji} ${status.text}`.trim() } : {}),
    };
  }
  if (!equals(expected, actual)) {
    throw new Error(`presence: expected ${show(expected)}\nfound ${show(actual)}`);
  }
}

export function checkState(expected: JsonObject, state: SendState): void {
  const actual: JsonObject = { client_msg_id: expected.client_msg_id!, state: state.kind };
  switch (state.kind) {
    case "sent": {
      const { seq, ordinal, deduplicated, conflict } = state;
      Object.assign(actual, { seq, ordinal, deduplicated, conflict });
      break;
    }
    case "failed":
      Object.assign(actual, { code: state.code, recoverable: state.recoverable });
      break;
    case "done":
      actual.seq = state.seq;
      break;
  }
  check("state", expected, actual);
}

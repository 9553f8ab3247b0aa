/**
 * What a store keeps, and the one way to change it. Rows that the core hands out never change afterwards, nor does
 * anything in them: what is different is a new row, and a list in a row is replaced and never pushed to.
 */

import { NO_ATTRIBUTES } from "../content.ts";
import type { Event, PersonalChange } from "../gen/stonechat/v1/native_pb.ts";
import type {
  Attributes, ClientMsgId, ConversationId, ConversationKind, Group, Ordinal, Preview, Reaction, ReadMark, Role,
  SendFailure, Seq, SystemEvent, Timestamp, UserId,
} from "../types.ts";
import type { Body } from "./command.ts";
import { NO_BYTES } from "./wire.ts";

/** A stretch of ordinals, both ends included. */
export type Interval = readonly [from: Ordinal, upto: Ordinal];

/** A group besides its members, with what the app added to it. */
export interface GroupRow extends Group {
  readonly extension: Uint8Array;
}

/** A conversation as this device knows it. */
export interface ConversationRow {
  id: ConversationId;
  kind: ConversationKind;
  /** Title of a group. */
  title: string;
  /** The other user of a direct conversation. */
  peer: UserId | null;
  /** What people call him. */
  peerName: string;
  role: Role;
  member: boolean;
  memberCount: number;
  /** The last event that this device knows to exist; unread is counted up to here. */
  headSeq: Seq;
  headOrdinal: Ordinal;
  /** The read cursor, moved here or by another device. */
  readSeq: Seq;
  readOrdinal: Ordinal;
  /** A cursor that the server may not have stored; 0 when it has. */
  readUnconfirmed: Seq;
  /** Up to where messages of the other user of a direct conversation are here, until the server surely knows; 0 then. */
  deliveredUnconfirmed: Seq;
  /** Voice messages that the user has played, until the server has stored it. */
  playsUnconfirmed: readonly Seq[];
  /** Messages up to this ordinal were before the latest join. */
  floorOrdinal: Ordinal;
  /** The first seq of the latest interval that the user may see. */
  visibleFromSeq: Seq;
  unread: number;
  /** Those of them that call the user. */
  unreadMentions: number;
  /** Whether these numbers are to be asked for. */
  unreadStale: boolean;
  /** When it last moved up, in the server's milliseconds. */
  activeAt: Timestamp;
  /** The start of the last message. */
  preview: Preview | null;
  /** The last contiguous seq of the live end: everything up to here is held, hidden, or a recorded gap. */
  lastSeq: Seq;
  lastOrdinal: Ordinal;
  /** How far the others have read, by their ids. */
  marks: readonly ReadMark[];
  /** Messages held here that are before this event may lack what it and later ones made of them; 0 when none may. */
  staleFrom: Seq;
  /** What a group or a channel is besides its members. */
  group: GroupRow;
}

/** A message of the log. */
export interface MessageRow {
  readonly conversation: ConversationId;
  readonly seq: Seq;
  readonly ordinal: Ordinal;
  /** The sender's own id of it. */
  readonly clientMsgId: ClientMsgId | null;
  readonly sender: UserId;
  /** When the server took it. */
  readonly sentAt: Timestamp;
  readonly bodyType: string;
  /** The body as received. */
  readonly body: Uint8Array;
  readonly attributes: Attributes | null;
  /** Whether the stored body is damaged. */
  readonly corrupt: boolean;
  /** The last event that changed it; its own at first. */
  readonly changed: Seq;
  readonly edits: number;
  /** 0 for never. */
  readonly editedAt: Timestamp;
  /** In the order in which each was first added. */
  readonly reactions: readonly Reaction[];
  readonly pinned: boolean;
  /** That it was taken back. Then it says nothing and has neither edits nor reactions. */
  readonly recalled: Recall | null;
}

/** An event of the log that timelines show between the messages. */
export interface EventRow extends SystemEvent {
  /** The message with which it is held: the one before it, or the first. */
  readonly ordinal: Ordinal;
}

/** That a message was taken back. */
export interface Recall {
  /** By whom; not known of one that was replayed, until the event that took it back comes. */
  readonly by: UserId | null;
  readonly at: Timestamp;
}

/** What an event makes of a message. */
export interface MessageChange {
  readonly conversation: ConversationId;
  /** The message. */
  readonly target: Seq;
  /** The event. */
  readonly by: Seq;
  readonly what: Changed;
}

/** What is different of a message. */
export type Changed =
  /** What it says; null where that is not told. */
  | { readonly kind: "said"; readonly said: Said | null }
  | { readonly kind: "reacted"; readonly emoji: string; readonly added: boolean; readonly own: boolean }
  | { readonly kind: "recalled"; readonly recall: Recall }
  | { readonly kind: "pinned"; readonly pinned: boolean };

/** What a message says after an edit. */
export interface Said {
  readonly bodyType: string;
  readonly body: Uint8Array;
  readonly at: Timestamp;
}

/** Whether a change does not say what it makes of the message. */
export function isUnsaid(change: MessageChange): boolean {
  return change.what.kind === "said" && !change.what.said;
}

/** A message after a change, which it may have already: then the same row comes back. The rules are those of `domain`. */
export function foldChange(row: MessageRow, { conversation, target, by, what }: MessageChange): MessageRow {
  if (row.conversation !== conversation || row.seq !== target || row.changed >= by) {
    return row;
  }
  const next = { ...row, changed: by };
  if (row.recalled && what.kind !== "recalled") {
    return next;
  }
  switch (what.kind) {
    case "said":
      return what.said
        ? {
            ...next, bodyType: what.said.bodyType, body: what.said.body, corrupt: false, edits: row.edits + 1,
            editedAt: what.said.at,
          }
        : next;
    case "pinned":
      return { ...next, pinned: what.pinned };
    case "reacted":
      return { ...next, reactions: react(row.reactions, what.emoji, what.added, what.own) };
    case "recalled": {
      return {
        ...next, bodyType: "", body: NO_BYTES, corrupt: false, edits: 0, editedAt: 0, pinned: false, reactions: [],
        attributes: row.attributes?.silent ? { ...NO_ATTRIBUTES, silent: true } : null, recalled: what.recall,
      };
    }
  }
}

function react(reactions: readonly Reaction[], emoji: string, added: boolean, own: boolean): Reaction[] {
  if (added && !reactions.some((it) => it.emoji === emoji)) {
    return [...reactions, { emoji, count: 1, own }];
  }
  return reactions
    .map((it) => (it.emoji === emoji ? { emoji, count: it.count + (added ? 1 : -1), own: own ? added : it.own } : it))
    .filter((it) => it.count > 0);
}

/** A message, or a command, that the server has not acknowledged. */
export interface OutboxRow {
  /** The order on this device. */
  readonly order: number;
  /** Where to. */
  readonly conversation: ConversationId;
  /** The other user, of a direct conversation. */
  readonly peer: UserId | null;
  /** Its id, the same through all retries; of a command its `commandId`. */
  readonly clientMsgId: ClientMsgId;
  /** The type of the body; empty for a command. */
  readonly bodyType: string;
  /** The body. It never changes once it was written to a connection. */
  readonly body: Uint8Array;
  /** What it carries beside the body, never changed. */
  readonly attributes: Attributes | null;
  /** The last event that the composer had shown. */
  readonly readUpto: Seq;
  /** When it was written, by this device's clock. */
  readonly createdAt: Timestamp;
  /** Whether it was ever written to a connection. */
  readonly written: boolean;
  /** Why it was parked. */
  readonly failure: SendFailure | null;
  /** What it asks for, when it is no message. */
  readonly command: QueuedCommand | null;
}

/** A command that waits in the lane of its conversation, as a message does. */
export interface QueuedCommand {
  /** The call as the wire has it, with its `commandId`. */
  readonly call: Body;
  /** The message of the same lane that it is about, while the server has not said where that one stands. */
  readonly about: ClientMsgId | null;
}

/** Values that belong to the device and not to a conversation. */
export interface DeviceRow {
  /** The newest position whose predecessors are stored. */
  position: Uint8Array;
  /** The history of the server's store that everything here belongs to. */
  historyId: Uint8Array;
  /** The types of content that the app declares, as the wire has them; empty when none were told. */
  contentTypes: Uint8Array;
  /** Which kinds of personal state the client knew that was last in step, by `PERSONAL_KINDS`. */
  kinds: number;
}

/** Everything that the core needs to begin. */
export interface Snapshot {
  readonly device: DeviceRow;
  readonly conversations: readonly ConversationRow[];
  /** Intervals of ordinals held, by conversation. */
  readonly intervals: readonly (readonly [ConversationId, Ordinal, Ordinal])[];
  /** The outbox, in its order. */
  readonly outbox: readonly OutboxRow[];
  /** The number of the last recorded event. */
  readonly recorded: number;
  /** What belongs to the user beside his conversations. */
  readonly entries: readonly PersonalChange[];
}

/** What a store holds in which nothing was ever written. */
export function emptySnapshot(): Snapshot {
  const device = { position: NO_BYTES, historyId: NO_BYTES, contentTypes: NO_BYTES, kinds: 0 };
  return { device, conversations: [], intervals: [], outbox: [], recorded: 0, entries: [] };
}

/** One change of a store. */
export type StoreOp =
  /** Inserts or replaces a conversation. */
  | { readonly kind: "put_conversation"; readonly row: Readonly<ConversationRow> }
  /** Removes a conversation and everything of it but its outbox. */
  | { readonly kind: "drop_conversation"; readonly conversation: ConversationId }
  /** Removes all messages, events, intervals and entries, also of conversations that are not known yet. */
  | { readonly kind: "clear_history" }
  /** Inserts a message, or replaces one that was changed later by no event. */
  | { readonly kind: "put_message"; readonly row: MessageRow }
  /** Inserts an event that timelines show. */
  | { readonly kind: "put_event"; readonly row: EventRow }
  /** Takes a change into a message, if it is here ({@link foldChange}). */
  | { readonly kind: "change_message"; readonly change: MessageChange }
  /** Removes the messages of a conversation in these intervals of ordinals, which stay held. */
  | { readonly kind: "drop_messages"; readonly conversation: ConversationId; readonly intervals: readonly Interval[] }
  /** Removes the messages and events of a conversation below an ordinal that no interval holds. */
  | { readonly kind: "drop_unheld"; readonly conversation: ConversationId; readonly below: Ordinal }
  /** Replaces the intervals of a conversation. */
  | { readonly kind: "put_intervals"; readonly conversation: ConversationId; readonly intervals: readonly Interval[] }
  /** Inserts or replaces a message of the outbox, by its `clientMsgId`. */
  | { readonly kind: "put_outbox"; readonly row: OutboxRow }
  | { readonly kind: "drop_outbox"; readonly clientMsgId: ClientMsgId }
  /** Keeps an event until it is acknowledged, under the next number. */
  | { readonly kind: "record"; readonly number: number; readonly event: Event }
  /** Replaces the values of the device. */
  | { readonly kind: "put_device"; readonly row: Readonly<DeviceRow> }
  /** Notes what a user is called. */
  | { readonly kind: "put_name"; readonly user: UserId; readonly name: string }
  /** Inserts or replaces an entry of what belongs to the user, by its key. */
  | { readonly kind: "put_entry"; readonly key: string; readonly change: PersonalChange }
  /** Removes everything, so that nothing of it can be read from the store any more. */
  | { readonly kind: "wipe" };

/** Changes that are true together or not at all. */
export interface Transaction {
  /** They are applied in this order. */
  readonly number: number;
  /** In order. */
  readonly ops: readonly StoreOp[];
}

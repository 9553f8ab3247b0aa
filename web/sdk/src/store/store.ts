/** What the device keeps: IndexedDB, or memory. Both keep the same promises, and pass the same tests. */

import type { EventRow, Interval, MessageRow, Snapshot, Transaction } from "../core/rows.ts";
import { fold } from "../domain/search.ts";
import type { StonechatError } from "../error.ts";
import type { Event } from "../gen/stonechat/v1/native_pb.ts";
import type { ConversationId, Seq, StoreError, Timestamp, UserId } from "../types.ts";

/** Reads and writes. There is one writer; every call rejects with a {@link StonechatError} of `store.*`. */
export interface Store {
  /** Everything that the core needs to begin. */
  load(): Promise<Snapshot>;
  /** Makes transactions durable, all or none, in their order. */
  apply(transactions: readonly Transaction[]): Promise<void>;
  /** Forgets recorded events up to a number, durably. */
  acknowledge(upto: number): Promise<void>;
  /** Messages with ordinals from one and up to another, at most so many, the newest of them, ascending. */
  messages(query: MessageQuery): Promise<MessageRow[]>;
  /** Events that timelines show with ordinals from one and up to another, ascending. */
  systemEvents(query: MessageQuery): Promise<EventRow[]>;
  /** A message by its event. */
  message(conversation: ConversationId, seq: Seq): Promise<MessageRow | null>;
  /** Messages that have a text, newest first, at most so many. Those that were taken back have none. */
  search(search: MessageSearch): Promise<MessageRow[]>;
  /** Recorded events after a number, at most so many, ascending. */
  events(after: number, limit: number): Promise<RecordedEvent[]>;
  /** What users are called, at most so many, by their ids. */
  names(limit: number): Promise<[UserId, string][]>;
  /** Whether events are recorded; kept like everything else. */
  setting(name: string): Promise<string | null>;
  setSetting(name: string, value: string): Promise<void>;
  /** Lets go of it. What was applied stays. */
  close(): void;
  /** Closes it, and removes it with everything in it. */
  erase(): Promise<void>;
}

export interface RecordedEvent {
  readonly number: number;
  readonly event: Event;
}

/** Which messages to read. */
export interface MessageQuery {
  readonly conversation: ConversationId;
  readonly from: number;
  readonly upto: number;
  readonly limit: number;
}

/** A piece of the history of a conversation, ascending. */
export interface HistoryRows {
  readonly messages: readonly MessageRow[];
  readonly events: readonly EventRow[];
}

/** Messages, and the events that timelines show among them. */
export async function pageOf(store: Store, query: MessageQuery): Promise<HistoryRows> {
  const messages = await store.messages(query);
  const [first] = messages;
  const from = first && messages.length >= query.limit ? first.ordinal : query.from;
  return { messages, events: await store.systemEvents({ ...query, from }) };
}

/** The place of a message in the order of time. */
export type TimePlace = readonly [sentAt: Timestamp, conversation: ConversationId, seq: Seq];

/** Which messages to find. */
export interface MessageSearch {
  /** A part of what they say; upper and lower case, accents and forms of characters make no difference. */
  readonly text: string;
  /** In one conversation, or in all. */
  readonly conversation: ConversationId | null;
  /** Of one type of body, or of all that can be searched. */
  readonly bodyType: string | null;
  /** Not before this time. */
  readonly since: Timestamp;
  /** Only those that come after this one in the list: the last of the page before. */
  readonly after: TimePlace | null;
  readonly limit: number;
}

/** Whether a folded text has the part that is searched. */
export function finder({ text }: MessageSearch): (folded: string) => boolean {
  const part = fold(text);
  return (folded) => folded !== "" && folded.includes(part);
}

/** Whether a place in the order of time stands before another. */
export function isBefore(one: TimePlace, other: TimePlace): boolean {
  for (let at = 0; at < 3; at++) {
    if (one[at] !== other[at]) {
      return one[at]! < other[at]!;
    }
  }
  return false;
}

/** Whether one of the intervals holds an ordinal. */
export function holds(intervals: readonly Interval[], ordinal: number): boolean {
  return intervals.some(([from, upto]) => from <= ordinal && ordinal <= upto);
}

const KINDS: readonly StoreError[] = ["locked", "too_new", "corrupt", "disk_full", "failed"];

/** What an error of a store is, for the core. */
export function storeErrorOf(error: unknown): StoreError {
  const code = (error as Partial<StonechatError>).code;
  return KINDS.find((kind) => code === `store.${kind}`) ?? "failed";
}

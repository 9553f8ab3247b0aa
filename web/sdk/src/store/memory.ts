/** A store that nothing survives, and the model that the other is measured by. */

import {
  type ConversationRow, type DeviceRow, emptySnapshot, type EventRow, foldChange, type Interval, type MessageRow, type OutboxRow,
  type Snapshot, type StoreOp, type Transaction,
} from "../core/rows.ts";
import { searched } from "../core/translate.ts";
import type { Event, PersonalChange } from "../gen/stonechat/v1/native_pb.ts";
import type { ConversationId, Seq, UserId } from "../types.ts";
import {
  finder, holds, isBefore, type MessageQuery, type MessageSearch, type RecordedEvent, type Store, type TimePlace,
} from "./store.ts";

/** What a store holds. */
export interface Tables {
  device: DeviceRow;
  conversations: Map<ConversationId, Readonly<ConversationRow>>;
  /** By conversation and seq. */
  messages: Map<ConversationId, Map<Seq, MessageRow>>;
  /** Those that timelines show. */
  systemEvents: Map<ConversationId, Map<Seq, EventRow>>;
  intervals: Map<ConversationId, readonly Interval[]>;
  /** By order. */
  outbox: Map<number, OutboxRow>;
  events: Map<number, Event>;
  /** The number of the last recorded event, acknowledged or not. */
  recorded: number;
  names: Map<UserId, string>;
  entries: Map<string, PersonalChange>;
  settings: Map<string, string>;
}

function emptyTables(): Tables {
  return {
    device: emptySnapshot().device,
    conversations: new Map(),
    messages: new Map(),
    systemEvents: new Map(),
    intervals: new Map(),
    outbox: new Map(),
    events: new Map(),
    recorded: 0,
    names: new Map(),
    entries: new Map(),
    settings: new Map(),
  };
}

/** The rows of a table in the order of their keys. */
function sorted<K extends string | number, V>(table: ReadonlyMap<K, V>): [K, V][] {
  return [...table].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}

export function memoryStore(tables: Tables = emptyTables()): Store & { readonly tables: Tables } {
  const of = (conversation: ConversationId): Map<Seq, MessageRow> => {
    let messages = tables.messages.get(conversation);
    if (messages === undefined) {
      tables.messages.set(conversation, (messages = new Map()));
    }
    return messages;
  };
  const ascending = (conversation: ConversationId): MessageRow[] =>
    [...(tables.messages.get(conversation)?.values() ?? [])].sort((a, b) => a.seq - b.seq);
  const drop = (conversation: ConversationId, goes: (row: MessageRow) => boolean): void => {
    const messages = of(conversation);
    messages.forEach((row) => goes(row) && messages.delete(row.seq));
  };
  return {
    tables,
    async load(): Promise<Snapshot> {
      const intervals = sorted(tables.intervals);
      return {
        device: tables.device,
        conversations: sorted(tables.conversations).map(([, row]) => row),
        intervals: intervals.flatMap(([id, all]) => all.map(([from, upto]) => [id, from, upto] as const)),
        outbox: sorted(tables.outbox).map(([, row]) => row),
        recorded: tables.recorded,
        entries: sorted(tables.entries).map(([, entry]) => entry),
      };
    },
    async apply(transactions: readonly Transaction[]): Promise<void> {
      transactions.forEach(({ ops }) => ops.forEach((op) => apply(tables, op, of, drop)));
    },
    async acknowledge(upto) {
      [...tables.events.keys()].filter((number) => number <= upto).forEach((number) => tables.events.delete(number));
    },
    async messages({ conversation, from, upto, limit }: MessageQuery) {
      const rows = ascending(conversation).filter((row) => row.ordinal >= from && row.ordinal <= upto);
      return rows.slice(Math.max(0, rows.length - limit));
    },
    async systemEvents({ conversation, from, upto }) {
      const rows = [...(tables.systemEvents.get(conversation)?.values() ?? [])].sort((a, b) => a.seq - b.seq);
      return rows.filter(({ ordinal }) => ordinal >= from && ordinal <= upto);
    },
    async message(conversation, seq) {
      return tables.messages.get(conversation)?.get(seq) ?? null;
    },
    async search(search: MessageSearch) {
      const finds = finder(search);
      const place = (row: MessageRow): TimePlace => [row.sentAt, row.conversation, row.seq];
      const isMeant = (row: MessageRow): boolean =>
        (search.conversation === null || search.conversation === row.conversation) &&
        (search.bodyType === null || search.bodyType === row.bodyType) &&
        row.sentAt >= search.since &&
        (search.after === null || isBefore(place(row), search.after)) &&
        finds(searched(row));
      const all = [...tables.messages.values()].flatMap((messages) => [...messages.values()]);
      const found = all.filter(isMeant).sort((a, b) => (isBefore(place(a), place(b)) ? 1 : -1));
      return found.slice(0, search.limit);
    },
    async events(after, limit): Promise<RecordedEvent[]> {
      const events = sorted(tables.events).filter(([number]) => number > after);
      return events.slice(0, limit).map(([number, event]) => ({ number, event }));
    },
    async names(limit) {
      return sorted(tables.names).slice(0, limit);
    },
    async setting(name) {
      return tables.settings.get(name) ?? null;
    },
    async setSetting(name, value) {
      tables.settings.set(name, value);
    },
    close() {},
    async erase() {
      Object.assign(tables, emptyTables());
    },
  };
}

function apply(
  tables: Tables,
  op: StoreOp,
  of: (conversation: ConversationId) => Map<Seq, MessageRow>,
  drop: (conversation: ConversationId, goes: (row: MessageRow) => boolean) => void,
): void {
  switch (op.kind) {
    case "put_conversation":
      tables.conversations.set(op.row.id, op.row);
      break;
    case "drop_conversation":
      tables.conversations.delete(op.conversation);
      tables.messages.delete(op.conversation);
      tables.systemEvents.delete(op.conversation);
      tables.intervals.delete(op.conversation);
      break;
    case "clear_history":
      tables.messages.clear();
      tables.systemEvents.clear();
      tables.intervals.clear();
      tables.entries.clear();
      break;
    case "put_message": {
      const here = of(op.row.conversation);
      if ((here.get(op.row.seq)?.changed ?? 0) <= op.row.changed) {
        here.set(op.row.seq, op.row);
      }
      break;
    }
    case "put_event": {
      const { conversation, seq } = op.row;
      tables.systemEvents.set(conversation, (tables.systemEvents.get(conversation) ?? new Map()).set(seq, op.row));
      break;
    }
    case "change_message": {
      const here = of(op.change.conversation);
      const row = here.get(op.change.target);
      if (row !== undefined) {
        here.set(row.seq, foldChange(row, op.change));
      }
      break;
    }
    case "drop_messages":
      drop(op.conversation, ({ ordinal }) => holds(op.intervals, ordinal));
      break;
    case "drop_unheld": {
      const held = tables.intervals.get(op.conversation) ?? [];
      const goes = (ordinal: number) => ordinal < op.below && !holds(held, ordinal);
      drop(op.conversation, ({ ordinal }) => goes(ordinal));
      const events = tables.systemEvents.get(op.conversation);
      events?.forEach(({ seq, ordinal }) => goes(ordinal) && events.delete(seq));
      break;
    }
    case "put_intervals":
      tables.intervals.set(op.conversation, op.intervals);
      break;
    case "put_outbox":
      dropOutbox(tables, op.row.clientMsgId);
      tables.outbox.set(op.row.order, op.row);
      break;
    case "drop_outbox":
      dropOutbox(tables, op.clientMsgId);
      break;
    case "record":
      tables.events.set(op.number, op.event);
      tables.recorded = Math.max(tables.recorded, op.number);
      break;
    case "put_device":
      tables.device = op.row;
      break;
    case "put_name":
      tables.names.set(op.user, op.name);
      break;
    case "put_entry":
      tables.entries.set(op.key, op.change);
      break;
    case "wipe":
      Object.assign(tables, emptyTables());
      break;
  }
}

function dropOutbox(tables: Tables, clientMsgId: string): void {
  tables.outbox.forEach((row, order) => row.clientMsgId === clientMsgId && tables.outbox.delete(order));
}

/** A store in one IndexedDB database. */

import { fromBinary, toBinary } from "../codec.ts";
import type { DBSchema, IDBPDatabase, IDBPTransaction, StoreNames } from "idb";
import {
  type ConversationRow, type DeviceRow, emptySnapshot, type EventRow, foldChange, type GroupRow, type Interval, type MessageRow,
  type OutboxRow, type Snapshot, type StoreOp, type Transaction,
} from "../core/rows.ts";
import { storeFailed } from "../core/link.ts";
import { searched } from "../core/translate.ts";
import { newFrame } from "../core/wire.ts";
import { groupOf } from "../domain/group.ts";
import { same } from "../same.ts";
import { EventSchema, FrameSchema, PersonalChangeSchema } from "../gen/stonechat/v1/native_pb.ts";
import type { ConversationId, Ordinal, Seq, StoreError, UserId } from "../types.ts";
import { deleteDB, openDB } from "./idb.ts";
import { holds, type MessageQuery, type RecordedEvent, type Store } from "./store.ts";

/** The schema that this version writes. */
export const SCHEMA = 2;
/** So far a cursor goes in one step; whoever wants more messages wants all of them. */
const ADVANCE_MAX = 100_000;

/** A message or a command of the outbox; the call of a command is kept as the wire has it. */
type OutboxRecord = Omit<OutboxRow, "command"> & {
  readonly command: { readonly call: Uint8Array; readonly about: string | null } | null;
};

/**
 * A conversation, and the intervals of ordinals that are held of it, which may come before it. A start reads all of them,
 * so they are few and small: what a direct conversation has like all others is left out.
 */
interface ConversationRecord {
  readonly row: (Omit<ConversationRow, "group"> & { readonly group: GroupRow | null }) | null;
  readonly held: readonly Interval[];
}

interface Schema extends DBSchema {
  /** `device`, `recorded`, `owner`, and settings behind `setting.`. */
  kv: { key: string; value: unknown };
  conversations: { key: ConversationId; value: ConversationRecord };
  messages: { key: [ConversationId, Seq]; value: MessageRow; indexes: { ordinal: [ConversationId, Ordinal] } };
  /** What happened, between the messages. Since schema 2. */
  system_events: { key: [ConversationId, Ordinal, Seq]; value: EventRow };
  /** What messages are found by, in the order of time. */
  texts: { key: [number, ConversationId, Seq]; value: string };
  outbox: { key: number; value: OutboxRecord; indexes: { id: string } };
  events: { key: number; value: Uint8Array };
  names: { key: UserId; value: string };
  entries: { key: string; value: Uint8Array };
}

export type Table = StoreNames<Schema>;
type Db = IDBPDatabase<Schema>;
export type Reading = IDBPTransaction<Schema, Table[], "readonly">;
type Writing = IDBPTransaction<Schema, Table[], "readwrite">;

const TABLES: Table[] = ["kv", "conversations", "messages", "system_events", "texts", "outbox", "events", "names", "entries"];

/** Brings a database up from a schema before; 0 is an empty one. */
function build(db: Db, before: number): void {
  db.createObjectStore("system_events", { keyPath: ["conversation", "ordinal", "seq"] });
  if (before > 0) {
    return;
  }
  for (const table of ["kv", "conversations", "texts", "events", "names", "entries"] as const) {
    db.createObjectStore(table);
  }
  db.createObjectStore("messages", { keyPath: ["conversation", "seq"] })
    .createIndex("ordinal", ["conversation", "ordinal"]);
  db.createObjectStore("outbox", { keyPath: "order" }).createIndex("id", "clientMsgId", { unique: true });
}

/** What went wrong, in our words. */
function failure(error: unknown): Error {
  const { name } = error as Error;
  if (name === "StonechatError") {
    return error as Error;
  }
  const kinds: Record<string, StoreError> = {
    QuotaExceededError: "disk_full", VersionError: "too_new", NotReadableError: "corrupt", DataError: "corrupt",
  };
  return storeFailed(kinds[name] ?? "failed", error);
}

/**
 * Opens a store by the name of its database, or makes it. `owner` tells who writes: whoever opens it takes it over, and
 * whatever another still wants to write fails with `store.locked`.
 */
export async function indexedDbStore(name: string, owner: string): Promise<Store> {
  // What is being opened counts as open: two connections at once would leave one that nobody closes.
  let db: Promise<Db> | null = null;
  let isOver = false;
  const close = async (): Promise<void> => {
    isOver = true;
    await db?.then((opened) => opened.close(), () => {});
  };
  const lost = (): void => {
    db = null;
  };
  const open = (): Promise<Db> => {
    if (isOver) {
      throw storeFailed("locked");
    }
    db ??= openDB<Schema>(name, SCHEMA, {
      upgrade: build,
      // Another page removes the database, or brings a newer schema: it must not wait for this one.
      blocking: close,
      terminated: lost,
    });
    db.catch(lost);
    return db;
  };
  /** Does it once more on a new connection when the one to the database was lost, which WebKit does to idle pages. */
  const attempt = async <T>(work: (opened: Db) => Promise<T>): Promise<T> => {
    try {
      const first = open();
      try {
        return await work(await first);
      } catch (error) {
        const { name, message } = error as Error;
        if (isOver || !(name === "InvalidStateError" || (name === "UnknownError" && /connection/i.test(message)))) {
          throw error;
        }
        // Another may have opened it again.
        if (db === first) {
          lost();
        }
        return await work(await open());
      }
    } catch (error) {
      throw failure(error);
    }
  };
  const read = <T>(tables: Table[], work: (tx: Reading) => Promise<T>): Promise<T> =>
    attempt((opened) => {
      const tx = opened.transaction(tables);
      tx.done.catch(() => {});
      return work(tx);
    });
  const write = (tables: Table[], work: (tx: Writing) => Promise<void>): Promise<void> =>
    attempt(async (opened) => {
      const tx = opened.transaction(tables, "readwrite", { durability: "strict" });
      // Looked at below; a failed transaction fails its requests as well.
      tx.done.catch(() => {});
      try {
        await work(tx);
      } catch (error) {
        if (tx.error === null) {
          tx.abort();
        }
        throw tx.error ?? error;
      }
      await tx.done;
    });
  await write(["kv"], async (tx) => void (await tx.objectStore("kv").put(owner, "owner")));

  return {
    load: () => read(TABLES, load),
    apply(transactions: readonly Transaction[]) {
      const ops = transactions.flatMap((transaction) => transaction.ops);
      return write(tablesOf(ops), async (tx) => {
        if ((await tx.objectStore("kv").get("owner")) !== owner) {
          throw storeFailed("locked");
        }
        await apply(tx, ops);
      });
    },
    acknowledge: (upto) =>
      write(["events"], async (tx) => tx.objectStore("events").delete(IDBKeyRange.upperBound(upto))),
    messages: (query) => read(["messages"], (tx) => messages(tx, query)),
    systemEvents: ({ conversation, from, upto }) =>
      read(["system_events"], (tx) =>
        // A list is behind every number.
        tx.objectStore("system_events").getAll(IDBKeyRange.bound([conversation, from], [conversation, upto, []])),
      ),
    message: (conversation, seq) =>
      read(["messages"], async (tx) => (await tx.objectStore("messages").get([conversation, seq])) ?? null),
    search: async (query) => (await import("../seldom.ts")).searchTexts(read, query),
    events: (after, limit) =>
      read(["events"], async (tx): Promise<RecordedEvent[]> => {
        const range = IDBKeyRange.lowerBound(after, true);
        const table = tx.objectStore("events");
        const [numbers, events] = await Promise.all([table.getAllKeys(range, limit), table.getAll(range, limit)]);
        return numbers.map((number, at) => ({ number, event: fromBinary(EventSchema, events[at]!) }));
      }),
    names: (limit) =>
      read(["names"], async (tx): Promise<[UserId, string][]> => {
        const table = tx.objectStore("names");
        const [users, names] = await Promise.all([table.getAllKeys(null, limit), table.getAll(null, limit)]);
        return users.map((user, at) => [user, names[at]!]);
      }),
    setting: (key) =>
      read(["kv"], async (tx) => ((await tx.objectStore("kv").get(`setting.${key}`)) as string | undefined) ?? null),
    setSetting: (key, value) =>
      write(["kv"], async (tx) => void (await tx.objectStore("kv").put(value, `setting.${key}`))),
    close: () => void close(),
    async erase() {
      await close();
      await deleteDB(name).catch((error: unknown) => {
        throw failure(error);
      });
    },
  };
}

async function load(tx: Reading): Promise<Snapshot> {
  const kv = tx.objectStore("kv");
  const [device, recorded, records, ids, outbox, entries] = await Promise.all([
    kv.get("device"),
    kv.get("recorded"),
    tx.objectStore("conversations").getAll(),
    tx.objectStore("conversations").getAllKeys(),
    tx.objectStore("outbox").getAll(),
    tx.objectStore("entries").getAll(),
  ]);
  return {
    device: (device as DeviceRow | undefined) ?? emptySnapshot().device,
    conversations: records.flatMap(({ row }) => (row === null ? [] : [fromRecord(row)])),
    intervals: records.flatMap(({ held }, at) => held.map(([from, upto]) => [ids[at]!, from, upto] as const)),
    outbox: outbox.map(fromOutbox),
    recorded: (recorded as number | undefined) ?? 0,
    entries: entries.map((entry) => fromBinary(PersonalChangeSchema, entry)),
  };
}

function toRecord(row: Readonly<ConversationRow>): NonNullable<ConversationRecord["row"]> {
  return { ...row, group: same(row.group, groupOf(row.kind)) ? null : row.group };
}

function fromRecord(row: NonNullable<ConversationRecord["row"]>): ConversationRow {
  return { ...row, group: row.group ?? groupOf(row.kind) };
}

function toOutbox(row: OutboxRow): OutboxRecord {
  const { command } = row;
  const call = command && toBinary(FrameSchema, newFrame(0, command.call));
  return { ...row, command: command && { call: call!, about: command.about } };
}

function fromOutbox(record: OutboxRecord): OutboxRow {
  const { command } = record;
  const call = command && fromBinary(FrameSchema, command.call).body;
  return { ...record, command: command && { call: call!, about: command.about } };
}

/** Which tables a batch needs: those that it does not need stay free for readers. */
function tablesOf(ops: readonly StoreOp[]): Table[] {
  const tables = new Set<Table>(["kv"]);
  for (const { kind } of ops) {
    const needed: Table[] = {
      put_conversation: ["conversations"],
      drop_conversation: ["conversations", "messages", "system_events", "texts"],
      clear_history: ["messages", "system_events", "texts", "conversations", "entries"],
      put_message: ["messages", "texts"],
      put_event: ["system_events"],
      change_message: ["messages", "texts"],
      drop_messages: ["messages", "texts"],
      drop_unheld: ["conversations", "messages", "system_events", "texts"],
      put_intervals: ["conversations"],
      put_outbox: ["outbox"],
      drop_outbox: ["outbox"],
      record: ["events"],
      put_device: [],
      put_name: ["names"],
      put_entry: ["entries"],
      wipe: TABLES,
    }[kind] as Table[];
    needed.forEach((table) => tables.add(table));
  }
  return [...tables];
}

/** A batch: what it is about is read together first, then everything is written without waiting. */
async function apply(tx: Writing, ops: readonly StoreOp[]): Promise<void> {
  const rows = new Map<string, MessageRow | undefined>();
  const records = new Map<ConversationId, ConversationRecord | undefined>();
  const key = (conversation: ConversationId, seq: Seq): string => `${conversation}.${seq}`;
  const read = (op: StoreOp): Promise<unknown>[] => {
    switch (op.kind) {
      case "put_message":
      case "change_message": {
        const { conversation } = op.kind === "put_message" ? op.row : op.change;
        const seq = op.kind === "put_message" ? op.row.seq : op.change.target;
        const name = key(conversation, seq);
        return once(rows, name, () => tx.objectStore("messages").get([conversation, seq]));
      }
      case "put_conversation":
        return once(records, op.row.id, () => tx.objectStore("conversations").get(op.row.id));
      case "put_intervals":
      case "drop_unheld":
        return once(records, op.conversation, () => tx.objectStore("conversations").get(op.conversation));
      default:
        return [];
    }
  };
  await Promise.all(ops.flatMap(read));

  const requests: Promise<unknown>[] = [];
  const later = (request: Promise<unknown>): void => {
    // All are waited for at the end; until then one that fails is not to be reported as forgotten.
    request.catch(() => {});
    requests.push(request);
  };
  const putRecord = (id: ConversationId, change: Partial<ConversationRecord>): void => {
    const record = { row: null, held: [], ...records.get(id), ...change };
    records.set(id, record);
    later(tx.objectStore("conversations").put(record, id));
  };
  const put = (row: MessageRow): void => {
    rows.set(key(row.conversation, row.seq), row);
    later(tx.objectStore("messages").put(row));
    const place: [number, ConversationId, Seq] = [row.sentAt, row.conversation, row.seq];
    const text = searched(row);
    later(text === "" ? tx.objectStore("texts").delete(place) : tx.objectStore("texts").put(text, place));
  };
  const drop = async (
    conversation: ConversationId,
    from: Ordinal,
    upto: Ordinal,
    stays = (_: Ordinal) => false,
  ): Promise<void> => {
    if (from > upto) {
      return;
    }
    const range = IDBKeyRange.bound([conversation, from], [conversation, upto]);
    for (const { seq, ordinal, sentAt } of await tx.objectStore("messages").index("ordinal").getAll(range)) {
      if (!stays(ordinal)) {
        rows.set(key(conversation, seq), undefined);
        later(tx.objectStore("messages").delete([conversation, seq]));
        later(tx.objectStore("texts").delete([sentAt, conversation, seq]));
      }
    }
  };
  const dropEvents = async (conversation: ConversationId, below: Ordinal, held: readonly Interval[]): Promise<void> => {
    const table = tx.objectStore("system_events");
    const places = await table.getAllKeys(IDBKeyRange.bound([conversation], [conversation, below]));
    places.forEach((place) => holds(held, place[1]) || later(table.delete(place)));
  };
  for (const op of ops) {
    switch (op.kind) {
      case "put_message": {
        const here = rows.get(key(op.row.conversation, op.row.seq));
        if (here === undefined || here.changed <= op.row.changed) {
          put(op.row);
        }
        break;
      }
      case "change_message": {
        const here = rows.get(key(op.change.conversation, op.change.target));
        const row = here && foldChange(here, op.change);
        if (row !== undefined && row !== here) {
          put(row);
        }
        break;
      }
      case "drop_conversation":
        records.set(op.conversation, undefined);
        later(tx.objectStore("conversations").delete(op.conversation));
        await drop(op.conversation, 0, Infinity);
        await dropEvents(op.conversation, Infinity, []);
        break;
      case "drop_messages":
        for (const [from, upto] of op.intervals) {
          await drop(op.conversation, from, upto);
        }
        break;
      case "drop_unheld": {
        const held = records.get(op.conversation)?.held ?? [];
        await drop(op.conversation, 0, op.below - 1, (ordinal) => holds(held, ordinal));
        await dropEvents(op.conversation, op.below, held);
        break;
      }
      case "drop_outbox": {
        const order = await tx.objectStore("outbox").index("id").getKey(op.clientMsgId);
        if (order !== undefined) {
          later(tx.objectStore("outbox").delete(order));
        }
        break;
      }
      case "put_outbox": {
        const order = await tx.objectStore("outbox").index("id").getKey(op.row.clientMsgId);
        if (order !== undefined && order !== op.row.order) {
          later(tx.objectStore("outbox").delete(order));
        }
        later(tx.objectStore("outbox").put(toOutbox(op.row)));
        break;
      }
      case "clear_history": {
        rows.forEach((_, name) => rows.set(name, undefined));
        for (const table of ["messages", "system_events", "texts", "entries"] as const) {
          later(tx.objectStore(table).clear());
        }
        const table = tx.objectStore("conversations");
        const [ids, all] = await Promise.all([table.getAllKeys(), table.getAll()]);
        ids.forEach((id, at) => {
          records.set(id, all[at]);
          putRecord(id, { held: [] });
        });
        break;
      }
      case "wipe": {
        rows.forEach((_, name) => rows.set(name, undefined));
        records.forEach((_, id) => records.set(id, undefined));
        const owner = await tx.objectStore("kv").get("owner");
        TABLES.forEach((table) => later(tx.objectStore(table).clear()));
        later(tx.objectStore("kv").put(owner, "owner"));
        break;
      }
      case "put_event":
        later(tx.objectStore("system_events").put(op.row));
        break;
      case "put_conversation":
        putRecord(op.row.id, { row: toRecord(op.row) });
        break;
      case "put_intervals":
        putRecord(op.conversation, { held: op.intervals });
        break;
      case "record":
        later(tx.objectStore("events").put(toBinary(EventSchema, op.event), op.number));
        later(tx.objectStore("kv").put(op.number, "recorded"));
        break;
      case "put_device":
        later(tx.objectStore("kv").put(op.row, "device"));
        break;
      case "put_name":
        later(tx.objectStore("names").put(op.name, op.user));
        break;
      case "put_entry":
        later(tx.objectStore("entries").put(toBinary(PersonalChangeSchema, op.change), op.key));
        break;
    }
  }
  await Promise.all(requests);
}

/** Reads what is not being read yet. */
function once<K, V>(into: Map<K, V | undefined>, key: K, read: () => Promise<V | undefined>): Promise<unknown>[] {
  if (into.has(key)) {
    return [];
  }
  into.set(key, undefined);
  return [read().then((value) => into.set(key, value))];
}

async function messages(tx: Reading, { conversation, from, upto, limit }: MessageQuery): Promise<MessageRow[]> {
  const index = tx.objectStore("messages").index("ordinal");
  if (from > upto || limit <= 0) {
    return [];
  }
  const range = (first: Ordinal): IDBKeyRange => IDBKeyRange.bound([conversation, first], [conversation, upto]);
  // Where the newest so many begin; null when there are not so many.
  let cursor = limit > ADVANCE_MAX ? null : await index.openKeyCursor(range(from), "prev");
  cursor = cursor && limit > 1 ? await cursor.advance(limit - 1) : cursor;
  return index.getAll(range(cursor === null ? from : cursor.key[1]));
}

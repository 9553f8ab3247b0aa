/** What every store promises: one suite, run by each. */

import "fake-indexeddb/auto";
import { create, toBinary } from "../src/codec.ts";
import { describe, expect, it } from "vitest";
import type { Changed, ConversationRow, MessageRow, OutboxRow, StoreOp } from "../src/core/rows.ts";
import { newBody } from "../src/core/wire.ts";
import { directId } from "../src/domain/id.ts";
import { groupOf, settingsOf } from "../src/domain/group.ts";
import { EventSchema, PersonalChangeSchema, TextBodySchema } from "../src/gen/stonechat/v1/native_pb.ts";
import { FOR_GOOD } from "../src/types.ts";
import { indexedDbStore, SCHEMA } from "../src/store/indexed-db.ts";
import { memoryStore } from "../src/store/memory.ts";
import { type MessageSearch, pageOf, type Store } from "../src/store/store.ts";

const HERE = directId(1, "alice", "bob");
const ELSEWHERE = directId(1, "alice", "carol");

function uuid(byte: number): string {
  return "00".repeat(16).replace(/../g, byte.toString(16).padStart(2, "0")).replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function message(seq: number, ordinal: number): MessageRow {
  return {
    conversation: HERE, seq, ordinal, clientMsgId: uuid(seq), sender: "bob", sentAt: 1_790_000_000_000, bodyType: "text",
    body: Uint8Array.of(0, 255, seq), attributes: null, corrupt: seq === 3, changed: seq, edits: 0, editedAt: 0,
    reactions: [], pinned: false, recalled: null,
  };
}

function saying(seq: number, at: number, text: string): MessageRow {
  const body = toBinary(TextBodySchema, create(TextBodySchema, { text }));
  return { ...message(seq, seq - 1), body, sentAt: at, corrupt: false };
}

function unsent(order: number): OutboxRow {
  return {
    order, conversation: HERE, peer: "bob", clientMsgId: uuid(order + 100), bodyType: "text", body: bytes("\n\u0002hi"),
    attributes: null, readUpto: 4, createdAt: 5, written: order === 2,
    failure: order === 3 ? { kind: "failed", code: "forbidden", text: "no", recoverable: false } : null, command: null,
  };
}

function queued(order: number, about: string | null): OutboxRow {
  const change = { case: "react", value: { emoji: "👍", remove: false } } as const;
  const call = newBody({ case: "changeMessage", value: { seq: BigInt(order), change } });
  return { ...unsent(order), bodyType: "", body: new Uint8Array(), command: { call, about } };
}

function entry(number: number) {
  return create(PersonalChangeSchema, { personalSeq: BigInt(number), change: { case: "profile", value: {} } });
}

function happened(seq: number, ordinal: number, conversation = HERE): StoreOp {
  const kind = "renamed" as const;
  return {
    kind: "put_event",
    row: { conversation, seq, ordinal, kind, by: "bob", at: seq, users: [], text: "Ops", role: "none", until: 0, about: 0, settings: null },
  };
}

const ROW: ConversationRow = {
  id: HERE, kind: "direct", title: "t", peer: "bob", peerName: "Bob", role: "admin", member: true, memberCount: 2,
  headSeq: 9, headOrdinal: 8, readSeq: 7, readOrdinal: 6, readUnconfirmed: 5, deliveredUnconfirmed: 7,
  playsUnconfirmed: [4, 8], floorOrdinal: 4, visibleFromSeq: 3, unread: 2, unreadMentions: 0, unreadStale: true,
  activeAt: 1_790_000_000_000,
  preview: { sender: "bob", text: '"hi" 👋', bodyType: "text", sentAt: 11, seq: 9, recalled: false },
  lastSeq: 9, lastOrdinal: 8, marks: [{ user: "bob", upto: 8, delivered: 9 }], staleFrom: 6,
  group: {
    description: "about\nus", avatar: "pictures/7", extension: Uint8Array.of(0, 255, 7),
    settings: { ...settingsOf("channel"), join: "approval", history: true },
    announcement: 5, dissolved: true, mutedUntil: FOR_GOOD, nickname: "Annie",
  },
};

function apply(store: Store, ...ops: StoreOp[]): Promise<void> {
  return store.apply([{ number: 1, ops }]);
}

const put = (row: MessageRow): StoreOp => ({ kind: "put_message", row });
const putOutbox = (row: OutboxRow): StoreOp => ({ kind: "put_outbox", row });
const change = (target: number, by: number, what: Changed): StoreOp =>
  ({ kind: "change_message", change: { conversation: HERE, target, by, what } });
const all = (store: Store, limit = 99) => store.messages({ conversation: HERE, from: 1, upto: 99, limit });

/** A store that can be closed and opened again. */
interface Place {
  open(): Promise<Store>;
}

let places = 0;
const PLACES: [string, () => Place][] = [
  ["memory", () => {
    const store = memoryStore();
    return { open: async () => store };
  }],
  ["IndexedDB", () => {
    const name = `store ${++places}`;
    return { open: () => indexedDbStore(name, `owner ${++places}`) };
  }],
];

describe.each(PLACES)("a store in %s", (_, place) => {
  it("keeps everything", async () => {
    const { open } = place();
    let store = await open();
    const device = { position: bytes("p1"), historyId: bytes("h"), contentTypes: bytes("c"), kinds: 7 };
    const event = create(EventSchema, { conversationId: HERE, seq: 2n });
    await apply(
      store,
      { kind: "put_conversation", row: ROW },
      put(message(2, 1)), put(message(3, 2)), put(message(9, 8)),
      { kind: "put_intervals", conversation: HERE, intervals: [[1, 2], [8, 8]] },
      putOutbox(unsent(2)), putOutbox(unsent(1)), putOutbox(unsent(3)), putOutbox(queued(6, null)),
      putOutbox(queued(5, unsent(1).clientMsgId)), putOutbox(unsent(4)),
      { kind: "drop_outbox", clientMsgId: unsent(4).clientMsgId },
      { kind: "record", number: 1, event }, { kind: "record", number: 2, event },
      { kind: "put_device", row: device },
      { kind: "put_name", user: "bob", name: "B" }, { kind: "put_name", user: "bob", name: "Bob Okafor" },
      { kind: "put_name", user: "mei", name: "梅 林" },
      { kind: "put_entry", key: "profile", change: entry(1) }, { kind: "put_entry", key: "profile", change: entry(2) },
    );
    await store.acknowledge(1);
    await store.setSetting("recording", "1");
    // Left without a word, as by a page that is killed.
    store = await open();
    expect(await store.load()).toEqual({
      device,
      conversations: [ROW],
      intervals: [[HERE, 1, 2], [HERE, 8, 8]],
      outbox: [unsent(1), unsent(2), unsent(3), queued(5, unsent(1).clientMsgId), queued(6, null)],
      recorded: 2,
      entries: [entry(2)],
    });
    expect(await all(store, 2)).toEqual([message(3, 2), message(9, 8)]);
    expect(await all(store, 1)).toEqual([message(9, 8)]);
    expect(await store.messages({ conversation: HERE, from: 1, upto: 7, limit: 9 })).toEqual([message(2, 1), message(3, 2)]);
    expect(await store.messages({ conversation: HERE, from: 8, upto: 7, limit: 9 })).toEqual([]);
    expect(await store.messages({ conversation: ELSEWHERE, from: 1, upto: 99, limit: 9 })).toEqual([]);
    expect(await store.message(HERE, 3)).toEqual(message(3, 2));
    expect(await store.message(HERE, 4)).toBe(null);
    expect(await store.events(0, 10)).toEqual([{ number: 2, event }]);
    expect(await store.names(9)).toEqual([["bob", "Bob Okafor"], ["mei", "梅 林"]]);
    expect(await store.names(1)).toEqual([["bob", "Bob Okafor"]]);
    expect([await store.setting("recording"), await store.setting("other")]).toEqual(["1", null]);
    await apply(store, { kind: "clear_history" });
    expect(await all(store)).toEqual([]);
    expect([(await store.load()).intervals, (await store.load()).entries]).toEqual([[], []]);
    await apply(store, { kind: "drop_conversation", conversation: HERE });
    expect((await store.load()).conversations).toEqual([]);
    // What was not sent outlives its conversation.
    expect((await store.load()).outbox.length).toBe(5);
  });

  it("keeps a conversation and what is held of it apart", async () => {
    const store = await place().open();
    const plain = { ...ROW, group: groupOf("direct") };
    await apply(store, { kind: "put_intervals", conversation: HERE, intervals: [[1, 2]] });
    expect([(await store.load()).conversations, (await store.load()).intervals]).toEqual([[], [[HERE, 1, 2]]]);
    await apply(store, { kind: "put_conversation", row: plain });
    await apply(
      store,
      { kind: "put_conversation", row: { ...plain, unread: 7 } },
      { kind: "put_intervals", conversation: HERE, intervals: [[1, 3]] },
    );
    const { conversations, intervals } = await store.load();
    expect([conversations, intervals]).toEqual([[{ ...plain, unread: 7 }], [[HERE, 1, 3]]]);
    await apply(store, { kind: "clear_history" });
    expect((await store.load()).conversations).toEqual([{ ...plain, unread: 7 }]);
  });

  it("keeps many conversations, each by itself", async () => {
    const { open } = place();
    let store = await open();
    const ids = Array.from({ length: 3_000 }, (_, at) => directId(1, "alice", `user${at}`));
    const row = (id: string, unread: number) => ({ ...ROW, id, unread });
    const put = (id: string, at: number): StoreOp[] => [
      { kind: "put_conversation", row: row(id, at) },
      { kind: "put_intervals", conversation: id, intervals: [[1, at + 1]] },
    ];
    await apply(store, ...ids.slice(0, 2_000).flatMap(put));
    await apply(store, ...ids.slice(2_000).flatMap((id, at) => put(id, at + 2_000)));
    const gone = ids.filter((_, at) => at % 7 === 0);
    await apply(store, ...gone.map((conversation): StoreOp => ({ kind: "drop_conversation", conversation })));
    store = await open();
    const { conversations, intervals } = await store.load();
    const left = ids.flatMap((id, at) => (at % 7 === 0 ? [] : [[id, at] as const]));
    expect(new Map(conversations.map(({ id, unread }) => [id, unread]))).toEqual(new Map(left));
    expect(new Map(intervals.map(([id, , upto]) => [id, upto - 1]))).toEqual(new Map(left));
  });

  it("puts a message of the outbox elsewhere when it is retried", async () => {
    const store = await place().open();
    await apply(store, putOutbox(unsent(1)), putOutbox(unsent(2)));
    await apply(store, putOutbox({ ...unsent(1), order: 7 }));
    expect((await store.load()).outbox.map((row) => row.order)).toEqual([2, 7]);
  });

  it("keeps the newer copy of a message", async () => {
    const store = await place().open();
    const react = (by: number) => change(2, by, { kind: "reacted", emoji: "👍", added: true, own: by === 5 });
    const said = { bodyType: "text", body: bytes("better"), at: 7 };
    const elsewhere = change(77, 8, { kind: "reacted", emoji: "👍", added: true, own: false });
    await apply(store, put(message(2, 1)));
    await apply(store, react(4), react(5), react(5), change(2, 6, { kind: "said", said }), elsewhere);
    const expected: MessageRow = {
      ...message(2, 1), body: bytes("better"), changed: 6, edits: 1, editedAt: 7,
      reactions: [{ emoji: "👍", count: 2, own: true }],
    };
    expect(await all(store)).toEqual([expected]);
    // An older copy changes nothing; one that is as new is the server's word.
    await apply(store, put({ ...message(2, 1), changed: 5 }));
    expect(await all(store)).toEqual([expected]);
    const newer = { ...expected, reactions: [] };
    await apply(store, put(newer));
    expect(await all(store)).toEqual([newer]);
    // Taken back, nothing is left of it, and nothing is made of it.
    const recall = { by: "carol", at: 9 };
    await apply(store, change(2, 9, { kind: "recalled", recall }), react(10));
    const left = { ...message(2, 1), bodyType: "", body: new Uint8Array(), changed: 10, recalled: recall };
    expect(await all(store)).toEqual([left]);
    const unknown = { ...left, changed: 11, recalled: { by: null, at: 0 } };
    await apply(store, put(unknown));
    expect(await all(store)).toEqual([unknown]);
  });

  it("puts and changes a message in one batch", async () => {
    const store = await place().open();
    await apply(store, put(message(2, 1)), change(2, 4, { kind: "pinned", pinned: true }), put({ ...message(2, 1), changed: 3 }));
    expect((await all(store))[0]?.pinned).toBe(true);
    const unpin = change(2, 9, { kind: "pinned", pinned: false });
    await apply(store, { kind: "drop_messages", conversation: HERE, intervals: [[1, 1]] }, unpin);
    expect(await all(store)).toEqual([]);
  });

  it("finds messages by a part of their text", async () => {
    const store = await place().open();
    const texts = ["今天天气很好", "Café au lait", "مَرْحَبًا بالعالم", "👩\u200d👩\u200d👧 at the CAFE", "a 天 b"];
    await apply(store, ...texts.map((text, at) => put(saying(at + 2, 10 * (at + 2), text))));
    await apply(store, put({ ...saying(9, 35, "cafe elsewhere"), conversation: ELSEWHERE }));
    await apply(store, put({ ...saying(10, 99, "cafe"), bodyType: "acme.cafe" }));
    const found = async (search: Partial<MessageSearch>) => {
      const every = { text: "", conversation: null, bodyType: null, since: Number.MIN_SAFE_INTEGER, after: null, limit: 9 };
      return (await store.search({ ...every, ...search })).map((row) => row.seq);
    };
    expect(await found({ text: "天" })).toEqual([6, 2]);
    expect(await found({ text: "天气" })).toEqual([2]);
    expect(await found({ text: "cafe\u0301" })).toEqual([5, 9, 3]);
    expect(await found({ text: "مرحبا" })).toEqual([4]);
    expect(await found({ text: "café", conversation: HERE })).toEqual([5, 3]);
    expect(await found({ text: "café", since: 35 })).toEqual([5, 9]);
    expect(await found({ text: "CAFE", bodyType: "text" })).toEqual([5, 9, 3]);
    expect(await found({ text: "CAFE", bodyType: "other" })).toEqual([]);
    expect(await found({ text: "cafe", limit: 2 })).toEqual([5, 9]);
    expect(await found({ text: "cafe", after: [35, ELSEWHERE, 9] })).toEqual([3]);
    expect(await found({ text: "cafe", after: [30, HERE, 3] })).toEqual([]);
    // An edit is found by what it says now, and what was taken back by nothing.
    await apply(
      store,
      change(3, 20, { kind: "said", said: { bodyType: "text", body: saying(3, 1, "a tea").body, at: 7 } }),
      change(5, 20, { kind: "recalled", recall: { by: null, at: 0 } }),
    );
    expect(await found({ text: "cafe" })).toEqual([9]);
    expect(await found({ text: "TEA" })).toEqual([3]);
    await apply(store, { kind: "drop_conversation", conversation: HERE });
    expect(await found({ text: "TEA" })).toEqual([]);
  });

  it("drops what lies in a gap", async () => {
    const store = await place().open();
    const rows = [[2, 1], [4, 3], [9, 8], [10, 9], [12, 11]] as const;
    await apply(store, ...rows.map(([seq, ordinal]) => put(message(seq, ordinal))));
    await apply(store, { kind: "put_intervals", conversation: HERE, intervals: [[1, 2], [9, 10]] });
    await apply(store, { kind: "drop_unheld", conversation: HERE, below: 10 });
    expect((await all(store)).map((row) => row.ordinal)).toEqual([1, 9, 11]);
    await apply(store, { kind: "drop_messages", conversation: HERE, intervals: [[1, 3], [11, 11]] });
    expect((await all(store)).map((row) => row.ordinal)).toEqual([9]);
  });

  it("keeps what happened beside the messages", async () => {
    const { open } = place();
    let store = await open();
    const page = (limit: number) => pageOf(store, { conversation: HERE, from: 1, upto: 99, limit });
    const seqs = async (limit = 99) => {
      const { messages, events } = await page(limit);
      return [messages.map(({ seq }) => seq), events.map(({ seq }) => seq)];
    };
    const rows = [[2, 1], [5, 2], [9, 3], [12, 4]] as const;
    await apply(store, ...rows.map(([seq, ordinal]) => put(message(seq, ordinal))));
    const events = [[10, 3], [1, 1], [3, 1], [4, 1], [6, 2], [3, 1]] as const;
    await apply(store, ...events.map(([seq, ordinal]) => happened(seq, ordinal)), happened(2, 1, ELSEWHERE));
    store.close();
    store = await open();
    expect(await seqs()).toEqual([[2, 5, 9, 12], [1, 3, 4, 6, 10]]);
    // Of what is before a page, the next tells.
    expect(await seqs(3)).toEqual([[5, 9, 12], [6, 10]]);
    await apply(store, { kind: "drop_messages", conversation: HERE, intervals: [[1, 2]] });
    expect(await seqs()).toEqual([[9, 12], [1, 3, 4, 6, 10]]);
    await apply(store, { kind: "put_intervals", conversation: HERE, intervals: [[2, 2]] });
    await apply(store, { kind: "drop_unheld", conversation: HERE, below: 3 });
    expect((await seqs())[1]).toEqual([6, 10]);
    await apply(store, { kind: "drop_conversation", conversation: HERE });
    expect(await seqs()).toEqual([[], []]);
    await apply(store, happened(3, 1), { kind: "clear_history" });
    expect(await seqs()).toEqual([[], []]);
  });

  it("holds nothing after a wipe", async () => {
    const { open } = place();
    const store = await open();
    const empty = await store.load();
    await apply(store, { kind: "put_conversation", row: ROW }, put(saying(2, 1, "hi")), putOutbox(unsent(1)));
    await apply(store, { kind: "put_name", user: "bob", name: "Bob" }, { kind: "wipe" });
    expect(await store.load()).toEqual(empty);
    expect([await all(store), await store.names(9)]).toEqual([[], []]);
    await store.erase();
    expect(await (await open()).load()).toEqual(empty);
  });
});

describe("a store in IndexedDB", () => {
  it("is brought up from schema 1 with all it had", async () => {
    const request = indexedDB.open("before", 1);
    request.onupgradeneeded = () => {
      for (const table of ["kv", "conversations", "texts", "events", "names", "entries"]) {
        request.result.createObjectStore(table);
      }
      const messages = request.result.createObjectStore("messages", { keyPath: ["conversation", "seq"] });
      messages.createIndex("ordinal", ["conversation", "ordinal"]);
      messages.add(message(2, 1));
      request.result.createObjectStore("outbox", { keyPath: "order" }).createIndex("id", "clientMsgId", { unique: true });
    };
    await new Promise((resolve) => (request.onsuccess = resolve));
    request.result.close();
    const store = await indexedDbStore("before", "1");
    await apply(store, happened(3, 1));
    const { messages, events } = await pageOf(store, { conversation: HERE, from: 1, upto: 9, limit: 9 });
    expect([messages, events.map(({ seq }) => seq)]).toEqual([[message(2, 1)], [3]]);
    await store.erase();
  });

  it("keeps a transaction whole or not at all", async () => {
    const store = await indexedDbStore("whole", "1");
    const broken = { ...message(3, 2), attributes: (() => {}) as never };
    await expect(apply(store, put(message(2, 1)), put(broken))).rejects.toMatchObject({ code: "store.failed" });
    await expect(apply(store, put(message(2, 1)))).resolves.toBe(undefined);
    expect(await all(store)).toEqual([message(2, 1)]);
  });

  it("refuses one that was written by a newer version, and leaves it as it is", async () => {
    const newer = indexedDB.open("newer", SCHEMA + 1);
    await new Promise((resolve) => (newer.onsuccess = resolve));
    newer.result.close();
    await expect(indexedDbStore("newer", "1")).rejects.toMatchObject({ code: "store.too_new" });
    const again = indexedDB.open("newer");
    await new Promise((resolve) => (again.onsuccess = resolve));
    expect(again.result.version).toBe(SCHEMA + 1);
  });

  it("is written by whoever opened it last", async () => {
    const before = await indexedDbStore("fenced", "before");
    await apply(before, put(message(2, 1)));
    const now = await indexedDbStore("fenced", "now");
    await expect(apply(before, put(message(3, 2)))).rejects.toMatchObject({ code: "store.locked", retryable: true });
    await apply(now, put(message(4, 3)));
    expect((await all(now)).map((row) => row.seq)).toEqual([2, 4]);
  });

  it("lets go when another page removes it", async () => {
    const store = await indexedDbStore("removed", "1");
    const removal = indexedDB.deleteDatabase("removed");
    await new Promise((resolve) => (removal.onsuccess = resolve));
    await expect(all(store)).rejects.toMatchObject({ code: "store.locked" });
  });

  it("does not wait for a page that has it open and is suspended", async () => {
    const store = await indexedDbStore("asleep", "1");
    await apply(store, put(message(2, 1)), { kind: "wipe" });
    const open = indexedDB.open("asleep");
    await new Promise((resolve) => (open.onsuccess = resolve));
    await store.erase();
    open.result.close();
  });

  it("says that the disk is full", async () => {
    const store = await indexedDbStore("full", "1");
    const put = IDBObjectStore.prototype.put;
    IDBObjectStore.prototype.put = function () {
      throw new DOMException("no room", "QuotaExceededError");
    };
    try {
      const full = apply(store, { kind: "put_name", user: "bob", name: "Bob" });
      await expect(full).rejects.toMatchObject({ code: "store.disk_full", retryable: true });
    } finally {
      IDBObjectStore.prototype.put = put;
    }
    expect(await store.names(9)).toEqual([]);
  });

  it("opens again once when many ask after the connection to it was lost", async () => {
    const { open } = indexedDB;
    const opened: IDBOpenDBRequest[] = [];
    indexedDB.open = (...of) => {
      opened.push(open.apply(indexedDB, of));
      return opened.at(-1)!;
    };
    try {
      const store = await indexedDbStore("many", "1");
      // Whether or not the browser says so.
      opened[0]!.result.close();
      expect(await Promise.all([all(store), all(store), store.names(9)])).toEqual([[], [], []]);
      opened[1]!.result.close();
      opened[1]!.result.onclose!(new Event("close"));
      expect(await Promise.all([all(store), all(store), store.names(9)])).toEqual([[], [], []]);
      await store.erase();
      expect(opened.length).toBe(3);
      expect((await indexedDB.databases()).map(({ name }) => name)).not.toContain("many");
    } finally {
      indexedDB.open = open;
    }
  });

  it("opens again when the connection to it was lost", async () => {
    const store = await indexedDbStore("lost", "1");
    await apply(store, put(message(2, 1)));
    const transaction = IDBDatabase.prototype.transaction;
    IDBDatabase.prototype.transaction = function () {
      IDBDatabase.prototype.transaction = transaction;
      throw new DOMException("Connection to Indexed Database server lost. Refresh the page to try again", "UnknownError");
    };
    expect(await all(store)).toEqual([message(2, 1)]);
  });
});

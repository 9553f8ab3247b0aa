/** What it means that a device is equal to the server. */

import type { EventRow } from "../../src/core/rows.ts";
import { eventRow } from "../../src/core/system-events.ts";
import { TimelineModel } from "../../src/core/timeline.ts";
import { hex, uuidBytes } from "../../src/domain/id.ts";
import { num } from "../../src/domain/number.ts";
import { same } from "../../src/same.ts";
import type { ConversationId } from "../../src/types.ts";
import { type Log, ME } from "./log.ts";
import { parsePosition } from "./server.ts";
import type { World } from "./world.ts";

function show(value: unknown): string {
  return JSON.stringify(value, (_, it: unknown) => (typeof it === "bigint" ? Number(it) : it instanceof Map ? [...it] : it));
}

function equal(here: unknown, there: unknown, what: string): void {
  if (!same(here, there)) {
    throw new Error(`${what}: ${show(here)} here, ${show(there)} at the server`);
  }
}

function expectThat(holds: boolean, what: string): void {
  if (!holds) {
    throw new Error(what);
  }
}

/** A stored position is true: everything before it is stored, or a recorded gap. */
export function checkPosition({ store, server }: World): void {
  const position = parsePosition(store.tables.device.position);
  if (position?.[0] !== server.history) {
    return;
  }
  const [, feed] = position;
  for (const [id, log] of server.logs) {
    const before = Math.max(0, ...[...log.feed].filter(([seq, at]) => at <= feed && log.sees(seq)).map(([seq]) => seq));
    const row = store.tables.conversations.get(id);
    // Who was removed before this device knew of the conversation need not hear of it; a row that says that it is behind
    // is fetched for after every start.
    const concerns = row ? row.lastSeq >= row.headSeq : log.wasMember(feed);
    const last = row?.lastSeq ?? 0;
    expectThat(!concerns || last >= before, `a position was stored before event ${before} of ${id}, which is at ${last}`);
  }
}

/** The device is equal to the server. */
export async function check(world: World): Promise<void> {
  const { tables } = world.store;
  for (const id of tables.conversations.keys()) {
    expectThat(world.server.logs.has(id), `${id} is not at the server`);
  }
  for (const [id, log] of world.server.logs) {
    if (!tables.conversations.has(id)) {
      expectThat(!log.isMember(), `${id} is not here`);
      continue;
    }
    checkConversation(world, id, log);
    checkMessages(world, id, log);
    checkEvents(world, id, log);
    checkDelivered(id, log);
    checkPlayed(world, id, log);
    if (world.settings.recordEvents && !world.restored) {
      checkRecorded(world, id, log);
    }
  }
  checkOutbox(world);
  checkObserved(world);
  await checkTimelines(world);
}

function checkConversation({ store }: World, id: ConversationId, log: Log): void {
  const row = store.tables.conversations.get(id)!;
  equal([row.headSeq, row.headOrdinal], log.head(), `head of ${id}`);
  equal(row.unread, log.unread(), `unread of ${id}`);
  equal(row.member, log.isMember(), `membership of ${id}`);
  equal([row.readSeq, row.readOrdinal], [log.readSeq, log.readOrdinal], `read cursor of ${id}`);
  if (log.isMember()) {
    equal(row.title, log.title, `title of ${id}`);
  }
  expectThat(row.lastSeq >= log.head()[0], `${id} is at ${row.lastSeq} of ${log.head()[0]}`);
}

function checkMessages({ store }: World, id: ConversationId, log: Log): void {
  const here = store.tables.messages.get(id) ?? new Map();
  for (const [seq, row] of here) {
    const event = log.events.get(seq);
    const now = event && log.sees(seq) ? log.now(event) : null;
    expectThat(!!now, `message ${seq} of ${id} is not at the server`);
    for (const what of ["body", "ordinal", "edits", "changed", "reactions"] as const) {
      equal(row[what], now![what], `${what} of message ${seq} of ${id}`);
    }
  }
  const held = (ordinal: number) => (store.tables.intervals.get(id) ?? []).some(([from, upto]) => from <= ordinal && ordinal <= upto);
  const all = log.messages();
  for (const event of all) {
    const [seq, isHeld] = [num(event.seq), held(num(event.ordinal))];
    expectThat(here.has(seq) || !isHeld, `message ${seq} of ${id} counts as held and is not here`);
    expectThat(isHeld || log.jumped, `message ${seq} of ${id} does not count as held`);
  }
  const newest = all.at(-1);
  expectThat(!newest || held(num(newest.ordinal)), `the newest message of ${id} is not held`);
}

/** What happened between two messages that are held, or behind the last one, is here. */
function checkEvents({ store }: World, id: ConversationId, log: Log): void {
  const here = store.tables.systemEvents.get(id) ?? new Map<number, EventRow>();
  const there = log.seen().map(eventRow).filter((row) => row !== null);
  for (const [seq, row] of here) {
    equal(row, there.find((it) => it.seq === seq), `event ${seq} of ${id}`);
  }
  const held = (ordinal: number) => (store.tables.intervals.get(id) ?? []).some(([from, upto]) => from <= ordinal && ordinal <= upto);
  const [, head] = log.head();
  for (const { seq, ordinal } of there) {
    const isInside = held(ordinal) && (held(ordinal + 1) || ordinal >= head);
    expectThat(here.has(seq) || (log.jumped && !isInside), `event ${seq} of ${id} is not here`);
  }
}

/**
 * The server knows of everything that arrived in a direct conversation, or that it was read. While the user is no member
 * nothing is told, and of what was before he came back nobody asks.
 */
function checkDelivered(id: ConversationId, log: Log): void {
  const since = log.visible.at(-1)?.[0] ?? 0;
  const newest = num(log.messages().findLast((event) => event.senderId !== ME && event.seq > since)?.seq ?? 0n);
  const known = Math.max(log.delivered, log.readSeq);
  const isTold = id[0] !== "d" || !log.isMember() || known >= newest;
  expectThat(isTold, `the server was not told that event ${newest} of ${id} arrived, only ${known}`);
}

/** The server knows of everything that was played, and this device of everything that the server knows. */
function checkPlayed({ store, played, restored }: World, id: ConversationId, log: Log): void {
  const waiting = store.tables.conversations.get(id)!.playsUnconfirmed;
  expectThat(waiting.length === 0, `that ${show(waiting)} of ${id} was played is still to be told`);
  for (const [at, seq] of played) {
    const isKnown = at !== id || restored || log.played.has(seq) || log.unplayable.has(seq);
    expectThat(isKnown, `the server was not told that ${seq} of ${id} was played`);
  }
  const entry = store.tables.entries.get(`plays.${id}`)?.change;
  const here = entry?.case === "plays" ? entry.value.playedSeqs.map(num) : [];
  equal(here, [...log.played].sort((a, b) => a - b), `what was played of ${id}`);
}

function checkRecorded({ store }: World, id: ConversationId, log: Log): void {
  const recorded = [...store.tables.events.values()].filter((it) => it.conversationId === id && it.kind === "message");
  equal(recorded.map((it) => it.seq), log.messages().map((it) => it.seq), `recorded messages of ${id}`);
}

function checkOutbox({ store, server, promised, ends, restored }: World): void {
  const rows = [...store.tables.outbox.values()];
  const hasFailed = (id: string | null | undefined) => rows.some((row) => row.clientMsgId === id && row.failure);
  for (const row of rows) {
    // What waits for a message that failed waits on.
    expectThat(!!row.failure || hasFailed(row.command?.about), `${show(row)} still waits in the outbox`);
  }
  const places = new Map<ConversationId, number[]>();
  for (const promise of promised) {
    const events = [...(server.logs.get(promise.conversation)?.events.values() ?? [])];
    const id = hex(uuidBytes(promise.id));
    const copies = events.filter(({ kind, body, clientMsgId }) =>
      promise.says === null ? hex(clientMsgId) === id : kind === "message" && new TextDecoder().decode(body) === promise.says,
    );
    expectThat(copies.length <= 1, `${show(promise)} is ${copies.length} times in the log`);
    const waits = rows.some((row) => row.clientMsgId === promise.id);
    const isSomewhere = copies.length > 0 || waits || restored;
    expectThat(isSomewhere, `${show(promise)} was promised and is nowhere (${show(ends.get(promise.id))})`);
    for (const copy of copies) {
      expectThat(hex(copy.clientMsgId) === id, `${show(promise)} went out under another id`);
      if (!server.refusedForGood.has(id)) {
        places.set(promise.conversation, [...(places.get(promise.conversation) ?? []), num(copy.seq)]);
      }
    }
  }
  for (const [id, seqs] of places) {
    const isInOrder = seqs.every((seq, at) => at === 0 || seqs[at - 1]! < seq);
    expectThat(isInOrder || restored, `own messages of ${id} changed places: ${show(seqs)}`);
  }
}

function checkObserved({ store, summaries, totalUnread }: World): void {
  const rows = [...store.tables.conversations.values()].sort((one, other) => (one.id < other.id ? -1 : 1));
  const shown = [...summaries.values()].sort((one, other) => (one.id < other.id ? -1 : 1));
  const of = ({ id, unread, member }: { id: string; unread: number; member: boolean }) => [id, unread, member];
  equal(shown.map(of), rows.map(of), "the list");
  const total = rows.reduce((sum, row) => sum + (row.member ? row.unread : 0), 0);
  equal(totalUnread, total, "total unread");
}

/** A timeline that was open all along shows what one shows that is opened now. */
async function checkTimelines(world: World): Promise<void> {
  for (const [id, live] of world.timelines) {
    const fresh = new TimelineModel(ME, id, null);
    await world.open(fresh, live.nextPage()[0]);
    equal(shownBy(live), shownBy(fresh), `timeline of ${id}`);
  }
}

function shownBy(model: TimelineModel): unknown[] {
  const items = model.items();
  expectThat(new Set(items.map((item) => item.key)).size === items.length, "two lines have one key");
  return items.flatMap((item): unknown[] => {
    if (item.kind === "message") {
      const { content, ordinal, seq, reactions } = item.message;
      // At rest, what is shown beside the log is only what failed.
      const left = item.pending.find((pending) => pending.state.kind === "done");
      expectThat(!left || seq === 0, `${show(left)} was carried out and is shown beside the log`);
      return [[content, ordinal, reactions]];
    }
    if (item.kind === "event") {
      return [[item.event]];
    }
    return item.kind === "gap" ? [[item.after, item.missing]] : [];
  });
}

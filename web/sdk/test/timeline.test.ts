/** The window of a timeline: what it keeps, and which lines stay the same objects. */

import { expect, it } from "vitest";
import { create, toBinary } from "../src/codec.ts";
import type { EventRow, MessageRow } from "../src/core/rows.ts";
import { TimelineModel } from "../src/core/timeline.ts";
import { NO_DELETIONS } from "../src/domain/deletions.ts";
import { NO_PLAYS } from "../src/domain/plays.ts";
import { NO_STARS } from "../src/domain/stars.ts";
import { TextBodySchema } from "../src/gen/stonechat/v1/native_pb.ts";

const HERE = "g_here";

function row(ordinal: number, change: Partial<MessageRow> = {}): MessageRow {
  const body = toBinary(TextBodySchema, create(TextBodySchema, { text: `message ${ordinal}` }));
  return {
    conversation: HERE, seq: ordinal, ordinal, clientMsgId: null, sender: "bob", sentAt: ordinal, bodyType: "text", body,
    attributes: null, corrupt: false, changed: ordinal, edits: 0, editedAt: 0, reactions: [], pinned: false, recalled: null,
    ...change,
  };
}

function rows(from: number, upto: number): MessageRow[] {
  return Array.from({ length: upto - from + 1 }, (_, at) => row(from + at));
}

/** A window on messages from one on to another, of which the device holds all; a day is two long. */
function window(from: number, upto: number, read: number | null = null): TimelineModel {
  const model = new TimelineModel("alice", HERE, read === null ? null : (at) => Math.floor(at / 2));
  const unread = read === null ? 0 : upto - read;
  model.begin({
    unsent: [], pending: [], intervals: [[1, upto]], readSeq: 0, readOrdinal: 0, floor: read ?? 0, unread, cleared: 0, marks: [], head: upto,
    removed: NO_DELETIONS.removed, starred: NO_STARS.starred, played: NO_PLAYS.played,
  });
  model.merge({ messages: rows(from, upto), events: [] }, from);
  return model;
}

const arrive = (model: TimelineModel, ...all: MessageRow[]) => model.apply({ kind: "messages", conversation: HERE, rows: all });

it("lines stay the same objects while others arrive, and are others when they say something else", () => {
  const model = window(1, 3);
  const before = model.items();
  arrive(model, row(4));
  const after = model.items();
  expect(after.slice(0, -1).every((line, at) => line === before[at])).toBe(true);
  expect(after.length).toBe(before.length + 1);
  model.apply({ kind: "marks", conversation: HERE, marks: [{ user: "carol", upto: 2, delivered: 2 }] });
  expect(model.items().map((line) => (line.kind === "message" ? line.readBy : null))).toEqual([null, 1, 1, 0, 0]);
  arrive(model, row(2, { changed: 9, edits: 1, editedAt: 9, reactions: [{ emoji: "👍", count: 1, own: false }] }));
  const changed = model.items();
  expect(changed[2]).toMatchObject({ message: { editedAt: 9 } });
  expect([changed[1], changed[3]].map((line) => line === after[1] || line === after[3])).toEqual([false, true]);
});

it("a line that quotes another shows what that one says now", () => {
  const model = window(1, 1);
  const attributes = { replyTo: { seq: 1, ordinal: 1 }, mentions: [], mentionAll: false, silent: false, priority: 0, extension: new Uint8Array(), forwarded: null };
  arrive(model, row(2, { attributes }));
  const quote = () => model.items().map((line) => (line.kind === "message" ? line.quote?.says : null)).at(-1);
  expect(quote()).toMatchObject({ text: "message 1" });
  model.apply({ kind: "message_changed", conversation: HERE, change: { conversation: HERE, target: 1, by: 3, what: { kind: "recalled", recall: { by: "bob", at: 3 } } } });
  expect(quote()).toMatchObject({ text: "", recalled: true });
});

it("a window that is open for long drops its oldest messages, and they can be paged back to", () => {
  const model = window(1, 10);
  for (let ordinal = 11; ordinal <= 3_000; ordinal += 1) {
    arrive(model, row(ordinal));
  }
  model.apply({ kind: "intervals", conversation: HERE, intervals: [[1, 3_000]] });
  const lines = model.items();
  expect(lines.length).toBeLessThan(1_200);
  expect(lines.at(-1)?.key).toBe("l:3000");
  const [from, held] = model.nextPage();
  expect([model.reachedStart(), held, lines[0]?.key]).toEqual([false, 1, `l:${from}`]);
  model.merge({ messages: rows(1, from - 1), events: [] }, 1);
  expect(model.items().length).toBe(3_001);
  arrive(model, row(3_001));
  expect(model.items()[0]?.key).toBe("start");
});

it("the line above the unread stands under that of their day", () => {
  const keys = (read: number) => window(2, 5, read).items().map(({ key }) => key);
  expect(keys(3)).toEqual(["d:1", "l:2", "l:3", "d:2", "read", "l:4", "l:5"]);
  expect(keys(4)).toEqual(["d:1", "l:2", "l:3", "d:2", "l:4", "read", "l:5"]);
});

it("what happened stands between messages and gaps, of the window only, and the same lines stay the same objects", () => {
  const event = (seq: number, ordinal: number): EventRow => ({
    conversation: HERE, seq, ordinal, kind: "joined", by: "carol", at: ordinal, users: [], text: "", role: "none", until: 0, about: 0,
    settings: null,
  });
  const model = new TimelineModel("alice", HERE, null);
  model.begin({
    unsent: [], pending: [], intervals: [[1, 2], [7, 8]], readSeq: 0, readOrdinal: 0, floor: 0, unread: 0, cleared: 0, marks: [], head: 8,
    removed: NO_DELETIONS.removed, starred: NO_STARS.starred, played: NO_PLAYS.played,
  });
  const keys = () => model.items().map(({ key }) => key);
  const at = (ordinal: number) => row(ordinal, { seq: ordinal * 10 });
  const events = [event(5, 1), event(21, 2), event(81, 8)];
  model.merge({ messages: [at(7), at(8)], events }, 7);
  expect(keys()).toEqual(["l:70", "l:80", "l:81"]);
  model.merge({ messages: [at(1), at(2)], events: [] }, 1);
  const before = model.items();
  expect(keys()).toEqual(["start", "l:5", "l:10", "l:20", "l:21", "g:2", "l:70", "l:80", "l:81"]);
  expect(model.apply({ kind: "events", conversation: HERE, rows: [event(82, 8), event(21, 2)] })).toBe(true);
  const now = model.items();
  expect(now.slice(0, -1).every((line, place) => line === before[place])).toBe(true);
  expect(now.at(-1)?.key).toBe("l:82");
  model.apply({ kind: "intervals", conversation: HERE, intervals: [[7, 8]] });
  model.apply({ kind: "unheld", conversation: HERE, below: 7 });
  expect(keys()).toEqual(["l:70", "l:80", "l:81", "l:82"]);
});

/** A timeline that is opened while things happen: it ends as one that is opened after everything. */

import fc from "fast-check";
import { expect, it } from "vitest";
import type { Change } from "../src/core/change.ts";
import type { Opened } from "../src/core/command.ts";
import { foldChange, type MessageRow } from "../src/core/rows.ts";
import { TimelineModel } from "../src/core/timeline.ts";
import { NO_DELETIONS } from "../src/domain/deletions.ts";
import { NO_PLAYS } from "../src/domain/plays.ts";
import { NO_STARS } from "../src/domain/stars.ts";
import type { Pending, ReadMark, Unsent } from "../src/types.ts";

const HERE = "g_here";
const END = Number.MAX_SAFE_INTEGER;

/** What the device holds of a conversation, and how much of it was told so far. */
interface World {
  readonly seq: number;
  readonly rows: readonly MessageRow[];
  readonly wishes: readonly (readonly [number, Pending])[];
  readonly unsent: readonly (readonly [number, Unsent])[];
  readonly marks: readonly ReadMark[];
  readonly told: number;
}

type Step = readonly [what: "message" | "react" | "wish" | "granted" | "write" | "sent" | "read", message: number];

const step: fc.Arbitrary<Step> = fc.tuple(
  fc.constantFrom("message" as const, "message" as const, "react" as const, "react" as const, "wish" as const, "granted" as const, "write" as const, "sent" as const, "read" as const),
  fc.nat(7),
);

function after(world: World, [what, at]: Step): { world: World; told: Change[] } {
  const seq = world.seq + 1;
  const id = `id${seq}`;
  const now = { ...world, seq };
  const target = world.rows[at];
  switch (what) {
    case "message": {
      const ordinal = world.rows.length + 1;
      const row: MessageRow = {
        conversation: HERE, seq, ordinal, clientMsgId: id, sender: "bob", sentAt: ordinal, bodyType: "text", body: new Uint8Array(),
        attributes: null, corrupt: false, changed: seq, edits: 0, editedAt: 0, reactions: [], pinned: false, recalled: null,
      };
      return {
        world: { ...now, rows: [...world.rows, row] },
        told: [{ kind: "messages", conversation: HERE, rows: [row] }, { kind: "intervals", conversation: HERE, intervals: [[1, ordinal]] }],
      };
    }
    case "react": {
      if (target === undefined) {
        return { world: now, told: [] };
      }
      const change = { conversation: HERE, target: target.seq, by: seq, what: { kind: "reacted", emoji: `${seq % 3}`, added: seq % 4 > 0, own: false } } as const;
      const rows = world.rows.map((row) => (row === target ? foldChange(row, change) : row));
      return { world: { ...now, rows }, told: [{ kind: "message_changed", conversation: HERE, change }] };
    }
    case "wish": {
      if (target === undefined) {
        return { world: now, told: [] };
      }
      const pending: Pending = {
        conversation: HERE, commandId: id, wish: { kind: "react", target: target.seq, emoji: "👍" }, createdAt: 0, state: { kind: "queued" },
      };
      return { world: { ...now, wishes: [...world.wishes, [seq, pending]] }, told: [{ kind: "pending", order: seq, pending }] };
    }
    case "granted": {
      const last = world.wishes.at(-1);
      return {
        world: { ...now, wishes: world.wishes.slice(0, -1) },
        told: last === undefined ? [] : [{ kind: "pending_gone", conversation: HERE, commandId: last[1].commandId }],
      };
    }
    case "write": {
      const unsent: Unsent = {
        conversation: HERE, clientMsgId: id, content: { kind: "text", text: "hi", entities: [] }, attributes: null, createdAt: 1, state: { kind: "queued" },
      };
      return { world: { ...now, unsent: [...world.unsent, [seq, unsent]] }, told: [{ kind: "echo", order: seq, unsent }] };
    }
    case "sent": {
      const last = world.unsent.at(-1);
      return {
        world: { ...now, unsent: world.unsent.slice(0, -1) },
        told: last === undefined ? [] : [{ kind: "echo_gone", conversation: HERE, clientMsgId: last[1].clientMsgId }],
      };
    }
    case "read": {
      const marks = [{ user: "carol", upto: seq, delivered: seq }];
      return { world: { ...now, marks }, told: [{ kind: "marks", conversation: HERE, marks }] };
    }
  }
}

function opened({ rows, wishes, unsent, marks }: World): Opened {
  return {
    unsent, pending: wishes, intervals: rows.length > 0 ? [[1, rows.length]] : [], readSeq: 0, readOrdinal: 0, floor: 0, unread: 0, cleared: 0,
    marks, head: rows.length, removed: NO_DELETIONS.removed, starred: NO_STARS.starred, played: NO_PLAYS.played,
  };
}

/** Where in the course of things the core is asked, and its answer taken, and two pages are read and taken. */
async function openedAt(worlds: readonly World[], told: readonly Change[], at: readonly number[], ahead: number): Promise<TimelineModel> {
  const [asked, answered, read, shown, readBefore, shownBefore] = at.map((place) => Math.min(place, worlds.length - 1)) as [number, number, number, number, number, number];
  const model = new TimelineModel("alice", HERE, null);
  let heard = worlds[asked]!.told;
  const hear = (upto: number): void => {
    told.slice(heard, worlds[upto]!.told).forEach((change) => model.apply(change));
    heard = worlds[upto]!.told;
  };
  // The store holds what is told a moment later.
  const held = (place: number, from: number, upto: number) => ({
    messages: worlds[Math.min(place + ahead, worlds.length - 1)]!.rows.filter(({ ordinal }) => ordinal >= from && ordinal <= upto), events: [],
  });
  await model.reading(async () => {
    hear(answered);
    model.begin(opened(worlds[asked]!));
    const [behind] = model.nextPage();
    hear(read);
    const newest = held(read, behind, END);
    hear(shown);
    model.merge(newest, behind);
    await model.reading(async () => {
      hear(readBefore);
      const [before, start] = model.nextPage();
      if (start !== null) {
        const older = held(readBefore, start, before - 1);
        hear(shownBefore);
        model.merge(older, start);
      }
    });
  });
  hear(worlds.length - 1);
  return model;
}

it("misses nothing that happens while it is opened, and takes nothing twice", async () => {
  const places = fc.array(fc.nat(60), { minLength: 6, maxLength: 6 }).map((all) => all.sort((one, other) => one - other));
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 60 }), places, fc.nat(2), async (steps, at, ahead) => {
      const worlds: World[] = [{ seq: 0, rows: [], wishes: [], unsent: [], marks: [], told: 0 }];
      const told: Change[] = [];
      for (const one of steps) {
        const next = after(worlds.at(-1)!, one);
        told.push(...next.told);
        worlds.push({ ...next.world, told: told.length });
      }
      const during = await openedAt(worlds, told, at, ahead);
      const behind = await openedAt(worlds, told, at.map(() => 60), 0);
      expect(during.items()).toEqual(behind.items());
    }),
    { numRuns: 500 },
  );
});

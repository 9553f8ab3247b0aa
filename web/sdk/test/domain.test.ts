import fc from "fast-check";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { isShown } from "../src/core/system-events.ts";
import { Deletions, type Run } from "../src/domain/deletions.ts";
import { conversationId, directId, hex, kindOfId, linkId, userId, uuid, uuidBytes, uuidOf } from "../src/domain/id.ts";
import { NO_PLAYS, Plays } from "../src/domain/plays.ts";
import { applyPreferences, isHidden, NO_PREFERENCES } from "../src/domain/preferences.ts";
import { applyQuiet, isQuiet, NO_ZONE, NOT_QUIET } from "../src/domain/quiet.ts";
import { sha256 } from "../src/domain/sha256.ts";
import { Starred, Stars } from "../src/domain/stars.ts";
import { FOR_GOOD, type Quiet, type QuietZone } from "../src/types.ts";

describe("ids", () => {
  it("name the direct conversation as the server does, from both sides", () => {
    expect(directId(1, "alice", "bob")).toBe("d_afg7gjw5q5c23733775sh4tkny");
    expect(directId(1, "bob", "alice")).toBe(directId(1, "alice", "bob"));
    expect(directId(2, "alice", "bob")).not.toBe(directId(1, "alice", "bob"));
    expect(directId(1, "ab", "c")).not.toBe(directId(1, "a", "bc"));
    expect(conversationId(directId(1, "Ä".normalize("NFD")[0]!, "z"))).not.toBeNull();
  });

  it("of conversations have one text, which says their kind", () => {
    const id = directId(1, "alice", "bob");
    expect(kindOfId(id)).toBe("direct");
    const other = id.replace("d_", "g_");
    for (const wrong of [other, id.slice(0, -1), `${id}a`, id.toUpperCase(), `${id.slice(0, -1)}b`, "", "d_"]) {
      expect(conversationId(wrong), wrong).toBeNull();
    }
  });

  it("of users are refused by rule", () => {
    for (const wrong of ["", "a".repeat(65), "a b", "a\0", "é", "a\n"]) {
      expect(userId(wrong), wrong).toBeNull();
    }
    expect(userId("a".repeat(64))).not.toBeNull();
    expect(userId("a.b_c@d:e+f-g")).not.toBeNull();
  });

  it("of messages are 16 bytes on the wire", () => {
    const id = "0198c3a0-0000-7000-8000-0000000000ff";
    expect(uuid(uuidBytes(id))).toBe(id);
    expect(uuid(new Uint8Array(16))).toBeNull();
    expect(uuid(new Uint8Array(15).fill(1))).toBeNull();
    const made = uuidOf(0x0198c3a01234, new Uint8Array(10).fill(0xff));
    expect(made).toBe("0198c3a0-1234-7fff-bfff-ffffffffffff");
  });

  it("of links are made of their tokens", () => {
    // The first sixteen bytes of the SHA-256 of sixteen zeros.
    expect(linkId(new Uint8Array(16))).toBe("374708fff7719dd5979ec875d56cd228");
  });
});

describe("a hash", () => {
  it("is that of everybody else", () => {
    for (const length of [0, 1, 55, 56, 63, 64, 119, 120, 1_000]) {
      const bytes = Uint8Array.from({ length }, (_, at) => at * 7 + length);
      expect(hex(sha256(bytes)), `${length}`).toBe(createHash("sha256").update(bytes).digest("hex"));
    }
  });
});

describe("quiet times", () => {
  const HOUR = 3_600_000;
  const DAY = 24 * HOUR;
  /** Monday, 2026-11-30, 00:00 UTC. */
  const MONDAY = 20_787 * DAY;
  const WEEKDAYS = 0b001_1111;

  const ahead = (offsetMinutes: number): QuietZone => ({ ...NO_ZONE, name: "Europe/Berlin", offsetMinutes });
  const quiet = (days: number, from: number, upto: number, zone = ahead(0)): Quiet => ({
    windows: [{ days, from, upto }], zone, pausedUntil: 0,
  });

  it("over midnight belong to the day on which they begin", () => {
    const nights = quiet(WEEKDAYS, 22 * 60, 7 * 60);
    for (const [at, expected] of [
      [6 * HOUR, false], // The night of Sunday.
      [22 * HOUR, true],
      [22 * HOUR - 1, false],
      [DAY + 7 * HOUR - 1, true],
      [DAY + 7 * HOUR, false],
      [5 * DAY + 6 * HOUR, true], // The night of Friday.
      [5 * DAY + 23 * HOUR, false],
    ] as const) {
      expect(isQuiet(nights, MONDAY + at), `${at / HOUR}`).toBe(expected);
    }
    for (const [hours, expected] of [[-1, false], [0, true], [23, true], [24, false]] as const) {
      expect(isQuiet(quiet(1, 0, 24 * 60), MONDAY + hours * HOUR)).toBe(expected);
      expect(isQuiet(quiet(1, 9 * 60, 9 * 60), MONDAY + (9 + hours) * HOUR)).toBe(expected);
    }
  });

  it("are of the clock on the wall, also when that is changed", () => {
    const atNine = (zone: QuietZone) => quiet(0x7f, 9 * 60, 10 * 60, zone);
    expect(isQuiet(atNine(ahead(60)), MONDAY + 8 * HOUR)).toBe(true);
    expect(isQuiet(atNine(ahead(-5 * 60)), MONDAY + 14 * HOUR)).toBe(true);
    // At 01:00 UTC of Tuesday the clocks are set forward by an hour.
    const zone = { ...ahead(60), changes: [{ at: MONDAY + DAY + HOUR, offsetMinutes: 120 }] };
    expect(isQuiet(atNine(zone), MONDAY + 8 * HOUR)).toBe(true);
    expect(isQuiet(atNine(zone), MONDAY + 7 * HOUR)).toBe(false);
    expect(isQuiet(atNine(zone), MONDAY + DAY + 7 * HOUR)).toBe(true);
    // From 02:00 to 02:30 of that day does not exist.
    const skipped = quiet(0x7f, 120, 150, zone);
    for (let at = MONDAY + DAY - 2 * HOUR; at < MONDAY + DAY + 20 * HOUR; at += 60_000) {
      expect(isQuiet(skipped, at)).toBe(false);
    }
  });

  it("are paused until a time, which leaves the windows", () => {
    const [now, until] = [MONDAY + 5 * HOUR, MONDAY + 6 * HOUR];
    let it = applyQuiet(quiet(1, 60, 120), { pausedUntil: until }, now);
    expect([isQuiet(it, now), isQuiet(it, until), isQuiet(it, MONDAY + HOUR)]).toEqual([true, false, true]);
    it = applyQuiet(it, { pausedUntil: FOR_GOOD }, now);
    // Said late: it is over, and ends nothing that was said since.
    it = applyQuiet(it, { pausedUntil: 1 }, now);
    expect(it.pausedUntil).toBe(FOR_GOOD);
    it = applyQuiet(it, { pausedUntil: 0 }, now);
    it = applyQuiet(it, { pausedUntil: 1 }, now);
    expect(it.pausedUntil).toBe(0);
    expect(applyQuiet(it, { windows: [], zone: NO_ZONE }, now)).toEqual(NOT_QUIET);
  });

  it("are the same every week where clocks are not changed", () => {
    const minutes = fc.integer({ min: 0, max: 1_439 });
    const days = fc.integer({ min: 1, max: 127 });
    fc.assert(fc.property(days, minutes, minutes, fc.integer({ min: -720, max: 840 }), (days, from, upto, offset) => {
      const it = quiet(days, from, upto, ahead(offset));
      let held = 0;
      for (let minute = 0; minute < 7 * 1_440; minute++) {
        held += Number(isQuiet(it, MONDAY + minute * 60_000));
      }
      const length = from < upto ? upto - from : 1_440 - from + upto;
      const count = [...Array(7).keys()].filter((day) => (days >> day) & 1).length;
      expect(held).toBe(length * count);
    }), { numRuns: 20 });
  });
});

describe("preferences", () => {
  const set = (was: typeof NO_PREFERENCES, patch: object, now: number) => applyPreferences(was, { fields: {}, ...patch }, now, 10);

  it("keep what a change does not name", () => {
    let it = set(NO_PREFERENCES, { pinned: true }, 5);
    it = set(it, { pinned: true, archived: true }, 6);
    expect(it.pinnedAt).toBe(5);
    it = set(it, { draft: { text: "half a", replyTo: 3 } }, 7);
    it = set(it, { mutedUntil: 9, pinned: false }, 8);
    expect(it).toMatchObject({ archived: true, pinnedAt: 0, mutedUntil: 9, draft: { text: "half a", replyTo: 3, at: 7 } });
    expect(set(it, { mutedUntil: 9 }, 9).mutedUntil).toBe(0);
    it = set(it, { draft: null, fields: { a: "1", b: "2" } }, 9);
    expect(set(it, { fields: { a: null } }, 9)).toMatchObject({ draft: null, fields: { b: "2" } });
  });

  it("neither clear nor hide what is still to come", () => {
    let it = set(NO_PREFERENCES, { clearedUpto: 99, hiddenUpto: 99 }, 1);
    expect([it.clearedUpto, it.hiddenUpto]).toEqual([10, 10]);
    it = set(it, { clearedUpto: 7 }, 1);
    expect(it.clearedUpto).toBe(10);
    expect([isHidden(it, 10), isHidden(it, 11), isHidden(NO_PREFERENCES, 0)]).toEqual([true, false, false]);
  });
});

describe("what the user keeps of messages", () => {
  /** Every third event is none that people read. */
  const seq = (ordinal: number) => ordinal + Math.floor(ordinal / 2);

  it("says of runs what a set says", () => {
    const ordinals = fc.uniqueArray(fc.integer({ min: 1, max: 40 }), { maxLength: 30 });
    fc.assert(fc.property(ordinals, fc.nat(44), fc.nat(44), (all, above, upto) => {
      const removed = new Set(all);
      const runs: Run[] = [];
      for (const ordinal of [...all].sort((a, b) => a - b)) {
        const last = runs.at(-1);
        const joins = last?.uptoOrdinal === ordinal - 1;
        const [fromSeq, fromOrdinal] = joins ? [last.fromSeq, last.fromOrdinal] : [seq(ordinal), ordinal];
        runs.splice(joins ? -1 : runs.length, 1, { fromSeq, fromOrdinal, uptoSeq: seq(ordinal), uptoOrdinal: ordinal });
      }
      const deletions = new Deletions(runs);
      for (let ordinal = 1; ordinal <= 45; ordinal++) {
        expect(deletions.holdsOrdinal(ordinal)).toBe(removed.has(ordinal));
        expect(deletions.holds(seq(ordinal))).toBe(removed.has(ordinal));
      }
      const between = all.filter((it) => it > above && it <= upto).length;
      expect(deletions.between(above, upto)).toBe(between);
      expect(runs.every((run) => deletions.holdsRun(run))).toBe(true);
    }));
  });

  it("knows a message as played once, and lets the oldest make room", () => {
    let plays = NO_PLAYS.play(7).play(3);
    expect(plays.play(7)).toBe(plays);
    expect([plays.mine, plays.holds(5)]).toEqual([[3, 7], false]);
    for (let seq = 100; seq < 356; seq++) {
      plays = plays.play(seq);
    }
    expect([plays.floor, plays.mine.length, plays.holds(5), plays.holds(8)]).toEqual([7, 256, true, false]);
    expect(new Plays(0, [], [{ seq: 2, by: 64 }]).byOthers(2)).toBe(64);
  });

  it("keeps the place of a star that is asked for again", () => {
    const stars = new Stars([{ seq: 2, ordinal: 1, at: 5 }, { seq: 4, ordinal: 3, at: 6 }]);
    const starred = new Starred(stars, new Map([[2, 9], [4, null], [7, 8]]));
    expect([2, 4, 7, 9].map((seq) => starred.holds(seq))).toEqual([true, false, true, false]);
    expect(starred.all()).toEqual([{ seq: 2, ordinal: 1, at: 5 }, { seq: 7, ordinal: null, at: 8 }]);
  });
});

describe("kinds of events", () => {
  it("are shown in timelines by the table of the protocol", () => {
    const page = readFileSync(new URL("../../../docs/protocol/events.md", import.meta.url), "utf8");
    const rows = [...page.matchAll(/^\| `(\w+)` \|(?: [^|]+ \|){4} ([^|]+) \|/gm)];
    expect(rows.length).toBeGreaterThan(20);
    expect(rows.filter(([, kind, shown]) => isShown(kind!) !== (shown === "yes"))).toEqual([]);
  });
});

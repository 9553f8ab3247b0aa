import { describe, expect, it } from "vitest";
import type { TimelineItem } from "@stonechat/sdk";
import { FOLDED_FROM, Folds, isFolded } from "../../src/chat/folds.ts";

function event(seq: number): TimelineItem {
  return {
    key: `l:${seq}`,
    kind: "event",
    event: { conversation: "g_1", seq, kind: "joined", by: "ruth", at: seq, users: [], text: "", role: "none", until: 0, about: 0, settings: null },
  };
}

const row = (from: number, upto: number): TimelineItem[] => Array.from({ length: upto - from + 1 }, (_, at) => event(from + at));
const day: TimelineItem = { key: "d:1", kind: "day", day: 1 };
const keys = (items: readonly TimelineItem[]): string[] => items.map(({ key }) => key);

describe("lines of what happened", () => {
  it("stand by themselves while they are few, and nothing is made anew", () => {
    const items = [day, ...row(1, FOLDED_FROM - 1), day, ...row(9, 9)];
    expect(new Folds().take(items)).toBe(items);
  });
  it("fold into one that says how many they are", () => {
    const shown = new Folds().take([day, ...row(1, 8), day, ...row(20, 21)]);
    expect(keys(shown)).toEqual(["d:1", "f:1", "d:1", "l:20", "l:21"]);
    const [, line] = shown;
    expect(line && isFolded(line) && [line.folded.length, line.isOpen]).toEqual([8, false]);
  });
  it("are the same objects as long as nothing comes to them", () => {
    const folds = new Folds();
    const items = row(1, 6);
    const [before] = folds.take(items);
    expect(folds.take([...items, day])[0]).toBe(before);
    expect(folds.take([...items, event(7)])[0]).not.toBe(before);
  });
  it("open and close, and stay open when more come to either end", () => {
    const folds = new Folds();
    folds.take(row(5, 10));
    folds.toggle("f:5");
    expect(keys(folds.take(row(5, 10)))).toEqual(["f:5", "l:5", "l:6", "l:7", "l:8", "l:9", "l:10"]);
    const more = folds.take(row(4, 11));
    expect([more[0]?.key, more.length]).toEqual(["f:4", 9]);
    folds.toggle("f:4");
    expect(keys(folds.take(row(4, 11)))).toEqual(["f:4"]);
    folds.toggle("f:nothing");
    expect(keys(folds.take(row(4, 11)))).toEqual(["f:4"]);
  });
});

import { describe, expect, it } from "vitest";
import { layOver } from "../src/core/wishes.ts";
import type { Message, Pending, SendState, Wish } from "../src/types.ts";

const CONVERSATION = "d_afg7gjw5q5c23733775sh4tkny";
const QUEUED: SendState = { kind: "queued" };

function message(own: boolean, count: number): Message {
  return {
    conversation: CONVERSATION, seq: 2, ordinal: 1, sender: "alice", own: true, sentAt: 1, clientMsgId: null,
    content: { kind: "text", text: "first", entities: [] }, attributes: null, pinned: false, editedAt: 0,
    reactions: [{ emoji: "👍", count, own }],
  };
}

function pending(wish: Wish, state = QUEUED): Pending {
  return { conversation: CONVERSATION, commandId: "0198c3a0-0000-7000-8000-000000000001", wish, createdAt: 9, state };
}

describe("a wish", () => {
  const target = 2;
  const wishes: Wish[] = [
    { kind: "edit", target, content: { kind: "text", text: "second", entities: [] } },
    { kind: "react", target, emoji: "👍" },
    { kind: "react", target, emoji: "🎉" },
    { kind: "take_back", target, emoji: "👍" },
    { kind: "pin", target, pinned: true },
    { kind: "recall", target },
  ];

  it("that is laid over what granted it looks the same", () => {
    for (const wish of wishes) {
      for (const before of [message(false, 2), message(true, 1)]) {
        const once = layOver(before, pending(wish), "alice");
        expect(layOver(once, pending(wish), "alice"), wish.kind).toEqual(once);
      }
    }
  });

  it("moves a count by one, and only for what is new", () => {
    const shown = (own: boolean, count: number, kind: "react" | "take_back") => {
      const [first] = layOver(message(own, count), pending({ kind, target, emoji: "👍" }), "alice").reactions;
      return first && [first.count, first.own];
    };
    expect(shown(false, 2, "react")).toEqual([3, true]);
    expect(shown(true, 2, "react")).toEqual([2, true]);
    expect(shown(true, 2, "take_back")).toEqual([1, false]);
    expect(shown(true, 1, "take_back")).toBeUndefined();
    expect(shown(false, 2, "take_back")).toEqual([2, false]);
  });

  it("that failed, or is about what was taken back, changes nothing", () => {
    const failed: SendState = { kind: "failed", code: "too_late", text: "", recoverable: false };
    const before = message(false, 1);
    expect(layOver(before, pending({ kind: "recall", target }, failed), "alice")).toBe(before);
    const recalled: Message = { ...before, content: { kind: "recalled", by: null, at: 3 } };
    expect(layOver(recalled, pending({ kind: "react", target, emoji: "🎉" }), "alice")).toBe(recalled);
  });
});

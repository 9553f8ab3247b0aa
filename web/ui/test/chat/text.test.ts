import { describe, expect, it } from "vitest";
import type { Entity, MessageItem, RichText, TimelineItem } from "@stonechat/sdk";
import { findLinks, withLinks } from "../../src/chat/links.ts";
import { carryMarks, trimMarked } from "../../src/chat/marks.ts";
import { blocksOf, isEmojiOnly } from "../../src/chat/pieces.ts";
import { complete, queryAt, type Candidate } from "../../src/chat/mention.ts";
import { curesOf, reasonOf } from "../../src/chat/failure.ts";
import { left } from "../../src/chat/left.ts";
import { TEXT_BYTES_MAX } from "../../src/chat/limit.ts";
import { joins } from "../../src/chat/runs.ts";
import { Sizes, spanAround } from "../../src/chat/spans.ts";

const rich = (text: string, entities: Entity[] = []): RichText => ({ kind: "text", text, entities });
const span = (text: string, part: string, mark: Entity["mark"]): Entity => {
  const start = text.indexOf(part);
  return { start, end: start + part.length, mark };
};

describe("links", () => {
  const addresses = (text: string): string[] => findLinks(text).map(({ mark }) => (mark.kind === "link" ? mark.address : ""));

  it("end before the punctuation of the sentence", () => {
    expect(addresses("See https://harbour.example/plan. Or (http://a.example/b), then.")).toEqual([
      "https://harbour.example/plan", "http://a.example/b",
    ]);
  });
  it("keep brackets that belong to the address", () => {
    expect(addresses("https://a.example/Stone_(bird)")).toEqual(["https://a.example/Stone_(bird)"]);
  });
  it("end before Han punctuation", () => {
    expect(addresses("看 https://a.example/x，然后")).toEqual(["https://a.example/x"]);
  });
  it("are only of the web", () => {
    expect(addresses("javascript:alert(1) data:text/html,x ftp://a.example http:// nothttp://x")).toEqual([]);
  });
  it("leave code and mentions alone", () => {
    const text = "run http://a.example now";
    const code = span(text, "http://a.example", { kind: "code" });
    expect(withLinks(text, [code])).toEqual([code]);
    expect(withLinks(text, [])).toHaveLength(1);
  });
});

describe("pieces", () => {
  it("cut where marks overlap", () => {
    const text = "one two three";
    const blocks = blocksOf(rich(text, [span(text, "one two", { kind: "bold" }), span(text, "two three", { kind: "italic" })]));
    expect(blocks).toHaveLength(1);
    expect(blocks[0]?.pieces.map(({ text: words, bold, italic }) => [words, bold, italic])).toEqual([
      ["one ", true, false], ["two", true, true], [" three", false, true],
    ]);
  });
  it("put code and quotations on lines of their own", () => {
    const text = "try:\nmake run\nthen";
    const blocks = blocksOf(rich(text, [span(text, "make run", { kind: "code_block", language: "" })]));
    expect(blocks.map(({ kind, pieces }) => [kind, pieces.map((piece) => piece.text).join("")])).toEqual([
      ["text", "try:"], ["code", "make run"], ["text", "then"],
    ]);
  });
  it("do not lead to other schemes than those of the SDK", () => {
    const [block] = blocksOf(rich("press", [{ start: 0, end: 5, mark: { kind: "link", address: "javascript:alert(1)" } }]));
    expect(block?.pieces[0]?.link).toBeNull();
  });
  it("ignore marks beyond the text", () => {
    expect(blocksOf(rich("hi", [{ start: 1, end: 9, mark: { kind: "bold" } }]))[0]?.pieces[0]).toMatchObject({ text: "hi", bold: false });
  });
  it("know one to three emoji", () => {
    for (const text of ["🍐", "👍🏽", "👨‍👩‍👧", "🇵🇹", "❤️", "1️⃣", "🎉 🎉 🎉"]) {
      expect(isEmojiOnly(text), text).toBe(true);
    }
    for (const text of ["", "1", "#", "a", "🍐!", "🎉🎉🎉🎉", "ok 👍", "☎"]) {
      expect(isEmojiOnly(text), text).toBe(false);
    }
  });
});

describe("marks", () => {
  const mention: Entity = { start: 3, end: 8, mark: { kind: "mention", user: "kofi" } };
  const bold: Entity = { start: 3, end: 8, mark: { kind: "bold" } };

  it("move with what is written before them", () => {
    expect(carryMarks([mention], "hi @Kofi", "oh hi @Kofi", 3)).toEqual([{ ...mention, start: 6, end: 11 }]);
  });
  it("stay when something is written behind them", () => {
    expect(carryMarks([mention], "hi @Kofi", "hi @Kofi there", 14)).toEqual([mention]);
  });
  it("are gone when a mention is written into or cut", () => {
    expect(carryMarks([mention], "hi @Kofi", "hi @Koffi", 7)).toEqual([]);
    expect(carryMarks([mention], "hi @Kofi", "hi @Kof", 7)).toEqual([]);
  });
  it("grow and shrink where they are styles", () => {
    expect(carryMarks([bold], "hi @Kofi", "hi @Koxfi", 7)).toEqual([{ ...bold, end: 9 }]);
    expect(carryMarks([bold], "hi @Kofi", "hi @Kof", 7)).toEqual([{ ...bold, end: 7 }]);
    expect(carryMarks([bold], "hi @Kofi", "h", 1)).toEqual([]);
  });
  it("follow the caret where texts alone do not tell", () => {
    const second: Entity = { start: 1, end: 2, mark: { kind: "bold" } };
    expect(carryMarks([second], "aa", "aaa", 1)).toEqual([{ ...second, start: 2, end: 3 }]);
  });
  it("lose the space around a text", () => {
    expect(trimMarked("  @Kofi ", [{ start: 2, end: 7, mark: { kind: "mention", user: "kofi" } }])).toEqual({
      text: "@Kofi", entities: [{ start: 0, end: 5, mark: { kind: "mention", user: "kofi" } }],
    });
  });
});

describe("mentions", () => {
  const person = (user: string, name: string, reading = "", username = "", nickname = ""): Candidate => ({ user, name, nickname, username, reading });
  const people = [person("k", "Kofi Asante"), person("i", "Inês Kowalczyk"), person("x", "林晓雯", "linxiaowen"), person("t", "Tomás", "", "arrieta")];
  const found = (query: string): string[] => complete(people, query).map(({ user }) => user);

  it("begin after a space, a bracket, a line, or Han", () => {
    expect(queryAt("hi @ko", 6)).toEqual({ start: 3, text: "ko" });
    expect(queryAt("@", 1)).toEqual({ start: 0, text: "" });
    expect(queryAt("好的@林", 4)).toEqual({ start: 2, text: "林" });
    expect(queryAt("a@b", 3)).toBeNull();
    expect(queryAt("@ko\nx", 5)).toBeNull();
    expect(queryAt("@Kofi  x", 8)).toBeNull();
  });
  it("find by the start of names, of words, by reading and username, whatever the accents", () => {
    expect(found("")).toEqual(["k", "i", "x", "t"]);
    expect(found("ko")).toEqual(["k", "i"]);
    expect(found("ines")).toEqual(["i"]);
    expect(found("linxiao")).toEqual(["x"]);
    expect(found("晓")).toEqual(["x"]);
    expect(found("arri")).toEqual(["t"]);
    expect(found("zzz")).toEqual([]);
  });
});

describe("failures", () => {
  const failed = (code: string, recoverable = false) => ({ kind: "failed", code, text: "", recoverable }) as const;

  it("offer only what can help", () => {
    expect(curesOf(failed("not_a_member"), true)).toEqual(["copy", "delete"]);
    expect(curesOf(failed("too_large"), true)).toEqual(["edit", "copy", "delete"]);
    expect(curesOf(failed("gave_up", true), true)).toEqual(["retry", "copy", "delete"]);
    expect(curesOf(failed("internal", true), false)).toEqual(["retry", "delete"]);
  });
  it("have words also for a code that is not known", () => {
    expect(reasonOf("something_new")).toBe("refused");
  });
});

describe("the limit", () => {
  it("is silent while it is far", () => {
    expect(left("hello")).toBeNull();
    expect(left("a".repeat(TEXT_BYTES_MAX - 201))).toBeNull();
  });
  it("counts what is left and what is over, in characters", () => {
    expect(left("a".repeat(TEXT_BYTES_MAX - 42))).toBe(42);
    expect(left("a".repeat(TEXT_BYTES_MAX + 214))).toBe(-214);
    expect(left("好".repeat(20_000 + 3))).toBe(-3);
    expect(left("a".repeat(TEXT_BYTES_MAX - 2) + "🍐")).toBe(-1);
  });
});

describe("runs", () => {
  const message = (sender: string, minute: number, kind = "text"): TimelineItem =>
    ({ kind: "message", key: `l:${minute}`, message: { sender, sentAt: minute * 60_000, content: { kind } } }) as unknown as MessageItem;

  it("join the same author within five minutes", () => {
    expect(joins(message("a", 1), message("a", 6))).toBe(true);
    expect(joins(message("a", 1), message("a", 7))).toBe(false);
    expect(joins(message("a", 1), message("b", 1))).toBe(false);
    expect(joins(undefined, message("b", 1))).toBe(false);
    expect(joins({ kind: "day", key: "d:1", day: 1 }, message("b", 1))).toBe(false);
  });
  it("leave a recalled message alone", () => {
    expect(joins(message("a", 1), message("a", 2, "recalled"))).toBe(false);
  });
});

describe("spans", () => {
  it("stay while enough is laid out on each side", () => {
    const now = { from: 50, upto: 150 };
    expect(spanAround(now, { from: 80, upto: 95 }, 500)).toBe(now);
    expect(spanAround(now, { from: 60, upto: 140 }, 500)).toBe(now);
  });
  it("grow towards what comes, and let go of what is far", () => {
    expect(spanAround({ from: 50, upto: 100 }, { from: 55, upto: 70 }, 500)).toEqual({ from: 31, upto: 100 });
    expect(spanAround({ from: 50, upto: 170 }, { from: 55, upto: 70 }, 500)).toEqual({ from: 31, upto: 94 });
    expect(spanAround({ from: 50, upto: 150 }, { from: 300, upto: 310 }, 500)).toEqual({ from: 276, upto: 334 });
  });
  it("take in what arrives at the end", () => {
    expect(spanAround({ from: 400, upto: 500 }, { from: 486, upto: 501 }, 501)).toEqual({ from: 400, upto: 501 });
    expect(spanAround({ from: 400, upto: 520 }, { from: 506, upto: 521 }, 521)).toEqual({ from: 482, upto: 521 });
  });
  it("end where the lines end", () => {
    expect(spanAround({ from: 0, upto: 0 }, { from: 490, upto: 500 }, 500)).toEqual({ from: 466, upto: 500 });
    const now = { from: 0, upto: 20 };
    expect(spanAround(now, { from: 0, upto: 20 }, 20)).toBe(now);
    expect(spanAround(now, { from: 0, upto: 12 }, 12)).toEqual({ from: 0, upto: 12 });
  });
  it("find a line by its distance from the end", () => {
    const sizes = new Sizes();
    const items: TimelineItem[] = [1, 2, 3].map((day) => ({ kind: "day", key: `d:${day}`, day }));
    sizes.measure("d:3", 100);
    expect(sizes.at(items, 50)).toBe(2);
    expect(sizes.at(items, 120)).toBe(1);
    expect(sizes.at(items, 5_000)).toBe(0);
    expect(sizes.sum(items, 0, 3)).toBe(188);
    for (let at = 0; at < 500; at += 1) {
      sizes.measure(`l:${at}`, 10);
    }
    sizes.keep(new Map([["d:3", 0]]));
    expect(sizes.sum(items, 2, 3)).toBe(100);
    const gone: TimelineItem = { kind: "day", key: "l:7", day: 7 };
    expect(sizes.of(gone)).toBe(44);
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fold } from "../src/domain/search.ts";
import { emojiOf } from "../src/emoji.ts";
import { preview } from "../src/preview.ts";
import { bytesOf, graphemesOf, wrongWithMessage } from "../src/text.ts";
import { checkLine } from "../src/text-checks.ts";

describe("previews", () => {
  it("are cut between characters", () => {
    const family = "👩‍👩‍👧";
    const cut = preview(family.repeat(200));
    expect(cut.endsWith("…")).toBe(true);
    expect((cut.length - 1) % family.length).toBe(0);
    expect(preview("a\n\n b\t")).toBe("a b");
    expect(preview("你好")).toBe("你好");
    expect(preview("x".repeat(101))).toBe(`${"x".repeat(100)}…`);
    expect(preview("字".repeat(101))).toBe(`${"字".repeat(100)}…`);
    expect(preview("👍".repeat(101))).toBe(`${"👍".repeat(100)}…`);
    // A tower is a character, and too large.
    expect(preview(`e${"\u0301".repeat(1_000)}`)).toBe("…");
  });

  it("end where a character does", () => {
    const unit = fc.constantFrom("a", " ", "\u0301", "\u200d", "\ufe0f", "\u202e", "🏽", "👩", "🇳", "🇱", "你", "م", "\n");
    fc.assert(fc.property(fc.array(unit, { maxLength: 200 }).map((all) => all.join("")), (text) => {
      const cut = preview(text);
      expect(bytesOf(cut)).toBeLessThanOrEqual(515);
      const line = text.split(/\p{White_Space}+/u).filter(Boolean).join(" ");
      const whole = [...graphemesOf(line)];
      const borders = whole.map((_, at) => `${whole.slice(0, at).join("")}…`);
      expect(cut.endsWith("…") ? borders : [line]).toContain(cut);
    }));
  });
});

describe("emojis", () => {
  it("have one form whatever the selector", () => {
    expect(emojiOf("❤\ufe0f")).toBe(emojiOf("❤"));
    expect(emojiOf("❤\ufe0e")).toBe(emojiOf("❤"));
    expect(emojiOf("👍🏽")).not.toBe(emojiOf("👍"));
    expect(emojiOf("❤\ufe0f\u200d🔥")).toBe("❤\u200d🔥");
  });

  it("are one: flags, families, keys and tags", () => {
    for (const one of ["🇳🇱", "👩‍👩‍👧‍👦", "1️⃣", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "👩🏽‍🤝‍👨🏻", "好", "é", "e\u0301"]) {
      expect(() => emojiOf(one), one).not.toThrow();
    }
  });

  it("are refused when they are not one visible character", () => {
    for (const text of ["", " ", "\u200d", "\ufe0f", "\u202e", "\n", "a\0", "👍👍", "🇳🇱🇩🇪", "ok", `e${"\u0301".repeat(40)}`]) {
      expect(() => emojiOf(text), text).toThrow(expect.objectContaining({ field: "emoji" }));
    }
  });
});

describe("texts", () => {
  const [empty, control, turns] = ["is empty", "has a control character", "turns the writing direction or breaks the line"];
  const tower = (marks: number) => `Zalgo e${"\u0301".repeat(marks)}`;

  function wrongWithName(text: string): string | null {
    try {
      checkLine("name", text, 256);
      return null;
    } catch (error) {
      return (error as Error).message.slice("name ".length);
    }
  }

  it("that hurt are accepted or refused by rule", () => {
    for (const [text, message, name] of [
      ["👩\u200d👩\u200d👧", null, null],
      ["🇳🇱 🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}", null, null],
      ["你好", null, null],
      ["م\u200fرحبا", null, null],
      ["می\u200cخواهم", null, null],
      ["e\u0301\u0323", null, null],
      ["abc\u202efed", null, turns],
      ["\u2066abc\u2069", null, turns],
      ["one\u2028two", null, turns],
      ["one\n\ttwo\r\n", null, control],
      ["", empty, empty],
      [" \u00a0\u3000", empty, empty],
      ["\u200b\u200d\ufeff", empty, empty],
      ["\u3164 \u2800\u115f", empty, empty],
      ["\u202e\ufe0f\u{e007f}", empty, empty],
      ["a\u001b[31m", control, control],
      ["a\u009bb", control, control],
      [tower(500), null, "is longer than 256 bytes"],
      [tower(15), null, null],
      [tower(16), null, "piles up marks"],
      ["字".repeat(85), null, null],
      ["字".repeat(86), null, "is longer than 256 bytes"],
    ] as const) {
      expect([wrongWithMessage(text), wrongWithName(text)], JSON.stringify(text)).toEqual([message, name]);
    }
  });

  it("of the largest body are looked at without harm", () => {
    expect(wrongWithMessage(" ".repeat(65_000))).toBe(empty);
    expect(preview("字".repeat(20_000))).toBe(`${"字".repeat(100)}…`);
  });

  it("that look the same are found by the same", () => {
    for (const [text, part] of [
      ["Café au lait", "CAFE"],
      ["Cafe\u0301", "café"],
      ["今天天气很好", "天"],
      ["ＡＢＣ１２３", "abc1"],
      ["مَرْحَبًا بالعالم", "مرحبا"],
      ["می\u200cخواهم", "میخواهم"],
      ["abc\u202edef", "cd"],
      ["one \n\t two", "one two"],
      ["Ἀθῆναι", "αθηναι"],
      ["👩🏽\u200d🤝\u200d👨🏻 and 🇳🇱", "🇳🇱"],
      ["❤\ufe0f", "❤"],
      ["STRASSE Привет", "привет"],
    ] as const) {
      expect(fold(text), part).toContain(fold(part));
    }
    expect(fold(" \u200b\u200d ")).toBe("");
  });
});

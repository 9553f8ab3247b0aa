import { describe, expect, it } from "vitest";
import { fold, hits, snippet } from "../../src/base/fold.ts";

const text = (pieces: ReturnType<typeof hits>): string => pieces.map(({ text, hit }) => (hit ? `[${text}]` : text)).join("");

describe("hits", () => {
  it("are found whatever the case, the accents and the form of a character", () => {
    expect(text(hits("Tomás Arrieta", "tomas"))).toBe("[Tomás] Arrieta");
    expect(text(hits("Toma\u0301s", "TOMÁS"))).toBe("[Toma\u0301s]");
    expect(text(hits("ﬁnal ＡＢＣ", "final abc"))).toBe("[ﬁnal ＡＢＣ]");
    expect(text(hits("gate, Gate, GATE", "gate"))).toBe("[gate], [Gate], [GATE]");
  });

  it("take a character whole when they end inside of it", () => {
    expect(text(hits("ﬁnal", "f"))).toBe("[ﬁ]nal");
  });

  it("are none in what does not fit, and none for nothing", () => {
    expect(text(hits("Harbour", "pier"))).toBe("Harbour");
    expect(text(hits("Harbour", "  "))).toBe("Harbour");
    expect(text(hits("", "a"))).toBe("");
  });

  it("leave nothing of the text out", () => {
    for (const line of ["好的，明天上午", "a\u0301\u0301b", "🍐🍐 pear", "İstanbul"]) {
      for (const query of ["b", "明天", "🍐", "i", "pear"]) {
        expect(hits(line, query).map((piece) => piece.text).join("")).toBe(line);
      }
    }
  });
});

describe("a snippet", () => {
  it("begins near the hit, at a word", () => {
    expect(text(snippet("I checked twice: a wooden gate is in the budget", "gate"))).toBe("…twice: a wooden [gate] is in the budget");
    expect(text(snippet("Gate 2\nis closed", "gate"))).toBe("[Gate] 2 is closed");
  });
});

describe("folding", () => {
  it("keeps what is no letter", () => {
    expect(fold("7016 · ÄÖ")).toBe("7016 · ao");
  });
});

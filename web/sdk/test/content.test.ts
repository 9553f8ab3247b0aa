import { create, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkContent } from "../src/body.ts";
import { attributesOf, attributesToWire, contentOf, NO_ATTRIBUTES, toBody } from "../src/content.ts";
import { AttributesSchema, TextBodySchema } from "../src/gen/stonechat/v1/native_whole_pb.ts";
import { checked } from "../src/send.ts";
import type { Content, Entity, EntityMark, Media } from "../src/types.ts";

/** Marks the first place of a part of a text. */
function mark(text: string, part: string, mark: EntityMark): Entity {
  const start = text.indexOf(part);
  return { start, end: start + part.length, mark };
}

function contents(): Content[] {
  const text = "你好 @bob, see 👩‍👩‍👧 here";
  const entities = [
    mark(text, "@bob", { kind: "mention", user: "bob" }),
    mark(text, "你好", { kind: "bold" }),
    mark(text, "see", { kind: "link", address: "https://example.org" }),
    mark(text, "👩‍👩‍👧", { kind: "italic" }),
    mark(text, text, { kind: "code_block", language: "rust" }),
    mark(text, "here", { kind: "mention_all" }),
  ];
  const file = { id: "u-1", name: "a.png", mimeType: "image/png", bytes: 7 };
  const media = (kind: Media["kind"]): Media => ({
    kind, file, thumbnail: null, width: 0, height: 0, durationMs: 0, waveform: new Uint8Array(), caption: "",
  });
  const all: Content[] = [
    { kind: "text", text, entities },
    { ...media("image"), thumbnail: file, width: 2, height: 3 },
    { ...media("voice"), durationMs: 9, waveform: Uint8Array.of(1, 2) },
    { ...media("video"), durationMs: 9, caption: "look" },
    media("file"),
    { kind: "location", latitude: 1.5, longitude: -2.5, name: "Here", address: "There" },
    { kind: "contact_card", user: "bob", displayName: "Bob" },
    { kind: "opaque", bodyType: "acme.order", body: Uint8Array.of(7) },
  ];
  const messages = all.map((content) => ({ author: "ann", authorName: "Ann", sentAt: 5, content }));
  return [...all, { kind: "merged", title: "Talk", messages }];
}

function written(content: Content): readonly [string, Uint8Array] {
  const body = toBody(content);
  expect(body).not.toBeNull();
  return body!;
}

describe("contents", () => {
  it("are read as they were written, and accepted", () => {
    for (const content of contents()) {
      expect(() => checkContent(content)).not.toThrow();
      expect(contentOf(...written(content))).toEqual(content);
    }
  });

  it("count characters on the wire and UTF-16 units here", () => {
    const text = "a👍你 b";
    const content: Content = { kind: "text", text, entities: [mark(text, "你", { kind: "bold" })] };
    const wire = create(TextBodySchema, { text, entities: [{ offset: 2, length: 1, kind: { case: "bold", value: true } }] });
    expect(written(content)).toEqual(["text", toBinary(TextBodySchema, wire)]);
    expect(content.entities[0]).toMatchObject({ start: 3, end: 4 });
  });

  it("that cut a character, or say nothing, are no body", () => {
    const cut = (start: number, end: number): Content => ({
      kind: "text", text: "👍", entities: [{ start, end, mark: { kind: "bold" } }],
    });
    expect(toBody(cut(0, 1))).toBeNull();
    expect(toBody(cut(1, 2))).toBeNull();
    expect(toBody(cut(0, 3))).toBeNull();
    expect(toBody(cut(0, 2))).not.toBeNull();
    expect(toBody({ kind: "corrupt" })).toBeNull();
    expect(toBody({ kind: "recalled", by: null, at: 0 })).toBeNull();
  });

  it("that are not what their type says are shown as bytes", () => {
    const body = Uint8Array.of(0xff, 0xff);
    for (const bodyType of ["text", "image", "voice", "video", "file", "location", "contact_card", "merged"]) {
      expect(contentOf(bodyType, body)).toEqual({ kind: "opaque", bodyType, body });
    }
    const notUtf8 = Uint8Array.of(0x0a, 0x01, 0xff);
    expect(contentOf("text", notUtf8).kind).toBe("opaque");
  });

  it("that were merged twice stay closed", () => {
    const inner: Content = { kind: "merged", title: "inner", messages: [] };
    const outer: Content = {
      kind: "merged", title: "outer", messages: [{ author: "ann", authorName: "", sentAt: 1, content: inner }],
    };
    const read = contentOf(...written(outer));
    expect(read.kind === "merged" && read.messages[0]?.content.kind).toBe("opaque");
  });

  it("leave out marks that nobody can show: what leads astray, and what a later version says", () => {
    const entity = (kind: { case: "link" | "mention"; value: string }) => ({ offset: 0, length: 1, kind });
    const body = toBinary(TextBodySchema, create(TextBodySchema, {
      text: "here",
      entities: [
        entity({ case: "link", value: "javascript:alert(1)" }),
        entity({ case: "mention", value: "no user" }),
        entity({ case: "link", value: "HTTPS://example.org" }),
        { offset: 0, length: 1 },
        { offset: 2, length: 9, kind: { case: "bold", value: true } },
      ],
    }));
    expect(contentOf("text", body)).toEqual({
      kind: "text", text: "here", entities: [{ start: 0, end: 1, mark: { kind: "link", address: "HTTPS://example.org" } }],
    });
  });

  it("can be read whatever stretches somebody marks", () => {
    const stretch = fc.record({ offset: fc.nat(20), length: fc.nat(20) });
    fc.assert(fc.property(fc.string({ unit: "grapheme", maxLength: 12 }), fc.array(stretch, { maxLength: 4 }), (text, marks) => {
      const entities = marks.map((it) => ({ ...it, kind: { case: "bold" as const, value: true } }));
      const read = contentOf("text", toBinary(TextBodySchema, create(TextBodySchema, { text, entities })));
      expect(read.kind === "text" && read.text).toBe(text);
      for (const { start, end } of read.kind === "text" ? read.entities : []) {
        expect(end).toBeGreaterThan(start);
        expect(text.slice(start, end)).not.toMatch(/\p{Cs}/u);
      }
      expect(toBody(read)).not.toBeNull();
    }));
  });
});

describe("attributes", () => {
  it("are read as they were written", () => {
    const attributes = {
      replyTo: { seq: 3, ordinal: 2 }, mentions: ["bob"], mentionAll: true, silent: true, priority: 7,
      extension: Uint8Array.of(1), forwarded: { author: "ann", sentAt: 5 },
    };
    expect(attributesOf(create(AttributesSchema, attributesToWire(attributes)))).toEqual(attributes);
    expect(attributesOf(create(AttributesSchema, attributesToWire(NO_ATTRIBUTES)))).toBeNull();
    expect(attributesOf(undefined)).toBeNull();
  });
});

describe("what is sent", () => {
  it("calls whoever is marked as called, each once", () => {
    const text = "@bob @bob @all";
    const bob = mark(text, "@bob", { kind: "mention", user: "bob" });
    const entities = [bob, { ...bob, start: 5, end: 9 }, mark(text, "@all", { kind: "mention_all" })];
    expect(checked({ text, entities }).attributes).toMatchObject({ mentions: ["bob"], mentionAll: true });
    expect(checked({ text }).attributes).toBeNull();
    expect(checked({ text, replyTo: 4 }).attributes?.replyTo).toEqual({ seq: 4, ordinal: 0 });
  });

  it("is refused by rule, and says which part", () => {
    const link = (address: string) => ({ text: "here", entities: [mark("here", "here", { kind: "link", address })] });
    const file = { id: "../etc", name: "", mimeType: "", bytes: 0 };
    const media = { kind: "file", file, thumbnail: null, width: 0, height: 0, durationMs: 0, waveform: new Uint8Array(), caption: "" } as const;
    for (const [what, field] of [
      [{ text: " \n\t\u3000" }, "text"],
      [{ text: "a\0b" }, "text"],
      [{ text: "a\u009b2J" }, "text"],
      [{ text: "👍", entities: [{ start: 0, end: 1, mark: { kind: "bold" } }] }, "content"],
      [{ text: "a", entities: [{ start: 1, end: 1, mark: { kind: "bold" } }] }, "entities"],
      [{ text: "a", priority: 11 }, "priority"],
      [{ text: "a", extension: new Uint8Array(4097) }, "extension"],
      [link("javascript:alert(1)"), "link"],
      [link("http://"), "link"],
      [link("https://a b"), "link"],
      [{ content: media }, "upload_id"],
      [{ content: { kind: "location", latitude: NaN, longitude: 0, name: "", address: "" } }, "latitude"],
      [{ content: { kind: "merged", title: "", messages: [] } }, "messages"],
      [{ content: { kind: "opaque", bodyType: "text", body: Uint8Array.of(0xff) } }, "body"],
      [{ content: { kind: "opaque", bodyType: "", body: new Uint8Array() } }, "body_type"],
    ] as const) {
      expect(() => checked(what), field).toThrow(expect.objectContaining({ code: "invalid_argument", field }));
    }
    for (const good of ["https://example.org/a?b=c#d", "HTTP://example.org", "mailto:ann@example.org", "tel:+123"]) {
      expect(() => checked(link(good))).not.toThrow();
    }
  });

  it("fits with its envelope, and the next is told how long it may be", () => {
    expect(checked({ text: "x".repeat(65_532) }).body).toHaveLength(65_536);
    const tooLong = { code: "too_large", message: "body has at most 65536 bytes: a text of at most 65532 bytes" };
    expect(() => checked({ text: "x".repeat(65_533) })).toThrow(expect.objectContaining(tooLong));
  });
});

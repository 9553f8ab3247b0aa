import { describe, expect, it } from "vitest";
import { contentTypesOf, emptyContentTypes, words } from "../src/content-types.ts";
import { create } from "../src/codec.ts";
import { ContentTypesSchema } from "../src/gen/stonechat/v1/native_pb.ts";

const JSON_BODY = `{"order": {"number": 7, "of": "Ann 👩‍👩‍👧"}, "paid": true, "lines": [1], "none": null, "long": "${"x".repeat(200)}"}`;

function filled(fallback: string, body = JSON_BODY): string {
  const types = contentTypesOf(create(ContentTypesSchema, { version: 3n, types: [{ bodyType: "acme.order", fallback }] }));
  expect([types.version, types.types]).toEqual([3, [{ name: "acme.order", fallback }]]);
  return words(types, { kind: "opaque", bodyType: "acme.order", body: new TextEncoder().encode(body) });
}

describe("a fallback text", () => {
  it("is filled from the JSON", () => {
    expect(filled("Order {order.number} of {order.of}")).toBe("Order 7 of Ann 👩‍👩‍👧");
    expect(filled("{paid}: {{{order.number}}}")).toBe("true: {7}");
    expect(filled("a {lines}{none}{order}{no.where} {toString} b")).toBe("a b");
    expect(filled("{{}}")).toBe("{}");
    expect(filled("Order {order.number}!", "\u{fffd} no JSON")).toBe("Order !");
    expect(filled("An order", "")).toBe("An order");
    expect(filled("{long}")).toBe(`${"x".repeat(100)}…`);
  });

  it("stands for what this client does not know, and for nothing else", () => {
    const types = emptyContentTypes();
    expect(words(types, { kind: "opaque", bodyType: "acme.order", body: new Uint8Array() })).toBe("");
    expect(words(types, { kind: "text", text: "one\ntwo", entities: [] })).toBe("one two");
    expect(words(types, { kind: "corrupt" })).toBe("");
  });
});

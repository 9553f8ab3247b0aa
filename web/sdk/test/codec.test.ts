import * as runtime from "@bufbuild/protobuf";
import fc from "fast-check";
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { create, fromBinary, type Init, toBinary } from "../src/codec.ts";
import { bytesOfHex } from "../src/domain/id.ts";
import { FrameSchema, LocationBodySchema, QuietHoursSchema } from "../src/gen/stonechat/v1/native_pb.ts";
import * as whole from "../src/gen/stonechat/v1/native_whole_pb.ts";

const folder = new URL("../../../fixtures/wire/", import.meta.url);
const golden = readdirSync(folder)
  .filter((name) => name.endsWith(".hex"))
  .map((name) => bytesOfHex(readFileSync(new URL(name, folder), "utf8").replace(/\s/g, "")));

/** A message of the runtime without what ours do not have: the names of their types, and what is not known. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(plain);
  }
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) {
    return value;
  }
  const said = Object.entries(value).filter(([name]) => name !== "$typeName" && name !== "$unknown");
  return Object.fromEntries(said.map(([name, one]) => [name, plain(one)]));
}

describe("what writes and reads frames", () => {
  it("says of every golden frame what the runtime says", () => {
    expect(golden.length).toBeGreaterThan(60);
    for (const bytes of golden) {
      const frame = fromBinary(FrameSchema, bytes);
      expect(frame).toEqual(plain(runtime.fromBinary(whole.FrameSchema, bytes)));
      expect(plain(runtime.fromBinary(whole.FrameSchema, toBinary(FrameSchema, frame)))).toEqual(frame);
      expect(toBinary(FrameSchema, frame)).toHaveLength(bytes.length);
    }
  });

  it("takes what is said of a message for a whole one", () => {
    for (const init of [
      {},
      { id: 1n, body: { case: "typing", value: { conversationId: "g_1" } } },
      { body: { case: "setPreferences", value: { mutedUntil: -1n, pinned: false, fields: { a: "", "你": "b", __proto__: null } } } },
      { body: { case: "starMessages", value: { seqs: [0n, 1n, 2n ** 63n, 2n ** 64n - 1n] } } },
    ] as const) {
      const theirs = runtime.create(whole.FrameSchema, init as runtime.MessageInitShape<typeof whole.FrameSchema>);
      expect(create(FrameSchema, init as Init<whole.Frame>)).toEqual(plain(theirs));
    }
    const place = { latitude: -1.5e-300, longitude: 179.999, name: "你好 👩‍👩‍👧" };
    expect(create(LocationBodySchema, place)).toEqual(plain(runtime.create(whole.LocationBodySchema, place)));
    const hours = { zone: { offsetMinutes: -300, changes: [{ at: -5n, offsetMinutes: 1_080 }] } };
    expect(create(QuietHoursSchema, hours)).toEqual(plain(runtime.create(whole.QuietHoursSchema, hours)));
  });

  it("passes over what it does not know, and refuses what is cut off or no text", () => {
    const pong = toBinary(FrameSchema, { id: 7n, body: { case: "pong", value: {} } });
    // Field 4000 as a number, as bytes, as eight and as four; and field 1 as bytes, which it is not.
    const unknown = ["8efa01", "80fa0105", "82fa0101aa", "81fa010102030405060708", "85fa0101020304", "0a0101"];
    for (const more of unknown.slice(1).map(bytesOfHex)) {
      expect(fromBinary(FrameSchema, Uint8Array.of(...more, ...pong))).toMatchObject({ id: 7n, body: { case: "pong" } });
    }
    for (const wrong of ["80", "8efa01", "52ff", "5203", "ff".repeat(11), "6205220122ff", "620412025fff"]) {
      expect(() => fromBinary(FrameSchema, bytesOfHex(wrong)), wrong).toThrow();
    }
  });

  it("ends, whatever it is given", () => {
    for (const name of readdirSync(new URL("corpus/", folder))) {
      const bytes = new Uint8Array(readFileSync(new URL(`corpus/${name}`, folder)));
      let ours: unknown = null;
      try {
        ours = fromBinary(FrameSchema, bytes);
      } catch (error) {
        expect(error, name).toBeInstanceOf(Error);
      }
      expect(ours === null || typeof ours === "object").toBe(true);
    }
  });

  it("agrees with the runtime on frames that were tampered with", () => {
    const cut = fc.record({ frame: fc.constantFrom(...golden), at: fc.nat(200), byte: fc.nat(255) });
    const read = (read: () => unknown) => {
      try {
        return JSON.stringify(plain(read()), (_, value) => (typeof value === "bigint" ? `${value}` : value));
      } catch {
        return "refused";
      }
    };
    let agreed = 0;
    fc.assert(fc.property(cut, ({ frame, at, byte }) => {
      const bytes = frame.slice();
      bytes[at % bytes.length] = byte;
      const ours = read(() => fromBinary(FrameSchema, bytes));
      const theirs = read(() => runtime.fromBinary(whole.FrameSchema, bytes));
      // A message that stands twice is one of two for the runtime, and the second for us: no server says that.
      agreed += Number(ours === theirs);
    }), { numRuns: 2_000, seed: 1 });
    expect(agreed).toBeGreaterThan(1_900);
  });
});

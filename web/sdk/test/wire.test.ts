import { fromBinary, fromJson, toBinary, toJson } from "@bufbuild/protobuf";
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { bytesOfHex, hex } from "../src/domain/id.ts";
import { FrameSchema } from "../src/gen/stonechat/v1/native_pb.ts";

const folder = new URL("../../../fixtures/wire/", import.meta.url);
const names = readdirSync(folder).filter((name) => name.endsWith(".json")).map((name) => name.slice(0, -".json".length));

describe("frames on the wire", () => {
  it("are all among the fixtures", () => {
    const bodies = FrameSchema.oneofs.find((oneof) => oneof.name === "body")?.fields.map((field) => field.name);
    expect(names).toEqual(expect.arrayContaining(bodies ?? [""]));
  });

  it.each(names)("%s", (name) => {
    const json = JSON.parse(readFileSync(new URL(`${name}.json`, folder), "utf8"));
    const bytes = readFileSync(new URL(`${name}.hex`, folder), "utf8").replace(/\s/g, "");
    const written = toBinary(FrameSchema, fromJson(FrameSchema, json));
    // In which order an encoder writes the fields is its own.
    expect(hex(written)).toHaveLength(bytes.length);
    for (const frame of [written, bytesOfHex(bytes)]) {
      expect(toJson(FrameSchema, fromBinary(FrameSchema, frame), { useProtoFieldName: true })).toEqual(json);
    }
  });
});

import * as runtime from "@bufbuild/protobuf";
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { fromBinary, toBinary } from "../src/codec.ts";
import { bytesOfHex } from "../src/domain/id.ts";
import { FrameSchema as OwnFrameSchema } from "../src/gen/stonechat/v1/native_pb.ts";
import { FrameSchema } from "../src/gen/stonechat/v1/native_whole_pb.ts";

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
    const said = runtime.fromJson(FrameSchema, json);
    const [theirs, ours] = [runtime.toBinary(FrameSchema, said), toBinary(OwnFrameSchema, said)];
    // In which order an encoder writes the fields is its own.
    expect([theirs.length, ours.length]).toEqual([bytes.length / 2, bytes.length / 2]);
    for (const frame of [theirs, ours, bytesOfHex(bytes)]) {
      const again = toBinary(OwnFrameSchema, fromBinary(OwnFrameSchema, frame));
      expect(runtime.toJson(FrameSchema, runtime.fromBinary(FrameSchema, again), { useProtoFieldName: true })).toEqual(json);
    }
  });
});

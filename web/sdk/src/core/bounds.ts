/** Numbers of the server that this device can count on from: checked once, where a frame comes in. */

import type { DescMessage } from "@bufbuild/protobuf";
import { FrameSchema } from "../gen/stonechat/v1/native_pb.ts";
import type { Body } from "./command.ts";

/** The scalar type of what is counted. */
const UINT64 = 4;
/** Largest number of unread messages of one conversation, so that those of all can be added up. */
const UNREAD_MAX = 2 ** 32 - 1;

/** Whether every number that is counted on from is a whole one here. */
export function areWithin(body: Body): boolean {
  return within(FrameSchema, { body });
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- fields by the names of the schema
function within(schema: DescMessage, message: any): boolean {
  return schema.fields.every(({ localName: name, oneof, message: inner, scalar }) => {
    const chosen = oneof && message[oneof.localName];
    const value = !oneof ? message[name] : chosen.case === name ? chosen.value : null;
    const max = name === "unread" ? UNREAD_MAX : Number.MAX_SAFE_INTEGER;
    // Spans of time are shown, and not counted on from; they may have no end.
    const isCount = scalar === UINT64 && !name.endsWith("Ms");
    return (value ?? null) === null || (!inner && !isCount)
      ? true
      : [value].flat().every((one) => (inner ? within(inner, one) : one <= max));
  });
}

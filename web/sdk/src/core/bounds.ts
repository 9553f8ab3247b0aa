/** Numbers of the server that this device can count on from: checked once, where a frame comes in. */

import { fieldsOf, type Schema } from "../codec.ts";
import { FrameSchema } from "../gen/stonechat/v1/native_pb.ts";
import type { Body } from "./command.ts";

/** Largest number of unread messages of one conversation, so that those of all can be added up. */
const UNREAD_MAX = 2 ** 32 - 1;

/** Whether every number that is counted on from is a whole one here. */
export function areWithin(body: Body): boolean {
  return within(FrameSchema, { body });
}

// The names of fields are those of the schema, which the compiler cannot know.
function within(schema: Schema, message: any): boolean {
  return fieldsOf(schema).every(({ name, group, message: inner, sign }) => {
    const chosen = group === undefined ? message : { [message[group].case]: message[group].value };
    const max = name === "unread" ? UNREAD_MAX : Number.MAX_SAFE_INTEGER;
    // Spans of time are shown, and not counted on from; they may have no end.
    const isCount = sign === "+" && !name.endsWith("Ms");
    const values = inner || isCount ? [chosen[name] ?? []].flat() : [];
    return values.every((one) => (inner ? within(inner, one) : one <= max));
  });
}

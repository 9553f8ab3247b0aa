/** Frames of the wire, as the core makes them. */

import { create } from "../codec.ts";
import { type Frame, FrameSchema } from "../gen/stonechat/v1/native_pb.ts";
import type { Body, BodyInit } from "./command.ts";

export function newFrame(id: number, body: BodyInit): Frame {
  return create(FrameSchema, { id: BigInt(id), body });
}

/** A whole body out of what is said of it. */
export function newBody(body: BodyInit): Body {
  return newFrame(0, body).body;
}

export const NO_BYTES = new Uint8Array();

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}

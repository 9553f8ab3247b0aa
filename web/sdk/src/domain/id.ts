/** Ids. Each is checked where it comes in, and has one text form. */

import type { ClientMsgId, ConversationId, ConversationKind, UserId } from "../types.ts";
import { sha256 } from "./sha256.ts";

const USER = /^[A-Za-z0-9._@:+-]{1,64}$/;
// The first byte is the kind, and the last letter has only three bits.
const CONVERSATION = /^(d_a[e-h]|g_a[i-l]|c_a[m-p]|r_a[q-t]|s_a[u-x])[a-z2-7]{23}[aeimquy4]$/;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const BASE32 = "abcdefghijklmnopqrstuvwxyz234567";
const DIRECT = 1;

/** A user id; null when the text is none. */
export function userId(text: string): UserId | null {
  return USER.test(text) ? text : null;
}

/** A conversation id; null when the text is none. */
export function conversationId(text: string): ConversationId | null {
  return CONVERSATION.test(text) ? text : null;
}

/** What sort of conversation an id names. Those of a later version are shown as groups. */
export function kindOfId(id: ConversationId): ConversationKind {
  return id[0] === "d" ? "direct" : id[0] === "c" ? "channel" : "group";
}

/** The conversation of two people, the same whoever asks. */
export function directId(app: number, one: UserId, other: UserId): ConversationId {
  const text = new TextEncoder();
  const number = (value: number, bytes: number) => {
    const view = new DataView(new ArrayBuffer(bytes));
    view.setUint32(bytes - 4, value);
    return new Uint8Array(view.buffer);
  };
  const parts = one <= other ? [one, other] : [other, one];
  // Ids are ASCII: a character is a byte.
  const named = parts.flatMap((id) => [...number(id.length, 8), ...text.encode(id)]);
  const begin = text.encode("stonechat conversation 1");
  const bytes = sha256(Uint8Array.of(...begin, DIRECT, ...number(app, 4), ...named)).slice(0, 16);
  bytes[0] = DIRECT;
  return "d_" + base32(bytes);
}

function base32(bytes: Uint8Array): string {
  let text = "";
  let [bits, held] = [0, 0];
  for (const byte of bytes) {
    held = ((held << 8) | byte) & 0xfff;
    for (bits += 8; bits >= 5; bits -= 5) {
      text += BASE32[(held >> (bits - 5)) & 31];
    }
  }
  return bits > 0 ? text + BASE32[(held << (5 - bits)) & 31] : text;
}

/** The first sixteen bytes of the SHA-256 of a token, by which a link is named, in hexadecimal digits. */
export function linkId(token: Uint8Array): string {
  return hex(sha256(token).slice(0, 16));
}

/** Bytes as hexadecimal digits. */
export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Bytes of hexadecimal digits. */
export function bytesOfHex(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text.match(/../g) ?? [], (byte) => parseInt(byte, 16));
}

/** The text form of the 16 bytes of the wire; null when there are not 16, or all are zero. */
export function uuid(bytes: Uint8Array): ClientMsgId | null {
  if (bytes.length !== 16 || bytes.every((byte) => byte === 0)) {
    return null;
  }
  return hex(bytes).replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

/** Whether a text is a UUID in its one form. */
export function isUuid(text: string): boolean {
  return UUID.test(text);
}

/** The bytes of a UUID, for the wire. */
export function uuidBytes(id: ClientMsgId): Uint8Array<ArrayBuffer> {
  return bytesOfHex(id.replaceAll("-", ""));
}

/** A UUID of version 7, of a time and ten random bytes (RFC 9562, section 5.7). */
export function uuidOf(unixMs: number, random: Uint8Array): ClientMsgId {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, Math.floor(unixMs / 2 ** 32));
  view.setUint32(2, unixMs % 2 ** 32);
  bytes.set(random.subarray(0, 10), 6);
  bytes[6] = 0x70 | (bytes[6]! & 0x0f);
  bytes[8] = 0x80 | (bytes[8]! & 0x3f);
  return uuid(bytes)!;
}

/**
 * Protobuf in binary, for what the protocol uses of it (proto3, no groups, no extensions). Functions and messages are those
 * of the protobuf runtime, which is five times as large; tests hold the two against each other.
 */

import type { DescField, DescMessage, MessageInitShape, MessageShape } from "@bufbuild/protobuf";

type Message = Record<string, unknown>;

/** Numbers of scalar types, as the runtime has them. */
const [DOUBLE, INT64, UINT64, BOOL, STRING, BYTES, SINT32] = [1, 3, 4, 8, 9, 12, 17];
/** How a value stands on the wire. */
const [VARINT, FIXED64, LENGTH, FIXED32] = [0, 1, 2, 5];
const EXPLICIT = 1;

/** A whole message out of what is said of it. */
export function create<D extends DescMessage>(schema: D, init?: MessageInitShape<D>): MessageShape<D> {
  return fromBinary(schema, toBinary(schema, init ?? {}));
}

/** Writes a message, or what is said of one. */
export function toBinary(schema: DescMessage, message: object): Uint8Array<ArrayBuffer> {
  const out: number[] = [];
  writeMessage(out, schema, message as Message);
  return Uint8Array.from(out);
}

/** Reads a message; throws when it is none. What is of a later version is passed over. */
export function fromBinary<D extends DescMessage>(schema: D, bytes: Uint8Array): MessageShape<D> {
  return readMessage(schema, bytes) as unknown as MessageShape<D>;
}

function writeMessage(out: number[], schema: DescMessage, message: Message): void {
  for (const field of schema.fields) {
    const group = field.oneof && (message[field.oneof.localName] as { case?: string; value?: unknown } | undefined);
    const value = field.oneof ? (group?.case === field.localName ? group.value : undefined) : message[field.localName];
    if (value === undefined) {
      continue;
    }
    if (field.fieldKind === "map") {
      for (const entry of Object.entries(value as Record<string, string>)) {
        writeBytes(out, field.number, nested((out) => entry.forEach((text, at) => writeBytes(out, at + 1, utf8(text)))));
      }
    } else if (field.fieldKind === "list") {
      const all = value as unknown[];
      if (!field.packed) {
        all.forEach((one) => write(out, field, one));
      } else if (all.length > 0) {
        writeBytes(out, field.number, nested((out) => all.forEach((one) => writeVarint(out, one as bigint))));
      }
    } else if (field.presence === EXPLICIT || !isZero(value)) {
      write(out, field, value);
    }
  }
}

function isZero(value: unknown): boolean {
  return !value || (value instanceof Uint8Array && value.length === 0);
}

function write(out: number[], { number, message, scalar }: DescField, value: unknown): void {
  if (message) {
    writeBytes(out, number, nested((out) => writeMessage(out, message, value as Message)));
  } else if (scalar === STRING) {
    writeBytes(out, number, utf8(value as string));
  } else if (scalar === BYTES) {
    writeBytes(out, number, value as Uint8Array);
  } else if (scalar === DOUBLE) {
    writeVarint(out, number * 8 + FIXED64);
    out.push(...new Uint8Array(Float64Array.of(value as number).buffer));
  } else {
    writeVarint(out, number * 8 + VARINT);
    writeVarint(out, scalar === SINT32 ? ((value as number) << 1) ^ ((value as number) >> 31) : (value as number | bigint | boolean));
  }
}

function nested(fill: (out: number[]) => void): number[] {
  const out: number[] = [];
  fill(out);
  return out;
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function writeBytes(out: number[], number: number, bytes: ArrayLike<number>): void {
  writeVarint(out, number * 8 + LENGTH);
  writeVarint(out, bytes.length);
  for (let at = 0; at < bytes.length; at++) {
    out.push(bytes[at]!);
  }
}

function writeVarint(out: number[], value: number | bigint | boolean): void {
  let left = BigInt.asUintN(64, BigInt(value));
  for (; left > 127n; left >>= 7n) {
    out.push(Number(left & 127n) | 128);
  }
  out.push(Number(left));
}

function readMessage(schema: DescMessage, bytes: Uint8Array): Message {
  const message: Message = { $typeName: schema.typeName };
  for (const member of schema.members) {
    if (member.kind === "oneof") {
      message[member.localName] = { case: undefined };
    } else if (member.fieldKind === "list" || member.fieldKind === "map") {
      message[member.localName] = member.fieldKind === "list" ? [] : {};
    } else if (member.presence !== EXPLICIT) {
      message[member.localName] = zeroOf(member.scalar);
    }
  }
  const input = { bytes, at: 0 };
  while (input.at < bytes.length) {
    const tag = Number(readVarint(input));
    const kind = tag & 7;
    const value = readValue(input, kind);
    const field = schema.fields.find(({ number }) => number === tag >>> 3);
    // What stands there otherwise than its type does is not what we know by that number.
    if (field && (kind === kindOf(field) || ("packed" in field && field.packed && kind === LENGTH))) {
      keep(message, field, kind, value);
    }
  }
  return message;
}

function kindOf({ fieldKind, message, scalar }: DescField): number {
  return fieldKind === "map" || message || scalar === STRING || scalar === BYTES ? LENGTH : scalar === DOUBLE ? FIXED64 : VARINT;
}

/** What stands on the wire, before it is known what it means. */
function readValue(input: { bytes: Uint8Array; at: number }, kind: number): bigint | Uint8Array {
  if (kind === VARINT) {
    return readVarint(input);
  }
  const length = kind === LENGTH ? Number(readVarint(input)) : kind === FIXED64 ? 8 : kind === FIXED32 ? 4 : Infinity;
  const start = input.at;
  input.at += length;
  if (!(input.at <= input.bytes.length)) {
    throw new RangeError("the message is cut off");
  }
  return input.bytes.slice(start, input.at);
}

function keep(message: Message, field: DescField, kind: number, value: bigint | Uint8Array): void {
  const { localName, oneof } = field;
  if (field.fieldKind === "map") {
    const input = { bytes: value as Uint8Array, at: 0 };
    const entry = ["", ""];
    while (input.at < input.bytes.length) {
      const number = Number(readVarint(input)) >>> 3;
      entry[number - 1] = text(readValue(input, LENGTH) as Uint8Array);
    }
    Object.defineProperty(message[localName], entry[0]!, { value: entry[1], enumerable: true, configurable: true, writable: true });
  } else if (field.fieldKind === "list") {
    const all = message[localName] as unknown[];
    if (field.packed && kind === LENGTH) {
      for (const input = { bytes: value as Uint8Array, at: 0 }; input.at < input.bytes.length; ) {
        all.push(valueOf(field, readVarint(input)));
      }
    } else {
      all.push(valueOf(field, value));
    }
  } else if (oneof) {
    message[oneof.localName] = { case: localName, value: valueOf(field, value) };
  } else {
    message[localName] = valueOf(field, value);
  }
}

function valueOf({ message, scalar, enum: enumeration }: DescField, value: bigint | Uint8Array): unknown {
  if (typeof value === "bigint") {
    const small = Number(BigInt.asUintN(32, value));
    switch (scalar) {
      case UINT64:
        return value;
      case INT64:
        return BigInt.asIntN(64, value);
      case BOOL:
        return value > 0n;
      case SINT32:
        return (small >>> 1) ^ -(small & 1);
      default:
        return enumeration ? small | 0 : small;
    }
  }
  if (message) {
    return readMessage(message, value);
  }
  return scalar === STRING ? text(value) : scalar === DOUBLE ? new DataView(value.buffer, value.byteOffset).getFloat64(0, true) : value;
}

function zeroOf(scalar: number | undefined): unknown {
  switch (scalar) {
    case STRING:
      return "";
    case BYTES:
      return new Uint8Array();
    case BOOL:
      return false;
    case INT64:
    case UINT64:
      return 0n;
    default:
      return 0;
  }
}

function text(bytes: Uint8Array): string {
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
}

function readVarint(input: { bytes: Uint8Array; at: number }): bigint {
  let value = 0n;
  for (let shift = 0n; shift < 70n; shift += 7n) {
    const byte = input.bytes[input.at++];
    if (byte === undefined) {
      break;
    }
    value |= BigInt(byte & 127) << shift;
    if (byte < 128) {
      return BigInt.asUintN(64, value);
    }
  }
  throw new RangeError("a number is cut off");
}

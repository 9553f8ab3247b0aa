/**
 * Protobuf in binary, for what the protocol uses of it (proto3; no groups, no extensions, no maps but of strings). Messages
 * are those of the protobuf runtime without their type names; it weighs ten times as much, and tests hold the two against
 * each other.
 *
 * The schema is a table that `tools/generate.mjs` writes, one message a line: its fields, with a space between. A field is
 * its number and `=` where it does not follow the one before, its name, `*` for a list, `?` where it can be told whether it
 * is set, and a sign for its type: none for a string, `$` bytes, `!` a truth, `#` a number or an enum, `+` and `-` those of
 * 64 bits without and with a sign, `^` a number with a sign in zigzag, `%` a double, `&` a map, `:` and a number for the
 * message of that line, or without one for the first line that no field before it has named. Groups of which one is set stand in `(name … )`.
 */

/** A message of the schema. */
export interface Schema<T = unknown> {
  readonly line: string;
  /** The line of the first message in it that is new. */
  readonly next: number;
  readonly all: readonly Schema[];
  fields?: readonly Field[];
  /** What a message of it is; never there. */
  readonly type?: T;
}

/** A field of a message. */
export interface Field {
  readonly number: number;
  readonly name: string;
  /** The group that it is one of. */
  readonly group: string | undefined;
  readonly isList: boolean;
  /** Whether it is told from what it is by itself that it is not there. */
  readonly isExplicit: boolean;
  /** The sign of its type. */
  readonly sign: string;
  readonly message: Schema | undefined;
}

/** What a message is made of; what is left out has its default. */
export type Init<T> = T extends Uint8Array | string | number | bigint | boolean | undefined
  ? T
  : T extends readonly (infer U)[]
    ? readonly Init<U>[]
    : T extends { case: infer C; value: infer V }
      ? { readonly case: C; readonly value: Init<V> }
      : T extends { case: undefined }
        ? { readonly case?: undefined; readonly value?: undefined }
        : { readonly [K in keyof T as K extends "$typeName" | "$unknown" ? never : K]?: Init<T[K]> };

type Message = Record<string, unknown>;
type Group = { readonly case?: string; readonly value?: unknown } | undefined;
type Input = { readonly bytes: Uint8Array; at: number };

/** How a value stands on the wire. */
const [VARINT, FIXED64, LENGTH, FIXED32] = [0, 1, 2, 5];
/** Up to here numbers are shifted as such, which is faster. */
const SMALL = 0x7fff_ffffn;
const encoder = /* @__PURE__ */ new TextEncoder();
const decoder = /* @__PURE__ */ new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The messages of a table. */
export function schemasOf(table: string): readonly Schema[] {
  const all: Schema[] = [];
  let next = 0;
  for (const line of table.split("\n")) {
    next = Math.max(next, all.length + 1);
    all.push({ line, next, all });
    next += line.split(/:(?!\d)/).length - 1;
  }
  return all;
}

/** One of them. */
export function schemaAt<T>(all: readonly Schema[], at: number): Schema<T> {
  return all[at] as Schema<T>;
}

export function fieldsOf(schema: Schema): readonly Field[] {
  return (schema.fields ??= read(schema));
}

function read({ line, next, all }: Schema): Field[] {
  let number = 0;
  let group: string | undefined;
  return (line ? line.split(" ") : []).flatMap((word) => {
    if (/^[()]/.test(word)) {
      group = word.slice(1) || undefined;
      return [];
    }
    const [, explicit, name = "", list, optional, sign = "", type] = /^(?:(\d+)=)?(\w+)(\*)?(\?)?(\W?)(\d*)$/.exec(word)!;
    number = explicit ? Number(explicit) : number + 1;
    const isList = list !== undefined;
    const isExplicit = !isList && (group ?? optional ?? (sign === ":" || undefined)) !== undefined;
    return [{ number, name, group, isList, isExplicit, sign, message: sign === ":" ? all[Number(type || next++)] : undefined }];
  });
}

/** A whole message out of what is said of it. */
export function create<T>(schema: Schema<T>, init: Init<T> | Record<string, never> = {}): T {
  return fromBinary(schema, toBinary(schema, init));
}

/** Writes a message, or what is said of one. */
export function toBinary<T>(schema: Schema<T>, message: T | Init<T> | Record<string, never>): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(written(schema, message as Message));
}

/** Reads a message; throws when it is none. What is of a later version is passed over. */
export function fromBinary<T>(schema: Schema<T>, bytes: Uint8Array): T {
  return readMessage(schema, bytes) as T;
}

function written(schema: Schema, message: Message): number[] {
  const out: number[] = [];
  for (const field of fieldsOf(schema)) {
    const { name, group, number, sign, isList } = field;
    const chosen = group === undefined ? undefined : (message[group] as Group);
    const value = group === undefined ? message[name] : chosen?.case === name ? chosen.value : undefined;
    if (value === undefined) {
      continue;
    }
    if (sign === "&") {
      for (const entry of Object.entries(value as Record<string, string>)) {
        const pair: number[] = [];
        entry.forEach((text, at) => writeBytes(pair, at + 1, utf8(text)));
        writeBytes(out, number, pair);
      }
    } else if (isList && isPacked(sign)) {
      const packed: number[] = [];
      (value as bigint[]).forEach((one) => writeVarint(packed, one));
      if (packed.length > 0) {
        writeBytes(out, number, packed);
      }
    } else if (isList) {
      (value as unknown[]).forEach((one) => write(out, field, one));
    } else if (field.isExplicit || !isZero(value)) {
      write(out, field, value);
    }
  }
  return out;
}

function isPacked(sign: string): boolean {
  return "!#+-^".includes(sign || " ");
}

function isZero(value: unknown): boolean {
  return !value || (value instanceof Uint8Array && value.length === 0);
}

function write(out: number[], { number, message, sign }: Field, value: unknown): void {
  if (message) {
    writeBytes(out, number, written(message, value as Message));
  } else if (sign === "") {
    writeBytes(out, number, utf8(value as string));
  } else if (sign === "$") {
    writeBytes(out, number, value as Uint8Array);
  } else if (sign === "%") {
    writeVarint(out, number * 8 + FIXED64);
    out.push(...new Uint8Array(Float64Array.of(value as number).buffer));
  } else {
    writeVarint(out, number * 8 + VARINT);
    writeVarint(out, sign === "^" ? ((value as number) << 1) ^ ((value as number) >> 31) : (value as number | bigint | boolean));
  }
}

function utf8(text: string): Uint8Array {
  return encoder.encode(text);
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
  for (; left > SMALL; left >>= 7n) {
    out.push(Number(left & 127n) | 128);
  }
  let small = Number(left);
  for (; small > 127; small >>>= 7) {
    out.push((small & 127) | 128);
  }
  out.push(small);
}

function readMessage(schema: Schema, bytes: Uint8Array): Message {
  const fields = fieldsOf(schema);
  const message: Message = {};
  for (const { name, group, isList, isExplicit, sign } of fields) {
    if (group !== undefined) {
      message[group] = { case: undefined };
    } else if (!isExplicit) {
      message[name] = isList ? [] : zeroOf(sign);
    }
  }
  const input = { bytes, at: 0 };
  while (input.at < bytes.length) {
    const tag = Number(readVarint(input));
    const kind = tag & 7;
    const value = readValue(input, kind);
    const field = fields.find(({ number }) => number === tag >>> 3);
    // What stands there otherwise than its type does is not what we know by that number.
    if (field && (kind === kindOf(field) || (kind === LENGTH && field.isList && isPacked(field.sign)))) {
      keep(message, field, value);
    }
  }
  return message;
}

function kindOf({ sign }: Field): number {
  return isPacked(sign) ? VARINT : sign === "%" ? FIXED64 : LENGTH;
}

/** What stands on the wire, before it is known what it means. */
function readValue(input: Input, kind: number): bigint | Uint8Array {
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

function keep(message: Message, field: Field, value: bigint | Uint8Array): void {
  const { name, group, isList, sign } = field;
  const input = { bytes: value as Uint8Array, at: 0 };
  if (sign === "&") {
    const entry = ["", ""];
    while (input.at < input.bytes.length) {
      const number = Number(readVarint(input)) >>> 3;
      entry[number - 1] = textOf(readValue(input, LENGTH) as Uint8Array);
    }
    // Made anew: what is set by a name may be what all objects have by that name.
    message[name] = { ...(message[name] as object), [entry[0]!]: entry[1] };
  } else if (!isList) {
    const one = valueOf(field, value);
    message[group ?? name] = group === undefined ? one : { case: name, value: one };
  } else if (typeof value === "bigint" || !isPacked(sign)) {
    (message[name] as unknown[]).push(valueOf(field, value));
  } else {
    while (input.at < value.length) {
      (message[name] as unknown[]).push(valueOf(field, readVarint(input)));
    }
  }
}

function valueOf({ message, sign }: Field, value: bigint | Uint8Array): unknown {
  if (typeof value === "bigint") {
    const small = Number(BigInt.asUintN(32, value));
    switch (sign) {
      case "+":
        return value;
      case "-":
        return BigInt.asIntN(64, value);
      case "!":
        return value > 0n;
      case "^":
        return (small >>> 1) ^ -(small & 1);
      default:
        return small;
    }
  }
  if (message) {
    return readMessage(message, value);
  }
  return sign === "" ? textOf(value) : sign === "%" ? new DataView(value.buffer).getFloat64(0, true) : value;
}

function zeroOf(sign: string): unknown {
  switch (sign) {
    case "":
      return "";
    case "$":
      return new Uint8Array();
    case "&":
      return {};
    case "!":
      return false;
    case "+":
    case "-":
      return 0n;
    default:
      return 0;
  }
}

function textOf(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

function readVarint(input: Input): bigint {
  let small = 0;
  let value = 0n;
  for (let shift = 0; shift < 70; shift += 7) {
    const byte = input.bytes[input.at++];
    if (byte === undefined) {
      break;
    }
    if (shift < 28) {
      small |= (byte & 127) << shift;
    } else {
      value |= BigInt(byte & 127) << BigInt(shift);
    }
    if (byte < 128) {
      return BigInt.asUintN(64, value | BigInt(small));
    }
  }
  throw new RangeError("a number is cut off");
}

/**
 * The descriptors of the protocol, out of a table. They are what the protobuf runtime makes of the descriptors that its own
 * generator embeds; the table is a third of those, and what reads it a tenth. `tools/generate.mjs` writes it:
 *
 * - Enums first, one a line: the name, and those of its values without their prefix, from 0 on. Then an empty line.
 * - Messages, one a line: the name, and the fields. Groups of which one is set stand in `(name … )`.
 * - A field: its number and `=` when it does not follow the one before, its name, `*` for a list, `?` where it can be told
 *   whether it is set, and its type: nothing for a string, `:` and a name for a message or an enum (no name for that of the
 *   field), `&` for a map of strings, or one of {@link SCALARS}.
 */

import type { DescEnum, DescField, DescFile, DescMessage, DescOneof } from "@bufbuild/protobuf";

/** The scalar types of the runtime, by their signs. */
const SCALARS: Readonly<Record<string, number>> = { "": 9, "%": 1, "-": 3, "+": 4, "!": 8, $: 12, "#": 13, "^": 17 };
const STRING = 9;
const BYTES = 12;
const PROTO3 = 999;
/** Whether the presence of a field can be told, or what is not there has its zero. */
const [EXPLICIT, IMPLICIT] = [1, 2];

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Reads a table of a package. */
export function describe(pkg: string, table: string): DescFile {
  const file = { kind: "file", edition: PROTO3, name: pkg, dependencies: [], extensions: [], services: [], deprecated: false };
  const [enums = "", messages = ""] = table.split("\n\n");
  const typed = (kind: string, line: string) => {
    const [name = "", ...words] = line.split(" ");
    const typeName = `${pkg}.${name}`;
    return { kind, name, typeName, words, file, parent: undefined, deprecated: false, toString: () => `${kind} ${typeName}` };
  };
  const allEnums = enums.split("\n").map((line) => enumOf(typed("enum", line)));
  const allMessages = messages.split("\n").map((line) => ({
    ...typed("message", line), fields: [], field: {}, oneofs: [], members: [], nestedEnums: [], nestedMessages: [], nestedExtensions: [],
  }));
  const named = <T extends { name: string }>(all: readonly T[], name: string) => all.find((it) => it.name === name);
  for (const message of allMessages) {
    addFields(message as never, message.words, (name) => [named(allMessages, name), named(allEnums, name)]);
  }
  return Object.assign(file, { enums: allEnums, messages: allMessages }) as unknown as DescFile;
}

/** A message of a file, by its place. */
export function messageDesc<D extends Pick<DescMessage, "name">>(file: DescFile, at: number): D {
  return file.messages[at] as unknown as D;
}

/** An enum of a file, by its place. */
export function enumDesc<D extends Pick<DescEnum, "name">>(file: DescFile, at: number): D {
  return file.enums[at] as unknown as D;
}

function enumOf({ words, ...desc }: { name: string; typeName: string; words: string[] }) {
  const prefix = snake(desc.name).toUpperCase();
  const values = words.map((localName, number) => {
    const name = `${prefix}_${localName}`;
    return { kind: "enum_value", parent: desc, name, localName, jsonName: name, number, deprecated: false, toString: () => name };
  });
  return Object.assign(desc, { open: true, sharedPrefix: `${prefix.toLowerCase()}_`, values, value: { ...values } });
}

function addFields(message: DescMessage, words: readonly string[], typeOf: (name: string) => readonly unknown[]): void {
  let number = 0;
  let oneof: Mutable<DescOneof> | undefined;
  for (const word of words) {
    if (word === ")") {
      oneof = undefined;
      continue;
    }
    if (word[0] === "(") {
      const name = word.slice(1);
      oneof = { kind: "oneof", name, localName: camel(name), parent: message, fields: [], deprecated: false } as never as DescOneof;
      message.oneofs.push(oneof);
      message.members.push(oneof);
      continue;
    }
    const [, explicit, name = "", list, optional, sign = ""] = /^(?:(\d+)=)?(\w+)(\*)?(\?)?(.*)$/.exec(word)!;
    number = explicit ? Number(explicit) : number + 1;
    const [type, enumeration] = sign[0] === ":" ? typeOf(sign.slice(1) || pascal(name)) : [];
    const one = type ? "message" : enumeration ? "enum" : "scalar";
    const scalar = one === "scalar" ? (SCALARS[sign] ?? STRING) : undefined;
    const isMap = sign === "&";
    const field = {
      kind: "field", name, number, localName: camel(name), jsonName: camel(name), parent: message, oneof, deprecated: false,
      fieldKind: isMap ? "map" : list ? "list" : one,
      listKind: list && one,
      mapKind: isMap ? "scalar" : undefined,
      mapKey: isMap ? STRING : undefined,
      scalar,
      message: type,
      enum: enumeration,
      presence: !list && !isMap && (oneof || optional || type) ? EXPLICIT : IMPLICIT,
      packed: !!list && !type && scalar !== STRING && scalar !== BYTES,
      utf8Validation: true,
      delimitedEncoding: false,
      longAsString: false,
      getDefaultValue: () => undefined,
      toString: () => `field ${message.typeName}.${name}`,
    } as never as DescField;
    message.fields.push(field);
    message.field[field.localName] = field;
    (oneof ? oneof.fields : message.members).push(field as never);
  }
}

function camel(name: string): string {
  return name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
}

function pascal(name: string): string {
  return camel(`_${name}`);
}

function snake(name: string): string {
  return name.replace(/\B[A-Z]/g, "_$&");
}

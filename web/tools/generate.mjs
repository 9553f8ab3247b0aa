// Writes what is made from the schema of the protocol: sdk/src/gen. Nothing of it is kept in the repository.
import { fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "./root.mjs";

const proto = join(root, "../crates/wire/proto");
const schema = "stonechat/v1/native.proto";
const out = join(root, "sdk/src/gen");
const made = join(out, schema.replace(".proto", "_pb.ts"));
/** As the generator of the protobuf runtime made it, for tests. */
const whole = join(out, schema.replace(".proto", "_whole_pb.ts"));

export function generate() {
  const text = readFileSync(join(proto, schema));
  const lock = readFileSync(join(root, "package-lock.json"));
  const stamp = createHash("sha256").update(text).update(lock).update(readFileSync(new URL(import.meta.url))).digest("hex");
  const mark = join(out, ".stamp");
  if (existsSync(mark) && readFileSync(mark, "utf8") === stamp) {
    return;
  }
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  const folder = mkdtempSync(join(tmpdir(), "stonechat-buf-"));
  const template = JSON.stringify({
    version: "v2",
    plugins: [
      { local: join(root, "node_modules/.bin/protoc-gen-es"), out, opt: ["target=ts", "import_extension=ts"] },
    ],
  });
  try {
    execFileSync(
      join(root, "node_modules/.bin/buf"),
      ["generate", proto, "--template", template],
      { stdio: "inherit", env: { ...process.env, BUF_CACHE_DIR: folder, HOME: folder } },
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const code = readFileSync(made, "utf8");
  writeFileSync(whole, code);
  writeFileSync(made, withTable(code));
  writeFileSync(mark, stamp);
}

/** With the table of `sdk/src/codec.ts` instead of descriptors and what reads them, which are ten times as large. */
function withTable(code) {
  const call = /fileDesc\("([^"]*)"\)/;
  const { enumType, messageType, package: name } = fromBinary(FileDescriptorProtoSchema, Buffer.from(call.exec(code)[1], "base64"));
  if (enumType.some(({ value }) => value[0].number !== 0 || value.some(({ number }) => number < 0))) {
    throw new Error("an enum does not begin with 0, or goes below");
  }
  const names = messageType.map((it) => `.${name}.${it.name}`);
  const order = inOrderOfUse(messageType, names);
  const seen = { upto: 0 };
  const ordered = order.map((at) => names[at]);
  const lines = order.map((at) => {
    // A message that no field has begins a tree of its own.
    seen.upto = Math.max(seen.upto, ordered.indexOf(names[at]) + 1);
    return messageLine(messageType[at], ordered, seen);
  });
  return code
    .replace(call, () => `schemasOf(${JSON.stringify(lines.join("\n"))})`)
    .replace(/(messageDesc\(\w+, )(\d+)\)/g, (_, before, at) => `${before}${order.indexOf(Number(at))})`)
    .replace(/import type \{ GenEnum.*\nimport \{ enumDesc.*\n/, 'import { type Schema, schemaAt, schemasOf } from "../../../codec.ts";\n')
    .replace(/\/\*\*(?:(?!\*\/)[^])*\*\/\nexport const \w+: GenEnum<[^;]*;\n/g, "")
    .replaceAll("GenFile", "readonly Schema[]")
    .replaceAll("GenMessage<", "Schema<")
    .replaceAll("messageDesc(", "schemaAt(");
}

/** Messages as fields name them for the first time, each after the one that has the field: most need no number then. */
function inOrderOfUse(messages, names) {
  const order = new Set();
  for (const root of messages.keys()) {
    // What is added while a set is gone through is gone through too.
    const level = new Set(order.has(root) ? [] : [root]);
    for (const at of level) {
      order.add(at);
      messages[at].field.map(({ typeName }) => names.indexOf(typeName)).filter((next) => next >= 0 && !order.has(next)).forEach((next) => level.add(next));
    }
  }
  return [...order];
}

const SCALARS = { 1: "%", 3: "-", 4: "+", 8: "!", 9: "", 12: "$", 13: "#", 14: "#", 17: "^" };
const [REPEATED, MESSAGE] = [3, 11];

function messageLine(message, names, seen) {
  const words = [];
  let number = 0;
  let group;
  for (const field of message.field) {
    const oneof = Object.hasOwn(field, "oneofIndex") && !field.proto3Optional ? message.oneofDecl[field.oneofIndex] : undefined;
    if (oneof !== group) {
      words.push(...(group ? [")"] : []), ...(oneof ? [`(${camel(oneof.name)}`] : []));
      group = oneof;
    }
    words.push((field.number === number + 1 ? "" : `${field.number}=`) + camel(field.name) + typeOf(message, field, names, seen));
    number = field.number;
  }
  return [...words, ...(group ? [")"] : [])].join(" ");
}

function typeOf(message, field, names, seen) {
  const entry = message.nestedType.find((nested) => field.typeName.endsWith(`.${message.name}.${nested.name}`));
  if (entry) {
    if (entry.field.some(({ type }) => SCALARS[type] !== "")) {
      throw new Error(`${message.name}.${field.name} is no map of strings`);
    }
    return "&";
  }
  const at = field.type === MESSAGE ? names.indexOf(field.typeName) : 0;
  const isNext = at === seen.upto;
  seen.upto += field.type === MESSAGE && isNext ? 1 : 0;
  const sign = field.type === MESSAGE ? `:${isNext ? "" : at}` : SCALARS[field.type];
  if (sign === undefined || at < 0 || message.enumType.length > 0) {
    throw new Error(`${message.name}.${field.name} has a type that the table does not know`);
  }
  return (field.label === REPEATED ? "*" : "") + (field.proto3Optional ? "?" : "") + sign;
}

function camel(name) {
  return name.replace(/_(.)/g, (_, letter) => letter.toUpperCase());
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  generate();
}

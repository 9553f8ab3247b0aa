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
  writeFileSync(made, withTable(readFileSync(made, "utf8")));
  writeFileSync(mark, stamp);
}

/** With the table of `sdk/src/describe.ts` instead of the descriptors in base64, which are three times as large. */
function withTable(code) {
  const call = /fileDesc\("([^"]*)"\)/;
  const file = fromBinary(FileDescriptorProtoSchema, Buffer.from(call.exec(code)[1], "base64"));
  const table = `${file.enumType.map(enumLine).join("\n")}\n\n${file.messageType.map(messageLine).join("\n")}`;
  return code
    .replace(call, () => `describe("${file.package}", ${JSON.stringify(table)})`)
    .replace('import { enumDesc, fileDesc, messageDesc } from "@bufbuild/protobuf/codegenv2"', 'import { describe, enumDesc, messageDesc } from "../../../describe.ts"');
}

function enumLine({ name, value }) {
  const prefix = `${name.replace(/\B[A-Z]/g, "_$&").toUpperCase()}_`;
  const isPlain = ({ number, name }, at) => number === at && name.startsWith(prefix);
  if (!value.every(isPlain)) {
    throw new Error(`the values of ${name} do not count from 0, or do not begin with ${prefix}`);
  }
  return [name, ...value.map((it) => it.name.slice(prefix.length))].join(" ");
}

const SCALARS = { 1: "%", 3: "-", 4: "+", 8: "!", 9: "", 12: "$", 13: "#", 17: "^" };
const [REPEATED, MESSAGE, ENUM] = [3, 11, 14];

function messageLine(message) {
  const words = [message.name];
  let number = 0;
  let group;
  for (const field of message.field) {
    const oneof = Object.hasOwn(field, "oneofIndex") && !field.proto3Optional ? message.oneofDecl[field.oneofIndex] : undefined;
    if (oneof !== group) {
      words.push(...(group ? [")"] : []), ...(oneof ? [`(${oneof.name}`] : []));
      group = oneof;
    }
    words.push((field.number === number + 1 ? "" : `${field.number}=`) + field.name + typeOf(message, field));
    number = field.number;
  }
  return [...words, ...(group ? [")"] : [])].join(" ");
}

function typeOf(message, field) {
  const name = field.typeName.split(".").at(-1);
  const entry = message.nestedType.find((nested) => nested.name === name);
  if (entry) {
    if (entry.field.some(({ type }) => SCALARS[type] !== "")) {
      throw new Error(`${message.name}.${field.name} is no map of strings`);
    }
    return "&";
  }
  const signs = (field.label === REPEATED ? "*" : "") + (field.proto3Optional ? "?" : "");
  if (field.type === MESSAGE || field.type === ENUM) {
    const own = `_${field.name}`.replace(/_(.)/g, (_, letter) => letter.toUpperCase());
    return `${signs}:${name === own ? "" : name}`;
  }
  if (!(field.type in SCALARS)) {
    throw new Error(`${message.name}.${field.name} has a type that the table does not know`);
  }
  return signs + SCALARS[field.type];
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  generate();
}

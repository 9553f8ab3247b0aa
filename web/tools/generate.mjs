// Writes what is made from the schema of the protocol: sdk/src/gen. Nothing of it is kept in the repository.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "./root.mjs";

const proto = join(root, "../crates/wire/proto");
const schema = "stonechat/v1/native.proto";
const out = join(root, "sdk/src/gen");

export function generate() {
  const text = readFileSync(join(proto, schema));
  const lock = readFileSync(join(root, "package-lock.json"));
  const stamp = createHash("sha256").update(text).update(lock).digest("hex");
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
  writeFileSync(mark, stamp);
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  generate();
}

// Builds the fixed world of the pictures into a folder: the messenger over invented data, with pinned fonts.
import { build } from "esbuild";
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./root.mjs";

export async function buildWorld(out) {
  mkdirSync(out, { recursive: true });
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: ["e2e/world/world.ts", "e2e/world/world.css"],
    outdir: out,
    bundle: true,
    splitting: true,
    format: "esm",
    target: "es2022",
    conditions: ["stonechat-source"],
    loader: { ".woff2": "file" },
    entryNames: "assets/[name]",
    chunkNames: "assets/[name]-[hash]",
    assetNames: "assets/[name]-[hash]",
    publicPath: "/",
    metafile: true,
    logLevel: "warning",
  });
  cpSync(join(root, "messenger/public"), out, { recursive: true });
  const page =
    '<!doctype html>\n<html lang="en" dir="ltr">\n<head><meta charset="utf-8"><meta name="color-scheme" content="light dark">' +
    '<link rel="stylesheet" href="/assets/world.css"><script type="module" src="/assets/world.js"></script>' +
    '<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="/icon.svg"><title>Stonechat</title></head>\n<body></body>\n</html>\n';
  for (const name of ["", "contacts", "starred", "settings", ...["appearance", "notifications", "privacy", "devices", "folders", "language", "keys"].map((section) => `settings/${section}`)]) {
    mkdirSync(join(out, name), { recursive: true });
    writeFileSync(join(out, name, "index.html"), page);
  }
  return metafile;
}

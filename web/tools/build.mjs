// Builds everything that is served or published: `node tools/build.mjs [--dev] [--only messenger|pages|libraries]`.
//
// dist/ is what the server embeds: each file at its path, a folder by its index.html, and beside what is text the same with
// `.br` and `.gz`. What lies below assets/ has a hash of its content in its name.
import { build } from "esbuild";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, extname, join, relative } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { generate } from "./generate.mjs";
import { minifyStyles } from "./minify.mjs";
import { root } from "./root.mjs";

const dist = join(root, "dist");

const shared = {
  absWorkingDir: root,
  bundle: true,
  format: "esm",
  target: "es2022",
  conditions: ["stonechat-source"],
  charset: "utf8",
  // The licences are kept in one file, /licenses.txt.
  legalComments: "none",
  logLevel: "warning",
  metafile: true,
  loader: { ".woff2": "file" },
};

/** Builds entries into dist/assets; gives the address of each, what it imports at once, and everything that was written. */
async function bundle(entries, options, dev) {
  const result = await build({
    ...shared,
    ...options,
    entryPoints: entries,
    outdir: dist,
    splitting: true,
    minify: !dev,
    plugins: dev ? [] : [minifyStyles],
    sourcemap: dev ? "inline" : false,
    entryNames: "assets/[name]-[hash]",
    chunkNames: "assets/[name]-[hash]",
    assetNames: "assets/[name]-[hash]",
    publicPath: "/",
  });
  const outputs = result.metafile.outputs;
  const address = (path) => "/" + relative(dist, join(root, path));
  const find = (entry) => Object.keys(outputs).find((path) => outputs[path].entryPoint === relative(root, entry));
  const eager = (path, seen = new Set()) => {
    for (const { path: next, kind } of outputs[path].imports) {
      if (kind === "import-statement" && !seen.has(next) && outputs[next]) {
        seen.add(next);
        eager(next, seen);
      }
    }
    return seen;
  };
  return {
    metafile: result.metafile,
    files: Object.keys(outputs).map(address),
    script: (entry) => address(find(entry)),
    imports: (entry) => [...eager(find(entry))].map(address),
  };
}

/** Puts the addresses of a build into a page: `{{script NAME}}`, `{{style NAME}}`, `{{preload NAME}}`. */
function page(template, out, built, entries) {
  const text = readFileSync(template, "utf8").replace(/\{\{(script|style|preload) ([\w.-]+)\}\}/g, (_, what, name) => {
    const entry = entries.find((path) => basename(path) === name);
    if (!entry) {
      throw new Error(`${relative(root, template)} asks for ${name}, which is no entry`);
    }
    return what === "preload"
      ? built.imports(entry).map((path) => `<link rel="modulepreload" href="${path}">`).join("")
      : built.script(entry);
  });
  mkdirSync(dirname(join(dist, out)), { recursive: true });
  writeFileSync(join(dist, out), text);
}

/** Where else the messenger's page is found, for who comes there without having been here. Conversations are below /c/. */
const places = ["contacts", "starred", "settings"];

export async function buildMessenger({ dev = false } = {}) {
  const from = join(root, "messenger");
  const entries = ["early.ts", "main.ts", "main.css"].map((name) => join(from, "src", name));
  const built = await bundle(entries, {}, dev);
  page(join(from, "index.html"), "index.html", built, entries);
  for (const place of places) {
    page(join(from, "index.html"), `${place}/index.html`, built, entries);
  }
  copyTree(join(from, "public"), dist);
  // What the page needs to start without a network. Pictures of installed icons are not among it.
  const people = readdirSync(join(from, "public/people")).map((name) => `/people/${name}`);
  const shell = ["/", ...built.files, ...people, "/icon.svg", "/icon-unread.svg", "/manifest.webmanifest"];
  const hash = createHash("sha256").update(readFileSync(join(dist, "index.html")));
  shell.forEach((path) => hash.update(path));
  await build({
    ...shared,
    entryPoints: [join(from, "worker/worker.ts")],
    outfile: join(dist, "sw.js"),
    format: "iife",
    minify: !dev,
    define: { SHELL: JSON.stringify(shell), VERSION: JSON.stringify(hash.digest("hex").slice(0, 16)) },
  });
  return built.metafile;
}

/** The gallery of components, and the page that shows how to put chat into another one. */
export async function buildGallery({ dev = false } = {}) {
  const from = join(root, "gallery");
  const names = ["gallery", "example"].filter((name) => existsSync(join(from, `src/${name}.ts`)));
  if (names.length === 0) {
    return { inputs: {} };
  }
  const entries = names.flatMap((name) => [`${name}.ts`, `${name}.css`]).map((name) => join(from, "src", name)).filter(existsSync);
  const built = await bundle(entries, {}, dev);
  for (const name of names) {
    page(join(from, `${name}.html`), `${name}/index.html`, built, entries);
  }
  return built.metafile;
}

/** The packages as they are published: modules with their types, dependencies left outside. */
export async function buildLibraries() {
  for (const name of ["sdk", "ui", "react"]) {
    const folder = join(root, name);
    if (!existsSync(join(folder, "src/index.ts"))) {
      continue;
    }
    const out = join(folder, "dist");
    rmSync(out, { recursive: true, force: true });
    for (const { path, contents } of await buildLibrary(name)) {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, contents);
    }
    declare(folder, out);
  }
}

/** The files of the code of a package, without its types. Names are left to who bundles it; styles in templates would be left by him, too. */
export async function buildLibrary(name) {
  const folder = join(root, name);
  const { exports, dependencies, peerDependencies } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const { outputFiles } = await build({
    ...shared,
    // One for each way in that the package has.
    entryPoints: Object.values(exports).flatMap((entry) => entry["stonechat-source"] ?? []).map((path) => join(folder, path)),
    outbase: join(folder, "src"),
    outdir: join(folder, "dist"),
    write: false,
    splitting: true,
    chunkNames: "[name]-[hash]",
    sourcemap: true,
    plugins: [minifyStyles],
    external: Object.keys({ ...dependencies, ...peerDependencies }).flatMap((name) => [name, `${name}/*`]),
  });
  return outputFiles;
}

function declare(folder, out) {
  const config = join(folder, "tsconfig.build.json");
  const settings = {
    extends: "../tsconfig.base.json",
    compilerOptions: { noEmit: false, declaration: true, emitDeclarationOnly: true, outDir: out, rootDir: join(folder, "src"), customConditions: [] },
    include: [join(folder, "src")],
    exclude: [join(folder, "src/testing")],
  };
  writeFileSync(config, JSON.stringify(settings));
  try {
    execFileSync(join(root, "node_modules/.bin/tsc"), ["-p", config], { stdio: "inherit" });
  } finally {
    rmSync(config);
  }
  // Where the sources say `./x.ts`, those who use the package have `./x.d.ts`, which is asked for as `./x.js`.
  for (const path of walk(out).filter((path) => path.endsWith(".d.ts"))) {
    const text = readFileSync(path, "utf8");
    writeFileSync(path, text.replace(/((?:from|import\(|import) ?"\.[^"]*)\.ts"/g, '$1.js"'));
  }
}

/** The names and licences of all that is in the bundles. */
function licences(metafiles) {
  const inputs = metafiles.flatMap(({ inputs }) => Object.keys(inputs));
  const packages = new Set(inputs.flatMap((path) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? []));
  const texts = [...packages].sort().flatMap((name) => {
    const folder = join(root, "node_modules", name);
    if (!statSync(folder).isDirectory() || name.startsWith("@stonechat/")) {
      return [];
    }
    const { version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    const file = readdirSync(folder).find((file) => /^licen[cs]e/i.test(file));
    return [`${name} ${version} (${license})\n\n${file ? readFileSync(join(folder, file), "utf8").trim() : ""}\n`];
  });
  writeFileSync(join(dist, "licenses.txt"), `Stonechat is under the Apache License 2.0. These pages contain:\n\n${texts.join("\n\n")}`);
}

const texts = new Set([".html", ".js", ".css", ".svg", ".txt", ".webmanifest"]);

function compress(path) {
  const bytes = readFileSync(path);
  if (bytes.length < 256) {
    return;
  }
  writeFileSync(path + ".br", brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } }));
  writeFileSync(path + ".gz", gzipSync(bytes, { level: 9 }));
}

function walk(folder) {
  return readdirSync(folder, { withFileTypes: true, recursive: true }).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

function copyTree(from, to) {
  for (const path of walk(from)) {
    const out = join(to, relative(from, path));
    mkdirSync(dirname(out), { recursive: true });
    copyFileSync(path, out);
  }
}

export async function buildAll({ dev = false, only = null } = {}) {
  generate();
  if (only !== "libraries") {
    rmSync(dist, { recursive: true, force: true });
    mkdirSync(dist, { recursive: true });
    const metafiles = [await buildMessenger({ dev })];
    if (only !== "messenger") {
      metafiles.push(await buildGallery({ dev }));
    }
    licences(metafiles);
    walk(dist).filter((path) => texts.has(extname(path))).forEach(compress);
  }
  if (only === null || only === "libraries") {
    await buildLibraries();
  }
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const at = process.argv.indexOf("--only");
  await buildAll({ dev: process.argv.includes("--dev"), only: at < 0 ? null : process.argv[at + 1] });
}

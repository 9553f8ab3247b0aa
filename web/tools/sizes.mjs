// How large the packages are for those who load them: `node tools/sizes.mjs [--files]`, by brotli, in kB of 1,000 bytes.
//
// What is measured is what a page gets that is made as docs/quickstart-web.md says: the packages as they are published, in a
// bundle that is minified and split, and of it all that is loaded at once. What may come later is not among it: it is loaded
// when somebody does what needs it (a menu, the panels, the emoji, another language, calls that few pages make).
import { build } from "esbuild";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { brotliCompressSync } from "node:zlib";
import { buildLibrary } from "./build.mjs";
import { minifyStyles } from "./minify.mjs";
import { root } from "./root.mjs";

export const SDK_KB_MAX = 45;
/** What the SDK and the kit promise to stay within. */
export const SDK_AND_KIT_KB_BUDGET = 80;
/** What was reached and is not to be lost: before a conversation is open, and with what one reads and writes with. */
export const SDK_AND_KIT_KB_MAX = 72;
export const WITH_CONVERSATION_KB_MAX = 84;

const QUICKSTART = 'import { createClient } from "@stonechat/sdk"; globalThis.client = createClient({ tokenProvider: globalThis.token });';
const PAGES = {
  sdkKb: 'export * from "@stonechat/sdk";',
  sdkAndKitKb: `${QUICKSTART} import "@stonechat/ui";`,
  withConversationKb: `${QUICKSTART} import "@stonechat/ui"; import "@stonechat/ui/conversation";`,
};

/** Bundles a page; gives what it loads at once. */
async function eager(contents, resolveDir, options) {
  const { metafile, outputFiles } = await build({
    absWorkingDir: root,
    stdin: { contents, resolveDir, sourcefile: "page.js" },
    bundle: true,
    splitting: true,
    format: "esm",
    target: "es2022",
    minify: true,
    legalComments: "none",
    outdir: join(root, "none"),
    write: false,
    metafile: true,
    logLevel: "error",
    ...options,
  });
  const { outputs } = metafile;
  const seen = new Set();
  const walk = (path) => {
    if (!seen.has(path)) {
      seen.add(path);
      outputs[path].imports
        .filter(({ kind }) => kind === "import-statement")
        .forEach(({ path: next }) => walk(next));
    }
  };
  walk(Object.keys(outputs).find((path) => outputs[path].entryPoint?.endsWith("page.js")));
  const files = outputFiles.filter(({ path }) => seen.has(relative(options.absWorkingDir ?? root, path)));
  const bytes = files.reduce((sum, { contents }) => sum + brotliCompressSync(contents).length, 0);
  return { bytes, inputs: [...seen].flatMap((path) => Object.entries(outputs[path].inputs)) };
}

export async function sizes() {
  const folder = mkdtempSync(join(tmpdir(), "stonechat-sizes-"));
  try {
    for (const name of ["sdk", "ui"]) {
      const out = join(folder, "node_modules/@stonechat", name);
      mkdirSync(out, { recursive: true });
      copyFileSync(join(root, name, "package.json"), join(out, "package.json"));
      for (const { path, contents } of await buildLibrary(name)) {
        const copy = join(out, relative(join(root, name), path));
        mkdirSync(dirname(copy), { recursive: true });
        writeFileSync(copy, contents);
      }
    }
    const measured = {};
    for (const [name, page] of Object.entries(PAGES)) {
      // Lit is not in the packages; the page has it installed beside them.
      measured[name] = (await eager(page, folder, { absWorkingDir: folder, outdir: join(folder, "none"), nodePaths: [join(root, "node_modules")] })).bytes / 1000;
    }
    return measured;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const { sdkKb, sdkAndKitKb, withConversationKb } = await sizes();
  console.log(
    `SDK ${sdkKb.toFixed(2)} kB of ${SDK_KB_MAX}; SDK and kit ${sdkAndKitKb.toFixed(2)} kB of ${SDK_AND_KIT_KB_MAX}, ` +
    `with an open conversation ${withConversationKb.toFixed(2)} kB of ${WITH_CONVERSATION_KB_MAX}`,
  );
  if (process.argv.includes("--files")) {
    // Of the published packages one sees no files: these are the sources in the same bundle.
    const { inputs } = await eager(PAGES.withConversationKb, join(root, "messenger"), { conditions: ["stonechat-source"], plugins: [minifyStyles] });
    inputs.sort((a, b) => b[1].bytesInOutput - a[1].bytesInOutput).slice(0, 80).forEach(([path, { bytesInOutput }]) => console.log(bytesInOutput, path));
  }
}

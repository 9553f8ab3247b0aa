// How large the packages are for those who load them: minified, with all that is loaded at once, by brotli.
import { build } from "esbuild";
import { join } from "node:path";
import { brotliCompressSync } from "node:zlib";
import { root } from "./root.mjs";

/** In kB of 1,000 bytes. */
export const SDK_KB_MAX = 45;
export const SDK_AND_KIT_KB_MAX = 80;

/**
 * Bytes of what a page loads that imports these packages and opens an account. What it may load later is not among it: the data
 * of the emoji picker, another language, the calls of the SDK that few pages make.
 */
async function eagerBytes(packages) {
  const result = await build({
    absWorkingDir: root,
    stdin: { contents: packages.map((name) => `export * from "${name}";`).join("\n"), resolveDir: join(root, "messenger"), sourcefile: "all.ts" },
    bundle: true,
    splitting: true,
    format: "esm",
    target: "es2022",
    minify: true,
    legalComments: "none",
    conditions: ["stonechat-source"],
    outdir: join(root, "none"),
    write: false,
    metafile: true,
    logLevel: "silent",
  });
  const outputs = result.metafile.outputs;
  const seen = new Set();
  const walk = (path) => {
    if (!seen.has(path)) {
      seen.add(path);
      outputs[path].imports
        .filter(({ kind }) => kind === "import-statement")
        .forEach(({ path: next }) => walk(next));
    }
  };
  walk(Object.keys(outputs).find((path) => outputs[path].entryPoint?.endsWith("all.ts")));
  const bytes = result.outputFiles.filter(({ path }) => seen.has(path.slice(root.length + 1))).map(({ contents }) => brotliCompressSync(contents).length);
  return { total: bytes.reduce((a, b) => a + b, 0), inputs: [...seen].flatMap((path) => Object.entries(outputs[path].inputs)) };
}

export async function sizes() {
  const sdk = await eagerBytes(["@stonechat/sdk"]);
  const both = await eagerBytes(["@stonechat/sdk", "@stonechat/ui"]);
  const talk = await eagerBytes(["@stonechat/sdk", "@stonechat/ui", "@stonechat/ui/conversation"]);
  return { sdkKb: sdk.total / 1000, sdkAndKitKb: both.total / 1000, withConversationKb: talk.total / 1000, inputs: both.inputs };
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const { sdkKb, sdkAndKitKb, withConversationKb, inputs } = await sizes();
  console.log(`SDK ${sdkKb.toFixed(1)} kB of ${SDK_KB_MAX}, SDK and kit ${sdkAndKitKb.toFixed(1)} kB of ${SDK_AND_KIT_KB_MAX}; once a conversation is open ${withConversationKb.toFixed(1)} kB`);
  if (process.argv.includes("--files")) {
    inputs.sort((a, b) => b[1].bytesInOutput - a[1].bytesInOutput).slice(0, 60).forEach(([path, { bytesInOutput }]) => console.log(bytesInOutput, path));
  }
}

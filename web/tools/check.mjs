// Looks over the web packages: `node tools/check.mjs`. Prints what is wrong, and fails.
import { build } from "esbuild";
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { generate } from "./generate.mjs";
import { root } from "./root.mjs";
import { SDK_AND_KIT_KB_MAX, SDK_KB_MAX, sizes, WITH_CONVERSATION_KB_MAX } from "./sizes.mjs";

const wrong = [];
const sources = ["sdk/src", "ui/src", "react/src", "messenger/src", "messenger/worker", "gallery/src"];
const pages = ["messenger", "gallery"];

/** What would let a text become markup, or a policy without `unsafe-inline` break the page. */
const forbidden = [
  [/\b(inner|outer)HTML\b|\binsertAdjacentHTML\b|\bdocument\.write\b|\bcreateContextualFragment\b|\bparseFromString\b/, "markup from a string"],
  [/\bunsafe(HTML|SVG|CSS|Static)\b|static-html/, "an unsafe template"],
  [/\beval\(|\bnew Function\(/, "code from a string"],
  [/\sstyle=["'$]|\bstyleMap\b/, "a style attribute; use setStyle, or a class"],
  [/<[a-z][^<>]*\son[a-z]+=["'$]/, "a handler in an attribute; use @event"],
  [/\bsetAttribute\("style"/, "a style attribute"],
];

function walk(folder, ending) {
  return existsSync(join(root, folder))
    ? readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
        .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
        .map((entry) => relative(root, join(entry.parentPath, entry.name)))
        .filter((path) => !path.includes("/gen/") && !path.includes("/node_modules/") && !path.includes("/dist/"))
    : [];
}

function checkTypes() {
  for (const project of [".", "messenger/worker"]) {
    try {
      execFileSync(join(root, "node_modules/.bin/tsc"), ["-p", project], { cwd: root, encoding: "utf8", stdio: "pipe" });
    } catch (error) {
      wrong.push(...error.stdout.trim().split("\n"));
    }
  }
}

function checkSources() {
  for (const path of [...sources.flatMap((folder) => walk(folder, ".ts")), ...pages.flatMap((folder) => walk(folder, ".html"))]) {
    readFileSync(join(root, path), "utf8").split("\n").forEach((line, i) => {
      // Prose may name what code may not use.
      if (!/^\s*(\/\/|\/?\*)/.test(line)) {
        forbidden.filter(([pattern]) => pattern.test(line)).forEach(([, why]) => wrong.push(`${path}:${i + 1}: ${why}`));
      }
    });
  }
}

/** The same keys with the same places in every language, and no text that is still English. */
async function checkCatalogues() {
  const { outputFiles } = await build({
    absWorkingDir: root,
    stdin: {
      // English words of what is loaded later join the others then.
      contents: `import "./ui/src/base/later.ts"; import "./ui/src/chat/words.ts"; import "./ui/src/panels/words.ts"; export { en } from "./ui/src/i18n/en.ts"; export { zh } from "./ui/src/i18n/zh.ts";
        export { en as ownEn } from "./messenger/src/texts/en.ts"; export { zh as ownZh } from "./messenger/src/texts/zh.ts";`,
      resolveDir: root,
    },
    bundle: true,
    write: false,
    format: "esm",
    logLevel: "silent",
  });
  const { en, zh, ownEn, ownZh } = await import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].text).toString("base64")}`);
  const forms = (text) => (typeof text === "string" ? [text] : Object.values(text));
  const places = (text) => [...new Set(forms(text).flatMap((form) => [...form.matchAll(/\{\w+\}/g)].map(([place]) => place)))].sort().join();
  for (const [name, of, to] of [["kit", en, zh], ["messenger", ownEn, ownZh]]) {
    for (const key of new Set([...Object.keys(of), ...Object.keys(to)])) {
      if (!(key in of) || !(key in to)) {
        wrong.push(`${name}: ${key} is in one language only`);
      } else if (places(of[key]) !== places(to[key])) {
        wrong.push(`${name}: ${key} has the places ${places(of[key]) || "none"} in English, ${places(to[key]) || "none"} in Chinese`);
      } else if (forms(to[key]).some((text) => text === "")) {
        wrong.push(`${name}: ${key} is empty`);
      }
    }
  }
}

/** Packages that are installed may not bind what we publish. */
function checkLicences() {
  const { packages } = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"));
  const good = /^\(?(MIT|MIT-0|ISC|0BSD|BSD-[23]-Clause|Apache-2\.0|MPL-2\.0|CC0-1\.0|Unlicense|BlueOak-1\.0\.0|Python-2\.0|CC-BY-4\.0)\b/;
  for (const [path, { license, link }] of Object.entries(packages)) {
    if (path.startsWith("node_modules/") && !link && (!good.test(license ?? "") || /GPL/.test(license))) {
      wrong.push(`${path}: licence ${license ?? "unknown"}`);
    }
  }
}

async function checkSizes() {
  const { sdkKb, sdkAndKitKb, withConversationKb } = await sizes();
  const all = [["SDK", sdkKb, SDK_KB_MAX], ["SDK and kit", sdkAndKitKb, SDK_AND_KIT_KB_MAX], ["With an open conversation", withConversationKb, WITH_CONVERSATION_KB_MAX]];
  for (const [name, kb, most] of all) {
    console.log(`${name}: ${kb.toFixed(1)} kB by brotli, of ${most}`);
    if (kb > most) {
      wrong.push(`${name} has ${kb.toFixed(1)} kB, more than ${most}`);
    }
  }
}

/** What is written of the types is what they are now. */
function checkReference() {
  try {
    execFileSync(process.execPath, [join(root, "tools/api.mjs"), "--check"], { encoding: "utf8", stdio: "pipe" });
  } catch (error) {
    wrong.push(error.stderr.trim());
  }
}

/** The fonts of the pictures hold each character that their texts have. */
function checkFonts() {
  const held = new Set(readFileSync(join(root, "e2e/fonts/characters.txt"), "utf8"));
  const latin = (c) => c.codePointAt(0) < 0x250 || (c >= "\u2000" && c < "\u2070") || /[←↑→↓€⌘⇧−]/.test(c);
  for (const path of ["ui/src/testing", "ui/src/i18n", "messenger/src/texts", "e2e/world", "gallery/src"].flatMap((folder) => walk(folder, ".ts"))) {
    const missing = [...new Set(readFileSync(join(root, path), "utf8"))].filter((c) => !latin(c) && !held.has(c));
    if (missing.length > 0) {
      wrong.push(`${path}: the fonts of the pictures lack ${missing.join(" ")}; run tools/fonts.py`);
    }
  }
}

generate();
checkTypes();
checkReference();
checkSources();
checkLicences();
checkFonts();
try {
  await checkCatalogues();
  await checkSizes();
} catch (error) {
  wrong.push(error.message);
}
wrong.forEach((line) => console.error(line));
console.log(wrong.length === 0 ? "The web packages are in order." : `${wrong.length} things are wrong.`);
process.exitCode = wrong.length === 0 ? 0 : 1;

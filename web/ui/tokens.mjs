/** Writes `src/base/tokens-sheet.ts` from `src/tokens.css`: the same tokens for pages that did not link the sheet. */

import { readFileSync, writeFileSync } from "node:fs";

export function tokensModule() {
  const css = readFileSync(new URL("src/tokens.css", import.meta.url), "utf8")
    .replace(/\/\*[^]*?\*\//g, "")
    .replace(/\s+/g, " ")
    .replace(/ ?([{};,]) ?/g, "$1")
    .replace(/([a-z-]): /g, "$1:")
    .trim();
  return `/* Written by tokens.mjs from tokens.css. */\n\nexport const TOKENS = ${JSON.stringify(css)};\n`;
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  writeFileSync(new URL("src/base/tokens-sheet.ts", import.meta.url), tokensModule());
}

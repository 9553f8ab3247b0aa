// Makes the data of the emoji picker from the npm package emojibase-data 17 (MIT; its names are of the Unicode CLDR):
//   npm pack emojibase-data@17.0.0 && tar xzf emojibase-data-17.0.0.tgz && node tools/emoji.mjs package
// One line an emoji: the emoji, `~` behind it when it has skin tones, and words to search. An empty line ends a group.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./root.mjs";

const folder = process.argv[2];
const read = (locale) => JSON.parse(readFileSync(join(folder, locale, "data.json"), "utf8"));
/** The newest version of Unicode that the fonts of people have. */
const VERSION_MAX = 15;
const COMPONENTS = 2;

const english = read("en").filter((one) => one.group !== undefined && one.group !== COMPONENTS && one.version <= VERSION_MAX);
const chinese = new Map(read("zh").map((one) => [one.hexcode, one]));

/** As the picker does it: a tone stands behind each character that takes one. */
const toned = (emoji, tone) =>
  emoji.replace(/(\p{Emoji_Modifier_Base})\uFE0F?/gu, `$1${String.fromCodePoint(0x1f3fa + tone)}`);

const hasTones = ({ emoji, skins }) =>
  [1, 2, 3, 4, 5].every((tone) => skins?.some((skin) => skin.tone === tone && skin.emoji === toned(emoji, tone)));

const words = ({ label, tags }) => [...new Set([label, ...(tags ?? [])].join(" ").toLowerCase().split(/[\s:“”"]+/u))].filter(Boolean).join(" ");

function lines(line) {
  const out = [];
  let group = english[0].group;
  for (const one of [...english].sort((a, b) => a.group - b.group || a.order - b.order)) {
    if (one.group !== group) {
      // Smileys and people are one group to who looks for them.
      if (group !== 0) {
        out.push("");
      }
      group = one.group;
    }
    out.push(line(one));
  }
  return out.join("\n").replace(/[\\`$]/g, (sign) => `\\${sign}`);
}

const head = "// Made by `node tools/emoji.mjs` from emojibase-data 17 (MIT licence; names of the Unicode CLDR); change that, not this.\n\n";
const write = (name, text) => writeFileSync(join(root, "ui/src/chat", name), `${head}export default \`${text}\`;\n`);
write("emoji-data.ts", lines((one) => `${one.emoji}${hasTones(one) ? "~" : ""} ${words(one)}`));
write("emoji-words-zh.ts", lines((one) => words(chinese.get(one.hexcode) ?? { label: "" }) || one.emoji));

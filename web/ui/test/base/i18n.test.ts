import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { english, loadLocale, makeLocale, type Text } from "../../src/i18n/index.ts";
import { en } from "../../src/i18n/en.ts";
import { zh } from "../../src/i18n/zh.ts";

const SRC = resolve(dirname(fileURLToPath(import.meta.url)), "../../src");
/** What is there before anything is loaded later. */
const FIRST: Readonly<Record<string, Text>> = { ...en };
const GROUPS: readonly Readonly<Record<string, Text>>[] = await Promise.all(
  readdirSync(join(SRC, "i18n/en")).map(async (file) => Object.values(await import(join(SRC, "i18n/en", file)))[0] as Readonly<Record<string, Text>>),
);
const ALL: Readonly<Record<string, Text>> = Object.assign({}, ...GROUPS);

/** The files that are loaded with a file, without what it loads later. */
function loadedWith(file: string, seen = new Set<string>()): ReadonlySet<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  const source = readFileSync(file, "utf8");
  for (const [statement, path] of source.matchAll(/^(?:import|export)\s(?:[^;"]*?from\s)?"(\.[^"]+)";/gms)) {
    if (!/^(import|export) type /.test(statement)) loadedWith(join(dirname(file), path!), seen);
  }
  return seen;
}

function keysIn(file: string): readonly string[] {
  return [...readFileSync(file, "utf8").matchAll(/"([a-z]+\.[a-z_0-9]+)"/g)].map(([, key]) => key!).filter((key) => key in ALL);
}

function placesOf(text: Text): ReadonlySet<string> {
  const forms = typeof text === "string" ? [text] : Object.values(text);
  return new Set(forms.flatMap((form) => [...form.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!)));
}

describe("the catalogues", () => {
  it("say nothing twice", () => {
    const keys = GROUPS.flatMap((group) => Object.keys(group));
    expect(keys.filter((key, i) => keys.indexOf(key) !== i)).toEqual([]);
  });

  it("have each text in Chinese too, with the same places to fill", () => {
    expect(Object.keys(zh).sort()).toEqual(Object.keys(ALL).sort());
    for (const [key, text] of Object.entries(ALL)) expect([key, [...placesOf((zh as Record<string, Text>)[key]!)].sort()]).toEqual([key, [...placesOf(text)].sort()]);
  });

  it("have a form for every number that their language tells apart", () => {
    for (const [catalogue, tag] of [[ALL, "en"], [zh, "zh"]] as const) {
      const wanted = new Intl.PluralRules(tag).resolvedOptions().pluralCategories;
      for (const [key, text] of Object.entries(catalogue as Record<string, Text>)) {
        if (typeof text === "string") continue;
        const forms = Object.keys(text);
        expect(wanted.every((form) => forms.includes(form)), `${key} in ${tag}`).toBe(true);
      }
    }
  });

  it("hold all words of what is loaded at once in the first load", () => {
    const missing = [...loadedWith(join(SRC, "index.ts"))].flatMap((file) => keysIn(file).filter((key) => !(key in FIRST)).map((key) => `${key} in ${file.slice(SRC.length)}`));
    expect(missing).toEqual([]);
  });

  it("use full-width marks beside Han", () => {
    const wrong = Object.entries(zh as Record<string, Text>).filter(([, text]) => /\p{Script=Han}[,;:?!.](?:\s|$)/u.test(JSON.stringify(text)));
    expect(wrong).toEqual([]);
  });
});

describe("t", () => {
  it("takes the plural of the number, written as the language writes it", () => {
    expect(english.t("list.unread_count", { n: 1 })).toBe("1 unread");
    expect(english.t("people.members", { n: 1 })).toBe("1 member");
    expect(english.t("people.members", { n: 1234 })).toBe("1,234 members");
  });

  it("sets right-to-left names apart, and no others", () => {
    expect(english.t("typing.one", { a: "Kofi" })).toBe("Kofi is typing");
    expect(english.t("typing.one", { a: "ليلى" })).toBe("\u2068ليلى\u2069 is typing");
  });

  it("puts Han close to Han and Latin apart in Chinese", async () => {
    const chinese = await loadLocale("zh-Hans-CN");
    expect(chinese.t("kind.recalled", { name: "何嘉树" })).toBe("何嘉树撤回了一条消息");
    expect(chinese.t("kind.recalled", { name: "Ines" })).toBe("Ines 撤回了一条消息");
    expect(chinese.t("typing.two", { a: "Kofi", b: "Ruth" })).toBe("Kofi 和 Ruth 正在输入");
  });

  it("gives pieces, for templates in the place of names", () => {
    const name = { a: "template" };
    expect(english.rich("typing.one", { a: name })).toEqual([name, " is typing"]);
  });

  it("falls back to English where a language lacks a text", () => {
    const bare = makeLocale("zh", "zh-CN", {} as typeof zh);
    expect(bare.t("list.all")).toBe("All");
  });

  it("speaks English for a language that it does not know", async () => {
    expect(await loadLocale("pt-BR")).toBe(english);
  });
});

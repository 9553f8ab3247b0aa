/** The languages of the kit: `t(key, params)` with plurals, numbers and dates by `Intl`. */

import { en, type Catalogue, type Key, type Text } from "./en.ts";

export type { Catalogue, Key, Text } from "./en.ts";
export type Params = Readonly<Record<string, string | number>>;

/** A language and how it says things. Immutable: another language is another object. */
export interface Locale {
  /** Of the catalogue: `en` or `zh`. */
  readonly language: string;
  /** For `Intl`: the user's own form of that language, such as `en-GB`. */
  readonly tag: string;
  t(key: Key, params?: Params): string;
  /** As {@link t}, in pieces: what a place is filled with may be a template, a `<bdi>` round a name. */
  rich<T>(key: Key, params: Readonly<Record<string, string | number | T>>): (string | T)[];
  number(value: number): string;
}

const HAN = /\p{Script=Han}/u;
const PLACE = /\{(\w+)\}/;
/** Letters that run right to left: set apart, so that they do not reorder the sentence round them. */
const RTL = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/;

export function makeLocale(language: string, tag: string, catalogue: Catalogue): Locale {
  const plurals = new Intl.PluralRules(tag);
  const numbers = new Intl.NumberFormat(tag);
  const pieces = (key: Key, params: Readonly<Record<string, unknown>>): unknown[] => {
    const entry: Text = catalogue[key] ?? en[key] ?? "";
    const text = typeof entry === "string" ? entry : (entry[plurals.select(Number(params.n))] ?? entry.other ?? "");
    // Every second piece is the name of a place.
    const parts = text.split(PLACE);
    return parts.map((piece, i) => {
      if (i % 2 === 0) {
        // In Chinese the space beside a place is for Latin and digits: Han stands close to Han.
        if (language !== "zh") return piece;
        const before = HAN.test(String(params[parts[i - 1] ?? ""] ?? "").slice(-1));
        const after = HAN.test(String(params[parts[i + 1] ?? ""] ?? "").slice(0, 1));
        return piece.slice(before && piece.startsWith(" ") ? 1 : 0, after && piece.endsWith(" ") ? -1 : undefined);
      }
      const value = params[piece] ?? "";
      if (typeof value === "number") return numbers.format(value);
      return typeof value === "string" && RTL.test(value) ? `\u2068${value}\u2069` : value;
    });
  };
  return {
    language,
    tag,
    t: (key, params = {}) => pieces(key, params).join(""),
    rich: <T>(key: Key, params: Readonly<Record<string, string | number | T>>) =>
      pieces(key, params).filter((piece) => piece !== "") as (string | T)[],
    number: (value) => numbers.format(value),
  };
}

/** The catalogues beside English, each loaded when it is needed. */
const OTHERS: Readonly<Record<string, () => Promise<Catalogue>>> = {
  zh: async () => (await import("./zh.ts")).zh,
};

/** The languages that the kit speaks, by their own names. */
export const LANGUAGES: readonly { readonly code: string; readonly name: string }[] = [
  { code: "en", name: "English" },
  { code: "zh", name: "中文" },
];

function userTags(): readonly string[] {
  return globalThis.navigator?.languages ?? [];
}

/** How the user writes dates in a language: by the first of his languages that is a form of it. */
function intlTag(language: string): string {
  const own = userTags().find((tag) => tag.split("-")[0] === language);
  return own ?? (language === "zh" ? "zh-CN" : "en-GB");
}

const made = new Map<string, Locale>([["en", makeLocale("en", intlTag("en"), en)]]);

/** English is there at once. */
export const english: Locale = made.get("en")!;

/** The language of a code such as `zh-Hans-CN`; English for one that the kit does not speak. */
export async function loadLocale(code: string): Promise<Locale> {
  const language = code.toLowerCase().split("-")[0]!;
  const known = made.get(language);
  if (known) return known;
  const load = OTHERS[language];
  if (!load) return english;
  const catalogue = await load();
  const locale = makeLocale(language, intlTag(language), catalogue);
  made.set(language, locale);
  return locale;
}

/** The same without waiting, where it was loaded before. */
export function loadedLocale(code: string): Locale | undefined {
  const language = code.toLowerCase().split("-")[0]!;
  return made.get(language) ?? (OTHERS[language] ? undefined : english);
}

/** The first of the user's languages that the kit speaks. */
export function preferredLanguage(): string {
  for (const tag of userTags()) {
    const language = tag.split("-")[0]!;
    if (language === "en" || OTHERS[language]) return language;
  }
  return "en";
}

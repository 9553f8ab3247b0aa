/** The messenger's texts in the language of now. */

import { en, type Key } from "./en.ts";

export type { Key } from "./en.ts";

let texts: Readonly<Record<Key, string>> = en;
let code = "en";

export function language(): string {
  return code;
}

/** Resolves when {@link say} speaks it; English where there is no other. */
export async function speak(next: string): Promise<void> {
  const found = next.toLowerCase().split("-")[0] ?? "en";
  texts = found === "zh" ? (await import("./zh.ts")).zh : en;
  code = found === "zh" ? "zh" : "en";
}

export function say(key: Key, places: Readonly<Record<string, string>> = {}): string {
  return texts[key].replace(/\{(\w+)\}/g, (_, name: string) => places[name] ?? "");
}

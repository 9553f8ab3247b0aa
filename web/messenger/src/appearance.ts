/** How this browser shows chat: kept on this device, for all of its users, and read before the first paint by `early.ts`. */

import { speak } from "./texts/index.ts";

const STORED = "stonechat.appearance";

export interface Appearance {
  /** `light`, `dark`; absent as the system says. */
  readonly theme?: string;
  readonly density?: string;
  /** `en`, `zh`; absent as the browser says. */
  readonly language?: string;
}

export function readAppearance(): Appearance {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(STORED) ?? "{}");
    return kept !== null && typeof kept === "object" ? (kept as Appearance) : {};
  } catch {
    return {};
  }
}

/** Keeps what was chosen, and shows it. An empty choice is the system's again. */
export async function chooseAppearance(change: Appearance): Promise<Appearance> {
  const merged = Object.fromEntries(Object.entries({ ...readAppearance(), ...change }).filter(([, value]) => value)) as Appearance;
  try {
    localStorage.setItem(STORED, JSON.stringify(merged));
  } catch {
    // Not kept: it holds for this visit.
  }
  await applyAppearance(merged);
  return merged;
}

export async function applyAppearance(appearance: Appearance): Promise<void> {
  const root = document.documentElement;
  const { theme } = appearance;
  if (theme === "light" || theme === "dark") {
    root.dataset.theme = theme;
  } else {
    delete root.dataset.theme;
  }
  const language = languageOf(appearance);
  await speak(language);
  root.lang = language === "zh" ? "zh-Hans" : "en";
}

/** The language that is spoken: chosen, else the first of the browser's that there is. */
export function languageOf(appearance: Appearance): string {
  const wanted = appearance.language ? [appearance.language] : navigator.languages;
  return wanted.map((tag) => tag.toLowerCase().split("-")[0]).find((code) => code === "en" || code === "zh") ?? "en";
}

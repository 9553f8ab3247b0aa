/** What was chosen for this browser: kept on this device, for all of its users, and read before the first paint by `early.ts`. */

import { type Choices, DEFAULT_CHOICES } from "@stonechat/ui";
import { speak } from "./texts/index.ts";

const STORED = "stonechat.choices";

export function readChoices(): Choices {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(STORED) ?? "{}");
    return { ...DEFAULT_CHOICES, ...(kept as Partial<Choices>) };
  } catch {
    return DEFAULT_CHOICES;
  }
}

/** Keeps what is different now, and shows it. */
export async function choose(change: Partial<Choices>): Promise<Choices> {
  const choices = { ...readChoices(), ...change };
  try {
    localStorage.setItem(STORED, JSON.stringify(choices));
  } catch {
    // Not kept: it holds for this visit.
  }
  await applyChoices(choices);
  return choices;
}

/** Calls with what another tab chose. */
export function onChosenElsewhere(call: (choices: Choices) => void, signal: AbortSignal): void {
  const listen = ({ key }: StorageEvent) => {
    if (key === STORED) {
      call(readChoices());
    }
  };
  addEventListener("storage", listen, { signal });
}

export async function applyChoices(choices: Choices): Promise<void> {
  const root = document.documentElement;
  if (choices.theme === "system") {
    delete root.dataset.theme;
  } else {
    root.dataset.theme = choices.theme;
  }
  root.dataset.text = choices.textSize;
  const language = languageOf(choices);
  await speak(language);
  root.lang = language === "zh" ? "zh-Hans" : "en";
}

/** The language that is spoken: chosen, else the first of the browser's that there is. */
export function languageOf(choices: Choices): string {
  const wanted = choices.language ? [choices.language] : navigator.languages;
  return wanted.map((tag) => tag.toLowerCase().split("-")[0]).find((code) => code === "en" || code === "zh") ?? "en";
}

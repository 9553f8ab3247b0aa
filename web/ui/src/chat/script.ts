/** The script of a text, and sizes in words. */

/** The language whose fonts and line height a text needs, by its first letter; empty for Latin and the like. */
export function scriptOf(text: string): string {
  if (!/[^\u0000-\u05ff]/.test(text)) {
    return "";
  }
  const first = /\p{L}/u.exec(text)?.[0] ?? "";
  if (/[\u3040-\u30ff]/.test(text) && /[\u3040-\u30ff]|\p{Script=Han}/u.test(first)) {
    return "ja";
  }
  return /\p{Script=Han}/u.test(first) ? "zh" : /\p{Script=Arabic}/u.test(first) ? "ar" : /\p{Script=Hangul}/u.test(first) ? "ko" : "";
}

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte"] as const;

/** 1.4 MB, as the user writes it. */
export function bytesWords(bytes: number, tag: string): string {
  const power = Math.min(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), UNITS.length - 1);
  const value = bytes / 1_000 ** power;
  return new Intl.NumberFormat(tag, {
    style: "unit", unit: UNITS[power] ?? "byte", unitDisplay: "short", maximumFractionDigits: value < 10 && power > 0 ? 1 : 0,
  }).format(value);
}

/** 1:05, as clocks write how long something lasts. */
export function durationWords(ms: number): string {
  const seconds = Math.round(ms / 1_000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

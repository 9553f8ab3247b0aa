/** Times as people say them, by `Intl` and the user's own clock. */

import type { Readable, Timestamp } from "@stonechat/sdk";
import type { Locale } from "../i18n/index.ts";

const DAY_MS = 86_400_000;

/** What time it is. A gallery of fixed data puts another clock here. */
export const clock = { now: (): Timestamp => Date.now() };

const formats = new Map<string, Intl.DateTimeFormat>();

/** Making one costs far more than using it. */
export function dateFormat(tag: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = tag + JSON.stringify(options);
  let format = formats.get(key);
  if (!format) formats.set(key, (format = new Intl.DateTimeFormat(tag, options)));
  return format;
}

/** Days since 1970-01-01 by the user's clock. */
export function localDay(at: Timestamp): number {
  const date = new Date(at);
  return Math.floor((at - date.getTimezoneOffset() * 60_000) / DAY_MS);
}

/** 10:42 or 8:05 AM, as the user writes it. */
export function clockTime(at: Timestamp, locale: Locale): string {
  return dateFormat(locale.tag, { timeStyle: "short" }).format(at);
}

/** Both, for those who want to know exactly. */
export function fullTime(at: Timestamp, locale: Locale): string {
  return dateFormat(locale.tag, { dateStyle: "full", timeStyle: "short" }).format(at);
}

function shortDay(at: Timestamp, now: Timestamp, locale: Locale, days: number): string {
  if (days === 1) return locale.t("common.yesterday");
  if (days > 1 && days <= 6) return dateFormat(locale.tag, { weekday: "short" }).format(at);
  const year = new Date(at).getFullYear() !== new Date(now).getFullYear();
  return dateFormat(locale.tag, { day: "numeric", month: "short", ...(year && { year: "numeric" }) }).format(at);
}

/** In a row: 10:42 · Yesterday · Mon · 20 Nov · 28 Nov 2025. */
export function rowTime(at: Timestamp, now: Timestamp, locale: Locale): string {
  const days = localDay(now) - localDay(at);
  return days <= 0 ? clockTime(at, locale) : shortDay(at, now, locale, days);
}

/** Between days of a timeline: Today · Yesterday · Monday, 23 November · with the year when it is another. */
export function dayName(day: number, now: Timestamp, locale: Locale): string {
  const days = localDay(now) - day;
  if (days === 0) return locale.t("common.today");
  if (days === 1) return locale.t("common.yesterday");
  const year = new Date(day * DAY_MS).getUTCFullYear() !== new Date(now).getFullYear();
  const options = { weekday: "long", day: "numeric", month: "long", ...(year && { year: "numeric" as const }), timeZone: "UTC" } as const;
  return dateFormat(locale.tag, options).format(day * DAY_MS);
}

/** A moment in a sentence: 18:00 today, "Yesterday, 18:00", "20 Nov, 18:00" otherwise. */
export function moment(at: Timestamp, now: Timestamp, locale: Locale): string {
  const days = localDay(now) - localDay(at);
  const time = clockTime(at, locale);
  // Within a day ahead the clock alone says it.
  if (days === 0 || (days < 0 && at - now < DAY_MS)) return time;
  return `${days === 1 ? locale.t("common.yesterday") : shortDay(at, now, locale, days > 0 ? days : 7)}, ${time}`;
}

/** How long ago, shortly: 5 min · 2 h · then the day. */
export function ago(at: Timestamp, now: Timestamp, locale: Locale): string {
  const minutes = Math.max(0, Math.floor((now - at) / 60_000));
  if (minutes < 60) return locale.t("ago.minutes", { n: minutes });
  if (minutes < 24 * 60) return locale.t("ago.hours", { n: Math.floor(minutes / 60) });
  return rowTime(at, now, locale);
}

/** When somebody was last here; empty where that is not shown. */
export function lastSeen(at: Timestamp, now: Timestamp, locale: Locale): string {
  if (!at) return "";
  const days = localDay(now) - localDay(at);
  if (days <= 0) return locale.t("presence.seen_at", { time: clockTime(at, locale) });
  if (days === 1) return locale.t("presence.seen_yesterday");
  return locale.t("presence.seen_on", { day: shortDay(at, now, locale, days) });
}

/** The minute of now: what says "today" or "until 18:00" reads it, and renders again when it passes. */
export const minutes: Readable<number> = (() => {
  const listeners = new Set<(value: number) => void>();
  const get = (): number => Math.floor(clock.now() / 60_000);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const wait = (): void => {
    timer = setTimeout(() => {
      for (const listener of [...listeners]) listener(get());
      wait();
    }, 60_000 - (Date.now() % 60_000) + 20);
  };
  return {
    get,
    subscribe(listener) {
      listeners.add(listener);
      if (listeners.size === 1) wait();
      listener(get());
      return () => {
        listeners.delete(listener);
        if (listeners.size === 0) clearTimeout(timer);
      };
    },
  };
})();

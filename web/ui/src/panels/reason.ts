/** Why something did not work, in words for the person who asked for it. */

import type { Key, Locale } from "../i18n/index.ts";
import { clock } from "../base/time.ts";

/** What every layer above the SDK may look at of its errors. */
interface Failure {
  readonly code: string;
  readonly retryAfterMs?: number | null;
}

const WORDS: Readonly<Record<string, Key>> = {
  forbidden: "why.forbidden",
  not_a_member: "why.not_a_member",
  not_found: "why.not_found",
  already_exists: "why.already_exists",
  recipient_unavailable: "why.recipient_unavailable",
  too_many_members: "why.too_many_members",
  last_owner: "why.last_owner",
  too_many: "why.too_many",
  dissolved: "why.dissolved",
  muted: "why.muted",
  too_large: "why.too_large",
  invalid_argument: "why.invalid",
  offline: "why.offline",
  network: "why.offline",
  timeout: "why.offline",
};

export function codeOf(error: unknown): string {
  const code = (error as Partial<Failure> | null)?.code;
  return typeof code === "string" ? code : "";
}

export function reasonOf(error: unknown, locale: Locale): string {
  const code = codeOf(error);
  const wait = (error as Failure).retryAfterMs ?? 0;
  if (code === "rate_limited") {
    return locale.t("why.rate_limited", { n: Math.max(1, Math.ceil(wait / 1000)) });
  }
  return locale.t(WORDS[code] ?? "why.other");
}

/** The next time that the clock on the wall says this hour, on another day than today. */
export function tomorrowAt(hour: number, now: number = clock.now()): number {
  const day = new Date(now);
  day.setDate(day.getDate() + 1);
  return day.setHours(hour, 0, 0, 0);
}

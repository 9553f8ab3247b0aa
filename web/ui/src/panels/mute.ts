/** For how long a conversation is to be quiet. */

import type { LitElement } from "lit";
import { FOR_GOOD, type Conversation } from "@stonechat/sdk";
import { emit } from "../base/events.ts";
import { clock, moment } from "../base/time.ts";
import type { Locale } from "../i18n/index.ts";
import { prompt } from "./prompt.ts";
import { reasonOf, tomorrowAt } from "./reason.ts";

const HOUR_MS = 3_600_000;

/** Asks for how long, and mutes it. */
export async function muteFor(host: LitElement & { readonly locale: Locale }, conversation: Conversation, title: string): Promise<void> {
  const { locale } = host;
  const { t } = locale;
  const answer = await prompt(host, {
    title: t("mute.title", { name: title }),
    fields: [{ kind: "choice", name: "until", value: "morning", options: [
      { value: "hour", label: t("mute.hour") },
      { value: "eight", label: t("for.eight") },
      { value: "morning", label: t("mute.morning") },
      { value: "always", label: t("mute.always") },
    ] }],
    text: t("mute.hint"),
    yes: t("row.mute"),
    no: t("common.cancel"),
  });
  if (!answer) {
    return;
  }
  const now = clock.now();
  const until = { hour: now + HOUR_MS, eight: now + 8 * HOUR_MS, morning: tomorrowAt(8, now), always: FOR_GOOD }[answer.until ?? ""] ?? FOR_GOOD;
  try {
    await conversation.muteUntil(until);
    const text = until === FOR_GOOD ? t("mute.done") : t("mute.until", { time: moment(until, now, locale) });
    emit(host, "stonechat-toast", { text, icon: "bellOff" });
  } catch (error) {
    emit(host, "stonechat-toast", { text: reasonOf(error, locale), danger: true });
  }
}

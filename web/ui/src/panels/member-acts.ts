/** What is asked before something is done to a member: how long, why, or whether at all. */

import type { LitElement } from "lit";
import type { Conversation, UserId } from "@stonechat/sdk";
import { ask } from "../base/dialog.ts";
import type { Key, Locale } from "../i18n/index.ts";
import { prompt, type Choice } from "./prompt.ts";

/** Who shows members, and carries out what is done to them. */
export interface ActsOnMember extends LitElement {
  readonly locale: Locale;
  change(work: () => Promise<unknown>, done?: Key, name?: string): Promise<void>;
}

const HOUR_MS = 3_600_000;
const REASON_BYTES_MAX = 256;
/** How long something may last, by the texts that say it. */
const LASTS: readonly (readonly [Key, number])[] = [
  ["for.hour", HOUR_MS],
  ["for.eight", 8 * HOUR_MS],
  ["for.day", 24 * HOUR_MS],
  ["for.week", 7 * 24 * HOUR_MS],
  ["for.month", 30 * 24 * HOUR_MS],
  ["for.always", 0],
];

function durations(locale: Locale, from: Key): Choice[] {
  const first = LASTS.findIndex(([key]) => key === from);
  return LASTS.slice(first).map(([key, ms]) => ({ value: String(ms), label: locale.t(key) }));
}

/** How long was chosen: null has no end. */
const lasting = (value: string | undefined): number | null => Number(value) || null;

export async function muteMember(host: ActsOnMember, conversation: Conversation, user: UserId, name: string): Promise<void> {
  const { locale } = host;
  const answer = await prompt(host, {
    title: locale.t("member.mute_ask", { name }),
    text: locale.t("member.mute_text", { name }),
    fields: [{ kind: "choice", name: "lasts", value: String(HOUR_MS), options: durations(locale, "for.hour") }],
    yes: locale.t("member.mute"),
    no: locale.t("common.cancel"),
  });
  if (answer) {
    await host.change(() => conversation.mute(user, lasting(answer.lasts)));
  }
}

export async function removeMember(host: ActsOnMember, conversation: Conversation, user: UserId, name: string): Promise<void> {
  const { locale } = host;
  const yes = await ask(host, {
    title: locale.t("member.remove_ask", { name }),
    text: locale.t("member.remove_text", { name }),
    yes: locale.t("member.remove"),
    no: locale.t("member.keep"),
    danger: true,
  });
  if (yes) {
    await host.change(() => conversation.removeMember(user));
  }
}

export async function banMember(host: ActsOnMember, conversation: Conversation, user: UserId, name: string): Promise<void> {
  const { locale } = host;
  const answer = await prompt(host, {
    title: locale.t("member.ban_ask", { name }),
    text: locale.t("member.ban_text", { name }),
    fields: [
      { kind: "choice", name: "lasts", value: "0", options: durations(locale, "for.day") },
      { kind: "text", name: "reason", label: locale.t("member.ban_reason"), hint: locale.t("member.ban_reason_hint"), most: REASON_BYTES_MAX },
    ],
    yes: locale.t("member.ban_do"),
    no: locale.t("common.cancel"),
    danger: true,
  });
  if (answer) {
    await host.change(() => conversation.ban(user, lasting(answer.lasts), answer.reason));
  }
}

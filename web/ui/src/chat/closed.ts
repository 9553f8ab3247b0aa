/** Why one cannot write in a conversation. */

import { FOR_GOOD, type Account, type ConversationSummary, type Timestamp } from "@stonechat/sdk";
import type { IconName } from "../base/icons.ts";
import { displayName } from "../base/names.ts";
import { moment } from "../base/time.ts";
import type { Locale } from "../i18n/index.ts";
import { may } from "../panels/rights.ts";
import "../base/later.ts";

export interface Closed {
  readonly icon: IconName | null;
  readonly words: string;
  /** Blocked by the user himself: he may end it here. */
  readonly unblock: string | null;
}

/** Null while one can write. */
export function closedBy(account: Account, summary: ConversationSummary | null, locale: Locale, now: Timestamp): Closed | null {
  const { t } = locale;
  const closed = (icon: IconName | null, words: string, unblock: string | null = null): Closed => ({ icon, words, unblock });
  if (summary === null) {
    return null;
  }
  const { kind, peer, group, member } = summary;
  if (kind === "direct") {
    const isBlocked = peer !== null && (account.relations.get().get(peer)?.blocksSince ?? 0) > 0;
    return isBlocked ? closed(null, t("closed.blocked", { name: displayName(account, peer) }), peer) : null;
  }
  if (group.dissolved) {
    return closed(null, t("closed.dissolved"));
  }
  if (!member) {
    return closed(null, t("closed.gone"));
  }
  if (group.mutedUntil > now) {
    return closed("bellOff", group.mutedUntil >= FOR_GOOD ? t("closed.muted_good") : t("closed.muted", { time: moment(group.mutedUntil, now, locale) }));
  }
  return may(summary, "send", now) ? null : closed("lock", t(kind === "channel" ? "closed.channel" : "closed.role"));
}

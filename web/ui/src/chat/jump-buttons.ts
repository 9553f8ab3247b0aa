/** The discs over the end of a timeline: back, to a mention, to the latest. */

import type { Ordinal, TimelineItem } from "@stonechat/sdk";
import { html, nothing, type TemplateResult } from "lit";
import { badge } from "../base/badge.ts";
import { icon, type IconName } from "../base/icons.ts";
import type { Look } from "./look.ts";

export interface Jumping {
  readonly look: Look;
  /** More than a screen above the end. */
  readonly isAway: boolean;
  readonly unseen: number;
  readonly isMuted: boolean;
  readonly mentions: number;
  /** Null where one has not jumped. */
  readonly back: (() => void) | null;
  readonly toMention: () => void;
  readonly toLatest: () => void;
}

export function jumpButtons({ look, isAway, unseen: count, isMuted, mentions, back, toMention, toLatest }: Jumping): TemplateResult | typeof nothing {
  const { t } = look.locale;
  const disc = (name: IconName, label: string, title: string, press: () => void, mark: unknown = nothing): TemplateResult =>
    html`<button type="button" class="jump" aria-label=${label} title=${title} @click=${press}>${icon(name)}${mark}</button>`;
  if (!isAway && back === null) {
    return nothing;
  }
  const called = t("chat.to_mention", { n: mentions });
  return html`<div class="jumps" part="jumps">
    ${back === null ? nothing : disc("undo", t("chat.back"), t("chat.back"), back)}
    ${mentions > 0 && isAway ? disc("at", called, called, toMention, badge(mentions, look.locale)) : nothing}
    ${isAway ? disc("end", count > 0 ? t("chat.to_latest_n", { n: count }) : t("chat.to_latest"), t("chat.to_latest"), toLatest, badge(count, look.locale, isMuted)) : nothing}
  </div>`;
}

/** Messages of others behind the last one that was in sight. */
export function unseen(items: readonly TimelineItem[], seen: Ordinal): number {
  let count = 0;
  for (let at = items.length - 1; at >= 0; at -= 1) {
    const item = items[at];
    if (item?.kind === "message" && item.message.ordinal > 0) {
      if (item.message.ordinal <= seen) {
        break;
      }
      count += item.message.own ? 0 : 1;
    }
  }
  return count;
}

/** What a timeline has over its lines, and what it does on the way through them. */

import type { Ordinal, TimelineItem } from "@stonechat/sdk";
import { html, nothing, type TemplateResult } from "lit";
import { pebbles } from "../base/icons.ts";
import { clock, dayName } from "../base/time.ts";
import type { Look } from "./look.ts";
import type { StonechatTimeline } from "./timeline.ts";

const STICKY_MS = 800;
/** A gap that could not be filled is asked for again after so long, or with the next connection. */
const GAP_MS = 3_000;

/** Above the lines, while what was before them cannot be fetched. */
export function earlierAway({ locale }: Look): TemplateResult {
  return html`<p class="note" dir="auto">${locale.t("chat.earlier_offline")}</p>`;
}

/** The day that one scrolls through, and what moves while more is fetched. */
export function over(isLoading: boolean): TemplateResult {
  return html`<div class="sticky" aria-hidden="true"><span dir="auto"></span></div>
    ${isLoading ? html`<div class="loading" aria-hidden="true">${pebbles}</div>` : nothing}`;
}

/** Shows the day of the uppermost line, while scrolling. */
export function showDay(host: StonechatTimeline): void {
  const { items, scroller, locale } = host;
  const sticky = host.renderRoot.querySelector(".sticky");
  if (sticky === null) {
    // It is drawn with this, which has just come.
    host.requestUpdate();
    return;
  }
  const { from } = scroller.visible;
  // The line of a day itself is near: it says it already.
  const isNear = items.slice(from, from + 2).some((item) => item.kind === "day");
  const item = items.slice(0, from + 1).findLast(({ kind }) => kind === "day");
  if (item?.kind !== "day" || isNear) {
    sticky.classList.remove("shown");
    return;
  }
  (sticky.firstElementChild as Element).textContent = dayName(item.day, clock.now(), locale);
  sticky.classList.add("shown");
  host.later("sticky", STICKY_MS, () => sticky.classList.remove("shown"));
}

/** Fetches what is missing between lines that are about to be seen. */
export function fillGaps(host: StonechatTimeline, near: readonly TimelineItem[]): void {
  for (const item of near) {
    if (item.kind === "gap" && !host.filling.has(item.after)) {
      void fillGap(host, item.after);
    }
  }
}

async function fillGap(host: StonechatTimeline, after: Ordinal): Promise<void> {
  host.filling.add(after);
  await host.timeline?.fillGap(after).catch(() => undefined);
  host.later(`gap${after}`, GAP_MS, () => host.filling.delete(after));
}

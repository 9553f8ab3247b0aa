/** Lines that are no messages. */

import type { TimelineItem } from "@stonechat/sdk";
import { html, type TemplateResult } from "lit";
import { pebbles } from "../base/icons.ts";
import { titleOf } from "../base/names.ts";
import { clock, dayName } from "../base/time.ts";
import { isDirect, pictureOf, type Look } from "./look.ts";
import { custom, renderer } from "./message.ts";

/** Each is one `li` without a role of its own: a separator is none in a list. */
export function otherLine(item: Exclude<TimelineItem, { kind: "message" }>, look: Look): TemplateResult {
  const own = renderer(look, item.kind);
  if (own !== undefined) {
    return html`<li class="own-line" data-key=${item.key}>${custom(own, item, look)}</li>`;
  }
  const { t } = look.locale;
  switch (item.kind) {
    case "day":
      return html`<li class="divider day" part="divider day"><span dir="auto">${dayName(item.day, clock.now(), look.locale)}</span></li>`;
    case "read_marker":
      return html`<li class="divider unread" part="divider unread"><span dir="auto">${t("chat.new", { n: Math.max(look.unread, 1) })}</span></li>`;
    case "gap":
      return html`<li class="gap" part="gap">${look.isOnline
        ? html`${pebbles}<span dir="auto">${t("chat.loading", { n: item.missing })}</span>`
        : html`<span dir="auto">${t("chat.gap_offline", { n: item.missing })}</span>`}</li>`;
    case "start":
      return start(look);
  }
}

function start(look: Look): TemplateResult {
  const { summary, account, locale } = look;
  const title = summary === null ? "" : titleOf(account, summary);
  const words = isDirect(look)
    ? "chat.say_hello"
    : summary?.kind === "channel" ? "chat.start_channel" : summary?.group.settings.history ? "chat.start_group"
      : summary?.role === "owner" ? "chat.start_owner" : "chat.start_joined";
  return html`<li class="beginning" part="start">
    ${summary === null ? "" : html`<stonechat-avatar seed=${summary.peer ?? summary.id} name=${title} kind=${summary.kind} src=${summary.peer === null ? summary.group.avatar : pictureOf(look, summary.peer)}></stonechat-avatar>`}
    <b><bdi>${title}</bdi></b><span dir="auto">${locale.t(words)}</span>
  </li>`;
}

/** The lines of a timeline. They carry no listeners: acts are named by `data-act`, and the timeline hears them all. */

import type { MessageItem, TimelineItem, UserId } from "@stonechat/sdk";
import { html, nothing, type TemplateResult } from "lit";
import { icon, ticks } from "../base/icons.ts";
import { mineral } from "../base/names.ts";
import { clock, clockTime, dayName, fullTime } from "../base/time.ts";
import { isDirect, nameOf, pictureOf, plainWords, tickOf, type Look, type Tick } from "./look.ts";

/** What lines have beside plain words; null until it is loaded. */
export type Rich = typeof import("./rich.ts") | null;

/** What is particular about a line now. */
export interface LineState {
  readonly start: boolean;
  readonly end: boolean;
  readonly selected: boolean;
  readonly jumped: boolean;
  /** The bar of three stands beside it. */
  readonly active: boolean;
  /** It waits for so long that it is worth a word. */
  readonly slow: boolean;
  /** It was written here just now: it rises, once. */
  readonly fresh: boolean;
  /** What it said can be written again. */
  readonly again: boolean;
}

/** What a text is not plain for: another script than the first ones, emoji, an address. */
const SPECIAL = /[^\0-\u05ff]|:\/\//;

/** Whether a line can be drawn without what is loaded later. */
export function isPlain(item: TimelineItem): boolean {
  if (item.kind === "gap" || item.kind === "start" || item.kind === "event") {
    return false;
  }
  if (item.kind !== "message") {
    return true;
  }
  const { message, quote, state, starred } = item;
  const { content: says, reactions, pinned, editedAt, attributes } = message;
  return says.kind === "text" && says.entities.length === 0 && !SPECIAL.test(says.text) && quote === null && reactions.length === 0 &&
    !pinned && !starred && editedAt === 0 && !attributes?.forwarded && state?.kind !== "failed";
}

/** A message, as the mocks of web-look have it: `start`, `end`, `own`, `failed`, `recalled`, `jumped` say how it looks. */
export function messageLine(item: MessageItem, at: LineState, look: Look, rich: Rich): TemplateResult {
  const { message } = item;
  const isRecalled = message.content.kind === "recalled";
  const tick = tickOf(item, look);
  const classes = [
    at.start && "start", at.end && "end", message.own && "own", tick === "failed" && "failed", isRecalled && "recalled",
    at.jumped && "jumped", at.fresh && "fresh", at.selected && "selected", rich?.isBig(item) && "big",
  ].filter(Boolean).join(" ");
  const hasFace = at.start && !message.own && !isDirect(look);
  const end = html`<span class="meta" part="meta">${rich?.signs(item, look)}<time title=${fullTime(message.sentAt, look.locale)}>${
    clockTime(message.sentAt, look.locale)}</time>${tick === null || isRecalled ? nothing : tickMark(tick, at, look)}</span>`;
  return html`<li class="message ${classes}" part="message" tabindex="-1" data-key=${item.key} aria-setsize=${message.ordinal > 0 ? "-1" : nothing}
    aria-posinset=${message.ordinal > 0 ? message.ordinal : nothing} aria-label=${rich?.label(item, at, look) ?? plainLabel(item, at, look)}>
    ${hasFace ? html`<stonechat-avatar class="face" data-act="person" seed=${message.sender} name=${nameOf(look, message.sender)} src=${pictureOf(look, message.sender)}></stonechat-avatar>` : nothing}
    <div class="body">
      <div class="line">
        <div class="bubble" part="bubble">
          ${hasFace && !isRecalled ? author(message.sender, look) : nothing}
          ${isRecalled ? nothing : rich?.above(item, look)}
          ${rich?.content(item, at, look, end) ?? words(plainWords(look, message), end)}
        </div>
        ${at.active && !isRecalled ? rich?.quick(item, look) : nothing}
      </div>
      ${rich?.below(item, look)}
    </div>
  </li>`;
}

function author(user: UserId, look: Look): TemplateResult {
  const role = look.roles.get(user);
  return html`<div class="author m${mineral(user)}" part="author"><bdi>${nameOf(look, user)}</bdi>${
    role === "owner" || role === "admin" ? html`<span class="role">${look.locale.t(`msg.role_${role}`)}</span>` : nothing}</div>`;
}

/** What somebody says, with `end` behind its last line. */
export function words(said: unknown, end: unknown, script = ""): TemplateResult {
  return html`<p class="text" part="text" dir="auto" lang=${script || nothing}>${said}${end}</p>`;
}

function tickMark(tick: Tick, at: LineState, look: Look): TemplateResult {
  const { t } = look.locale;
  if (tick === "waiting") {
    return html`<span class="tick" part="ticks" role="img" aria-label=${t(at.slow ? "ticks.waiting_network" : "ticks.waiting")}>${icon("clock")}</span>`;
  }
  if (tick === "failed") {
    return html`<span class="tick bad" part="ticks" role="img" aria-label=${t("ticks.failed")}>${icon("alert")}</span>`;
  }
  return ticks(tick, t(`ticks.${tick}`));
}

/** What readers hear of a plain message: author, text, time, how far it came. */
function plainLabel(item: MessageItem, at: LineState, look: Look): string {
  const { message } = item;
  const tick = tickOf(item, look);
  const came = tick === null ? [] : [look.locale.t(tick === "waiting" && at.slow ? "ticks.waiting_network" : `ticks.${tick}`)];
  return [nameOf(look, message.sender), plainWords(look, message), clockTime(message.sentAt, look.locale), ...came].join(", ");
}

/** A line that is no message: one `li` without a role of its own, for a separator is none in a list. */
export function plainLine(item: Exclude<TimelineItem, { kind: "message" }>, look: Look): unknown {
  switch (item.kind) {
    case "day":
      return html`<li class="divider day" part="divider day"><span dir="auto">${dayName(item.day, clock.now(), look.locale)}</span></li>`;
    case "read_marker":
      return html`<li class="divider unread" part="divider unread"><span dir="auto">${look.locale.t("chat.new", { n: Math.max(look.unread, 1) })}</span></li>`;
    default:
      return html`<li data-key=${item.key}></li>`;
  }
}

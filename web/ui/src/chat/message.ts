/** The lines of a timeline. They carry no listeners: acts are named by `data-act`, and the timeline hears them all. */

import { html, nothing, type TemplateResult } from "lit";
import { Directive, directive } from "lit/directive.js";
import type { Media, MessageItem, Reaction, TimelineItem, UserId } from "@stonechat/sdk";
import { icon, ticks, type IconName } from "../base/icons.ts";
import { mineral } from "../base/names.ts";
import { clock, clockTime, fullTime } from "../base/time.ts";
import { curesOf, reasonOf, type Cure } from "./failure.ts";
import { cardName, isDirect, nameOf, pictureOf, tickOf, wordsOf, type Look, type Renderer } from "./look.ts";
import { bytesWords, durationWords, scriptOf } from "./script.ts";
import { left } from "./limit.ts";
import { blocksOf, isEmojiOnly, type Block, type Piece } from "./pieces.ts";
import type { Key } from "../i18n/index.ts";
import { may } from "../panels/rights.ts";

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

/** A message, as the mocks of web-look have it: `start`, `end`, `own`, `failed`, `recalled`, `jumped` say how it looks. */
export function messageLine(item: MessageItem, at: LineState, look: Look): TemplateResult {
  const { message } = item;
  const isRecalled = message.content.kind === "recalled";
  const tick = tickOf(item, look);
  const isBig = message.content.kind === "text" && item.quote === null && isEmojiOnly(message.content.text);
  const classes = [
    at.start && "start", at.end && "end", message.own && "own", tick === "failed" && "failed", isRecalled && "recalled",
    at.jumped && "jumped", at.fresh && "fresh", at.selected && "selected", isBig && "big",
  ].filter(Boolean).join(" ");
  const hasFace = at.start && !message.own && !isDirect(look);
  return html`<li class="message ${classes}" part="message" tabindex="-1" data-key=${item.key} aria-setsize=${message.ordinal > 0 ? "-1" : nothing}
    aria-posinset=${message.ordinal > 0 ? message.ordinal : nothing} aria-label=${label(item, at, look)}>
    ${hasFace ? html`<stonechat-avatar class="face" data-act="person" seed=${message.sender} name=${nameOf(look, message.sender)} src=${pictureOf(look, message.sender)}></stonechat-avatar>` : nothing}
    <div class="body">
      <div class="line">
        <div class="bubble" part="bubble">
          ${hasFace && !isRecalled ? author(message.sender, look) : nothing}
          ${isRecalled ? nothing : forwarded(item, look)}
          ${isRecalled ? nothing : quote(item, look)}
          ${content(item, at, tick, look)}
        </div>
        ${at.active && !isRecalled ? quick(item, look) : nothing}
      </div>
      ${message.reactions.length > 0 && !isRecalled ? reactions(message.reactions, look) : nothing}
      ${tick === "failed" ? failure(item, look) : nothing}
    </div>
  </li>`;
}

function author(user: UserId, look: Look): TemplateResult {
  const role = look.roles.get(user);
  return html`<div class="author m${mineral(user)}" part="author"><bdi>${nameOf(look, user)}</bdi>${
    role === "owner" || role === "admin" ? html`<span class="role">${look.locale.t(`msg.role_${role}`)}</span>` : nothing}</div>`;
}

function forwarded({ message }: MessageItem, look: Look): unknown {
  const from = message.attributes?.forwarded;
  return from
    ? html`<div class="forwarded">${icon("forward", "xs")}<span dir="auto">${look.locale.rich("msg.forwarded", { name: html`<bdi>${nameOf(look, from.author)}</bdi>` })}</span></div>`
    : nothing;
}

function quote({ quote: of }: MessageItem, look: Look): unknown {
  if (of === null) {
    return nothing;
  }
  const { t } = look.locale;
  if (of.says === null) {
    return html`<blockquote class="quote" part="quote"><button type="button" data-act="quote"><span class="snippet">${t("msg.quote_away")}</span></button></blockquote>`;
  }
  const { sender, text, recalled } = of.says;
  const isOwn = sender === look.account.user;
  return html`<blockquote class="quote ${isOwn ? "own-quote" : `m${mineral(sender)}`}" part="quote"><button type="button" data-act="quote"><b><bdi>${
    nameOf(look, sender)}</bdi></b><span class="snippet" dir="auto">${recalled ? t("msg.quote_recalled") : text || t("kind.unknown")}</span></button></blockquote>`;
}

/** What a message says, and behind its last line the time and how far it came. */
function content(item: MessageItem, at: LineState, tick: ReturnType<typeof tickOf>, look: Look): unknown {
  const { content: says } = item.message;
  const { t } = look.locale;
  const own = renderer(look, says.kind === "opaque" ? says.bodyType : says.kind);
  const end = meta(item, at, tick, look);
  if (own !== undefined) {
    return html`${custom(own, item, look)}<p class="text">${end}</p>`;
  }
  const text = (words: unknown, of = ""): TemplateResult =>
    html`<p class="text" part="text" dir="auto" lang=${scriptOf(of) || nothing}>${words}${end}</p>`;
  const card = (name: IconName, title: unknown, sub: unknown, act = ""): TemplateResult =>
    html`<div class="card" part="card"><span class="card-icon">${icon(name)}</span><span class="card-lines">${
      act ? html`<button type="button" class="card-title" data-act=${act}>${title}</button>` : html`<span class="card-title">${title}</span>`}${
      sub ? html`<span class="card-sub">${sub}</span>` : nothing}</span></div>`;
  switch (says.kind) {
    case "text": return text(blocks(blocksOf(says), look), says.text);
    case "recalled": return text(recalledWords(item, at, look));
    case "corrupt": return text(html`<span class="muted">${t("msg.damaged")}</span>`);
    case "opaque": {
      const words = look.account.words(says);
      return words ? text(words, words) : text(html`<span class="muted">${t("msg.unknown")}</span>`);
    }
    case "location": {
      const where = `${round(says.latitude)}, ${round(says.longitude)}`;
      return html`${card("place", html`<bdi>${says.name || t("kind.location")}</bdi>`, html`<bdi>${says.address || where}</bdi>`)}${text("")}`;
    }
    case "contact_card":
      return html`${card("person", html`<bdi>${cardName(look, says)}</bdi>`, t("msg.contact"), "card")}${text("")}`;
    case "merged": {
      const title = says.title || t("msg.merged", { n: says.messages.length });
      const lines = says.messages.slice(0, 3).map((one) =>
        html`<span class="card-sub clip" dir="auto"><bdi>${one.authorName || nameOf(look, one.author)}</bdi>: ${wordsOf(look, one)}</span>`);
      return html`<button type="button" class="merged" data-act="merged"><span class="card-title">${icon("note", "s")}<bdi>${title}</bdi></span>${lines}</button>${text("")}`;
    }
    default: return html`${media(says, look, card)}${text(says.caption, says.caption)}`;
  }
}

function media(says: Media, look: Look, card: (name: IconName, title: unknown, sub: unknown) => TemplateResult): TemplateResult {
  const { t } = look.locale;
  const kind = t(`kind.${says.kind}`);
  const size = says.file.bytes > 0 ? bytesWords(says.file.bytes, look.locale.tag) : "";
  const lasts = says.durationMs > 0 ? durationWords(says.durationMs) : "";
  return card("note", html`<bdi>${says.file.name || kind}</bdi>`, [says.file.name ? kind : "", lasts, size].filter(Boolean).join(" · "));
}

function recalledWords(item: MessageItem, at: LineState, look: Look): unknown {
  const { t, rich } = look.locale;
  const says = item.message.content;
  const by = says.kind === "recalled" ? says.by ?? item.message.sender : item.message.sender;
  if (by !== look.account.user) {
    return rich("kind.recalled", { name: html`<bdi>${nameOf(look, by)}</bdi>` });
  }
  return html`${t("kind.recalled_own")}${at.again
    ? html` <button type="button" class="link-button" data-act="again">${t("msg.edit_again")}</button>` : nothing}`;
}

function blocks(all: readonly Block[], look: Look): unknown {
  return all.map(({ kind, pieces }) => {
    if (kind === "code") {
      return html`<code class="code-block" dir="ltr">${pieces.map(({ text }) => text)}</code>`;
    }
    const inside = pieces.map((piece) => inline(piece, look));
    return kind === "quote" ? html`<span class="said" dir="auto">${inside}</span>` : inside;
  });
}

function inline(piece: Piece, look: Look): unknown {
  let inside: unknown = piece.text;
  if (piece.code) {
    inside = html`<code dir="ltr">${inside}</code>`;
  }
  if (piece.mention !== null || piece.all) {
    const isMe = piece.all || piece.mention === look.account.user;
    inside = piece.mention === null
      ? html`<span class="mention me">${inside}</span>`
      : html`<span class="mention ${isMe ? "me" : ""}" data-act="mention" data-user=${piece.mention}>${inside}</span>`;
  } else if (piece.link !== null) {
    inside = html`<a href=${piece.link} target="_blank" rel="noopener noreferrer nofollow">${inside}</a>`;
  }
  const style = [piece.bold && "bold", piece.italic && "italic", piece.struck && "struck"].filter(Boolean).join(" ");
  return style ? html`<span class=${style}>${inside}</span>` : inside;
}

function meta(item: MessageItem, at: LineState, tick: ReturnType<typeof tickOf>, look: Look): TemplateResult {
  const { message } = item;
  const { t } = look.locale;
  const sign = (name: IconName, words: string): TemplateResult => html`<span role="img" aria-label=${words} title=${words}>${icon(name)}</span>`;
  const isEdited = message.editedAt > 0 && message.content.kind !== "recalled";
  return html`<span class="meta" part="meta">${
    message.pinned ? sign("pin", t("msg.pinned")) : nothing}${item.starred ? sign("star", t("msg.starred")) : nothing}${
    isEdited ? html`<button type="button" tabindex="-1" class="edited" data-act="history" title=${t("act.history")}>${t("msg.edited")}</button>` : nothing}<time
    title=${fullTime(message.sentAt, look.locale)}>${clockTime(message.sentAt, look.locale)}</time>${
    tick === null || message.content.kind === "recalled" ? nothing : tickMark(tick, at, look)}</span>`;
}

function tickMark(tick: NonNullable<ReturnType<typeof tickOf>>, at: LineState, look: Look): TemplateResult {
  const { t } = look.locale;
  if (tick === "waiting") {
    return html`<span class="tick" part="ticks" role="img" aria-label=${t(at.slow ? "ticks.waiting_network" : "ticks.waiting")}>${icon("clock")}</span>`;
  }
  if (tick === "failed") {
    return html`<span class="tick bad" part="ticks" role="img" aria-label=${t("ticks.failed")}>${icon("alert")}</span>`;
  }
  return ticks(tick, t(`ticks.${tick}`));
}

function reactions(all: readonly Reaction[], look: Look): TemplateResult {
  const { t } = look.locale;
  const isOpen = mayReact(look);
  return html`<div class="reactions" part="reactions">${all.map(({ emoji, count, own }) => {
    const words = t(own ? "msg.reaction_own" : "msg.reaction", { emoji, n: count });
    const inside = html`<span class="e">${emoji}</span>${look.locale.number(count)}`;
    return isOpen
      ? html`<button type="button" class="reaction" part="reaction" data-act="reaction" data-emoji=${emoji} aria-pressed=${own} aria-label=${words}>${inside}</button>`
      : html`<span class="reaction ${own ? "own" : ""}" part="reaction" role="img" data-emoji=${emoji} aria-label=${words}>${inside}</span>`;
  })}</div>`;
}

function quick(item: MessageItem, look: Look): TemplateResult {
  const { t } = look.locale;
  const button = (act: string, name: IconName, words: string): TemplateResult =>
    html`<button type="button" tabindex="-1" data-act=${act} aria-label=${words} title=${words}>${icon(name)}</button>`;
  const isSent = item.message.seq > 0;
  return html`<div class="quick" part="quick">${mayReact(look) && isSent ? button("react", "emoji", t("act.react")) : nothing}${
    mayWrite(look) && isSent ? button("reply", "reply", t("act.reply")) : nothing}${button("more", "more", t("act.more"))}</div>`;
}

/** Whether the user may add to messages here. */
export function mayReact({ summary }: Look): boolean {
  return summary === null || may(summary, "react", clock.now());
}

/** Whether the user may write here. A direct conversation begins with its first message. */
export function mayWrite({ summary }: Look): boolean {
  return summary === null || may(summary, "send", clock.now());
}

const CURES: Readonly<Record<Cure, Key>> = { edit: "fail.edit", retry: "common.retry", copy: "common.copy", delete: "common.delete" };

function failure(item: MessageItem, look: Look): unknown {
  if (item.state?.kind !== "failed") {
    return nothing;
  }
  const says = item.message.content;
  const cures = curesOf(item.state, says.kind === "text");
  return html`<div class="failure" part="failure"><span>${icon("alert", "s")}<span dir="auto">${failureWords(item, look)}</span></span><span class="actions">${
    cures.map((cure) => html`<button type="button" class="link-button ${cure === "delete" ? "danger" : ""}" data-act=${`fail-${cure}`}>${
      look.locale.t(CURES[cure])}</button>`)}</span></div>`;
}

function failureWords(item: MessageItem, look: Look): string {
  const { t } = look.locale;
  const says = item.message.content;
  const reason = reasonOf(item.state?.kind === "failed" ? item.state.code : "");
  const until = look.summary?.group.mutedUntil ?? 0;
  if (reason === "muted" && until > clock.now() && until < Number.MAX_SAFE_INTEGER) {
    return t("fail.muted_until", { time: clockTime(until, look.locale) });
  }
  const over = reason === "too_long" && says.kind === "text" ? -(left(says.text) ?? 0) : 0;
  return over > 0 ? t("fail.too_long_n", { n: over }) : t(`fail.${reason}`);
}

/** What readers hear of a message: author, text, time, how far it came, what others added. */
function label(item: MessageItem, at: LineState, look: Look): string {
  const { message, quote: of } = item;
  const { t } = look.locale;
  const tick = tickOf(item, look);
  const parts = [nameOf(look, message.sender)];
  if (of?.says) {
    parts.push(t("msg.quote_of", { name: nameOf(look, of.says.sender), text: of.says.text }));
  }
  parts.push(wordsOf(look, message), clockTime(message.sentAt, look.locale));
  if (message.editedAt > 0) {
    parts.push(t("msg.edited"));
  }
  if (tick === "failed") {
    parts.push(failureWords(item, look));
  } else if (tick !== null) {
    parts.push(t(tick === "waiting" && at.slow ? "ticks.waiting_network" : `ticks.${tick}`));
  }
  for (const { emoji, count, own } of message.reactions) {
    parts.push(t(own ? "msg.reaction_own" : "msg.reaction", { emoji, n: count }));
  }
  if (at.selected) {
    parts.push(t("msg.selected"));
  }
  return parts.filter(Boolean).join(", ");
}

function round(degrees: number): number {
  return Math.round(degrees * 10_000) / 10_000;
}

/** What an app puts in the place of a kind. */
export function renderer(look: Look, kind: string): Renderer | undefined {
  return Object.hasOwn(look.renderers, kind) ? look.renderers[kind] : undefined;
}

/** An element of the app, made once for a line. */
class CustomElement extends Directive {
  private element: HTMLElement | null = null;

  override render(tag: string, item: TimelineItem): HTMLElement {
    if (this.element?.localName !== tag.toLowerCase()) {
      this.element = document.createElement(tag);
    }
    return Object.assign(this.element as HTMLElement, { item, message: item.kind === "message" ? item.message : null });
  }
}
const customElement = directive(CustomElement);

export function custom(by: Renderer, item: TimelineItem, look: Look): unknown {
  return typeof by === "string" ? customElement(by, item) : by(item, look);
}

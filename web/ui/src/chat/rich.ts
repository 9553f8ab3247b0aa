/**
 * What a timeline has beside plain words: quotes, reactions, formatted text, cards, what failed, gaps, ways to jump. Loaded with
 * the first line that has any of it, which is drawn once this is here.
 */

import type { Media, MessageItem, Reaction, TimelineItem } from "@stonechat/sdk";
import { html, nothing, type TemplateResult } from "lit";
import { Directive, directive } from "lit/directive.js";
import { adopt } from "../base/adopt.ts";
import { icon, pebbles, type IconName } from "../base/icons.ts";
import { mineral, titleOf } from "../base/names.ts";
import { clock, clockTime } from "../base/time.ts";
import type { Key } from "../i18n/index.ts";
import { curesOf, reasonOf, type Cure } from "./failure.ts";
import { left } from "./left.ts";
import { isDirect, nameOf, pictureOf, tickOf, type Look, type Renderer } from "./look.ts";
import { mayReact, mayWrite } from "./may.ts";
import { plainLine, words, type LineState } from "./message.ts";
import { blocksOf, isEmojiOnly, type Block, type Piece } from "./pieces.ts";
import { styles } from "./rich-css.ts";
import { bytesWords, durationWords, scriptOf } from "./script.ts";
import { eventWords, systemLine } from "./system-line.ts";
import { cardName, wordsOf } from "./wording.ts";
import "../loaded.ts";
import "./index.ts";

export { Folds } from "./folds.ts";
export { earlierAway, fillGaps, over, showDay } from "./around.ts";
export { jumpButtons, unseen } from "./jump-buttons.ts";
export { eventWords, wordsOf };

/** Gives a timeline the styles of it. */
export function dress(root: ParentNode): void {
  adopt(root, styles);
}

/** Whether a message is one to three emoji, which are shown large. */
export function isBig({ message, quote: of }: MessageItem): boolean {
  return message.content.kind === "text" && of === null && isEmojiOnly(message.content.text);
}

/** In the bubble, before what it says. */
export function above(item: MessageItem, look: Look): unknown {
  return [forwarded(item, look), quote(item, look)];
}

/** Under the bubble. */
export function below(item: MessageItem, look: Look): unknown {
  const { message, state } = item;
  return [
    message.reactions.length > 0 && message.content.kind !== "recalled" ? reactions(message.reactions, look) : nothing,
    state?.kind === "failed" ? failure(item, look) : nothing,
  ];
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

/** What a message says, and behind its last line `end`. */
export function content(item: MessageItem, at: LineState, look: Look, end: unknown): unknown {
  const { content: says } = item.message;
  const { t } = look.locale;
  const own = renderer(look, says.kind === "opaque" ? says.bodyType : says.kind);
  if (own !== undefined) {
    return html`${custom(own, item, look)}<p class="text">${end}</p>`;
  }
  const text = (said: unknown, of = ""): TemplateResult => words(said, end, scriptOf(of));
  const card = (name: IconName, title: unknown, sub: unknown, act = ""): TemplateResult =>
    html`<div class="card" part="card"><span class="card-icon">${icon(name)}</span><span class="card-lines">${
      act ? html`<button type="button" class="card-title" data-act=${act}>${title}</button>` : html`<span class="card-title">${title}</span>`}${
      sub ? html`<span class="card-sub">${sub}</span>` : nothing}</span></div>`;
  switch (says.kind) {
    case "text": return text(blocks(blocksOf(says), look), says.text);
    case "recalled": return text(recalledWords(item, at, look));
    case "corrupt": return text(html`<span class="muted">${t("msg.damaged")}</span>`);
    case "opaque": {
      const said = look.account.words(says);
      return said ? text(said, said) : text(html`<span class="muted">${t("msg.unknown")}</span>`);
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

/** Beside the time. */
export function signs(item: MessageItem, look: Look): unknown {
  const { message } = item;
  const { t } = look.locale;
  const sign = (name: IconName, said: string): TemplateResult => html`<span role="img" aria-label=${said} title=${said}>${icon(name)}</span>`;
  const isEdited = message.editedAt > 0 && message.content.kind !== "recalled";
  return [
    message.pinned ? sign("pin", t("msg.pinned")) : nothing,
    item.starred ? sign("star", t("msg.starred")) : nothing,
    isEdited ? html`<button type="button" tabindex="-1" class="edited" data-act="history" title=${t("act.history")}>${t("msg.edited")}</button>` : nothing,
  ];
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

/** The bar of three beside a bubble. */
export function quick(item: MessageItem, look: Look): TemplateResult {
  const { t } = look.locale;
  const button = (act: string, name: IconName, words: string): TemplateResult =>
    html`<button type="button" tabindex="-1" data-act=${act} aria-label=${words} title=${words}>${icon(name)}</button>`;
  const isSent = item.message.seq > 0;
  return html`<div class="quick" part="quick">${mayReact(look) && isSent ? button("react", "emoji", t("act.react")) : nothing}${
    mayWrite(look) && isSent ? button("reply", "reply", t("act.reply")) : nothing}${button("more", "more", t("act.more"))}</div>`;
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
export function label(item: MessageItem, at: LineState, look: Look): string {
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

/* Lines that are no messages */

/** A line that is no message. */
export function otherLine(item: Exclude<TimelineItem, { kind: "message" }>, look: Look): unknown {
  const own = renderer(look, item.kind);
  if (own !== undefined) {
    return html`<li class="own-line" data-key=${item.key}>${custom(own, item, look)}</li>`;
  }
  const { t } = look.locale;
  switch (item.kind) {
    case "gap":
      return html`<li class="gap" part="gap">${look.isOnline
        ? html`${pebbles}<span dir="auto">${t("chat.loading", { n: item.missing })}</span>`
        : html`<span dir="auto">${t("chat.gap_offline", { n: item.missing })}</span>`}</li>`;
    case "event":
      return systemLine(item, look);
    case "start":
      return start(look);
    default:
      return plainLine(item, look);
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

function round(degrees: number): number {
  return Math.round(degrees * 10_000) / 10_000;
}

/** What an app puts in the place of a kind. */
function renderer(look: Look, kind: string): Renderer | undefined {
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

function custom(by: Renderer, item: TimelineItem, look: Look): unknown {
  return typeof by === "string" ? customElement(by, item) : by(item, look);
}

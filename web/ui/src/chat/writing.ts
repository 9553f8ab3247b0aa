/**
 * What is not in every message: answers, changes, mentions, addresses, emoji, and why one cannot write. Loaded with the first
 * of it.
 */

import type { Account, ConversationSummary, EntityMark, MessageItem, RichText, UserId } from "@stonechat/sdk";
import { html, nothing, type TemplateResult } from "lit";
import { adopt } from "../base/adopt.ts";
import { emit } from "../base/events.ts";
import { icon } from "../base/icons.ts";
import { displayName, mineral } from "../base/names.ts";
import { clock } from "../base/time.ts";
import type { Locale } from "../i18n/index.ts";
import { codeOf, reasonOf } from "../panels/reason.ts";
import { closedBy } from "./closed.ts";
import type { Said, StonechatComposer } from "./composer.ts";
import { follow } from "./follow.ts";
import { ENTITIES_MAX, withLinks } from "./links.ts";
import { targetOf } from "./look.ts";
import { trimMarked } from "./marks.ts";
import { writing } from "./writing-css.ts";
import "../loaded.ts";
import "./index.ts";

export { cancelSend } from "./follow.ts";
export { left } from "./left.ts";
export { carryMarks } from "./marks.ts";

/** Gives a composer the styles of it. */
export function dress(root: ParentNode): void {
  adopt(root, writing);
}

/* Round the line */

/** In the place of the line: why one cannot write. */
export function closed(host: StonechatComposer, account: Account, summary: ConversationSummary | null): TemplateResult | typeof nothing {
  const why = closedBy(account, summary, host.locale, clock.now());
  if (why === null) {
    return nothing;
  }
  const { icon: sign, words, unblock: user } = why;
  return html`<div class="closed" part="closed" role="status">${sign === null ? nothing : icon(sign, "s")}<span dir="auto">${words}</span>${user === null ? nothing
    : html`<button type="button" class="link-button" @click=${() => void unblock(host, account, user)}>${host.locale.t("closed.unblock")}</button>`}</div>`;
}

async function unblock(host: StonechatComposer, account: Account, user: UserId): Promise<void> {
  try {
    await account.unblock(user);
    await host.updateComplete;
    host.focus();
  } catch (error) {
    emit(host, "stonechat-toast", { text: reasonOf(error, host.locale), danger: true });
  }
}

/** Above the line: what is answered or changed. */
export function banner(host: StonechatComposer): unknown {
  const { t } = host.locale;
  const { edited, reply, opened } = host;
  if (opened === null || (edited === null && reply === null)) {
    return nothing;
  }
  const { account } = opened;
  const end = html`<button type="button" class="icon-button" aria-label=${t("write.cancel")} title=${t("write.cancel")} @click=${() => cancel(host)}>${icon("close", "s")}</button>`;
  if (edited !== null) {
    const says = edited.item.message.content;
    return html`<div class="banner" part="banner" role="status">${icon("edit")}<div class="what"><b>${t("write.edit")}</b><span class="clip muted" dir="auto">${
      says.kind === "text" ? says.text : ""}</span></div>${end}</div>`;
  }
  const who = reply?.sender ?? null;
  const isOwn = who === account.user;
  return html`<div class="banner" part="banner" role="status">${icon("reply")}<div class="what ${who === null || isOwn ? "" : `m${mineral(who)}`}"><b>${
    isOwn ? t("write.reply_own") : who === null ? t("act.reply") : host.locale.rich("write.reply_to", { name: html`<bdi>${displayName(account, who)}</bdi>` })}</b><span
    class="clip muted" dir="auto">${reply?.text}</span></div>${end}</div>`;
}

/** Behind the text, near the limit. */
export function counter({ remaining, locale }: StonechatComposer): unknown {
  if (remaining === null) {
    return nothing;
  }
  const isOver = remaining < 0;
  return html`<span class="counter ${isOver ? "over" : ""}" part="counter" role="status" aria-label=${
    locale.t(isOver ? "write.over" : "write.left", { n: Math.abs(remaining) })}>${locale.number(remaining)}</span>`;
}

/** Under the line: what did not work. */
export function problem(host: StonechatComposer): unknown {
  return host.problem ? html`<p class="problem" role="status">${icon("alert", "s")}<span dir="auto">${host.problem}</span></p>` : nothing;
}

/** Why a message could not even be kept. */
export function problemOf(error: unknown, { t }: Locale): string {
  const code = codeOf(error);
  return t(code.startsWith("store.") ? "fail.device" : code === "too_large" ? "fail.too_long" : "fail.refused");
}

/* Answering and changing */

export function replyTo(host: StonechatComposer, item: MessageItem): void {
  const { opened } = host;
  if (opened === null) {
    return;
  }
  stopEditing(host);
  const { message } = item;
  host.reply = { seq: message.seq, sender: message.sender, text: opened.account.words(message.content) };
  host.putDraft();
  host.focus();
}

/** Of what a draft answers only the number is known, and the rest is looked for. */
export function resolveReply(host: StonechatComposer): void {
  const { reply, opened } = host;
  if (reply === null || reply.sender !== null || opened === null) {
    return;
  }
  const item = host.resolve(reply.seq);
  if (item !== null) {
    host.reply = { seq: reply.seq, sender: item.message.sender, text: opened.account.words(item.message.content) };
  }
}

export function edit(host: StonechatComposer, item: MessageItem): void {
  const { content } = item.message;
  if (content.kind !== "text") {
    return;
  }
  const before = host.edited?.before ?? { text: host.text, marks: host.marks };
  host.edited = { item, isAnew: item.state?.kind === "failed", before };
  host.write(content.text, content.entities);
  host.focus();
  host.field?.setSelectionRange(content.text.length, content.text.length);
}

export function begin(host: StonechatComposer, text: RichText): void {
  stopEditing(host);
  host.write(text.text, text.entities);
  host.putDraft();
  host.focus();
}

export function stopEditing(host: StonechatComposer): void {
  if (host.edited !== null) {
    const { before } = host.edited;
    host.edited = null;
    host.write(before.text, before.marks);
  }
}

export function cancel(host: StonechatComposer): void {
  if (host.edited === null) {
    host.reply = null;
    host.putDraft();
  } else {
    stopEditing(host);
  }
  host.focus();
}

/** A message that is there already says something else from now on. */
export function change(host: StonechatComposer, item: MessageItem, { text, entities }: Said): void {
  const says = item.message.content;
  stopEditing(host);
  if (host.opened !== null && (says.kind !== "text" || says.text !== text || JSON.stringify(says.entities) !== JSON.stringify(entities))) {
    void follow(host, host.locale, host.opened.talk.edit(targetOf(item), { text, entities }));
  }
}

/** What goes out: without the space around it, with its addresses and the names that were written out. */
export function outgoing(host: StonechatComposer): Said {
  const { text, entities } = trimMarked(host.text, host.marks);
  const named = [...entities, ...(host.mentions?.found(text, entities) ?? [])].sort((a, b) => a.start - b.start);
  return { text, entities: withLinks(text, named).slice(0, ENTITIES_MAX) };
}

/* Mentions and emoji */

/** Who calls people needs those who can be called: they come with the first `@`. */
export async function lookForMention(host: StonechatComposer): Promise<void> {
  const { opened } = host;
  const summary = opened?.talk.summary.get() ?? null;
  if (opened === null || summary === null || summary.kind === "direct" || !host.text.includes("@")) {
    host.mentions?.close();
    return;
  }
  if (host.mentions === null) {
    const { MentionPicker: Made } = await import("./mention-picker.ts");
    if (host.opened !== opened) {
      return;
    }
    host.mentions ??= new Made(host, opened.account, opened.talk);
  }
  const { field } = host;
  if (field !== null && field.selectionStart === field.selectionEnd && !host.isComposing) {
    host.mentions.look(host.text, field.selectionEnd, host.marks);
  }
}

export function insertMarked(host: StonechatComposer, { start, end, mark }: { start: number; end: number; mark: EntityMark }, text: string): void {
  const hasSpace = /^\s/.test(host.text.slice(end));
  insert(host, start, end, hasSpace ? text : `${text} `);
  host.marks = [...host.marks, { start, end: start + text.length, mark }].sort((a, b) => a.start - b.start);
  const behind = start + text.length + 1;
  host.field?.setSelectionRange(behind, behind);
  host.mentions?.close();
  if (host.edited === null) {
    host.putDraft();
  }
}

/** Writes at a place as if it were typed, so that it can be undone. */
function insert(host: StonechatComposer, start: number, end: number, text: string): void {
  const { field } = host;
  if (field === null) {
    return;
  }
  field.focus({ preventScroll: true });
  field.setSelectionRange(start, end);
  if (!document.execCommand("insertText", false, text)) {
    field.setRangeText(text, start, end, "end");
    host.typed();
  }
}

export async function openEmoji(host: StonechatComposer, cause: Element): Promise<void> {
  const { field } = host;
  if (host.emoji?.isConnected) {
    host.emoji.close();
    return;
  }
  let [start, end] = [field?.selectionStart ?? host.text.length, field?.selectionEnd ?? host.text.length];
  field?.focus({ preventScroll: true });
  const { openEmojiPicker } = await import("./emoji-picker.ts");
  host.emoji = openEmojiPicker(host, cause, (emoji) => {
    const before = (host.renderRoot as ShadowRoot).activeElement as HTMLElement | null;
    insert(host, start, end, emoji);
    start += emoji.length;
    end = start;
    // With Shift it stays open, and so does its field.
    if (before !== field && before?.isConnected) {
      before.focus({ preventScroll: true });
    }
  });
}

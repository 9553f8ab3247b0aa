/** What a row of the conversation list says: decided from the facts alone, and drawn in one height. */

import type { Availability, Content, ConversationSummary, Timestamp, UserId } from "@stonechat/sdk";
import { html, nothing, type TemplateResult } from "lit";
import { badge } from "../base/badge.ts";
import { icon, ticks } from "../base/icons.ts";
import { shortName } from "../base/names.ts";
import { rowTime } from "../base/time.ts";
import type { UnsentHere } from "../base/unsent.ts";
import type { Key, Locale } from "../i18n/index.ts";

export interface RowFacts {
  readonly summary: ConversationSummary;
  readonly me: UserId;
  readonly title: string;
  readonly open: boolean;
  readonly typing: readonly UserId[];
  readonly unsent: UnsentHere | undefined;
  /** How far the last message, an own one, has come. */
  readonly reached: "sent" | "delivered" | "read" | null;
  readonly nameOf: (user: UserId) => string;
  readonly words: (content: Content) => string;
  readonly now: Timestamp;
  readonly locale: Locale;
}

export interface RowLook {
  readonly unread: boolean;
  readonly muted: boolean;
  readonly lead: string;
  readonly leadKind: "" | "who" | "draft" | "failed";
  readonly text: string;
  readonly typing: boolean;
  readonly time: string;
  /** Before the time. */
  readonly state: "" | "waiting" | "sent" | "delivered" | "read";
  readonly mention: boolean;
  readonly count: number;
  /** At the end, where nothing is counted. */
  readonly end: "" | "dot" | "failed" | "pin";
  /** What readers hear after the name. */
  readonly heard: string;
}

const KINDS: Readonly<Record<string, Key>> = {
  image: "kind.image",
  voice: "kind.voice",
  video: "kind.video",
  file: "kind.file",
  location: "kind.location",
  contact_card: "kind.contact_card",
  merged: "kind.merged",
};

/** The words of a body, after the word of its kind. */
function saying(bodyType: string, text: string, locale: Locale): string {
  const line = text.replace(/\s+/g, " ").trim();
  const kind = KINDS[bodyType];
  if (!kind) return line || (bodyType === "text" ? "" : locale.t("kind.unknown"));
  return line ? `${locale.t(kind)} · ${line}` : locale.t(kind);
}

/** Who is typing, in words. */
export function typingWords(users: readonly UserId[], direct: boolean, nameOf: (user: UserId) => string, locale: Locale): string {
  if (direct) return locale.t("typing.one_direct");
  const [a = "", b = ""] = users.map((user) => shortName(nameOf(user)));
  if (users.length === 1) return locale.t("typing.one", { a });
  if (users.length === 2) return locale.t("typing.two", { a, b });
  return locale.t("typing.many", { n: users.length });
}

/** Whether the user made the group, and nobody wrote in it. */
function isStarted({ kind, role, headOrdinal }: ConversationSummary): boolean {
  return kind === "group" && role === "owner" && headOrdinal === 0;
}

/** What the row says in its second line, and of which moment. */
function secondLine(facts: RowFacts): Pick<RowLook, "lead" | "leadKind" | "text" | "typing" | "state"> & { at: Timestamp } {
  const { summary, me, unsent, locale, nameOf } = facts;
  const { preview, preferences } = summary;
  const at = preview?.sentAt ?? summary.activeAt;
  const plain = { lead: "", leadKind: "", text: "", typing: false, state: "", at } as const;
  const typing = facts.typing.filter((user) => user !== me);
  const own = preview?.sender === me && !preview.recalled;
  // A note to oneself has nobody who could read it.
  const state = own && summary.peer !== me ? (facts.reached ?? "sent") : "";
  if (typing.length > 0) return { ...plain, state, text: typingWords(typing, summary.kind === "direct", nameOf, locale), typing: true };
  if (unsent?.failed) {
    const { content, createdAt } = unsent.failed;
    return { ...plain, lead: locale.t("list.not_sent"), leadKind: "failed", text: saying(content.kind, facts.words(content), locale), at: Math.max(at, createdAt) };
  }
  if (preferences.draft && !facts.open) {
    return { ...plain, lead: locale.t("list.draft"), leadKind: "draft", text: preferences.draft.text.replace(/\s+/g, " "), at: Math.max(at, preferences.draft.at) };
  }
  if (unsent?.waiting) {
    const { content, createdAt } = unsent.waiting;
    return { ...plain, lead: locale.t("list.you"), leadKind: "who", text: saying(content.kind, facts.words(content), locale), state: "waiting", at: Math.max(at, createdAt) };
  }
  if (!preview) return { ...plain, text: locale.t(isStarted(summary) ? "list.started" : "list.nothing") };
  if (preview.recalled) {
    const text = preview.sender === me ? locale.t("kind.recalled_own") : locale.t("kind.recalled", { name: shortName(nameOf(preview.sender)) });
    return { ...plain, text };
  }
  const text = saying(preview.bodyType, preview.text, locale);
  if (own) return { ...plain, ...(summary.peer !== me && { lead: locale.t("list.you"), leadKind: "who" as const }), text, state };
  if (summary.kind !== "group") return { ...plain, text };
  return { ...plain, lead: locale.t("list.who", { name: shortName(nameOf(preview.sender)) }), leadKind: "who", text };
}

export function lookOf(facts: RowFacts): RowLook {
  const { summary, locale, now, unsent } = facts;
  const { preferences } = summary;
  const { at, ...line } = secondLine(facts);
  const muted = preferences.mutedUntil > now;
  const unread = summary.unread > 0 || preferences.markedUnread;
  const mention = summary.unreadMentions > 0;
  const time = at ? rowTime(at, now, locale) : "";
  const end = summary.unread > 0 ? "" : preferences.markedUnread ? "dot" : unsent?.failed ? "failed" : preferences.pinnedAt > 0 ? "pin" : "";
  // What the eye sees as colour, shape or place, in words.
  const heard = [
    summary.unread > 0 ? locale.t("list.unread_count", { n: summary.unread }) : preferences.markedUnread ? locale.t("list.marked_unread") : "",
    mention ? locale.t("list.mentions_you") : "",
    muted ? locale.t("list.muted") : "",
    preferences.pinnedAt > 0 ? locale.t("list.pinned") : "",
  ].filter(Boolean).join(", ");
  return { ...line, unread, muted, mention, count: summary.unread, end, time, heard };
}

export interface RowFrame {
  readonly id: string;
  readonly look: RowLook;
  readonly title: unknown;
  readonly avatar: TemplateResult;
  readonly href: string;
  readonly open: boolean;
  readonly tab: boolean;
  /** Instead of the second line. */
  readonly second?: unknown;
  /** After the name, such as where a hit is. */
  readonly place?: string;
}

export function rowTemplate(frame: RowFrame, locale: Locale): TemplateResult {
  const { look } = frame;
  const classes = `row${look.unread ? " unread" : ""}${look.muted ? " is-muted" : ""}`;
  return html`<a class=${classes} part="row" href=${frame.href} data-id=${frame.id} draggable="false" tabindex=${frame.tab ? 0 : -1}
    aria-current=${frame.open ? "true" : nothing}>
    ${frame.avatar}
    <span class="row-lines">
      <span class="row-line">
        <bdi class="row-name clip" part="name">${frame.title}</bdi>
        ${look.heard ? html`<span class="sr">, ${look.heard},</span>` : nothing}
        ${frame.place ? html`<span class="row-place clip">${frame.place}</span>` : nothing}
        ${look.muted ? html`<span class="row-flags" part="flags">${icon("bellOff", "xs")}</span>` : nothing}
        <span class="row-time" part="time">${stateMark(look, locale)}<time dir="auto">${look.time}</time></span>
      </span>
      <span class="row-line">
        <span class="row-preview clip ${look.typing ? "typing" : ""}" part="preview" dir=${look.typing ? nothing : "auto"}>${frame.second ?? leadAndText(look)}</span>
        <span class="row-end" aria-hidden=${look.end === "failed" ? nothing : "true"}>${endMark(look, locale)}</span>
      </span>
    </span>
  </a>`;
}

/** What begins from the right. */
const FROM_RIGHT = /^[^\p{L}]*[\u0590-\u08ff]/u;

/** The direction is that of the text: what a `bdi` holds is not asked. A full-width mark has its own space, on its right. */
function leadAndText({ lead, leadKind, text }: RowLook): unknown {
  return lead ? html`<bdi class=${leadKind}>${lead}</bdi>${lead.endsWith("：") && !FROM_RIGHT.test(text) ? "" : " "}${text}` : text;
}

function stateMark(look: RowLook, locale: Locale): unknown {
  if (look.state === "waiting") return html`${icon("clock", "xs")}<span class="sr">${locale.t("ticks.waiting")}</span>`;
  return look.state ? ticks(look.state, locale.t(`ticks.${look.state}`)) : nothing;
}

function endMark(look: RowLook, locale: Locale): unknown {
  const at = look.mention ? html`<span class="badge at" part="badge">@</span>` : nothing;
  if (look.count > 0) return html`${at}${badge(look.count, locale, look.muted)}`;
  switch (look.end) {
    case "dot": return html`${at}<span class="badge dot ${look.muted ? "quiet" : ""}" part="badge"></span>`;
    case "failed": return html`<span class="failed">${icon("alert", "s")}</span>`;
    case "pin": return icon("pin", "xs");
    default: return nothing;
  }
}

/** How far an own last message has come, by how far others have read. In groups: read once all have. */
export function reachOf(
  summary: ConversationSummary,
  marks: readonly { readonly upto: number; readonly delivered: number; readonly user: UserId }[],
  me: UserId,
): "sent" | "delivered" | "read" {
  const seq = summary.preview?.seq ?? 0;
  const others = marks.filter((mark) => mark.user !== me);
  const all = summary.kind === "direct" ? 1 : summary.memberCount - 1;
  if (seq > 0 && others.length >= all && all > 0 && others.every((mark) => mark.upto >= seq)) return "read";
  if (summary.kind === "direct" && others.some((mark) => mark.delivered >= seq)) return "delivered";
  return "sent";
}

/** The dot is shown while the connection stands: without it, we do not know. */
export function presenceShown(availability: Availability | undefined, isOnline: boolean): Availability | null {
  return isOnline ? (availability ?? null) : null;
}

/** Lines of a stretch of a conversation that is far from what its timeline shows. */

import type { ItemKey, Message, MessageItem, Ordinal, TimelineItem, UserId } from "@stonechat/sdk";

/** What was fetched around a message. */
export interface Distant {
  /** Oldest first, without holes as far as this device may see. */
  readonly messages: readonly Message[];
  readonly moreBefore: boolean;
}

/** How the lines of a stretch are made. */
export interface DistantLook {
  readonly me: UserId;
  readonly dayOf: (at: number) => number;
  readonly words: (message: Message) => string;
  /** After which ordinal the user had not read when he came; null where that is not shown. */
  readonly readUpto: Ordinal | null;
}

/** Adds a page, and says whether there is more before it all; what is in both is taken from the newer one. */
export function joined(stretch: Distant, page: readonly Message[], moreBefore: boolean): Distant {
  const byOrdinal = new Map([...stretch.messages, ...page].map((message) => [message.ordinal, message]));
  return { messages: [...byOrdinal.values()].sort((a, b) => a.ordinal - b.ordinal), moreBefore };
}

/** The same key as a timeline gives it, so that a line stays itself when the stretch meets the timeline. */
export function keyOf(message: Message): ItemKey {
  return message.own && message.clientMsgId !== null ? `o:${message.clientMsgId}` : `l:${message.seq}`;
}

/** The first ordinal that a timeline shows. */
export function firstOrdinal(items: readonly TimelineItem[]): Ordinal {
  for (const item of items) {
    if (item.kind === "message" && item.message.ordinal > 0) {
      return item.message.ordinal;
    }
  }
  return Number.POSITIVE_INFINITY;
}

/** The lines of a stretch, and behind them those of the timeline where they meet. */
export function linesOf(stretch: Distant, live: readonly TimelineItem[], look: DistantLook): { lines: TimelineItem[]; meets: boolean } {
  const lines: TimelineItem[] = [];
  const border = firstOrdinal(live);
  const last = stretch.messages.at(-1)?.ordinal ?? 0;
  const meets = last + 1 >= border;
  const bySeq = new Map(stretch.messages.map((message) => [message.seq, message]));
  const fresh = new Map(live.map((item) => [item.key, item]));
  let [day, isMarked] = [Number.NEGATIVE_INFINITY, look.readUpto === null];
  if (!stretch.moreBefore) {
    lines.push({ key: "start", kind: "start" });
  }
  for (const message of stretch.messages) {
    if (meets && message.ordinal >= border) {
      break;
    }
    const on = look.dayOf(message.sentAt);
    if (on > day) {
      day = on;
      lines.push({ key: `d:${on}`, kind: "day", day: on });
    }
    if (!isMarked && message.ordinal > (look.readUpto ?? 0) && !message.own && message.content.kind !== "recalled") {
      isMarked = true;
      lines.push({ key: "read", kind: "read_marker" });
    }
    const key = keyOf(message);
    lines.push(fresh.get(key) ?? itemOf(message, key, bySeq, look));
  }
  if (meets) {
    const taken = new Set(lines.map((line) => line.key));
    lines.push(...live.filter((item) => !taken.has(item.key) && item.kind !== "start"));
  }
  return { lines, meets };
}

function itemOf(message: Message, key: ItemKey, bySeq: ReadonlyMap<number, Message>, look: DistantLook): MessageItem {
  const { conversation, seq, ordinal, sentAt } = message;
  const answers = message.attributes?.replyTo ?? null;
  const answered = answers === null ? undefined : bySeq.get(answers.seq);
  const says = answered === undefined
    ? null
    : { sender: answered.sender, text: look.words(answered), recalled: answered.content.kind === "recalled" };
  return {
    key,
    kind: "message",
    message,
    state: message.own ? { kind: "sent", conversation, seq, ordinal, sentAt, deduplicated: false, conflict: false } : null,
    readBy: 0,
    deliveredTo: 0,
    pending: [],
    quote: answers === null ? null : { ...answers, says },
    starred: false,
    playedByMe: false,
    playedByOthers: 0,
  };
}

/** Notices what is new in a timeline since it was looked at last. */

import type { ItemKey, Message, Ordinal, Seq, SystemEvent, TimelineItem } from "@stonechat/sdk";
import { announce } from "../base/announcer.ts";
import { nameOf, type Look } from "./look.ts";

/** At most so often something is said to those who do not see it; what came meanwhile is counted. */
const ANNOUNCE_MS = 1_000;

/** One line of what a message says. */
type Words = (look: Look, message: Message) => string;
/** What happened, in a sentence. */
type Happened = (look: Look, event: SystemEvent) => string;

export interface Noticed {
  /** An own message that was written here, and is on its way. */
  readonly fresh: ItemKey | null;
  /** The first message of others that came since. */
  readonly oldest: ItemKey | null;
  /** What is known to be pinned, where that is another than before. */
  readonly pinned: readonly Message[] | null;
}

export class News {
  private newest: Ordinal = 0;
  private newestEvent: Seq = 0;
  private fresh: ItemKey | null = null;
  private pins: string | null = null;
  private seen: readonly TimelineItem[] | null = null;
  /** In words once they are said: names may come later than what bears them. */
  private events: (() => string)[] = [];
  private messages: (() => string)[] = [];
  private timer: ReturnType<typeof setTimeout> | undefined;

  reset(): void {
    clearTimeout(this.timer);
    [this.newest, this.newestEvent, this.fresh, this.pins, this.seen, this.events, this.messages, this.timer] = [0, 0, null, null, null, [], [], undefined];
  }

  look(live: readonly TimelineItem[], look: Look, words: Words, happened?: Happened): Noticed {
    if (live === this.seen || live.length === 0) {
      return { fresh: null, oldest: null, pinned: null };
    }
    const isFirst = this.seen === null;
    this.seen = live;
    const last = live.at(-1);
    const isOnItsWay = last?.kind === "message" && last.message.own && (last.state?.kind === "queued" || last.state?.kind === "sending");
    const fresh = isOnItsWay && last.key !== this.fresh ? last.key : null;
    this.fresh = fresh ?? this.fresh;
    const oldest = this.arrived(live, look, words, happened);
    return { fresh: isFirst ? null : fresh, oldest, pinned: this.pinnedOf(live) };
  }

  private arrived(live: readonly TimelineItem[], look: Look, words: Words, happened?: Happened): ItemKey | null {
    const [before, eventBefore] = [this.newest, this.newestEvent];
    let oldest: ItemKey | null = null;
    const events: (() => string)[] = [];
    for (let at = live.length - 1; at >= 0; at -= 1) {
      const item = live[at] as TimelineItem;
      if (item.kind === "event") {
        const { event } = item;
        this.newestEvent = Math.max(this.newestEvent, event.seq);
        // What is there at first is no news.
        if (before + eventBefore > 0 && event.seq > eventBefore && event.by !== look.account.user && happened !== undefined) {
          events.unshift(() => happened(look, event));
        }
      }
      if (item.kind !== "message" || item.message.ordinal === 0) {
        continue;
      }
      const { message } = item;
      if (message.ordinal <= before) {
        break;
      }
      this.newest = Math.max(this.newest, message.ordinal);
      if (before > 0 && !message.own) {
        oldest = item.key;
        this.messages.push(() => look.locale.t("chat.said", { name: nameOf(look, message.sender), text: words(look, message) }));
      }
    }
    this.events.push(...events);
    this.say(look);
    return oldest;
  }

  private say(look: Look): void {
    if (this.events.length + this.messages.length > 0) {
      this.timer ??= setTimeout(() => {
        const { events, messages } = this;
        [this.timer, this.events, this.messages] = [undefined, [], []];
        events.forEach((event) => announce(event()));
        const [first] = messages;
        if (first !== undefined) {
          announce(messages.length === 1 ? first() : look.locale.t("chat.new", { n: messages.length }));
        }
      }, ANNOUNCE_MS);
    }
  }

  private pinnedOf(live: readonly TimelineItem[]): readonly Message[] | null {
    const pinned = live.flatMap((item) => (item.kind === "message" && item.message.pinned && item.message.seq > 0 ? [item.message] : []));
    const pins = pinned.map(({ seq }) => seq).join();
    if (pins === this.pins) {
      return null;
    }
    this.pins = pins;
    return pinned;
  }
}

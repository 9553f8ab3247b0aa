/** Notices what is new in a timeline since it was looked at last. */

import type { ItemKey, Message, Ordinal, TimelineItem } from "@stonechat/sdk";
import { announce } from "../base/announcer.ts";
import { nameOf, type Look } from "./look.ts";

/** At most so often something is said to those who do not see it; what came meanwhile is counted. */
const ANNOUNCE_MS = 1_000;

/** One line of what a message says. */
type Words = (look: Look, message: Message) => string;

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
  private fresh: ItemKey | null = null;
  private pins: string | null = null;
  private seen: readonly TimelineItem[] | null = null;
  private waiting: string[] = [];
  private timer: ReturnType<typeof setTimeout> | undefined;

  reset(): void {
    clearTimeout(this.timer);
    [this.newest, this.fresh, this.pins, this.seen, this.waiting, this.timer] = [0, null, null, null, [], undefined];
  }

  look(live: readonly TimelineItem[], look: Look, words: Words): Noticed {
    if (live === this.seen || live.length === 0) {
      return { fresh: null, oldest: null, pinned: null };
    }
    const isFirst = this.seen === null;
    this.seen = live;
    const last = live.at(-1);
    const isOnItsWay = last?.kind === "message" && last.message.own && (last.state?.kind === "queued" || last.state?.kind === "sending");
    const fresh = isOnItsWay && last.key !== this.fresh ? last.key : null;
    this.fresh = fresh ?? this.fresh;
    const oldest = this.arrived(live, look, words);
    return { fresh: isFirst ? null : fresh, oldest, pinned: this.pinnedOf(live) };
  }

  private arrived(live: readonly TimelineItem[], look: Look, words: Words): ItemKey | null {
    const before = this.newest;
    let oldest: ItemKey | null = null;
    const said: string[] = [];
    for (let at = live.length - 1; at >= 0; at -= 1) {
      const item = live[at] as TimelineItem;
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
        said.push(look.locale.t("chat.said", { name: nameOf(look, message.sender), text: words(look, message) }));
      }
    }
    this.say(said, look);
    return oldest;
  }

  private say(said: readonly string[], look: Look): void {
    this.waiting.push(...said);
    if (this.waiting.length > 0 && this.timer === undefined) {
      this.timer = setTimeout(() => {
        const { waiting } = this;
        [this.timer, this.waiting] = [undefined, []];
        announce(waiting.length === 1 ? (waiting[0] as string) : look.locale.t("chat.new", { n: waiting.length }));
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

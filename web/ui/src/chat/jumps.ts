/** Jumping to a message, however far back it is. Loaded with the first jump. */

import type { Conversation, ItemKey, Message, Ordinal, Seq, TimelineItem } from "@stonechat/sdk";
import { emit } from "../base/events.ts";
import { localDay } from "../base/time.ts";
import { firstOrdinal, joined, linesOf, type Distant } from "./distant.ts";
import type { StonechatTimeline } from "./timeline.ts";
import { wordsOf } from "./wording.ts";
import "../loaded.ts";
import "./index.ts";

const PAGE = 50;
/** A message so far back is loaded together with all between. */
const NEAR = 400;
/** So many more, so that it does not stand at the edge. */
const BEYOND = 12;
/** Where a line comes to stand, as a part of the height. */
const THIRD = 1 / 3;

export class Jumps {
  private made: { readonly stretch: Distant; readonly live: readonly TimelineItem[]; readonly lines: readonly TimelineItem[]; readonly meets: boolean } | null = null;
  private loadsLater = false;

  constructor(private readonly host: StonechatTimeline) {}

  /** The lines of a stretch that is far from what the timeline shows, and those of the timeline where they meet. */
  linesOf(stretch: Distant, live: readonly TimelineItem[]): readonly TimelineItem[] {
    const { host } = this;
    if (this.made?.stretch !== stretch || this.made.live !== live) {
      const made = linesOf(stretch, live, {
        me: host.account?.user ?? "",
        dayOf: localDay,
        words: (message: Message) => (host.look === null ? "" : wordsOf(host.look, message)),
        readUpto: host.isFar ? host.readUpto : null,
      });
      this.made = { stretch, live, ...made };
    }
    host.scroller.isLive = this.made.meets;
    return this.made.lines;
  }

  async loadEarlier(talk: Conversation, stretch: Distant): Promise<void> {
    const first = stretch.messages[0]?.ordinal ?? null;
    const page = await talk.fetchHistory(first, PAGE);
    const { host } = this;
    // At its other end it may have grown meanwhile.
    if (host.talk === talk && host.stretch !== null && host.stretch.messages[0]?.ordinal === first) {
      host.stretch = joined(host.stretch, page.messages, page.moreBefore);
    }
  }

  async loadLater(): Promise<void> {
    const { host } = this;
    const { talk, stretch } = host;
    const last = stretch?.messages.at(-1)?.ordinal;
    if (this.loadsLater || talk === null || stretch === null || last === undefined) {
      return;
    }
    this.loadsLater = true;
    try {
      const page = await talk.fetchAround(last + PAGE / 2, PAGE);
      if (host.talk === talk && host.stretch?.messages.at(-1)?.ordinal === last) {
        host.stretch = joined(host.stretch, page.messages.filter((message) => message.ordinal >= last), host.stretch.moreBefore);
      }
    } catch {
      // Scrolling on asks again.
    } finally {
      this.loadsLater = false;
    }
  }

  async toUnread(): Promise<boolean> {
    const { host } = this;
    const isHere = host.items.some((item) => item.kind === "read_marker");
    if (!isHere && (host.unread === 0 || !(await this.fetchStretch(host.readUpto + 1)))) {
      return false;
    }
    host.scroller.aimAt({ key: "read", at: THIRD });
    host.requestUpdate();
    return true;
  }

  async toMention(): Promise<boolean> {
    const { host } = this;
    const { talk } = host;
    const summary = talk?.summary.get();
    if (talk === null || !summary) {
      return false;
    }
    const me = host.account?.user ?? "";
    const isMine = (item: TimelineItem): boolean =>
      item.kind === "message" && item.message.ordinal > Math.max(summary.readOrdinal, host.seenOrdinal) &&
      item.message.attributes !== null && (item.message.attributes.mentionAll || item.message.attributes.mentions.includes(me));
    const near = host.items.find(isMine);
    if (near?.kind === "message") {
      return this.to(near.message.seq, near.message.ordinal);
    }
    const first = await talk.mentions(summary.readOrdinal, 1).catch(() => null);
    const mention = first?.mentions[0];
    return mention !== undefined && this.to(mention.seq, mention.ordinal);
  }

  async to(seq: Seq, ordinal: Ordinal): Promise<boolean> {
    const { host } = this;
    await host.updateComplete;
    await host.ready;
    await host.updateComplete;
    const place = host.scroller.visible.from;
    const was = host.items[place]?.kind === "message" ? host.items[place] : host.items[place + 1];
    const cameFrom = was === undefined || host.timeline === null ? null : { key: was.key, stretch: host.stretch };
    const found = await this.find(seq, ordinal);
    if (found === null) {
      emit(host, "stonechat-toast", { text: host.locale.t(host.look?.isOnline ? "chat.gone" : "chat.far") });
      return false;
    }
    host.cameFrom = cameFrom;
    host.scroller.aimAt({ key: found, at: THIRD });
    host.highlight(found);
    return true;
  }

  /**
   * Reads on in a stretch of its own, so that nothing has to be kept of what arrives far below, and what is read is not dropped
   * for it. Lines stay themselves as long as the timeline has them.
   */
  letGo(): void {
    const { host } = this;
    const { from, upto } = host.scroller.visible;
    const around = host.items.slice(Math.max(0, from - NEAR), upto + NEAR);
    const messages = around.flatMap((item) => (item.kind === "message" && item.message.ordinal > 0 ? [item.message] : []));
    if (host.stretch === null && messages.length > 0 && !around.some(({ kind }) => kind === "gap")) {
      host.stretch = { messages, moreBefore: around[0]?.kind !== "start" };
    }
  }

  private async find(seq: Seq, ordinal: Ordinal): Promise<ItemKey | null> {
    const { host } = this;
    const among = (items: readonly TimelineItem[] | undefined): ItemKey | null =>
      items?.find((item) => item.kind === "message" && item.message.seq === seq)?.key ?? null;
    const inLive = (): ItemKey | null => {
      const key = among(host.timeline?.items.get());
      if (key !== null) {
        host.stretch = null;
      }
      return key;
    };
    const known = among(host.items) ?? inLive();
    const { timeline } = host;
    if (known !== null || timeline === null) {
      return known;
    }
    const distance = ordinal > 0 ? firstOrdinal(timeline.items.get()) - ordinal : NEAR;
    if (distance > 0 && distance <= NEAR) {
      host.loadsEarlier = true;
      await timeline.paginateBack(distance + BEYOND).catch(() => null);
      host.loadsEarlier = false;
      const near = inLive();
      if (near !== null) {
        return near;
      }
    }
    if (ordinal === 0 || !(await this.fetchStretch(ordinal))) {
      return null;
    }
    host.items = host.linesOf(timeline.items.get());
    return among(host.items);
  }

  private async fetchStretch(ordinal: Ordinal): Promise<boolean> {
    const { host } = this;
    const { talk } = host;
    const page = await talk?.fetchAround(ordinal, PAGE).catch(() => null);
    if (!page || page.messages.length === 0 || host.talk !== talk) {
      return false;
    }
    host.stretch = { messages: page.messages, moreBefore: page.moreBefore };
    return true;
  }
}

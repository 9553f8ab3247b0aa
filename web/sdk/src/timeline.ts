/** The timeline of a conversation. */

import type { Timeline, TimelineOptions } from "./api.ts";
import { asked, type Inner } from "./inner.ts";
import type { Change } from "./core/change.ts";
import type { HistoryRows } from "./store/store.ts";
import { TimelineModel } from "./core/timeline.ts";
import { PAGES_PER_CALL } from "./driver/limits.ts";
import { Source } from "./readable.ts";
import type { ConversationId, Ordinal, Pagination, TimelineItem, Timestamp } from "./types.ts";
import type { View } from "./views.ts";

const PAGE = 50;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const END = Number.MAX_SAFE_INTEGER;

/** The day of a time by the clock of the reader, who may live through changes of his zone. */
function dayOf(at: Timestamp): number {
  return Math.floor((at - new Date(at).getTimezoneOffset() * MINUTE_MS) / DAY_MS);
}

export class LiveTimeline implements Timeline, View {
  readonly items = new Source<readonly TimelineItem[]>([]);
  readonly #inner: Inner;
  readonly #conversation: ConversationId;
  readonly #page: number;
  readonly #days: boolean;
  #model: TimelineModel;
  /** What takes its place once it is filled: another page leads. */
  #next: TimelineModel | null = null;
  #isChanged = false;
  #isOpen = false;
  readonly #ends: (() => void)[];

  private constructor(inner: Inner, conversation: ConversationId, { page = PAGE, days = true }: TimelineOptions) {
    this.#inner = inner;
    this.#conversation = conversation;
    this.#page = page;
    this.#days = days;
    this.#model = this.#newModel();
    // It hears changes before it asks what is there, so that nothing falls between; changes twice do no harm.
    this.#ends = [inner.host.views.add(this), inner.host.onRenewed(() => void this.#fillAnew())];
  }

  static async open(inner: Inner, conversation: ConversationId, options: TimelineOptions): Promise<LiveTimeline> {
    const timeline = new LiveTimeline(inner, conversation, options);
    try {
      await timeline.#fill(timeline.#model, null);
    } catch (error) {
      timeline.close();
      throw error;
    }
    timeline.#isOpen = true;
    timeline.#show();
    return timeline;
  }

  apply(change: Change): void {
    this.#next?.apply(change);
    this.#isChanged = this.#model.apply(change) || this.#isChanged;
  }

  flush(): void {
    if (this.#isChanged && this.#isOpen) {
      this.#show();
    }
  }

  async paginateBack(messages: number): Promise<Pagination> {
    const limit = Math.max(1, messages);
    for (let page = 0; page < PAGES_PER_CALL && !this.#model.reachedStart(); page++) {
      const [from, held] = this.#model.nextPage();
      if (held === null) {
        await this.#load(from, limit);
      }
      const loaded = await this.#showHeld(this.#model, limit);
      this.#show();
      if (loaded > 0 || held === null) {
        return { loaded, reachedStart: this.#model.reachedStart() };
      }
    }
    return { loaded: 0, reachedStart: this.#model.reachedStart() };
  }

  async fillGap(after: Ordinal): Promise<Pagination> {
    const before = this.#model.afterGap(after);
    // The messages come as changes before the answer.
    const loaded = before === null ? 0 : await this.#load(before, 0);
    return { loaded, reachedStart: this.#model.reachedStart() };
  }

  hideReadMarker(): void {
    this.#model.hideReadMarker();
    this.#show();
  }

  close(): void {
    this.#ends.splice(0).forEach((end) => end());
  }

  #newModel(): TimelineModel {
    return new TimelineModel(this.#inner.me, this.#conversation, this.#days ? dayOf : null);
  }

  #show(): void {
    this.#isChanged = false;
    const items = this.#model.items();
    const before = this.items.get();
    if (items.length !== before.length || items.some((item, at) => item !== before[at])) {
      this.items.replace(items);
    }
  }

  /** Shows what is there, from the newest page on, or from an ordinal on. */
  #fill(model: TimelineModel, from: Ordinal | null): Promise<unknown> {
    return model.reading(async () => {
      const { opened } = await asked(this.#inner, { kind: "open", conversation: this.#conversation }, "opened");
      model.begin(opened);
      const [behind] = model.nextPage();
      model.merge(await this.#read(behind, END, this.#page), behind);
      if (from === null) {
        await this.#showHeld(model, this.#page);
      } else {
        model.merge(await this.#read(from, END, END), from);
      }
    });
  }

  /** Another page leads now, and something may have happened that this one has not heard of. */
  async #fillAnew(): Promise<void> {
    if (!this.#isOpen) {
      return;
    }
    const [from] = this.#model.nextPage();
    const next = (this.#next = this.#newModel());
    const isFilled = await this.#fill(next, from).then(() => true, () => false);
    if (this.#next === next) {
      this.#next = null;
      if (isFilled) {
        next.goOnFrom(this.#model);
        this.#model = next;
        this.#show();
      }
    }
  }

  #read(from: Ordinal, upto: Ordinal, limit: number): Promise<HistoryRows> {
    return this.#inner.host.call("page", { conversation: this.#conversation, from, upto, limit });
  }

  async #load(before: Ordinal, limit: number): Promise<number> {
    const load = { kind: "load_before", conversation: this.#conversation, before, limit } as const;
    return (await asked(this.#inner, load, "loaded")).messages;
  }

  /** Shows what this device holds before a window; how many messages that are. */
  #showHeld(model: TimelineModel, limit: number): Promise<number> {
    return model.reading(async () => {
      const [before, start] = model.nextPage();
      if (start === null) {
        return 0;
      }
      const page = await this.#read(start, before - 1, limit);
      const { messages } = page;
      model.merge(page, messages.length < limit ? start : messages[0]!.ordinal);
      return messages.length;
    });
  }
}

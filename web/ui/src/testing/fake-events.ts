/** What happened to a fake conversation. */

import type { ConversationId, SystemEvent, TimelineItem, Timestamp } from "@stonechat/sdk";
import type { FakeEvent } from "./data.ts";

/** Above the numbers of all messages: the time says where an event stands. */
const FIRST_SEQ = 1_000_000;

export class FakeEvents {
  private readonly all: SystemEvent[] = [];

  constructor(private readonly conversation: ConversationId, given: readonly FakeEvent[] = []) {
    given.forEach((event) => this.add(event));
  }

  add({ users = [], text = "", role = "none", settings, ...event }: FakeEvent): void {
    const seq = FIRST_SEQ + this.all.length;
    this.all.push({ ...event, conversation: this.conversation, seq, users, text, role, settings: settings ?? null, until: 0, about: 0 });
    this.all.sort((one, other) => one.at - other.at || one.seq - other.seq);
  }

  /** The lines of those after one time and up to another. */
  lines(after: Timestamp, upto: Timestamp): { readonly at: Timestamp; readonly item: TimelineItem }[] {
    return this.all
      .filter(({ at }) => at > after && at <= upto)
      .map((event) => ({ at: event.at, item: { key: `l:${event.seq}`, kind: "event", event } }));
  }
}

/** One conversation of the server that a client is compared with. */

import { create } from "../../src/codec.ts";
import { foldChange, type MessageRow } from "../../src/core/rows.ts";
import { messageChange, messageRow } from "../../src/core/translate.ts";
import { num } from "../../src/domain/number.ts";
import { type Event, type Message, MessageSchema } from "../../src/gen/stonechat/v1/native_pb.ts";

export const ME = "alice";

export class Log {
  /** By seq, ascending. */
  readonly events = new Map<number, Event>();
  /** The place of each event in the feed of the user. */
  readonly feed = new Map<number, number>();
  nextSeq = 1;
  ordinal = 0;
  /** Intervals of seqs that the user may see; the last may be open. */
  visible: [from: number, upto: number | null][] = [];
  readSeq = 0;
  readOrdinal = 0;
  /** Up to where the device said that it has what others wrote. */
  delivered = 0;
  /** What the user has played, and what he could not be told to have. */
  readonly played = new Set<number>();
  readonly unplayable = new Set<number>();
  title = "";
  jumped = false;

  isMember(): boolean {
    return this.visible.at(-1)?.[1] === null;
  }

  /** Whether the user was a member when the feed was there. */
  wasMember(feed: number): boolean {
    const by = (seq: number) => (this.feed.get(seq) ?? Infinity) <= feed;
    return this.visible.some(([from, upto]) => by(from) && !(upto !== null && by(upto)));
  }

  sees(seq: number): boolean {
    return this.visible.some(([from, upto]) => from <= seq && (upto === null || seq <= upto));
  }

  seen(): Event[] {
    return [...this.events.values()].filter((event) => this.sees(num(event.seq)));
  }

  messages(): Event[] {
    return this.seen().filter((event) => event.kind === "message");
  }

  head(): readonly [seq: number, ordinal: number] {
    const last = this.seen().at(-1);
    return last ? [num(last.seq), num(last.ordinal)] : [0, 0];
  }

  floor(): number {
    const from = this.visible.at(-1)?.[0] ?? 0;
    return this.ordinalAt(from - 1);
  }

  /** The sentence, recounted. Nothing is unread where the user is no member, as the server answers it. */
  unread(): number {
    const above = Math.max(this.readOrdinal, this.floor());
    const isUnread = ({ ordinal, senderId }: Event) => ordinal > above && senderId !== ME;
    return this.isMember() ? this.messages().filter(isUnread).length : 0;
  }

  moveOverOwn(): void {
    const next = () => {
      const after = Math.max(this.readOrdinal, this.floor());
      return this.messages().find(({ ordinal, senderId }) => num(ordinal) === after + 1 && senderId === ME);
    };
    for (let event; (event = next()); ) {
      this.readOrdinal = num(event.ordinal);
      this.readSeq = Math.max(this.readSeq, num(event.seq));
    }
  }

  /** A message as it is now, with all that later events made of it. */
  now(message: Event): MessageRow | null {
    let row = messageRow(message);
    for (const event of this.events.values()) {
      const change = messageChange(event, ME);
      row = row && change && change.by > row.seq ? foldChange(row, change) : row;
    }
    return row;
  }

  /** The same for the wire. */
  message(message: Event): Message {
    const row = this.now(message)!;
    const state = {
      changedSeq: BigInt(row.changed), edits: row.edits, editedAt: BigInt(row.editedAt), reactions: row.reactions.map((it) => ({ ...it })),
    };
    const event = { ...message, body: row.body, ...(row.changed > row.seq && { state }) };
    return create(MessageSchema, { event, changedSeq: BigInt(row.changed) });
  }

  ordinalAt(seq: number): number {
    const before = [...this.events.values()].findLast((event) => event.seq <= seq);
    return num(before?.ordinal ?? 0n);
  }
}

/** Fills the store of this browser with more than anybody has: in the page, before the messenger opens it. */

import type { ConversationRow, MessageRow, StoreOp, Transaction } from "../../sdk/src/core/rows.ts";
import { indexedDbStore } from "../../sdk/src/store/indexed-db.ts";

const LETTERS = "abcdefghijklmnopqrstuvwxyz234567";
const WORDS = "tide ferry gate signs morning paint ladder ridge bread timetable harbour fog kiosk blue pier plates proof slipway".split(" ");

/** An id that is well-formed and of nobody. */
function idOf(kind: "d" | "g", n: number): string {
  let rest = n;
  let text = "";
  for (let i = 0; i < 26; i++) {
    text += LETTERS[rest % 32];
    rest = Math.floor(rest / 32);
  }
  return `${kind}_${text}`;
}

const body = (text: string): Uint8Array => {
  const bytes = new TextEncoder().encode(text);
  return Uint8Array.of(0x0a, bytes.length, ...bytes);
};

const textOf = (c: number, m: number): string => Array.from({ length: 6 + ((c * 7 + m * 3) % 12) }, (_, i) => WORDS[(c * 5 + m * 11 + i * 7) % WORDS.length]).join(" ").slice(0, 120);

export interface Fill {
  readonly database: string;
  readonly user: string;
  readonly conversations: number;
  readonly messages: number;
}

/** Some conversations are long, most have a few messages. */
export async function fill({ database, user, conversations, messages }: Fill): Promise<void> {
  const store = await indexedDbStore(database, "bench");
  const now = Date.now();
  const long = 100;
  const perLong = Math.floor(messages / 2 / long);
  const perShort = Math.max(1, Math.floor((messages - perLong * long) / (conversations - long)));
  const empty = { owner: { description: "", avatar: "", announcement: 0, dissolved: false, mutedUntil: 0, nickname: "", extension: new Uint8Array() } };
  let ops: StoreOp[] = [];
  let number = 0;
  const flush = async () => {
    const transaction: Transaction = { number: ++number, ops };
    ops = [];
    await store.apply([transaction]);
  };
  for (let c = 0; c < conversations; c++) {
    const id = idOf("g", c + 1);
    const count = c < long ? perLong : perShort;
    const activeAt = now - c * 60_000;
    for (let m = 1; m <= count; m++) {
      const row: MessageRow = {
        conversation: id, seq: m, ordinal: m, clientMsgId: null, sender: m % 3 === 0 ? user : `person${(c + m) % 50}`,
        sentAt: activeAt - (count - m) * 30_000, bodyType: "text", body: body(textOf(c, m)), attributes: null, corrupt: false,
        changed: m, edits: 0, editedAt: 0, reactions: [], pinned: false, recalled: null,
      };
      ops.push({ kind: "put_message", row });
    }
    const row: ConversationRow = {
      id, kind: "group", title: `${WORDS[c % WORDS.length]} ${c}`, peer: null, peerName: "", role: "member", member: true, memberCount: 12,
      headSeq: count, headOrdinal: count, readSeq: count, readOrdinal: count, readUnconfirmed: 0, deliveredUnconfirmed: 0,
      playsUnconfirmed: [], floorOrdinal: 0, visibleFromSeq: 1, unread: 0, unreadMentions: 0, unreadStale: false, activeAt,
      preview: { sender: "person1", text: textOf(c, count), bodyType: "text", sentAt: activeAt, seq: count, recalled: false },
      lastSeq: count, lastOrdinal: count, marks: [], staleFrom: 0,
      group: {
        ...empty.owner,
        settings: { speak: "everybody", invite: "everybody", editInfo: "admins", mentionAll: "admins", pin: "admins", join: "invitation", history: true, receipts: true, membersHidden: false },
      },
    };
    ops.push({ kind: "put_conversation", row }, { kind: "put_intervals", conversation: id, intervals: [[1, count]] });
    if (ops.length > 4_000) {
      await flush();
    }
  }
  for (let person = 0; person < 50; person++) {
    ops.push({ kind: "put_name", user: `person${person}`, name: `Person ${person}` });
  }
  await flush();
  store.close();
}

(globalThis as unknown as { fill: typeof fill }).fill = fill;

import { describe, expect, it } from "vitest";
import type { Account, ConversationSummary, Message, MessageItem, TimelineItem } from "@stonechat/sdk";
import { english } from "../../src/i18n/index.ts";
import { actsOf } from "../../src/chat/acts.ts";
import { closedBy } from "../../src/chat/closed.ts";
import { firstOrdinal, joined, linesOf } from "../../src/chat/distant.ts";
import { DraftKeeper } from "../../src/chat/draft.ts";
import { findEmoji, readEmoji, toned, withRecent } from "../../src/chat/emoji.ts";
import emojiData from "../../src/chat/emoji-data.ts";
import emojiWordsZh from "../../src/chat/emoji-words-zh.ts";
import { readingInitials } from "../../src/chat/initials.ts";
import { tickOf, type Look } from "../../src/chat/look.ts";
import { bytesWords, durationWords, scriptOf } from "../../src/chat/script.ts";
import { englishWorld, FakeAccount, type FakeConversation } from "../../src/testing/index.ts";

const NOW = englishWorld.now;

function world(about: Partial<FakeConversation>): { account: FakeAccount; look: Look; summary: ConversationSummary; items: Promise<readonly TimelineItem[]> } {
  const account = new FakeAccount({
    ...englishWorld,
    conversations: [{
      id: "g_1", kind: "group", title: "Group", role: "member", members: [{ user: "maya" }, { user: "kofi" }, { user: "ruth" }],
      messages: [{ from: "kofi", at: NOW - 60_000, text: "hello" }, { from: "maya", at: NOW - 30_000, text: "mine" }], ...about,
    }],
  });
  const talk = account.fake("g_1");
  const summary = talk.summary.get() as ConversationSummary;
  const look: Look = { account, locale: english, summary, roles: new Map(), renderers: {}, unread: 0, isOnline: true };
  return { account, look, summary, items: talk.timeline().then((timeline) => timeline.items.get()) };
}

async function messages(about: Partial<FakeConversation> = {}): Promise<{ look: Look; theirs: MessageItem; mine: MessageItem }> {
  const { look, items } = world(about);
  const all = (await items).filter((item): item is MessageItem => item.kind === "message");
  return { look, theirs: all[0] as MessageItem, mine: all[1] as MessageItem };
}

describe("what can be done with a message", () => {
  const windows = { editMs: 60_000, recallMs: 60_000 };

  it("is what role and time allow", async () => {
    const { look, theirs, mine } = await messages();
    expect(actsOf(theirs, look, windows, NOW)).toEqual(["react", "reply", "copy", "forward", "star", "select", "delete"]);
    expect(actsOf(mine, look, windows, NOW)).toEqual(["react", "reply", "edit", "copy", "forward", "star", "select", "readers", "recall", "delete"]);
    expect(actsOf(mine, look, windows, NOW + 60_000)).not.toContain("edit");
    expect(actsOf(mine, look, windows, NOW + 60_000)).not.toContain("recall");
  });
  it("is more for admins", async () => {
    const { look, theirs } = await messages({ role: "admin" });
    expect(actsOf(theirs, look, windows, NOW)).toEqual(expect.arrayContaining(["pin", "recall"]));
  });
  it("is less in a group that was closed, and for who was muted", async () => {
    const closed = await messages({ dissolved: true });
    expect(actsOf(closed.mine, closed.look, windows, NOW)).toEqual(expect.not.arrayContaining(["react", "reply", "edit"]));
    const muted = await messages({ silencedUntil: Date.now() + 60_000 });
    expect(actsOf(muted.theirs, muted.look, windows, Date.now())).toEqual(expect.not.arrayContaining(["react", "reply"]));
  });
  it("is little for one that was recalled", async () => {
    const { look, theirs } = await messages({ messages: [{ from: "kofi", at: NOW, recalled: true }] });
    expect(actsOf(theirs, look, windows, NOW)).toEqual(["delete"]);
  });
});

describe("ticks", () => {
  it("wait for all in a group", async () => {
    const { look, mine } = await messages({ unreadByOthers: 1 });
    expect(tickOf(mine, look)).toBe("sent");
    expect(tickOf({ ...mine, readBy: 1 }, look)).toBe("sent");
    expect(tickOf({ ...mine, readBy: 2 }, look)).toBe("read");
  });
});

describe("why one cannot write", () => {
  const closed = (about: Partial<FakeConversation>): string | null => {
    const { account, summary } = world(about);
    return closedBy(account as Account, summary, english, NOW)?.words ?? null;
  };
  it("is said with the way out", () => {
    expect(closed({})).toBeNull();
    expect(closed({ dissolved: true })).toBe("This group was closed. Its messages stay here.");
    expect(closed({ member: false })).toBe("You are no longer in this group.");
    expect(closed({ settings: { speak: "admins" } })).toBe("Only admins can write here.");
    expect(closed({ silencedUntil: NOW + 600_000 })).toMatch(/^You can write again at /);
    expect(closed({ silencedUntil: Number.MAX_SAFE_INTEGER })).toBe("An admin muted you here.");
  });
});

describe("a stretch far away", () => {
  const message = (ordinal: number, own = false): Message => ({
    conversation: "g_1", seq: ordinal + 100, ordinal, sender: own ? "maya" : "kofi", own, sentAt: ordinal * 86_400_000,
    clientMsgId: own ? `id${ordinal}` : null, content: { kind: "text", text: `${ordinal}`, entities: [] }, attributes: null, pinned: false, editedAt: 0, reactions: [],
  });
  const look = { me: "maya", dayOf: (at: number) => Math.floor(at / 86_400_000), words: () => "", readUpto: null };
  const live = linesOf({ messages: [message(9), message(10)], moreBefore: true }, [], look).lines;
  const keys = (lines: readonly TimelineItem[]): string[] => lines.map(({ key }) => key);

  it("has the keys of the timeline", () => {
    const { lines, meets } = linesOf({ messages: [message(3), message(4, true)], moreBefore: false }, live, look);
    expect(keys(lines)).toEqual(["start", "d:3", "l:103", "d:4", "o:id4"]);
    expect(meets).toBe(false);
  });
  it("goes over into the timeline where they meet", () => {
    const { lines, meets } = linesOf({ messages: [message(7), message(8), message(9)], moreBefore: true }, live, look);
    expect(keys(lines)).toEqual(["d:7", "l:107", "d:8", "l:108", "d:9", "l:109", "d:10", "l:110"]);
    expect(meets).toBe(true);
    expect(lines.at(-1)).toBe(live.at(-1));
  });
  it("marks what was unread", () => {
    const { lines } = linesOf({ messages: [message(3), message(4)], moreBefore: true }, live, { ...look, readUpto: 3 });
    expect(keys(lines)).toEqual(["d:3", "l:103", "d:4", "read", "l:104"]);
  });
  it("takes pages on both sides", () => {
    const one = { messages: [message(5), message(6)], moreBefore: true };
    expect(joined(one, [message(3), message(4)], false)).toMatchObject({ moreBefore: false, messages: [3, 4, 5, 6].map((ordinal) => ({ ordinal })) });
    expect(joined(one, [message(6), message(7)], one.moreBefore)).toMatchObject({ moreBefore: true, messages: [5, 6, 7].map((ordinal) => ({ ordinal })) });
    // Nothing came before it.
    expect(joined(one, [], false)).toEqual({ ...one, moreBefore: false });
    expect(firstOrdinal(live)).toBe(9);
    expect(firstOrdinal([])).toBe(Number.POSITIVE_INFINITY);
  });
});

describe("a draft", () => {
  it("is kept on all devices when it is flushed, and once", async () => {
    const { account } = world({});
    const talk = account.fake("g_1");
    const keeper = new DraftKeeper(account, talk);
    keeper.put({ text: "Half", marks: [], replyTo: null });
    keeper.flush();
    keeper.flush();
    await Promise.resolve();
    expect(talk.summary.get()?.preferences.draft?.text).toBe("Half");
    expect(new DraftKeeper(account, talk).begin()).toMatchObject({ text: "Half" });
    keeper.clear();
    await Promise.resolve();
    expect(talk.summary.get()?.preferences.draft).toBeNull();
  });
  it("that is too long for all devices stays here", async () => {
    const { account } = world({});
    const talk = account.fake("g_1");
    const keeper = new DraftKeeper(account, talk);
    keeper.put({ text: "好".repeat(5_000), marks: [], replyTo: null });
    keeper.flush();
    await Promise.resolve();
    expect(talk.summary.get()?.preferences.draft ?? null).toBeNull();
    expect(new DraftKeeper(account, talk).begin().text).toHaveLength(5_000);
  });
  it("of another device is news where nothing else was written", () => {
    const { account } = world({});
    const talk = account.fake("g_1");
    const keeper = new DraftKeeper(account, talk);
    expect(keeper.news("")).toBeNull();
    void talk.saveDraft("From the phone");
    expect(keeper.news("")).toMatchObject({ text: "From the phone" });
    void talk.saveDraft("And again");
    expect(keeper.news("mine")).toBeNull();
  });
});

describe("emoji", () => {
  const groups = readEmoji(emojiData, emojiWordsZh);
  it("are eight groups, and each has words in both languages", () => {
    expect(groups).toHaveLength(8);
    expect(emojiData.split("\n")).toHaveLength(emojiWordsZh.split("\n").length);
    expect(groups.flat().every(({ emoji, words }) => emoji !== "" && words.length > 2)).toBe(true);
  });
  it("are found by the start of their words, names first, and by Han anywhere", () => {
    expect(findEmoji(groups, "ship")[0]?.emoji).toBe("🚢");
    expect(findEmoji(groups, "pear")[0]?.emoji).toBe("🍐");
    expect(findEmoji(groups, "梨").map(({ emoji }) => emoji)).toContain("🍐");
    expect(findEmoji(groups, "zzzz")).toEqual([]);
  });
  it("take a tone behind each character that has one", () => {
    const thumb = groups.flat().find(({ emoji }) => emoji.startsWith("👍"));
    expect(thumb?.hasTones).toBe(true);
    expect(toned(thumb!, 3)).toBe("👍🏽");
    expect(toned(thumb!, 0)).toBe(thumb?.emoji);
  });
  it("are remembered once each", () => {
    expect(withRecent(["a", "b", "c"], "b", 3)).toEqual(["b", "a", "c"]);
    expect(withRecent(["a", "b", "c"], "d", 3)).toEqual(["d", "a", "b"]);
  });
});

describe("scripts", () => {
  it("are told by the first letter", () => {
    expect([scriptOf("hello 世界"), scriptOf("码头4号"), scriptOf("رصيف ٤"), scriptOf("こんにちは"), scriptOf("안녕"), scriptOf("1 🍐")]).toEqual(["", "zh", "ar", "ja", "ko", ""]);
  });
  it("have initials of readings", () => {
    expect(readingInitials("林晓雯")).toBe("lxw");
    expect(readingInitials("沈予安")).toBe("sya");
    expect(readingInitials("Kofi")).toBe("");
  });
  it("have sizes as people write them", () => {
    expect(bytesWords(1_430_000, "en-GB")).toBe("1.4 MB");
    expect(bytesWords(88_000, "en-GB")).toBe("88 kB");
    expect([durationWords(65_200), durationWords(900)]).toEqual(["1:05", "0:01"]);
  });
});

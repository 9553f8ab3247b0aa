import type { ConversationSummary } from "@stonechat/sdk";
import { describe, expect, it } from "vitest";
import { lookOf, reachOf, typingWords, type RowFacts } from "../../src/list/row.ts";
import { makeLocale } from "../../src/i18n/index.ts";
import { en } from "../../src/i18n/en.ts";
import { at, englishWorld, fakeAccount, NOW } from "../../src/testing/index.ts";

const locale = makeLocale("en", "en-GB", en);
const account = fakeAccount(englishWorld);

function summary(id: string, change: Partial<ConversationSummary> = {}): ConversationSummary {
  return { ...account.fake(id).summary.get()!, ...change };
}

function look(id: string, facts: Partial<RowFacts> = {}, change: Partial<ConversationSummary> = {}) {
  return lookOf({
    summary: summary(id, change), me: "maya", title: "Title", open: false, typing: [], unsent: undefined, reached: null,
    nameOf: (user) => account.nameOf(user), words: (content) => account.words(content), now: NOW, locale, ...facts,
  });
}

const unsent = (text: string, kind: "queued" | "failed") => ({
  conversation: "g_printers", clientMsgId: "1", content: { kind: "text", text, entities: [] }, attributes: null, createdAt: at(0, "10:45"),
  state: kind === "failed" ? { kind, code: "gave_up", text: "", recoverable: true } : { kind },
}) as const;

describe("the second line of a row", () => {
  it("says who wrote in a group, nobody in a direct chat, and You for an own message", () => {
    expect(look("g_harbour")).toMatchObject({ lead: "Jonas:", text: "I’m at gate 3 now and can take a photo." });
    expect(look("d_omar")).toMatchObject({ lead: "", count: 1 });
    expect(look("g_printers", { reached: "sent" })).toMatchObject({ lead: "You:", text: "Proof approved, plates on Wednesday.", state: "sent" });
  });

  it("says who is typing instead, and for whom that is", () => {
    expect(look("g_ridge", { typing: ["kofi", "ruth"] })).toMatchObject({ typing: true, text: "Kofi and Ruth are typing" });
    expect(look("d_ines", { typing: ["ines"] })).toMatchObject({ typing: true, text: "typing" });
    expect(look("d_ines", { typing: ["maya"] }).typing).toBe(false);
    expect(typingWords(["a", "b", "c"], false, (user) => user, locale)).toBe("3 people are typing");
  });

  it("shows a draft unless the conversation is open", () => {
    expect(look("d_ruth")).toMatchObject({ lead: "Draft:", leadKind: "draft" });
    expect(look("d_ruth", { open: true })).toMatchObject({ lead: "", text: "Here is the plan for gate 2." });
  });

  it("shows what was not sent before a draft, and what waits with a clock", () => {
    const failed = look("d_ruth", { unsent: { failed: unsent("go ahead", "failed"), waiting: null } });
    expect(failed).toMatchObject({ lead: "Not sent:", leadKind: "failed", text: "go ahead", end: "failed", state: "", time: "10:45" });
    expect(look("g_printers", { unsent: { failed: null, waiting: unsent("go ahead", "queued") } })).toMatchObject({ lead: "You:", text: "go ahead", state: "waiting" });
  });

  it("never keeps the text of a recalled message", () => {
    const preview = { ...summary("g_harbour").preview!, recalled: true, text: "", sender: "kofi" };
    expect(look("g_harbour", {}, { preview })).toMatchObject({ lead: "", text: "Kofi recalled a message" });
    expect(look("g_harbour", {}, { preview: { ...preview, sender: "maya" } }).text).toBe("You recalled a message");
  });

  it("is never empty", () => {
    const empty = { preview: null, headOrdinal: 0 } as const;
    expect(look("g_harbour", {}, { ...empty, role: "owner" }).text).toBe("You started this group");
    expect(look("g_harbour", {}, { ...empty, role: "member" }).text).toBe("No messages yet");
    expect(look("d_omar", {}, empty).text).toBe("No messages yet");
  });

  it("names the kind of what has no words", () => {
    const preview = { ...summary("d_omar").preview!, bodyType: "image", text: "" };
    expect(look("d_omar", {}, { preview }).text).toBe("Photo");
    expect(look("d_omar", {}, { preview: { ...preview, text: "Gate 1" } }).text).toBe("Photo · Gate 1");
    expect(look("d_omar", {}, { preview: { ...preview, bodyType: "poll" } }).text).toBe("Message");
  });

  it("is one line, without a time where nothing was said", () => {
    const preview = { ...summary("d_omar").preview!, text: "one\n two" };
    expect(look("d_omar", {}, { preview }).text).toBe("one two");
    expect(look("d_omar", {}, { preview: null, activeAt: 0 }).time).toBe("");
  });

  it("has no ticks on a note to oneself", () => {
    expect(look("d_maya", { reached: "sent" })).toMatchObject({ state: "", lead: "" });
  });
});

describe("the end of a row", () => {
  it("has one place: count, dot, failed, pin", () => {
    expect(look("g_harbour")).toMatchObject({ mention: true, count: 3, end: "" });
    const marked = { ...summary("d_jonas").preferences, markedUnread: true, pinnedAt: 5 };
    expect(look("d_jonas", {}, { preferences: marked })).toMatchObject({ count: 0, end: "dot", unread: true });
    expect(look("d_jonas", {}, { preferences: { ...marked, markedUnread: false } })).toMatchObject({ end: "pin", unread: false });
  });

  it("is muted until the mute ends", () => {
    const preferences = { ...summary("g_harbour").preferences, mutedUntil: NOW + 1 };
    expect(look("g_harbour", {}, { preferences }).muted).toBe(true);
    expect(look("g_harbour", { now: NOW + 1 }, { preferences }).muted).toBe(false);
  });

  it("is heard as well as seen", () => {
    expect(look("g_harbour").heard).toBe("3 unread, mentions you");
    expect(look("g_night").heard).toBe("28 unread, muted");
  });
});

describe("how far an own message has come", () => {
  const direct = summary("d_ines");
  const seq = direct.preview!.seq;

  it("is known of the other one in a direct chat", () => {
    expect(reachOf(direct, [], "maya")).toBe("sent");
    expect(reachOf(direct, [{ user: "ines", upto: seq - 1, delivered: seq }], "maya")).toBe("delivered");
    expect(reachOf(direct, [{ user: "ines", upto: seq, delivered: seq }], "maya")).toBe("read");
  });

  it("is read in a group once all have read", () => {
    const group = summary("g_printers");
    const mark = (user: string, upto: number) => ({ user, upto, delivered: upto });
    const last = group.preview!.seq;
    expect(reachOf(group, [mark("rosa", last), mark("sven", last - 1)], "maya")).toBe("sent");
    expect(reachOf(group, [mark("rosa", last)], "maya")).toBe("sent");
    expect(reachOf(group, [mark("rosa", last), mark("sven", last), mark("maya", 0)], "maya")).toBe("read");
  });
});

/** Conversations that hold what seldom comes together: each kind of message and each reason why one cannot write. */

import type { SendState } from "@stonechat/sdk";
import { SETTINGS } from "../../ui/src/testing/data.ts";
import { at, englishWorld, NOW, type FakeConversation, type FakeData, type FakeEvent, type FakeMessage } from "../../ui/src/testing/index.ts";

const failed = (code: string, recoverable = false): SendState => ({ kind: "failed", code, text: code, recoverable });
const upload = (name: string, mimeType: string, bytes: number) => ({ id: "u1", name, mimeType, bytes });
const empty = { thumbnail: null, width: 0, height: 0, durationMs: 0, waveform: new Uint8Array(), caption: "" };

const kinds: readonly FakeMessage[] = [
  { from: "ruth", at: at(1, "17:40"), text: "Yesterday’s last word" },
  { from: "kofi", at: at(0, "09:00"), text: "One line" },
  { from: "kofi", at: at(0, "09:01"), text: "A run: the name once, the corners joined" },
  { from: "kofi", at: at(0, "09:02"), text: "*Bold*, `code`, a link https://harbour.example/map and @[ruth]", reactions: { "👍": ["ruth", "ines"], "🎉": ["maya"] } },
  { from: "ruth", at: at(0, "09:10"), text: "@[maya] this calls you", starred: true },
  { from: "tomas", at: at(0, "09:12"), text: "Answers the one before", replyBack: 1 },
  { from: "tomas", at: at(0, "09:13"), text: "Said something else before", editedAt: at(0, "09:15"), before: ["Said this before"] },
  { from: "ines", at: at(0, "09:20"), recalled: true },
  { from: "tomas", at: at(0, "09:21"), text: "Answers what was recalled", replyBack: 1 },
  { from: "ruth", at: at(0, "09:24"), text: "🎉👍" },
  { from: "kofi", at: at(0, "09:26"), text: "Handed on from somebody else", forwarded: { author: "omar", sentAt: at(1, "12:00") } },
  {
    from: "kofi", at: at(0, "09:27"), content: { kind: "merged", title: "Harbour signage", messages: [
      { author: "omar", authorName: "Omar Haddad", sentAt: at(1, "12:00"), content: { kind: "text", text: "Which gate is open?", entities: [] } },
      { author: "ruth", authorName: "Ruth Feldmann", sentAt: at(1, "12:02"), content: { kind: "text", text: "Gate 3 until six", entities: [] } },
    ] },
  },
  { from: "ruth", at: at(0, "09:28"), content: { kind: "file", file: upload("revision 6.pdf", "application/pdf", 482_133), ...empty } },
  { from: "ruth", at: at(0, "09:29"), content: { kind: "image", file: upload("gate.jpg", "image/jpeg", 182_133), ...empty, width: 800, height: 600, caption: "The gate this morning" } },
  { from: "ruth", at: at(0, "09:30"), content: { kind: "location", latitude: 53.9, longitude: 10.8, name: "Gate 3", address: "Quay 12" } },
  { from: "ruth", at: at(0, "09:31"), content: { kind: "contact_card", user: "jonas", displayName: "Jonas Pereira" } },
  { from: "ruth", at: at(0, "09:32"), content: { kind: "opaque", bodyType: "com.harbour.tide", body: new Uint8Array() } },
  { from: "omar", at: at(0, "09:40"), text: "صباح الخير، هذه رسالة بالعربية" },
  { from: "xiaowen", at: at(0, "09:41"), text: "中文的消息，有“引号”。" },
  { from: "maya", at: at(0, "09:50"), text: "Own, and all have read it" },
  { from: "maya", at: at(0, "09:51"), text: "Recalled by its author", recalled: true },
  { from: "maya", at: at(0, "10:00"), text: "On its way", state: { kind: "queued" } },
  { from: "maya", at: at(0, "10:01"), text: "Too long by far", state: failed("too_large") },
  { from: "maya", at: at(0, "10:02"), text: "Nobody answered for a day", state: failed("gave_up", true) },
  { from: "maya", at: at(0, "10:03"), text: "This person does not take messages", state: failed("recipient_unavailable") },
];

/** Each kind of event; those of one moment fold into one line. */
const events: readonly FakeEvent[] = [
  { kind: "conversation_created", by: "ruth", at: at(1, "17:30"), users: ["kofi", "tomas", "maya"] },
  { kind: "members_added", by: "ruth", at: at(1, "17:31"), users: ["xiaowen"] },
  { kind: "joined", by: "ines", at: at(0, "09:03") },
  { kind: "role_changed", by: "ruth", at: at(0, "09:03"), users: ["maya"], role: "admin" },
  { kind: "renamed", by: "maya", at: at(0, "09:11"), text: "Harbour signage" },
  { kind: "members_added", by: "kofi", at: at(0, "09:40"), users: ["omar", "maya"] },
  { kind: "pinned", by: "kofi", at: at(0, "09:49") },
  { kind: "announced", by: "ruth", at: at(0, "09:49"), text: "Friday, 09:00, meet at gate 1" },
  { kind: "settings_changed", by: "ruth", at: at(0, "09:49"), settings: { ...SETTINGS, speak: "admins" } },
  { kind: "member_removed", by: "ruth", at: at(0, "09:49"), users: ["jonas"] },
  { kind: "member_left", by: "dana", at: at(0, "09:49") },
  { kind: "info_changed", by: "ruth", at: at(0, "09:49") },
];

function withOne(conversation: FakeConversation, change: Partial<FakeData> = {}): FakeData {
  return { ...englishWorld, ...change, conversations: [conversation] };
}

const group: FakeConversation = {
  id: "g_states", kind: "group", title: "Harbour signage", memberCount: 7,
  members: ["ruth", "kofi", "tomas", "ines", "omar", "xiaowen", "maya"].map((user) => ({ user, role: user === "ruth" ? "owner" as const : "member" as const })),
};
const direct: FakeConversation = { id: "d_petr", kind: "direct", peer: "petr", messages: [{ from: "petr", at: at(3, "12:00"), text: "Hello" }] };

/** Each kind of message, from all sides. */
export const everyKind = withOne({ ...group, messages: kinds, events });
/** Why one cannot write. */
export const silenced = withOne({ ...group, silencedUntil: NOW + 7 * 3_600_000 });
export const onlyAdmins = withOne({ ...group, settings: { speak: "admins" } });
export const dissolved = withOne({ ...group, dissolved: true });
export const left = withOne({ ...group, member: false, role: "none" });
export const reader = withOne({ ...group, id: "c_states", kind: "channel", settings: { speak: "admins", membersHidden: true } });
export const blocked = withOne(direct);
export const drafted = withOne({ ...group, draft: { text: "I was thinking we could ask the school if", replyTo: null, at: at(0, "10:00") } });
export const writing = withOne({ ...group, messages: kinds.slice(0, 5) });

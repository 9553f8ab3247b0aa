/**
 * What one asks the server about a conversation, and what only the server can change of it: loaded when one of these is first
 * called. Each is a method of {@link LiveConversation} of the same name.
 */

import type { CommandHandle, Outgoing } from "./api.ts";
import { contentOf } from "./content.ts";
import { type LiveConversation, split } from "./conversation.ts";
import type { BodyInit } from "./core/command.ts";
import { message } from "./core/translate.ts";
import { member, roleToWire, settingsToWire } from "./core/translate-calls.ts";
import { bytesOfHex, hex, linkId, userId } from "./domain/id.ts";
import { num, untilToWire } from "./domain/number.ts";
import { emojiOf } from "./emoji.ts";
import { argument, whole } from "./fail.ts";
import { askDone, called, pages, usersOf } from "./inner.ts";
import { checked, checkedBody } from "./send.ts";
import { bytesOf, wrongWithMessage } from "./text.ts";
import { checkLine, checkLines, checkTitle } from "./text-checks.ts";
import type {
  Announcement, Asker, Ban, GroupSettings, HistoryPage, JoinLink, Member, MentionMark, Message, Ordinal, Role, Seq, Target,
  Timestamp, UserId, UserReaction, Version,
} from "./types.ts";

const REASON_BYTES_MAX = 256;
const NICKNAME_BYTES_MAX = 128;
const ANNOUNCEMENT_BYTES_MAX = 4_096;
const FOLDER_BYTES_MAX = 64;
const FOLDERS_MAX = 16;

// Which members, and which askers, by the numbers of the wire.
const [ALL, ADMINS, MUTED, READ_ANNOUNCEMENT, NOT_READ_ANNOUNCEMENT] = [0, 1, 2, 3, 4];
const [APPLIED, INVITED] = [1, 2];

/** Messages that are starred, or removed, at once. */
const AT_ONCE_MAX = 100;

type MessageChange = NonNullable<Extract<BodyInit, { case: "changeMessage" }>["value"]>["change"];
type Range = NonNullable<Extract<BodyInit, { case: "fetchMessages" }>["value"]>["range"];

const line = (field: string, max: number) => (text: string) => checkLine(field, text, max);
const lines = (field: string, max: number) => (text: string) => checkLines(field, text, max);

export function fetchAround(it: LiveConversation, ordinal: Ordinal, limit: number): Promise<HistoryPage> {
  return fetchPage(it, { case: "aroundOrdinal", value: BigInt(ordinal) }, limit);
}

export function fetchHistory(it: LiveConversation, before: Ordinal | null, limit: number): Promise<HistoryPage> {
  return fetchPage(it, { case: "beforeOrdinal", value: BigInt(before ?? 0) }, limit);
}

async function fetchPage(it: LiveConversation, range: Range, limit: number): Promise<HistoryPage> {
  const value = { conversationId: it.id, range, limit };
  const answer = await called(it.inner, { case: "fetchMessages", value } as BodyInit, "messages");
  const removed = it.inner.host.views.summary(it.id)?.removed;
  const found = answer.messages.map(({ event }) => message(event, it.inner.me)).filter((one) => one !== null);
  return { messages: found.filter(({ seq }) => !removed?.holds(seq)), moreBefore: answer.moreBefore };
}

export async function pinnedMessages(it: LiveConversation): Promise<readonly Message[]> {
  const all: Message[] = [];
  for (;;) {
    const list = { conversationId: it.id, afterSeq: BigInt(all.at(-1)?.seq ?? 0) };
    const answer = await called(it.inner, { case: "listPinned", value: list }, "messages");
    const found = answer.messages.map(({ event }) => message(event, it.inner.me)).filter((it) => it !== null);
    all.push(...found);
    if (!answer.moreAfter || found.length === 0) {
      return all;
    }
  }
}

export function reactions(it: LiveConversation, message: Seq): Promise<readonly UserReaction[]> {
  const list = { conversationId: it.id, seq: BigInt(message) };
  return pages(
    (page) => called(it.inner, { case: "listReactions", value: { ...list, page } }, "reactions"),
    ({ reactions }) => reactions.map(({ userId: id, displayName, emojis }) => {
      const user = userId(id);
      return user === null ? null : { user, displayName, emojis };
    }),
  );
}

export async function versions(it: LiveConversation, message: Seq): Promise<readonly Version[]> {
  const all: Version[] = [];
  for (;;) {
    const list = { conversationId: it.id, seq: BigInt(message), afterSeq: BigInt(all.at(-1)?.seq ?? 0) };
    const { versions, more } = await called(it.inner, { case: "listEdits", value: list }, "edits");
    all.push(...versions.map(({ seq, at, bodyType, body, corrupt }): Version => ({
      seq: num(seq), at: num(at), content: corrupt ? { kind: "corrupt" } : contentOf(bodyType, body),
    })));
    if (!more || versions.length === 0) {
      return all;
    }
  }
}

export function readers(it: LiveConversation, message: Seq, read: boolean): Promise<readonly Member[]> {
  return listReaders(it, { seq: BigInt(message), unread: !read });
}

export function players(it: LiveConversation, message: Seq, played: boolean): Promise<readonly Member[]> {
  return listReaders(it, { seq: BigInt(message), unread: !played, played: true });
}

export async function mentions(
  it: LiveConversation,
  after: Ordinal,
  limit: number,
): Promise<{ mentions: readonly MentionMark[]; more: boolean }> {
  let afterOrdinal = BigInt(after);
  for (;;) {
    const list = { conversationId: it.id, afterOrdinal, limit };
    const { mentions, more, uptoOrdinal } = await called(it.inner, { case: "listMentions", value: list }, "mentions");
    // The server looks at so many at once, and all of them may be gone by now.
    if (mentions.length === 0 && more && uptoOrdinal > afterOrdinal) {
      afterOrdinal = uptoOrdinal;
      continue;
    }
    return { mentions: mentions.map(({ seq, ordinal }) => ({ seq: num(seq), ordinal: num(ordinal) })), more };
  }
}

export async function sendCommand(it: LiveConversation, bodyType: string, body: Uint8Array): Promise<void> {
  checkedBody({ kind: "opaque", bodyType, body });
  await it.change({ case: "command", value: { bodyType, body } });
}

export function members(it: LiveConversation): Promise<readonly Member[]> {
  return listMembers(it, ALL);
}

export function admins(it: LiveConversation): Promise<readonly Member[]> {
  return listMembers(it, ADMINS);
}

export function mutedMembers(it: LiveConversation): Promise<readonly Member[]> {
  return listMembers(it, MUTED);
}

export function announcementReaders(it: LiveConversation, read: boolean): Promise<readonly Member[]> {
  return listMembers(it, read ? READ_ANNOUNCEMENT : NOT_READ_ANNOUNCEMENT);
}

export async function addMembers(it: LiveConversation, users: readonly UserId[]): Promise<void> {
  await it.change({ case: "addMembers", value: { userIds: usersOf(users) } });
}

export function removeMember(it: LiveConversation, user: UserId): Promise<void> {
  return it.change({ case: "removeMember", value: { userId: user } });
}

export function leave(it: LiveConversation): Promise<void> {
  return it.change({ case: "leave", value: {} });
}

export function leaveTo(it: LiveConversation, successor: UserId): Promise<void> {
  return it.change({ case: "leaveTo", value: { userId: successor } });
}

export async function rename(it: LiveConversation, title: string): Promise<void> {
  await it.change({ case: "rename", value: { title: checkTitle(title) } });
}

export function setRole(it: LiveConversation, user: UserId, role: Role): Promise<void> {
  return it.change({ case: "setRole", value: { userId: user, role: roleToWire(role) } });
}

export function setInfo(it: LiveConversation, patch: { description?: string; avatar?: string }): Promise<void> {
  return it.change({ case: "setInfo", value: patch });
}

export function changeSettings(it: LiveConversation, patch: Partial<GroupSettings>): Promise<void> {
  return it.change({ case: "changeSettings", value: { settings: settingsToWire(patch) } });
}

export function transferOwner(it: LiveConversation, to: UserId): Promise<void> {
  return it.change({ case: "transferOwner", value: { userId: to } });
}

export function dissolve(it: LiveConversation): Promise<void> {
  return it.change({ case: "dissolve", value: {} });
}

export async function mute(it: LiveConversation, user: UserId, lastsMs: number | null, reason = ""): Promise<void> {
  await it.change({ case: "muteMember", value: { userId: user, lastsMs: lasts(lastsMs), reason: checkReason(reason) } });
}

export function unmute(it: LiveConversation, user: UserId): Promise<void> {
  return it.change({ case: "unmuteMember", value: { userId: user } });
}

export async function ban(it: LiveConversation, user: UserId, lastsMs: number | null, reason = ""): Promise<void> {
  await it.change({ case: "banMember", value: { userId: user, lastsMs: lasts(lastsMs), reason: checkReason(reason) } });
}

export function liftBan(it: LiveConversation, user: UserId): Promise<void> {
  return it.change({ case: "liftBan", value: { userId: user } });
}

export function bans(it: LiveConversation): Promise<readonly Ban[]> {
  return pages(
    (page) => called(it.inner, { case: "listBans", value: { conversationId: it.id, page } }, "bans"),
    ({ bans }) => bans.map(({ userId: id, displayName, until, reason, byId, at }) => {
      const user = userId(id);
      return user === null ? null : { user, displayName, until: num(until), reason, by: userId(byId), at: num(at) };
    }),
  );
}

export async function setNickname(it: LiveConversation, nickname: string): Promise<void> {
  await it.change({ case: "setNickname", value: { nickname: optional(nickname, line("nickname", NICKNAME_BYTES_MAX)) } });
}

export async function announce(it: LiveConversation, text: string): Promise<void> {
  await it.change({ case: "announce", value: { text: optional(text, lines("text", ANNOUNCEMENT_BYTES_MAX)) } });
}

export async function announcement(it: LiveConversation): Promise<Announcement | null> {
  const event = (await groupOfServer(it))?.announcement;
  const by = userId(event?.senderId ?? "");
  return event?.change.case === "announced" && by !== null
    ? { seq: num(event.seq), text: event.change.value.text, by, at: num(event.sentAt) }
    : null;
}

export async function apply(it: LiveConversation, message: string): Promise<void> {
  await it.change({ case: "apply", value: { message: optional(message, line("message", REASON_BYTES_MAX)) } });
}

export function join(it: LiveConversation): Promise<void> {
  return it.change({ case: "join", value: {} });
}

export function invite(it: LiveConversation, user: UserId): Promise<void> {
  return it.change({ case: "invite", value: { userId: user } });
}

export function declineInvitation(it: LiveConversation): Promise<void> {
  return it.change({ case: "declineInvitation", value: {} });
}

export function applications(it: LiveConversation): Promise<readonly Asker[]> {
  return listAskers(it, APPLIED);
}

export function invitations(it: LiveConversation): Promise<readonly Asker[]> {
  return listAskers(it, INVITED);
}

export function acceptApplication(it: LiveConversation, user: UserId): Promise<void> {
  return it.change({ case: "acceptApplication", value: { userId: user } });
}

export function declineApplication(it: LiveConversation, user: UserId): Promise<void> {
  return it.change({ case: "declineApplication", value: { userId: user } });
}

export async function makeLink(it: LiveConversation, lastsMs: number | null, uses: number | null): Promise<string> {
  const token = new Uint8Array(16);
  it.inner.fillRandom(token);
  const link = bytesOfHex(linkId(token));
  await it.change({ case: "makeLink", value: { link, lastsMs: lasts(lastsMs), uses: uses ?? 0 } });
  // The server never has the token.
  return `${it.id}.${hex(token)}`;
}

export async function revokeLink(it: LiveConversation, id: string): Promise<void> {
  await it.change({ case: "revokeLink", value: { link: bytesOfHex(id) } });
}

export async function links(it: LiveConversation): Promise<readonly JoinLink[]> {
  const links = (await groupOfServer(it))?.links ?? [];
  return links.map(({ link, until, left }) => ({ id: hex(link), until: num(until), left: left ?? 0 }));
}

export async function setFolders(it: LiveConversation, folders: readonly string[]): Promise<CommandHandle> {
  if (folders.length > FOLDERS_MAX) {
    throw argument("folders", `are at most ${FOLDERS_MAX}`);
  }
  if (folders.some((folder) => bytesOf(folder) > FOLDER_BYTES_MAX || wrongWithMessage(folder) !== null)) {
    throw argument("folders", `have names of at most ${FOLDER_BYTES_MAX} bytes`);
  }
  return it.queue({ case: "setPreferences", value: { conversationId: it.id, folders: { names: [...folders] } } });
}

/** Changes a message; it is carried out in the order of the conversation. */
function changeMessage(it: LiveConversation, about: Target, change: MessageChange): Promise<CommandHandle> {
  return it.queue({ case: "changeMessage", value: { conversationId: it.id, change } } as BodyInit, about);
}

export async function edit(it: LiveConversation, message: Target, what: Outgoing): Promise<CommandHandle> {
  const { bodyType, body } = checked(what);
  return changeMessage(it, message, { case: "edit", value: { bodyType, body } });
}

export async function react(it: LiveConversation, message: Target, emoji: string): Promise<CommandHandle> {
  return changeMessage(it, message, { case: "react", value: { emoji: emojiOf(emoji) } });
}

export async function takeBack(it: LiveConversation, message: Target, emoji: string): Promise<CommandHandle> {
  return changeMessage(it, message, { case: "react", value: { emoji: emojiOf(emoji), remove: true } });
}

export function recall(it: LiveConversation, message: Target): Promise<CommandHandle> {
  return changeMessage(it, message, { case: "recall", value: {} });
}

export function pinMessage(it: LiveConversation, message: Target, pinned: boolean): Promise<CommandHandle> {
  return changeMessage(it, message, { case: "pin", value: { remove: !pinned } });
}

export async function markPlayed(it: LiveConversation, message: Seq): Promise<void> {
  const row = await it.inner.host.call("message", it.id, whole("message", message));
  if (row !== null && (row.bodyType !== "voice" || row.sender === it.inner.me)) {
    throw argument("message", "is no voice message of another");
  }
  await askDone(it.inner, { kind: "mark_played", conversation: it.id, message });
}

export async function deleteForMe(it: LiveConversation, messages: readonly Seq[]): Promise<CommandHandle> {
  return it.queue({ case: "deleteMessages", value: { conversationId: it.id, seqs: checkMessages(messages) } });
}

export async function star(it: LiveConversation, messages: readonly Seq[], starred: boolean): Promise<CommandHandle> {
  return it.queue({ case: "starMessages", value: { conversationId: it.id, seqs: checkMessages(messages), remove: !starred } });
}

function checkMessages(messages: readonly Seq[]): bigint[] {
  if (messages.length === 0 || messages.length > AT_ONCE_MAX) {
    throw argument("messages", `are one to ${AT_ONCE_MAX} at once`);
  }
  return messages.map(BigInt);
}

export function pin(it: LiveConversation, pinned: boolean): Promise<CommandHandle> {
  return it.prefer({ pinned });
}

export function muteUntil(it: LiveConversation, until: Timestamp): Promise<CommandHandle> {
  return it.prefer({ mutedUntil: untilToWire(until) });
}

export function archive(it: LiveConversation, archived: boolean): Promise<CommandHandle> {
  return it.prefer({ archived });
}

export async function clearHistory(it: LiveConversation): Promise<CommandHandle> {
  const { headSeq } = it.known();
  const handle = await it.prefer({ clearedUptoSeq: BigInt(headSeq) });
  await it.markRead(headSeq);
  return handle;
}

async function remove(it: LiveConversation): Promise<CommandHandle> {
  const { headSeq } = it.known();
  const upto = BigInt(headSeq);
  const handle = await it.prefer({ clearedUptoSeq: upto, hiddenUptoSeq: upto });
  await it.markRead(headSeq);
  return handle;
}
export { remove as delete };

export async function setFields(it: LiveConversation, changes: Readonly<Record<string, string | null>>): Promise<CommandHandle> {
  const { set, removed } = split(changes);
  return it.prefer({ fields: set, removeFields: removed });
}

function listMembers(it: LiveConversation, only: number | undefined): Promise<Member[]> {
  return pages(
    (page) => called(it.inner, { case: "listMembers", value: { conversationId: it.id, page, only: only! } }, "members"),
    ({ members }) => members.map(member),
  );
}

function listReaders(it: LiveConversation, list: { seq: bigint; unread: boolean; played?: boolean }): Promise<Member[]> {
  return pages(
    (page) => called(it.inner, { case: "listReaders", value: { ...list, conversationId: it.id, page } }, "members"),
    ({ members }) => members.map(member),
  );
}

function listAskers(it: LiveConversation, which: number | undefined): Promise<Asker[]> {
  return pages(
    (page) => called(it.inner, { case: "listAskers", value: { conversationId: it.id, page, which: which! } }, "askers"),
    ({ askers }) => askers.map(({ userId: id, displayName, message: said, byId, at }) => {
      const user = userId(id);
      return user === null ? null : { user, displayName, message: said, by: userId(byId), at: num(at) };
    }),
  );
}

async function groupOfServer(it: LiveConversation) {
  const get = { conversationId: it.id };
  return (await called(it.inner, { case: "getConversation", value: get }, "conversation")).group;
}

/** 0 is for good on the wire, so nothing lasts less than a millisecond. */
function lasts(ms: number | null): bigint {
  return ms === null ? 0n : BigInt(Math.max(1, Math.trunc(ms)));
}

function optional(text: string, check: (text: string) => string): string {
  return text === "" ? "" : check(text);
}

function checkReason(reason: string): string {
  return optional(reason, line("reason", REASON_BYTES_MAX));
}

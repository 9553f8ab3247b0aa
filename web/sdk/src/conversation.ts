/** One conversation: write, read, and change it. */

import type { CommandHandle, Conversation, Outgoing, SendHandle, Timeline, TimelineOptions } from "./api.ts";
import { contentOf } from "./content.ts";
import type { BodyInit } from "./core/command.ts";
import { member, message, roleToWire, settingsToWire } from "./core/translate.ts";
import { bytesOfHex, hex, linkId, userId } from "./domain/id.ts";
import { num, untilToWire } from "./domain/number.ts";
import { emojiOf } from "./emoji.ts";
import { argument, notFound } from "./fail.ts";
import { asked, askDone, called, commandId, type Inner, pages, usersOf } from "./inner.ts";
import { Source } from "./readable.ts";
import { checked, checkedBody, CommandOnItsWay, MessageOnItsWay } from "./send.ts";
import { bytesOf, checkLine, checkLines } from "./text.ts";
import { LiveTimeline } from "./timeline.ts";
import type {
  Announcement, Asker, Ban, ConversationId, ConversationSummary, GroupSettings, HistoryPage, JoinLink, Member,
  MentionMark, Message, Ordinal, Readable, ReadMark, Role, Seq, Target, Timestamp, UserId, UserReaction, Version,
} from "./types.ts";

const TITLE_BYTES_MAX = 256;
const REASON_BYTES_MAX = 256;
const NICKNAME_BYTES_MAX = 128;
const ANNOUNCEMENT_BYTES_MAX = 4_096;
const DRAFT_BYTES_MAX = 8 * 1024;
const FOLDER_BYTES_MAX = 64;
const FOLDERS_MAX = 16;
/** Messages that are starred, or removed, at once. */
const AT_ONCE_MAX = 100;

// Which members, and which askers, by the numbers of the wire.
const [ALL, ADMINS, MUTED, READ_ANNOUNCEMENT, NOT_READ_ANNOUNCEMENT] = [0, 1, 2, 3, 4];
const [APPLIED, INVITED] = [1, 2];

type InitOf<C extends BodyInit["case"]> = NonNullable<Extract<BodyInit, { case: C }>["value"]>;
type Change = InitOf<"changeConversation">["change"];
type MessageChange = InitOf<"changeMessage">["change"];
type Preferred = Omit<InitOf<"setPreferences">, "$typeName" | "$unknown">;
type Range = InitOf<"fetchMessages">["range"];

/** The title of a group. */
export function checkTitle(title: string): string {
  return checkLine("title", title, TITLE_BYTES_MAX);
}

/** Changes of a map, as the wire says them: what is set, and what is removed. */
export function split(changes: Readonly<Record<string, string | null>> = {}): { set: Record<string, string>; removed: string[] } {
  const all = Object.entries(changes);
  return {
    set: Object.fromEntries(all.filter((one): one is [string, string] => one[1] !== null)),
    removed: all.filter(([, value]) => value === null).map(([name]) => name),
  };
}

/** 0 is for good on the wire, so nothing lasts less than a millisecond. */
function lasts(ms: number | null): bigint {
  return ms === null ? 0n : BigInt(Math.max(1, Math.trunc(ms)));
}

function optional(text: string, check: (text: string) => string): string {
  return text === "" ? "" : check(text);
}

const line = (field: string, max: number) => (text: string) => checkLine(field, text, max);
const lines = (field: string, max: number) => (text: string) => checkLines(field, text, max);

export class LiveConversation implements Conversation {
  readonly id: ConversationId;
  readonly #inner: Inner;
  readonly #peer: UserId | null;

  constructor(inner: Inner, id: ConversationId, peer: UserId | null = null) {
    this.#inner = inner;
    this.id = id;
    this.#peer = peer;
  }

  get summary(): Readable<ConversationSummary | null> {
    return this.#inner.host.views.watchSummary(this.id);
  }

  get typing(): Readable<readonly UserId[]> {
    return this.#inner.host.views.typing(this.id);
  }

  get readMarks(): Readable<readonly ReadMark[]> {
    return this.#inner.host.views.readMarks(this.id);
  }

  async send(what: Outgoing): Promise<SendHandle> {
    const { bodyType, body, attributes } = checked(what);
    const { views } = this.#inner.host;
    const clientMsgId = what.clientMsgId ?? this.#inner.newId();
    const draft = {
      conversation: this.id, peer: this.#peer ?? this.#here()?.peer ?? null, clientMsgId, bodyType, body, attributes,
      readUpto: what.readUpto ?? 0,
    };
    const { state } = await asked(this.#inner, { kind: "send", draft }, "queued");
    return new MessageOnItsWay(this.#inner, clientMsgId, views.track(this.id, clientMsgId, state).state, this.id);
  }

  timeline(options: TimelineOptions = {}): Promise<Timeline> {
    return LiveTimeline.open(this.#inner, this.id, options);
  }

  markRead(upto: Seq): Promise<void> {
    return askDone(this.#inner, { kind: "mark_read", conversation: this.id, upto });
  }

  async markAllRead(): Promise<void> {
    await this.markRead(this.#known().headSeq);
  }

  async markPlayed(message: Seq): Promise<void> {
    const row = await this.#inner.host.call("message", this.id, message);
    if (row !== null && (row.bodyType !== "voice" || row.sender === this.#inner.me)) {
      throw argument("message", "is no voice message of another");
    }
    await askDone(this.#inner, { kind: "mark_played", conversation: this.id, message });
  }

  setTyping(active: boolean): void {
    void this.#inner.host.ask({ kind: "typing", conversation: this.id, active }).catch(() => {});
  }

  async edit(message: Target, what: Outgoing): Promise<CommandHandle> {
    const { bodyType, body } = checked(what);
    return this.#changeMessage(message, { case: "edit", value: { bodyType, body } });
  }

  async react(message: Target, emoji: string): Promise<CommandHandle> {
    return this.#changeMessage(message, { case: "react", value: { emoji: emojiOf(emoji) } });
  }

  async takeBack(message: Target, emoji: string): Promise<CommandHandle> {
    return this.#changeMessage(message, { case: "react", value: { emoji: emojiOf(emoji), remove: true } });
  }

  recall(message: Target): Promise<CommandHandle> {
    return this.#changeMessage(message, { case: "recall", value: {} });
  }

  pinMessage(message: Target, pinned: boolean): Promise<CommandHandle> {
    return this.#changeMessage(message, { case: "pin", value: { remove: !pinned } });
  }

  async deleteForMe(messages: readonly Seq[]): Promise<CommandHandle> {
    const seqs = checkMessages(messages);
    return this.queue({ case: "deleteMessages", value: { conversationId: this.id, seqs } });
  }

  async star(messages: readonly Seq[], starred: boolean): Promise<CommandHandle> {
    const seqs = checkMessages(messages);
    return this.queue({ case: "starMessages", value: { conversationId: this.id, seqs, remove: !starred } });
  }

  async pinnedMessages(): Promise<readonly Message[]> {
    const all: Message[] = [];
    for (;;) {
      const list = { conversationId: this.id, afterSeq: BigInt(all.at(-1)?.seq ?? 0) };
      const answer = await called(this.#inner, { case: "listPinned", value: list }, "messages");
      const found = answer.messages.map(({ event }) => message(event, this.#inner.me)).filter((it) => it !== null);
      all.push(...found);
      if (!answer.moreAfter || found.length === 0) {
        return all;
      }
    }
  }

  reactions(message: Seq): Promise<readonly UserReaction[]> {
    const list = { conversationId: this.id, seq: BigInt(message) };
    return pages(
      (page) => called(this.#inner, { case: "listReactions", value: { ...list, page } }, "reactions"),
      ({ reactions }) => reactions.map(({ userId: id, displayName, emojis }) => {
        const user = userId(id);
        return user === null ? null : { user, displayName, emojis };
      }),
    );
  }

  async versions(message: Seq): Promise<readonly Version[]> {
    const all: Version[] = [];
    for (;;) {
      const list = { conversationId: this.id, seq: BigInt(message), afterSeq: BigInt(all.at(-1)?.seq ?? 0) };
      const { versions, more } = await called(this.#inner, { case: "listEdits", value: list }, "edits");
      all.push(...versions.map(({ seq, at, bodyType, body, corrupt }): Version => ({
        seq: num(seq), at: num(at), content: corrupt ? { kind: "corrupt" } : contentOf(bodyType, body),
      })));
      if (!more || versions.length === 0) {
        return all;
      }
    }
  }

  readers(message: Seq, read: boolean): Promise<readonly Member[]> {
    return this.#readers({ seq: BigInt(message), unread: !read });
  }

  players(message: Seq, played: boolean): Promise<readonly Member[]> {
    return this.#readers({ seq: BigInt(message), unread: !played, played: true });
  }

  fetchAround(ordinal: Ordinal, limit: number): Promise<HistoryPage> {
    return this.#fetch({ case: "aroundOrdinal", value: BigInt(ordinal) }, limit);
  }

  fetchHistory(before: Ordinal | null, limit: number): Promise<HistoryPage> {
    return this.#fetch({ case: "beforeOrdinal", value: BigInt(before ?? 0) }, limit);
  }

  async mentions(after: Ordinal, limit: number): Promise<{ mentions: readonly MentionMark[]; more: boolean }> {
    let afterOrdinal = BigInt(after);
    for (;;) {
      const list = { conversationId: this.id, afterOrdinal, limit };
      const { mentions, more, uptoOrdinal } = await called(this.#inner, { case: "listMentions", value: list }, "mentions");
      // The server looks at so many at once, and all of them may be gone by now.
      if (mentions.length === 0 && more && uptoOrdinal > afterOrdinal) {
        afterOrdinal = uptoOrdinal;
        continue;
      }
      return { mentions: mentions.map(({ seq, ordinal }) => ({ seq: num(seq), ordinal: num(ordinal) })), more };
    }
  }

  async sendCommand(bodyType: string, body: Uint8Array): Promise<void> {
    checkedBody({ kind: "opaque", bodyType, body });
    await this.change({ case: "command", value: { bodyType, body } });
  }

  pin(pinned: boolean): Promise<CommandHandle> {
    return this.#prefer({ pinned });
  }

  muteUntil(until: Timestamp): Promise<CommandHandle> {
    return this.#prefer({ mutedUntil: untilToWire(until) });
  }

  markUnread(marked: boolean): Promise<CommandHandle> {
    return this.#prefer({ markedUnread: marked });
  }

  archive(archived: boolean): Promise<CommandHandle> {
    return this.#prefer({ archived });
  }

  async setFolders(folders: readonly string[]): Promise<CommandHandle> {
    if (folders.length > FOLDERS_MAX) {
      throw argument("folders", `are at most ${FOLDERS_MAX}`);
    }
    return this.#prefer({ folders: { names: folders.map(line("folders", FOLDER_BYTES_MAX)) } });
  }

  async saveDraft(text: string, replyTo: Seq | null = null): Promise<CommandHandle> {
    if (bytesOf(text) > DRAFT_BYTES_MAX) {
      throw argument("draft", `has at most ${DRAFT_BYTES_MAX} bytes`);
    }
    return this.#prefer({ draft: { text, replyToSeq: BigInt(replyTo ?? 0) } });
  }

  async clearHistory(): Promise<CommandHandle> {
    const { headSeq } = this.#known();
    const handle = await this.#prefer({ clearedUptoSeq: BigInt(headSeq) });
    await this.markRead(headSeq);
    return handle;
  }

  async delete(): Promise<CommandHandle> {
    const { headSeq } = this.#known();
    const upto = BigInt(headSeq);
    const handle = await this.#prefer({ clearedUptoSeq: upto, hiddenUptoSeq: upto });
    await this.markRead(headSeq);
    return handle;
  }

  setFields(changes: Readonly<Record<string, string | null>>): Promise<CommandHandle> {
    const { set, removed } = split(changes);
    return this.#prefer({ fields: set, removeFields: removed });
  }

  members(): Promise<readonly Member[]> {
    return this.#members(ALL);
  }

  admins(): Promise<readonly Member[]> {
    return this.#members(ADMINS);
  }

  mutedMembers(): Promise<readonly Member[]> {
    return this.#members(MUTED);
  }

  announcementReaders(read: boolean): Promise<readonly Member[]> {
    return this.#members(read ? READ_ANNOUNCEMENT : NOT_READ_ANNOUNCEMENT);
  }

  async addMembers(users: readonly UserId[]): Promise<void> {
    await this.change({ case: "addMembers", value: { userIds: usersOf(users) } });
  }

  removeMember(user: UserId): Promise<void> {
    return this.change({ case: "removeMember", value: { userId: user } });
  }

  leave(): Promise<void> {
    return this.change({ case: "leave", value: {} });
  }

  leaveTo(successor: UserId): Promise<void> {
    return this.change({ case: "leaveTo", value: { userId: successor } });
  }

  async rename(title: string): Promise<void> {
    await this.change({ case: "rename", value: { title: checkTitle(title) } });
  }

  setRole(user: UserId, role: Role): Promise<void> {
    return this.change({ case: "setRole", value: { userId: user, role: roleToWire(role) } });
  }

  setInfo(patch: { description?: string; avatar?: string }): Promise<void> {
    return this.change({ case: "setInfo", value: patch });
  }

  changeSettings(patch: Partial<GroupSettings>): Promise<void> {
    return this.change({ case: "changeSettings", value: { settings: settingsToWire(patch) } });
  }

  transferOwner(to: UserId): Promise<void> {
    return this.change({ case: "transferOwner", value: { userId: to } });
  }

  dissolve(): Promise<void> {
    return this.change({ case: "dissolve", value: {} });
  }

  async mute(user: UserId, lastsMs: number | null, reason = ""): Promise<void> {
    await this.change({ case: "muteMember", value: { userId: user, lastsMs: lasts(lastsMs), reason: checkReason(reason) } });
  }

  unmute(user: UserId): Promise<void> {
    return this.change({ case: "unmuteMember", value: { userId: user } });
  }

  async ban(user: UserId, lastsMs: number | null, reason = ""): Promise<void> {
    await this.change({ case: "banMember", value: { userId: user, lastsMs: lasts(lastsMs), reason: checkReason(reason) } });
  }

  liftBan(user: UserId): Promise<void> {
    return this.change({ case: "liftBan", value: { userId: user } });
  }

  bans(): Promise<readonly Ban[]> {
    return pages(
      (page) => called(this.#inner, { case: "listBans", value: { conversationId: this.id, page } }, "bans"),
      ({ bans }) => bans.map(({ userId: id, displayName, until, reason, byId, at }) => {
        const user = userId(id);
        return user === null ? null : { user, displayName, until: num(until), reason, by: userId(byId), at: num(at) };
      }),
    );
  }

  async setNickname(nickname: string): Promise<void> {
    await this.change({ case: "setNickname", value: { nickname: optional(nickname, line("nickname", NICKNAME_BYTES_MAX)) } });
  }

  async announce(text: string): Promise<void> {
    await this.change({ case: "announce", value: { text: optional(text, lines("text", ANNOUNCEMENT_BYTES_MAX)) } });
  }

  async announcement(): Promise<Announcement | null> {
    const event = (await this.#groupOfServer())?.announcement;
    const by = userId(event?.senderId ?? "");
    return event?.change.case === "announced" && by !== null
      ? { seq: num(event.seq), text: event.change.value.text, by, at: num(event.sentAt) }
      : null;
  }

  async apply(message: string): Promise<void> {
    await this.change({ case: "apply", value: { message: optional(message, line("message", REASON_BYTES_MAX)) } });
  }

  join(): Promise<void> {
    return this.change({ case: "join", value: {} });
  }

  invite(user: UserId): Promise<void> {
    return this.change({ case: "invite", value: { userId: user } });
  }

  declineInvitation(): Promise<void> {
    return this.change({ case: "declineInvitation", value: {} });
  }

  applications(): Promise<readonly Asker[]> {
    return this.#askers(APPLIED);
  }

  invitations(): Promise<readonly Asker[]> {
    return this.#askers(INVITED);
  }

  acceptApplication(user: UserId): Promise<void> {
    return this.change({ case: "acceptApplication", value: { userId: user } });
  }

  declineApplication(user: UserId): Promise<void> {
    return this.change({ case: "declineApplication", value: { userId: user } });
  }

  async makeLink(lastsMs: number | null, uses: number | null): Promise<string> {
    const token = new Uint8Array(16);
    this.#inner.fillRandom(token);
    const link = bytesOfHex(linkId(token));
    await this.change({ case: "makeLink", value: { link, lastsMs: lasts(lastsMs), uses: uses ?? 0 } });
    // The server never has the token.
    return `${this.id}.${hex(token)}`;
  }

  async revokeLink(id: string): Promise<void> {
    await this.change({ case: "revokeLink", value: { link: bytesOfHex(id) } });
  }

  async links(): Promise<readonly JoinLink[]> {
    const links = (await this.#groupOfServer())?.links ?? [];
    return links.map(({ link, until, left }) => ({ id: hex(link), until: num(until), left: left ?? 0 }));
  }

  /** Asks the server for a change, now. */
  async change(change: Change): Promise<void> {
    const value = { commandId: commandId(this.#inner), conversationId: this.id, change };
    await called(this.#inner, { case: "changeConversation", value } as BodyInit, "commandDone");
  }

  /** Keeps a command; it is carried out in the order of the conversation, as soon as the server can be reached. */
  async queue(call: BodyInit, about: Target | null = null): Promise<CommandHandle> {
    const command = { conversation: this.id, commandId: this.#inner.newId(), call, about };
    const { id, state } = await asked(this.#inner, { kind: "queue", command }, "kept");
    // Of what is done already nothing is in the outbox.
    const told = state.kind === "done" ? new Source(state) : this.#inner.host.views.track(this.id, id, state).state;
    return new CommandOnItsWay(this.#inner, id, told);
  }

  #here() {
    return this.#inner.host.views.summary(this.id);
  }

  #known(): ConversationSummary {
    const summary = this.#here();
    if (summary === null) {
      throw notFound("conversation");
    }
    return summary;
  }

  #changeMessage(about: Target, change: MessageChange): Promise<CommandHandle> {
    return this.queue({ case: "changeMessage", value: { conversationId: this.id, change } } as BodyInit, about);
  }

  #prefer(set: Preferred): Promise<CommandHandle> {
    return this.queue({ case: "setPreferences", value: { ...set, conversationId: this.id } });
  }

  #members(only: number | undefined): Promise<Member[]> {
    return pages(
      (page) => called(this.#inner, { case: "listMembers", value: { conversationId: this.id, page, only: only! } }, "members"),
      ({ members }) => members.map(member),
    );
  }

  #readers(list: { seq: bigint; unread: boolean; played?: boolean }): Promise<Member[]> {
    return pages(
      (page) => called(this.#inner, { case: "listReaders", value: { ...list, conversationId: this.id, page } }, "members"),
      ({ members }) => members.map(member),
    );
  }

  #askers(which: number | undefined): Promise<Asker[]> {
    return pages(
      (page) => called(this.#inner, { case: "listAskers", value: { conversationId: this.id, page, which: which! } }, "askers"),
      ({ askers }) => askers.map(({ userId: id, displayName, message: said, byId, at }) => {
        const user = userId(id);
        return user === null ? null : { user, displayName, message: said, by: userId(byId), at: num(at) };
      }),
    );
  }

  async #fetch(range: Range, limit: number): Promise<HistoryPage> {
    const value = { conversationId: this.id, range, limit };
    const answer = await called(this.#inner, { case: "fetchMessages", value } as BodyInit, "messages");
    const removed = this.#here()?.removed;
    const found = answer.messages.map(({ event }) => message(event, this.#inner.me)).filter((it) => it !== null);
    return { messages: found.filter(({ seq }) => !removed?.holds(seq)), moreBefore: answer.moreBefore };
  }

  async #groupOfServer() {
    const get = { conversationId: this.id };
    return (await called(this.#inner, { case: "getConversation", value: get }, "conversation")).group;
  }
}

function checkReason(reason: string): string {
  return optional(reason, line("reason", REASON_BYTES_MAX));
}

function checkMessages(messages: readonly Seq[]): bigint[] {
  if (messages.length === 0 || messages.length > AT_ONCE_MAX) {
    throw argument("messages", `are one to ${AT_ONCE_MAX} at once`);
  }
  return messages.map(BigInt);
}

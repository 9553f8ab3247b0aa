/** Between the wire's words and ours. */

import { attributesOf, contentOf, wordsOf } from "../content.ts";
import { kindOfId, conversationId, userId, uuid } from "../domain/id.ts";
import { groupOf, settingsOf } from "../domain/group.ts";
import { num } from "../domain/number.ts";
import { fold } from "../domain/search.ts";
import type * as v1 from "../gen/stonechat/v1/native_pb.ts";
import { preview as lineOf } from "../preview.ts";
import type {
  Content, ConversationId, ConversationKind, Device, GroupSettings, Message, Platform, Preview, Quote, ReadMark, Role,
  SendState, SignOutReason, Unsent, UserId, WhoMayAdd, WhoMayMessage, WhoMaySee,
} from "../types.ts";
import type { Changed, GroupRow, MessageChange, MessageRow, OutboxRow } from "./rows.ts";

// By the numbers of the wire; 0 stands for what is not said.
export const ROLES: readonly Role[] = ["none", "member", "admin", "owner"];
const KINDS: readonly (ConversationKind | undefined)[] = [undefined, "direct", "group", "channel"];
const WHO = [undefined, "everybody", "admins"] as const;
const SWITCHES = [undefined, true, false] as const;
export const SETTINGS: { readonly [K in keyof GroupSettings]: readonly (GroupSettings[K] | undefined)[] } = {
  speak: WHO, invite: WHO, editInfo: WHO, mentionAll: WHO, pin: WHO, join: [undefined, "invitation", "approval", "open"],
  history: SWITCHES, receipts: SWITCHES, membersHidden: SWITCHES,
};
export const PLATFORMS: readonly Platform[] = ["unspecified", "phone", "tablet", "desktop", "web", "bot"];
export const WHO_MAY_MESSAGE: readonly WhoMayMessage[] = ["anyone", "anyone", "contacts", "nobody"];
export const WHO_MAY_ADD: readonly WhoMayAdd[] = ["ask", "anyone", "ask", "question", "nobody"];
export const WHO_MAY_SEE: readonly WhoMaySee[] = ["everybody", "everybody", "contacts", "nobody"];
const SIGN_OUTS: readonly SignOutReason[] = ["user", "user", "replaced", "app"];

/** A role as the wire has it. */
export function role(number: number): Role {
  return ROLES[number] ?? "none";
}

/** The kind of a conversation; that of its id when the server says one of a later version. */
export function conversationKind(number: number, id: ConversationId): ConversationKind {
  return KINDS[number] ?? kindOfId(id);
}

/** A device. */
export function device(wire: v1.DeviceState): Device {
  const at = num(wire.signedOutAt);
  return {
    id: wire.deviceId,
    name: wire.deviceName,
    client: wire.client,
    seenAt: num(wire.seenAt),
    revoked: wire.revoked,
    platform: PLATFORMS[wire.platform] ?? "unspecified",
    signedOut: at ? { reason: SIGN_OUTS[wire.signedOutBy] ?? "user", at } : null,
  };
}

/** A group besides its members. */
export function group(wire: v1.GroupState | undefined, kind: ConversationKind): GroupRow {
  if (!wire) {
    return groupOf(kind);
  }
  const { description, avatar, extension, dissolved, nickname } = wire;
  const unsaid = settingsOf(kind);
  return {
    description, avatar, extension, dissolved, nickname,
    settings: wire.settings ? settings(wire.settings, unsaid) : unsaid,
    announcement: num(wire.announcementSeq),
    mutedUntil: num(wire.mutedUntil),
  };
}

/** Settings as the wire has them; what it does not say, or says as a later version does, stays. */
export function settings(wire: v1.GroupSettings, before: GroupSettings): GroupSettings {
  const said = (Object.keys(SETTINGS) as (keyof GroupSettings)[]).map((name) => [name, SETTINGS[name][wire[name]] ?? before[name]]);
  return Object.fromEntries(said) as unknown as GroupSettings;
}

/** Read marks, by their users; those whose user id is not one are left out. */
export function marks(wire: readonly v1.ReadMark[]): ReadMark[] {
  const marks = wire.filter((mark) => userId(mark.userId));
  return marks
    .map((mark) => ({ user: mark.userId, upto: num(mark.uptoSeq), delivered: num(mark.deliveredSeq) }))
    .sort((one, other) => (one.user < other.user ? -1 : 1));
}

/**
 * Whether an event counts. Of what is no message, that what is known does not, and what is damaged is not counted here; kinds
 * of a later version count when they moved the ordinal on.
 */
export function isCountable({ kind, change, corrupt, ordinal }: v1.Event, ordinalBefore: number | null): boolean {
  const isKnown = change.case !== undefined || kind === "command" || corrupt;
  return kind === "message" || (!isKnown && ordinalBefore !== null && ordinal > ordinalBefore);
}

/** The row of a message; null when it is not one, or its ids are not ids. */
export function messageRow(event: v1.Event): MessageRow | null {
  const [conversation, sender] = [conversationId(event.conversationId), userId(event.senderId)];
  if (event.kind !== "message" || !conversation || !sender) {
    return null;
  }
  const { state, bodyType, body, corrupt } = event;
  const seq = num(event.seq);
  return {
    conversation, seq, sender, bodyType, body, corrupt,
    ordinal: num(event.ordinal),
    clientMsgId: uuid(event.clientMsgId),
    sentAt: num(event.sentAt),
    attributes: attributesOf(event.attributes),
    changed: Math.max(seq, num(state?.changedSeq ?? 0n)),
    edits: state?.edits ?? 0,
    editedAt: num(state?.editedAt ?? 0n),
    reactions: state?.reactions.map(({ emoji, count, own }) => ({ emoji, count, own })) ?? [],
    pinned: state?.pinned ?? false,
    recalled: event.messageRecalled
      ? { by: userId(state?.recalledBy ?? ""), at: num(state?.recalledAt ?? 0n) }
      : null,
  };
}

/** What an event makes of a message; null when it changes none. */
export function messageChange(event: v1.Event, me: UserId): MessageChange | null {
  const conversation = conversationId(event.conversationId);
  const changed = whatChanged(event, me);
  return conversation && changed ? { conversation, target: num(changed[0]), by: num(event.seq), what: changed[1] } : null;
}

function whatChanged({ change, senderId, sentAt }: v1.Event, me: UserId): [bigint, Changed] | null {
  const { case: kind, value: it } = change;
  switch (kind) {
    case "edited": {
      // A damaged edit says nothing either; the server tells what there is.
      const said = it.bodyType ? { bodyType: it.bodyType, body: it.body, at: num(sentAt) } : null;
      return [it.seq, { kind: "said", said }];
    }
    case "reacted":
      return [it.seq, { kind, emoji: it.emoji, added: !it.removed, own: senderId === me }];
    case "pinned":
      return [it.seq, { kind, pinned: !it.removed }];
    case "recalled":
      return [it.seq, { kind, recall: { by: userId(senderId), at: num(sentAt) } }];
    default:
      return null;
  }
}

/** The preview of a message after a change. */
export function changePreview(preview: Preview, { what }: MessageChange): Preview {
  if (what.kind === "recalled") {
    return { ...preview, text: "", bodyType: "", recalled: true };
  }
  if (what.kind === "said" && what.said) {
    const { bodyType, body } = what.said;
    return { ...preview, text: lineOf(wordsOf(contentOf(bodyType, body))), bodyType };
  }
  return preview;
}

/** What a message says now. */
export function contentOfRow({ recalled, corrupt, bodyType, body }: MessageRow): Content {
  if (recalled) {
    return { kind: "recalled", ...recalled };
  }
  return corrupt ? { kind: "corrupt" } : contentOf(bodyType, body);
}

/** What a message is found by; empty when it says nothing that can be searched. */
export function searched(row: MessageRow): string {
  return fold(wordsOf(contentOfRow(row)));
}

/** A message of the log, for callers. */
export function rowToMessage(row: MessageRow, me: UserId): Message {
  const { conversation, seq, ordinal, sender, sentAt, clientMsgId, attributes, pinned, reactions } = row;
  return {
    conversation, seq, ordinal, sender, sentAt, clientMsgId, attributes, pinned, reactions,
    own: sender === me,
    content: contentOfRow(row),
    editedAt: row.edits > 0 ? row.editedAt : 0,
  };
}

/** A message of the wire, for callers. */
export function message(event: v1.Event | undefined, me: UserId): Message | null {
  const row = event && messageRow(event);
  return row ? rowToMessage(row, me) : null;
}

/** A message of the outbox, for callers. */
export function unsent({ conversation, clientMsgId, bodyType, body, attributes, createdAt }: OutboxRow, state: SendState): Unsent {
  return { conversation, clientMsgId, content: contentOf(bodyType, body), attributes, createdAt, state };
}

/** The start of a message, as a list shows it. */
export function preview(row: MessageRow): Preview {
  const { sender, bodyType, sentAt, seq } = row;
  return { sender, bodyType, sentAt, seq, text: lineOf(wordsOf(contentOfRow(row))), recalled: row.recalled !== null };
}

/** What a quote shows of a message. */
export function quoted(row: MessageRow): NonNullable<Quote["says"]> {
  const { sender, text, recalled } = preview(row);
  return { sender, text, recalled };
}

/**
 * What a user asks the server, and what only the server can change: loaded when one of these is first called. Each is a method
 * of {@link LiveAccount} of the same name.
 */

import { type LiveAccount, watchable } from "./account.ts";
import type {
  CommandHandle, Conversation, PresenceChange, ProfileChange, Search, StarredMessage,
} from "./api.ts";
import { type LiveConversation, split } from "./conversation.ts";
import type { BodyInit } from "./core/command.ts";
import { endError } from "./core/link.ts";
import { profileOf, userProfileOf } from "./core/people.ts";
import { presenceOf, presenceSettingsOf } from "./core/presence.ts";
import { device, WHO_MAY_ADD, WHO_MAY_MESSAGE, WHO_MAY_SEE } from "./core/translate.ts";
import { numberOf } from "./core/translate-calls.ts";
import { hoursToWire } from "./core/quiet.ts";
import { bytesOfHex, conversationId, directId } from "./domain/id.ts";
import { untilToWire } from "./domain/number.ts";
import { ONLINE_TIMEOUT_MS } from "./driver/limits.ts";
import { StonechatError } from "./error.ts";
import { argument } from "./fail.ts";
import { asked, called, commandId, protocol, usersOf } from "./inner.ts";
import { until } from "./readable.ts";
import { search as find, starred as allStarred } from "./search.ts";
import { checkTitle } from "./text-checks.ts";
import type {
  ConversationId, Device, Message, Ordinal, Pending, Presence, PresenceSettings, Profile, QuietWindow, QuietZone, Timestamp, UserId,
  UserProfile,
} from "./types.ts";

// The kinds that one makes, by the numbers of the wire.
const [GROUP, CHANNEL] = [2, 3];

type Relate = NonNullable<Extract<BodyInit, { case: "relate" }>["value"]>["change"];

export function createGroup(it: LiveAccount, title: string, members: readonly UserId[]): Promise<Conversation> {
  return create(it, GROUP!, title, members);
}

export function createChannel(it: LiveAccount, title: string, members: readonly UserId[]): Promise<Conversation> {
  return create(it, CHANNEL!, title, members);
}

export async function joinByLink(it: LiveAccount, link: string): Promise<Conversation> {
  const [id = "", token = "", ...more] = link.split(".");
  if (conversationId(id) === null || !/^[0-9a-f]{32}$/i.test(token) || more.length > 0) {
    throw argument("link", "is not one of ours");
  }
  const conversation = it.conversation(id);
  await conversation.change({ case: "joinByLink", value: { token: bytesOfHex(token) } });
  return conversation;
}

export async function userNamed(it: LiveAccount, username: string): Promise<UserProfile | null> {
  const { users } = await called(it.inner, { case: "getUsers", value: { usernames: [username] } }, "users");
  return users[0] ? userProfileOf(users[0]) : null;
}

export async function setProfile(it: LiveAccount, change: ProfileChange): Promise<Profile> {
  const { publicFields, privateFields, whoMayMessage, whoMayAdd, ...texts } = change;
  const [shown, own] = [split(publicFields), split(privateFields)];
  const value = {
    ...texts,
    commandId: commandId(it.inner),
    publicFields: shown.set,
    removePublicFields: shown.removed,
    privateFields: own.set,
    removePrivateFields: own.removed,
    whoMayMessage: numberOf(WHO_MAY_MESSAGE, whoMayMessage),
    whoMayAdd: numberOf(WHO_MAY_ADD, whoMayAdd),
  };
  const profile = profileOf(await called(it.inner, { case: "setProfile", value }, "profile"));
  if (profile === null) {
    throw protocol("a bad profile");
  }
  return profile;
}

export function block(it: LiveAccount, user: UserId): Promise<void> {
  return relate(it, user, { case: "block", value: {} });
}

export function unblock(it: LiveAccount, user: UserId): Promise<void> {
  return relate(it, user, { case: "unblock", value: {} });
}

export function requestContact(it: LiveAccount, user: UserId, said: string, answer = ""): Promise<void> {
  return relate(it, user, { case: "request", value: { message: said, answer } });
}

export function acceptContact(it: LiveAccount, user: UserId): Promise<void> {
  return relate(it, user, { case: "accept", value: {} });
}

export function declineContact(it: LiveAccount, user: UserId, reason = ""): Promise<void> {
  return relate(it, user, { case: "decline", value: { reason } });
}

export function withdrawRequest(it: LiveAccount, user: UserId): Promise<void> {
  return relate(it, user, { case: "withdraw", value: {} });
}

export function removeContact(it: LiveAccount, user: UserId): Promise<void> {
  return relate(it, user, { case: "remove", value: {} });
}

export function annotate(it: LiveAccount, user: UserId,
  { alias, tags, extension }: { alias: string; tags: readonly string[]; extension: Readonly<Record<string, string>> },
): Promise<void> {
  return relate(it, user, { case: "annotate", value: { alias, tags: [...new Set(tags)].sort(), extension: { ...extension } } });
}

export async function fetchPresence(it: LiveAccount, users: readonly UserId[]): Promise<readonly Presence[]> {
  const value = { userIds: watchable(users) };
  const { presences } = await called(it.inner, { case: "getPresence", value }, "presences");
  return presences.map(presenceOf).filter((presence) => presence !== null);
}

export async function setPresence(
  it: LiveAccount,
  { status, whoMaySee, whoMaySeeLastSeen, invisible }: PresenceChange,
): Promise<PresenceSettings> {
  const said = status ?? { emoji: "", text: "", until: 0 };
  const value = {
    commandId: commandId(it.inner),
    // One that says nothing takes it away.
    status: status === undefined ? undefined : { ...said, until: BigInt(said.until) },
    whoMaySee: numberOf(WHO_MAY_SEE, whoMaySee),
    whoMaySeeLastSeen: numberOf(WHO_MAY_SEE, whoMaySeeLastSeen),
    invisible,
  };
  return presenceSettingsOf(await called(it.inner, { case: "setPresence", value } as BodyInit, "presenceSettings"));
}

export async function devices(it: LiveAccount): Promise<readonly Device[]> {
  const { devices } = await called(it.inner, { case: "listDevices", value: {} }, "devices");
  return devices.map(device);
}

export async function revokeDevice(it: LiveAccount, id: string): Promise<void> {
  await asked(it.inner, { kind: "call", body: { case: "revokeDevice", value: { deviceId: id } } }, "answer");
}

export async function revokeOtherDevices(it: LiveAccount): Promise<void> {
  await asked(it.inner, { kind: "call", body: { case: "revokeDevice", value: { allOthers: true } } }, "answer");
}

async function create(it: LiveAccount, kind: number, title: string, members: readonly UserId[]): Promise<Conversation> {
  const value = { commandId: commandId(it.inner), title: checkTitle(title), members: usersOf(members), kind };
  const done = await called(it.inner, { case: "createGroup", value }, "commandDone");
  if (conversationId(done.conversationId) === null) {
    throw protocol("a bad conversation id");
  }
  return it.conversation(done.conversationId);
}

async function relate(it: LiveAccount, user: UserId, change: Relate): Promise<void> {
  const value = { commandId: commandId(it.inner), userId: user, change };
  await asked(it.inner, { kind: "call", body: { case: "relate", value } as BodyInit }, "answer");
}

export function search(it: LiveAccount, what: Search): Promise<readonly Message[]> {
  return find(it.inner, what);
}

export function starred(it: LiveAccount, after: StarredMessage | null, limit = 0): Promise<readonly StarredMessage[]> {
  const fetch = async (id: ConversationId, ordinal: Ordinal) => (await it.conversation(id).fetchAround(ordinal, 1)).messages;
  return allStarred(it.inner, after, limit, fetch);
}

export function setQuietHours(it: LiveAccount, windows: readonly QuietWindow[], zone: QuietZone): Promise<CommandHandle> {
  return ownLane(it).queue({ case: "setQuiet", value: { hours: hoursToWire(windows, zone) } });
}

export function pauseUntil(it: LiveAccount, until: Timestamp): Promise<CommandHandle> {
  return ownLane(it).queue({ case: "setQuiet", value: { pausedUntil: untilToWire(until) } });
}

/** What is of no conversation waits in the lane of the one with himself. */
function ownLane(it: LiveAccount): LiveConversation {
  return it.conversation(directId(it.inner.app, it.user, it.user));
}

export async function pending(it: LiveAccount): Promise<readonly Pending[]> {
  return (await asked(it.inner, { kind: "pending" }, "pending")).pending;
}

export async function online(it: LiveAccount, atMostMs = ONLINE_TIMEOUT_MS): Promise<void> {
  const late = new AbortController();
  const stop = it.inner.host.clock.after(atMostMs, () =>
    late.abort(new StonechatError("timeout", "the server did not answer in time", true)));
  try {
    const state = await until(it.connection, ({ kind }) => kind === "online" || kind === "ended", late.signal);
    if (state.kind === "ended") {
      throw endError(state.reason);
    }
  } finally {
    stop();
  }
}

/**
 * What belongs to the user beside his conversations: his profile, and what he and others are to each other. The newest
 * version of each entry is kept as the server said it.
 */

import { conversationId, userId } from "../domain/id.ts";
import { num } from "../domain/number.ts";
import type * as v1 from "../gen/stonechat/v1/native_pb.ts";
import type { Profile, Relation, UserProfile } from "../types.ts";
import type { AskingChange } from "./change.ts";
import { deletionsOfWire, forgetDeletions, knowDeletions, takeDeletions } from "./deletions.ts";
import type { Core } from "./machine.ts";
import { playsOfWire } from "./played.ts";
import { preferencesOfWire } from "./preferences.ts";
import { presenceSettingsOf } from "./presence.ts";
import { emptyQuiet, quietOfWire, tellQuiet } from "./quiet.ts";
import { starsOfWire } from "./stars.ts";
import { device, WHO_MAY_ADD, WHO_MAY_MESSAGE } from "./translate.ts";

const ASKING_STATES: readonly AskingChange["state"][] = ["nothing", "applied", "invited"];

/**
 * Raised with every kind of personal state, and every field of one, that this client learns to know: a store of an older
 * client passed over it, and is told all of it once more.
 */
export const PERSONAL_KINDS = 1;

/** The newest version of each entry, by its key, with the number of its change. */
export type Entries = Map<string, number>;

export function newEntries(): Entries {
  return new Map();
}

/** The key of a change in the store; null for one that is not kept here. */
function keyOf({ change: { case: kind, value } }: v1.PersonalChange): string | null {
  switch (kind) {
    case "profile":
    case "presence":
    case "quiet":
      return kind;
    case "relation":
      return userId(value.userId) && `${kind}.${value.userId}`;
    case "device":
      return `${kind}.${value.deviceId}`;
    case "preferences":
    case "deletions":
    case "stars":
    case "plays":
    case "asking":
      return conversationId(value.conversationId) && `${kind}.${value.conversationId}`;
    default:
      return null;
  }
}

/** Tells what the store holds. */
export function tellPeople(core: Core, entries: readonly v1.PersonalChange[]): void {
  for (const entry of entries) {
    keepEntry(core, entry, knowDeletions);
  }
}

/** Takes a change of the user's own that is kept as it is; one that is older than what is here changes nothing. */
export function onEntry(core: Core, change: v1.PersonalChange): void {
  keepEntry(core, change, takeDeletions);
}

function keepEntry(core: Core, entry: v1.PersonalChange, take: typeof takeDeletions): void {
  const key = keyOf(entry);
  const version = num(entry.personalSeq);
  if (!key || (core.entries.get(key) ?? 0) >= version) {
    return;
  }
  core.entries.set(key, version);
  if (take === takeDeletions) {
    // It is not out of the store.
    core.journal.write({ kind: "put_entry", key, change: entry });
  }
  const { journal } = core;
  const { case: kind, value } = entry.change;
  switch (kind) {
    case "relation": {
      const relation = relationOf(value);
      return relation ? journal.tell({ kind, relation }) : undefined;
    }
    case "profile": {
      const profile = profileOf(value);
      return profile ? journal.tell({ kind, profile }) : undefined;
    }
    case "presence":
      return journal.tell({ kind: "presence_settings", settings: presenceSettingsOf(value) });
    case "device":
      return journal.tell({ kind, device: device(value) });
    case "asking":
      return journal.tell({ kind, asking: askingOf(value) });
    case "quiet":
      core.quiet = quietOfWire(value);
      return tellQuiet(core);
    case "preferences":
      return set(core, core.preferences, value.conversationId, preferencesOfWire(value));
    case "stars":
      return set(core, core.stars, value.conversationId, starsOfWire(value));
    case "plays":
      return set(core, core.plays, value.conversationId, playsOfWire(value));
    case "deletions":
      return take(core, value.conversationId, version, deletionsOfWire(value));
    default:
  }
}

function set<T>(core: Core, all: Map<string, T>, id: string, value: T): void {
  all.set(id, value);
  core.touched.add(id);
}

function askingOf({ conversationId: conversation, state, title, byId, at }: v1.Asking): AskingChange {
  return { conversation, state: ASKING_STATES[state] ?? "nothing", title, by: userId(byId), at: num(at) };
}

/** What the user and another are to each other; null when his id is not one. */
export function relationOf(wire: v1.Relation): Relation | null {
  const user = userId(wire.userId);
  if (!user) {
    return null;
  }
  const { remarks, declined } = wire;
  const request = (it: v1.ContactRequest | undefined) => it ? { message: it.message, answer: it.answer, at: num(it.at) } : null;
  return {
    user,
    contactsSince: num(wire.contactsSince),
    blocksSince: num(wire.blocksSince),
    incoming: request(wire.incoming),
    outgoing: request(wire.outgoing),
    declined: declined ? { reason: declined.reason, at: num(declined.at) } : null,
    alias: remarks?.alias ?? "",
    tags: remarks?.tags ?? [],
    extension: remarks?.extension ?? {},
  };
}

/** A user as others see him; null when his id is not one. */
export function userProfileOf(wire: v1.User): UserProfile | null {
  const id = userId(wire.userId);
  const { displayName, username, avatar, publicFields, changedAt, question } = wire;
  return id
    ? { id, displayName, username: username || null, avatar, publicFields, changedAt: num(changedAt), question }
    : null;
}

/** The user as he sees himself. */
export function profileOf({ user: wire, privateFields, whoMayMessage, whoMayAdd }: v1.Profile): Profile | null {
  const user = wire && userProfileOf(wire);
  return user
    ? {
        user,
        privateFields,
        whoMayMessage: WHO_MAY_MESSAGE[whoMayMessage] ?? "anyone",
        whoMayAdd: WHO_MAY_ADD[whoMayAdd] ?? "ask",
      }
    : null;
}

/** An older client was at work here: what it did not know it passed over, and all is to be told once more. */
export function takeEntriesAgain(core: Core): void {
  if (core.device.kinds < PERSONAL_KINDS && core.device.position.length > 0 && core.session) {
    core.session.personalAfter = 0;
    // Also what has changed since then is not newer than what is here.
    core.entries = newEntries();
  }
}

/** The server has another history: it tells all that there is once more. */
export function forgetEntries(core: Core): void {
  core.entries = newEntries();
  forgetDeletions(core);
  for (const all of [core.preferences, core.stars, core.plays]) {
    for (const id of all.keys()) {
      core.touched.add(id);
    }
    all.clear();
  }
  core.quiet = emptyQuiet();
  tellQuiet(core);
  core.journal.tell({ kind: "people_gone" });
}

/**
 * Who of the users whom the app watches is there. It is of the connection: asked for anew with each, and not known without
 * one. What is told of the user himself is kept as the rest of what belongs to him is.
 */

import { userId } from "../domain/id.ts";
import { num } from "../domain/number.ts";
import type * as v1 from "../gen/stonechat/v1/native_pb.ts";
import type { Availability, CustomStatus, Presence, PresenceSettings, UserId } from "../types.ts";
import { DONE, type Ticket } from "./command.ts";
import { backoffMs } from "./dice.ts";
import type { Core } from "./machine.ts";
import { serverError, waitMs } from "./refusal.ts";
import { PLATFORMS, WHO_MAY_SEE } from "./translate.ts";

const AVAILABILITIES: readonly Availability[] = ["offline", "offline", "away", "online"];

/** Whom the app watches, and what is known of them. */
export class Watched {
  users: readonly UserId[] = [];
  readonly known = new Map<UserId, Presence>();
  /** Whether the server is to be told whom. */
  unsaid = false;
  /** Not before this time. */
  notBefore = 0;
  /** Who waits for the answer. */
  waiting: Ticket[] = [];
  /** Whether the user is away from this device. */
  away = false;

  /** When something of it is due. */
  deadline(serverMs: number, nowMs: number): number | null {
    const times = this.unsaid ? [this.notBefore] : [];
    for (const { status } of this.known.values()) {
      if (status?.until) {
        times.push(nowMs + Math.max(0, status.until - serverMs));
      }
    }
    return times.length > 0 ? Math.min(...times) : null;
  }
}

/** What the server shows of a user; null when his id is not one. */
export function presenceOf(wire: v1.UserPresence): Presence | null {
  const user = userId(wire.userId);
  return user
    ? {
        user,
        availability: AVAILABILITIES[wire.availability] ?? "offline",
        platforms: wire.platforms.map((it) => PLATFORMS[it] ?? "unspecified"),
        lastSeen: num(wire.lastSeen),
        status: statusOf(wire.status),
      }
    : null;
}

function statusOf(wire: v1.CustomStatus | undefined): CustomStatus | null {
  return wire ? { emoji: wire.emoji, text: wire.text, until: num(wire.until) } : null;
}

export function presenceSettingsOf({ status, whoMaySee, whoMaySeeLastSeen, invisible }: v1.PresenceSettings): PresenceSettings {
  return {
    status: statusOf(status),
    whoMaySee: WHO_MAY_SEE[whoMaySee] ?? "everybody",
    whoMaySeeLastSeen: WHO_MAY_SEE[whoMaySeeLastSeen] ?? "everybody",
    invisible,
  };
}

export function onWatch(core: Core, ticket: Ticket, users: readonly UserId[]): void {
  const { watched } = core;
  const before = watched.known.size;
  for (const user of watched.known.keys()) {
    if (!users.includes(user)) {
      watched.known.delete(user);
    }
  }
  watched.users = users;
  watched.unsaid = true;
  watched.waiting.push(ticket);
  if (watched.known.size < before) {
    tellPresences(core);
  }
  if (!core.link.isUp()) {
    // It is said with the next connection.
    watchAnswered(core);
  }
}

export function onAway(core: Core, ticket: Ticket, away: boolean): void {
  if (core.watched.away !== away && core.link.isUp()) {
    core.signal({ case: "away", value: { away } });
  }
  core.watched.away = away;
  core.journal.reply(ticket, DONE);
}

/** A session begins: it watches nobody yet, and its user is there. */
export function watchAnew(core: Core): void {
  const { watched } = core;
  watched.unsaid = watched.users.length > 0;
  watched.notBefore = 0;
  if (watched.away) {
    core.signal({ case: "away", value: { away: true } });
  }
}

export function pumpWatch(core: Core): void {
  const { watched, calls } = core;
  const may = watched.unsaid && watched.notBefore <= core.nowMs();
  if (may && calls.haveRoom() && !calls.isInFlight("watch")) {
    watched.unsaid = false;
    core.call({ kind: "watch" }, { case: "watchPresence", value: { userIds: [...watched.users] } });
  }
}

export function onWatched(core: Core, answer: v1.Presences): void {
  if (core.watched.unsaid) {
    // It answers an earlier list; that of the newest follows.
    return;
  }
  core.watched.known.clear();
  takePresences(core, answer);
  watchAnswered(core);
}

export function onWatchRefused(core: Core, error: v1.Error): void {
  const { watched } = core;
  const refusal = serverError(error);
  if (refusal.retryable) {
    watched.unsaid = true;
    watched.notBefore = core.nowMs() + waitMs(error, backoffMs(core.dice, 1));
  } else {
    watched.waiting.splice(0).forEach((ticket) => core.journal.reply(ticket, refusal));
  }
}

export function takePresences(core: Core, told: v1.Presences): void {
  for (const wire of told.presences) {
    const presence = presenceOf(wire);
    // Told of somebody who is not watched any more, on its way here.
    if (presence && core.watched.users.includes(presence.user)) {
      core.watched.known.set(presence.user, presence);
    }
  }
  tellPresences(core);
}

/** Without a connection nobody is known to be there. */
export function forgetPresences(core: Core): void {
  if (core.watched.known.size > 0) {
    core.watched.known.clear();
    tellPresences(core);
  }
  watchAnswered(core);
}

/** Whoever is signed out watches nobody. */
export function forgetWatched(core: Core): void {
  forgetPresences(core);
  core.watched = new Watched();
}

export function onPresenceTime(core: Core): void {
  const { known } = core.watched;
  let isOver = false;
  for (const [user, presence] of known) {
    const until = presence.status?.until;
    if (until && until <= core.serverMs()) {
      known.set(user, { ...presence, status: null });
      isOver = true;
    }
  }
  if (isOver) {
    tellPresences(core);
  }
}

function watchAnswered(core: Core): void {
  core.watched.waiting.splice(0).forEach((ticket) => core.journal.reply(ticket, DONE));
}

function tellPresences(core: Core): void {
  core.journal.tell({ kind: "presences", presences: new Map(core.watched.known) });
}

/** The connection: when to connect, with which token, how to know that it is dead, when to stop for good. */

import type { TokenReason } from "../api.ts";
import { num } from "../domain/number.ts";
import { StonechatError } from "../error.ts";
import type * as v1 from "../gen/stonechat/v1/native_pb.ts";
import { same } from "../same.ts";
import type { AuthError, ConnectionState, EndReason, StoreError } from "../types.ts";
import { refuseAllAsks } from "./ask.ts";
import { Calls } from "./calls.ts";
import { DONE, type Ticket } from "./command.ts";
import { backoffMs } from "./dice.ts";
import { fetchAgain } from "./fetch.ts";
import {
  HEARTBEAT_MS, PONG_TIMEOUT_MS, REFRESH_MS_MIN, STABLE_MS, TOKEN_LIFE_MS_MAX, TOKEN_MARGIN_MS,
} from "./limits.ts";
import type { Core } from "./machine.ts";
import { leaveWithoutAnswer, signedOut } from "./sign-out.ts";
import { forgetConnection, syncState } from "./sync.ts";
import { expiresAtMs } from "./token.ts";

/** The version of the protocol that this client speaks. */
const VERSION = 1;

/** Why there is no token: it may work `later`, or the user has to sign in again. */
export interface TokenError {
  readonly kind: "later" | "refused";
  readonly reason: string;
}

/** Where the connection stands. */
type Stage =
  /** `greeting`: connected, and the hello has no answer yet. `up`: welcome. */
  | { readonly kind: "idle" | "awaits_token" | "connecting" | "greeting" | "up" }
  /** Not connected, until a time. */
  | { readonly kind: "waiting"; readonly until: number; readonly reason: string }
  /** Ended for good. */
  | { readonly kind: "ended"; readonly reason: EndReason };

/** The connection. */
export class Link {
  stage: Stage = { kind: "idle" };
  /** Tries since the last stable connection. */
  attempt = 0;
  upSince = 0;
  lastSent = 0;
  pingedAt: number | null = null;
  heartbeatMs = HEARTBEAT_MS;
  token: string | null = null;
  /** Whether the token in use was fetched because the one before it was refused. */
  lastChance = false;
  fetchingToken = false;
  /** When to fetch a new token, in monotonic milliseconds. */
  refreshAt: number | null = null;
  /** The server's clock, and the monotonic time when it was heard. */
  serverClock: readonly [serverMs: number, heardAt: number] = [0, 0];
  /** When the server asked to connect again. */
  goAwayAt: number | null = null;
  told: ConnectionState = { kind: "idle" };

  is(...kinds: Stage["kind"][]): boolean {
    return kinds.includes(this.stage.kind);
  }

  /** Whether the server has welcomed the device. */
  isUp(): boolean {
    return this.is("up");
  }

  /** Whether there is a connection, or one is being made. */
  isOpen(): boolean {
    return this.is("connecting", "greeting", "up");
  }

  /** Notes that something was sent. */
  sent(nowMs: number): void {
    this.lastSent = nowMs;
  }

  /** Notes that something was heard. */
  heard(): void {
    this.pingedAt = null;
  }

  /** The server's clock now, as it was heard last. */
  serverMs(nowMs: number): number {
    const [serverMs, heardAt] = this.serverClock;
    return serverMs + nowMs - heardAt;
  }

  /** When the connection next needs a look; null when nothing of it waits for time. */
  deadline(): number | null {
    if (this.stage.kind === "waiting") {
      return this.stage.until;
    }
    if (!this.isUp()) {
      return null;
    }
    const silence = this.pingedAt === null ? this.lastSent + this.heartbeatMs : this.pingedAt + PONG_TIMEOUT_MS;
    const refresh = this.fetchingToken ? null : this.refreshAt;
    return Math.min(silence, refresh ?? Infinity, this.goAwayAt ?? Infinity);
  }
}

export function onStart(core: Core, ticket: Ticket): void {
  if (core.link.is("ended")) {
    core.journal.reply(ticket, closed());
    return;
  }
  if (core.link.is("idle")) {
    connect(core);
  }
  core.journal.reply(ticket, DONE);
}

/** Tries at once instead of waiting. */
export function tryNow(core: Core): void {
  if (core.link.is("waiting")) {
    connect(core);
  }
}

/** Ends for good. */
export function end(core: Core, reason: EndReason): void {
  if (core.link.is("ended")) {
    return;
  }
  hangUp(core);
  core.link.stage = { kind: "ended", reason };
  refuseAllAsks(core, endError(reason));
}

/** The account was stopped. */
export function closed(): StonechatError {
  return new StonechatError("closed", "the account is stopped");
}

/** The store of a device could not do its work. */
export function storeFailed(error: StoreError, why: unknown = error): StonechatError {
  const text = `the store failed: ${why instanceof Error ? why.message : why}`;
  return new StonechatError(`store.${error}`, text, error === "locked" || error === "disk_full");
}

/** The error of calls that wait when the session ends, and of those after it. */
export function endError(reason: EndReason): StonechatError {
  switch (reason.kind) {
    case "stopped":
      return closed();
    case "store":
      return storeFailed(reason.error);
    case "auth": {
      const { error } = reason;
      const isOwn = ["token_refused", "no_token", "wrong_user"].includes(error);
      return new StonechatError(isOwn ? `auth.${error}` : error, `the session ended: ${error}`);
    }
  }
}

function connect(core: Core): void {
  const { link } = core;
  link.goAwayAt = null;
  if (link.token === null) {
    link.stage = { kind: "awaits_token" };
    fetchToken(core, link.lastChance ? "refused" : "first");
  } else {
    link.stage = { kind: "connecting" };
    core.actions.push({ kind: "connect" });
  }
}

function fetchToken({ link, actions }: Core, reason: TokenReason): void {
  // One call of the provider at a time, whoever waits for it.
  if (!link.fetchingToken) {
    link.fetchingToken = true;
    actions.push({ kind: "fetch_token", reason });
  }
}

export function onToken(core: Core, answer: string | TokenError): void {
  const { link } = core;
  link.fetchingToken = false;
  if (link.is("ended", "idle")) {
    return;
  }
  if (typeof answer === "string") {
    const renewed = link.token !== answer;
    link.token = answer;
    if (link.is("awaits_token")) {
      connect(core);
    } else if (link.isUp()) {
      link.refreshAt = null;
      // The same token again would be asked for without end; the server closes when it expires.
      if (renewed) {
        planRefresh(core);
        if (core.calls.haveRoomForControl()) {
          core.call({ kind: "refresh" }, { case: "refreshToken", value: { token: answer } });
        }
      }
    }
  } else if (answer.kind === "later") {
    if (link.is("awaits_token")) {
      wait(core, answer.reason);
    } else if (link.isUp()) {
      link.refreshAt = core.nowMs() + backoffMs(core.dice, 6);
    }
  } else if (link.is("awaits_token")) {
    end(core, { kind: "auth", error: "no_token" });
  } else if (link.isUp()) {
    // The one in use is still good; at its end the provider is asked again.
    link.refreshAt = null;
  }
}

export function onOpened(core: Core): void {
  const { link, settings } = core;
  if (!link.is("connecting")) {
    return;
  }
  link.stage = { kind: "greeting" };
  core.calls = new Calls();
  link.heard();
  core.call({ kind: "hello" }, {
    case: "hello",
    value: {
      versionMin: VERSION,
      versionMax: VERSION,
      token: link.token ?? "",
      deviceId: settings.device,
      deviceName: settings.deviceName,
      client: settings.client,
      position: core.device.position,
      window: settings.window,
      platform: settings.platform,
    },
  });
}

/** The answer to the hello is here: the link is up. Says whether it may stay so. */
export function welcomed(core: Core, { userId, limits, serverTime }: v1.Welcome): boolean {
  const { link } = core;
  if (userId !== core.me()) {
    end(core, { kind: "auth", error: "wrong_user" });
    return false;
  }
  if (link.is("greeting")) {
    link.upSince = core.nowMs();
  }
  link.stage = { kind: "up" };
  link.lastChance = false;
  if (limits) {
    core.calls.limit(limits.callsMax);
    link.heartbeatMs = limits.heartbeatMs || link.heartbeatMs;
    const windows = { editMs: num(limits.editWindowMs), recallMs: num(limits.recallWindowMs) };
    core.journal.tell({ kind: "windows", windows });
  }
  link.refreshAt = null;
  link.serverClock = [num(serverTime), core.nowMs()];
  planRefresh(core);
  return true;
}

/** Plans when to renew the token, by the server's clock: the own one may be hours wrong. */
function planRefresh(core: Core): void {
  const { link } = core;
  const expires = expiresAtMs(link.token ?? "");
  if (expires === null) {
    return;
  }
  // Both come from outside; a time that nobody lives to see is as good as never.
  const left = Math.min(Math.max(0, expires - core.serverMs()), TOKEN_LIFE_MS_MAX);
  // A token that lives shorter than the margin is renewed in the middle of its life.
  const margin = Math.min(Math.max(TOKEN_MARGIN_MS, Math.trunc(left / 10)), Math.trunc(left / 2));
  const ms = Math.max(left - margin, REFRESH_MS_MIN);
  link.refreshAt = core.nowMs() + ms - core.dice.between(0, Math.min(Math.trunc(ms / 20), 30_000));
}

export function onClosed(core: Core, reason: string): void {
  if (core.link.isOpen()) {
    loseConnection(core);
    wait(core, reason);
    leaveWithoutAnswer(core);
  }
}

/** Drops the connection, and waits before the next try. */
export function breakOff(core: Core, reason: string): void {
  if (core.link.isOpen()) {
    hangUp(core);
    wait(core, reason);
    leaveWithoutAnswer(core);
  }
}

function hangUp(core: Core): void {
  if (core.link.isOpen()) {
    core.actions.push({ kind: "disconnect" });
    loseConnection(core);
  }
}

function loseConnection(core: Core): void {
  const { link, calls } = core;
  if (link.isUp() && core.nowMs() >= link.upSince + STABLE_MS) {
    link.attempt = 0;
  }
  link.pingedAt = null;
  link.refreshAt = null;
  core.calls = new Calls();
  for (const purpose of calls.purposes()) {
    fetchAgain(core, purpose);
  }
  forgetConnection(core);
}

function wait(core: Core, reason: string): void {
  const { link } = core;
  const now = core.nowMs();
  // Later than now: what is due already has no deadline any more.
  const until = link.goAwayAt === null ? now + backoffMs(core.dice, link.attempt) : Math.max(link.goAwayAt, now + 1);
  link.attempt++;
  link.stage = { kind: "waiting", until, reason };
}

/** The server said why it closes, or refused the hello. */
export function onEndedByServer(core: Core, code: string): void {
  switch (code) {
    case "revoked":
    case "device_replaced":
    case "revoked_by_app":
      return signedOut(core, code);
    case "device_limit":
    case "replaced":
    case "unsupported_version":
      return end(core, { kind: "auth", error: code });
    case "unauthenticated":
      return onTokenRefused(core, "token_refused");
    case "token_expired":
      return onTokenRefused(core, code);
    default:
      breakOff(core, code);
  }
}

/** One new token, one try: a refusal never loops. */
function onTokenRefused(core: Core, error: AuthError): void {
  const { link } = core;
  hangUp(core);
  if (link.lastChance) {
    end(core, { kind: "auth", error });
  } else {
    link.lastChance = true;
    link.token = null;
    connect(core);
  }
}

export function onGoAway({ link, dice, now }: Core, { afterMs, spreadMs }: v1.GoAway): void {
  link.goAwayAt = now.monotonicMs + dice.between(afterMs, afterMs + spreadMs);
}

/** The server said when a hello is welcome; half as long again keeps those that heard the same apart. */
export function waitAsTold({ link, dice, now }: Core, after: number): void {
  if (after > 0) {
    link.goAwayAt = now.monotonicMs + dice.between(after, after + Math.trunc(after / 2));
  }
}

/** Does what is due on the connection. */
export function onLinkTime(core: Core): void {
  const { link, calls } = core;
  const now = core.nowMs();
  if (link.stage.kind === "waiting") {
    if (link.stage.until <= now) {
      connect(core);
    }
  } else if (link.is("up", "greeting") && (calls.deadline() ?? Infinity) <= now) {
    breakOff(core, "the server did not answer in time");
  } else if (link.isUp()) {
    onUpTime(core, now);
  }
}

function onUpTime(core: Core, now: number): void {
  const { link } = core;
  if ((link.goAwayAt ?? Infinity) <= now) {
    hangUp(core);
    connect(core);
    return;
  }
  if (link.pingedAt !== null && link.pingedAt + PONG_TIMEOUT_MS <= now) {
    breakOff(core, "the server fell silent");
    return;
  }
  if (link.pingedAt === null && link.lastSent + link.heartbeatMs <= now) {
    // Without room, answers are on their way, and their deadline says whether the server lives.
    if (core.calls.haveRoomForControl()) {
      core.call({ kind: "ping" }, { case: "ping", value: {} });
    }
    link.lastSent = now;
    link.pingedAt = now;
  }
  if ((link.refreshAt ?? Infinity) <= now) {
    fetchToken(core, "expiring");
  }
}

/** Tells where the connection stands, when that changed. */
export function tellConnection(core: Core): void {
  const { link } = core;
  const state = connectionState(core);
  if (!same(state, link.told)) {
    link.told = state;
    core.journal.tell({ kind: "connection", state });
  }
}

function connectionState(core: Core): ConnectionState {
  const { stage, told, attempt } = core.link;
  switch (stage.kind) {
    case "idle":
    case "ended":
      return stage as ConnectionState;
    case "up":
      return syncState(core);
    case "waiting":
      return {
        kind: "offline",
        reason: stage.reason,
        // The same wait is told once.
        retryInMs: told.kind === "offline" ? told.retryInMs : Math.max(0, stage.until - core.nowMs()),
      };
    default:
      return { kind: "connecting", attempt };
  }
}

/** What the connection line says, and when: nothing for what is over soon, grey words for what lasts. */

import type { ConnectionState, Timestamp } from "@stonechat/sdk";

/** A lost second is nobody's business. */
export const QUIET_MS = 2000;
/** From here on it is worth saying that one can go on writing. */
export const OFFLINE_AFTER_MS = 10_000;
export const BACK_MS = 1500;
/** A wait longer than this is counted down. */
const COUNTDOWN_FROM_MS = 15_000;
/** More conversations than this show how far it is. */
const BAR_FROM = 200;

export type Line =
  | { readonly kind: "nothing" }
  | { readonly kind: "reconnecting" }
  | { readonly kind: "catching_up"; readonly share: number | null }
  | { readonly kind: "offline"; readonly retryInS: number | null }
  | { readonly kind: "back"; readonly everything: boolean };

export interface Watch {
  readonly state: ConnectionState;
  /** Since when there is no connection; 0 while there is one. */
  readonly lostAt: Timestamp;
  /** Since when it catches up; 0 when it does not. */
  readonly syncingAt: Timestamp;
  /** When the state was told, for the countdown. */
  readonly toldAt: Timestamp;
  /** Since when it is back after the offline line was shown; 0 else. */
  readonly backAt: Timestamp;
  /** Whether the offline line was shown since it was lost. */
  readonly saidOffline: boolean;
}

export const START: Watch = { state: { kind: "idle" }, lostAt: 0, syncingAt: 0, toldAt: 0, backAt: 0, saidOffline: false };

/** A new state, at some time. */
export function next(watch: Watch, state: ConnectionState, now: Timestamp): Watch {
  const isConnected = state.kind === "online" || state.kind === "syncing";
  const isOver = state.kind === "ended" || state.kind === "idle";
  const saidOffline = watch.saidOffline || lineOf(watch, now, 0).kind === "offline";
  return {
    state,
    toldAt: now,
    lostAt: isConnected || isOver ? 0 : watch.lostAt || now,
    syncingAt: state.kind === "syncing" ? watch.syncingAt || now : 0,
    backAt: state.kind === "online" ? watch.backAt || (saidOffline ? now : 0) : 0,
    saidOffline: state.kind === "online" || isOver ? false : saidOffline,
  };
}

/** `waiting` are messages that are not sent yet. */
export function lineOf(watch: Watch, now: Timestamp, waiting: number): Line {
  const { state, lostAt, syncingAt, backAt, toldAt } = watch;
  if (lostAt > 0) {
    if (now - lostAt < QUIET_MS) return { kind: "nothing" };
    if (now - lostAt < OFFLINE_AFTER_MS) return { kind: "reconnecting" };
    const left = state.kind === "offline" ? toldAt + state.retryInMs - now : 0;
    return { kind: "offline", retryInS: state.kind === "offline" && state.retryInMs > COUNTDOWN_FROM_MS && left > 0 ? Math.ceil(left / 1000) : null };
  }
  if (state.kind === "syncing" && now - syncingAt >= QUIET_MS) {
    return { kind: "catching_up", share: state.total > BAR_FROM ? state.done / state.total : null };
  }
  if (backAt > 0 && now - backAt < BACK_MS) return { kind: "back", everything: waiting === 0 };
  return { kind: "nothing" };
}

/** When the line may change by itself; null when only a new state changes it. */
export function changesAt(watch: Watch, now: Timestamp): Timestamp | null {
  const { state, lostAt, syncingAt, backAt } = watch;
  if (lostAt > 0) {
    if (now < lostAt + QUIET_MS) return lostAt + QUIET_MS;
    if (now < lostAt + OFFLINE_AFTER_MS) return lostAt + OFFLINE_AFTER_MS;
    return state.kind === "offline" && state.retryInMs > COUNTDOWN_FROM_MS ? now + 1000 : null;
  }
  if (syncingAt > 0 && now < syncingAt + QUIET_MS) return syncingAt + QUIET_MS;
  return backAt > 0 && now < backAt + BACK_MS ? backAt + BACK_MS : null;
}

/** Calls of the user: asked again after a lost connection and after refusals that pass, until their time is up. */

import { userId } from "../domain/id.ts";
import { num } from "../domain/number.ts";
import { StonechatError } from "../error.ts";
import type * as v1 from "../gen/stonechat/v1/native_pb.ts";
import type { ConversationId, Ordinal } from "../types.ts";
import { type Body, type BodyInit, DONE, type Opened, type Ticket } from "./command.ts";
import { removedOf } from "./deletions.ts";
import { backoffMs } from "./dice.ts";
import { keepPage } from "./fetch.ts";
import { ASK_TIMEOUT_MS, ASKS_MAX } from "./limits.ts";
import type { Core } from "./machine.ts";
import { askMarks } from "./marks.ts";
import { playedOf } from "./played.ts";
import { preferencesOf } from "./preferences.ts";
import { serverError, waitMs } from "./refusal.ts";
import { starredOf } from "./stars.ts";
import { newBody } from "./wire.ts";

interface Ask {
  readonly ticket: Ticket;
  readonly body: Body;
  /** The conversation whose page is kept, and not only answered. */
  readonly keep: ConversationId | null;
  readonly deadline: number;
  notBefore: number;
  attempts: number;
  inFlight: boolean;
}

/** Calls of the user that have no answer yet. */
export class Asks {
  last = 0;
  readonly waiting = new Map<number, Ask>();

  /** When one of them next needs a look; null when none does. */
  deadline(nowMs: number): number | null {
    const times = [...this.waiting.values()].flatMap((ask) => [ask.deadline, ask.notBefore]);
    const later = times.filter((time) => time > nowMs);
    return later.length > 0 ? Math.min(...later) : null;
  }

  /** The connection went: nothing is in flight. */
  forgetConnection(): void {
    for (const ask of this.waiting.values()) {
      ask.inFlight = false;
    }
  }
}

export function onAsk(core: Core, ticket: Ticket, body: BodyInit): void {
  ask(core, ticket, body, null);
}

export function onLoadBefore(
  core: Core, ticket: Ticket, conversationId: ConversationId, before: Ordinal | null, limit: number,
): void {
  const range = { case: "beforeOrdinal", value: BigInt(before ?? 0) } as const;
  ask(core, ticket, { case: "fetchMessages", value: { conversationId, range, limit, withEvents: true } }, conversationId);
}

function ask(core: Core, ticket: Ticket, body: BodyInit, keep: ConversationId | null): void {
  const { asks } = core;
  if (asks.waiting.size >= ASKS_MAX) {
    core.journal.reply(ticket, new StonechatError("too_many_calls", "too many calls wait"));
    return;
  }
  asks.waiting.set(++asks.last, {
    ticket, body: newBody(body), keep, deadline: core.nowMs() + ASK_TIMEOUT_MS, notBefore: 0, attempts: 0,
    inFlight: false,
  });
}

export function pumpAsks(core: Core): void {
  for (const [number, ask] of core.asks.waiting) {
    if (ask.inFlight || ask.notBefore > core.nowMs()) {
      continue;
    }
    if (!core.calls.haveRoom()) {
      return;
    }
    ask.inFlight = true;
    ask.notBefore = 0;
    core.call({ kind: "ask", number }, ask.body);
  }
}

export function onAskAnswered(core: Core, number: number, body: Body): void {
  const ask = core.asks.waiting.get(number);
  if (!ask) {
    return;
  }
  core.asks.waiting.delete(number);
  noteNames(core, body);
  if (ask.keep && body.case === "messages") {
    const { body: asked } = ask;
    const before = asked.case === "fetchMessages" ? num(asked.value.range.value ?? 0n) : 0;
    const moreBefore = keepPage(core, ask.keep, before, body.value);
    core.journal.reply(ask.ticket, { kind: "loaded", messages: body.value.messages.length, moreBefore });
  } else {
    core.journal.reply(ask.ticket, { kind: "answer", body });
  }
}

/** Keeps what people are called, for a start without a connection. */
function noteNames(core: Core, body: Body): void {
  const people = body.case === "users" ? body.value.users : body.case === "members" ? body.value.members : [];
  for (const { userId: text, displayName: name } of people) {
    const user = userId(text);
    if (user) {
      core.journal.write({ kind: "put_name", user, name });
    }
  }
}

export function onAskRefused(core: Core, number: number, error: v1.Error): void {
  const ask = core.asks.waiting.get(number);
  if (!ask) {
    return;
  }
  const refusal = serverError(error);
  const again = core.nowMs() + waitMs(error, backoffMs(core.dice, ask.attempts));
  if (refusal.retryable && again < ask.deadline) {
    ask.inFlight = false;
    ask.attempts++;
    ask.notBefore = again;
  } else {
    core.asks.waiting.delete(number);
    core.journal.reply(ask.ticket, refusal);
  }
}

export function onAskTime(core: Core): void {
  for (const [number, { deadline, ticket }] of core.asks.waiting) {
    if (deadline <= core.nowMs()) {
      core.asks.waiting.delete(number);
      const [code, text] = core.link.isUp() ? ["timeout", "the server did not answer in time"] : ["offline", "no connection"];
      core.journal.reply(ticket, new StonechatError(code!, text!, true));
    }
  }
}

export function refuseAllAsks(core: Core, error: StonechatError): void {
  for (const { ticket } of core.asks.waiting.values()) {
    core.journal.reply(ticket, error);
  }
  core.asks.waiting.clear();
}

export function onOpen(core: Core, ticket: Ticket, id: ConversationId): void {
  core.journal.reply(ticket, { kind: "opened", opened: open(core, id) });
}

/** What a timeline of a conversation needs to begin. */
export function open(core: Core, id: ConversationId): Opened {
  const conversation = core.conversations.get(id);
  const row = conversation?.row;
  return {
    unsent: core.outbox.of(id),
    pending: core.outbox.wishesOf(id),
    intervals: conversation?.intervals.all() ?? [],
    readSeq: row?.readSeq ?? 0,
    readOrdinal: row?.readOrdinal ?? 0,
    floor: conversation?.floor() ?? 0,
    unread: row?.unread ?? 0,
    cleared: preferencesOf(core, id).clearedUpto,
    removed: removedOf(core, id),
    starred: starredOf(core, id),
    played: playedOf(core, id),
    marks: row?.marks ?? [],
    head: row?.lastOrdinal ?? 0,
  };
}

export function onFocus(core: Core, ticket: Ticket, conversations: readonly ConversationId[]): void {
  const before = core.focus;
  core.focus = conversations;
  if (core.link.isUp()) {
    sayFocus(core);
    askMarks(core, conversations.filter((id) => !before.includes(id)));
  }
  core.journal.reply(ticket, DONE);
}

export function sayFocus(core: Core): void {
  core.signal({ case: "focus", value: { conversationIds: [...core.focus] } });
}

/** What the server refuses, by what the call was for. */

import { isRetryable } from "../domain/error-code.ts";
import { StonechatError } from "../error.ts";
import type * as v1 from "../gen/stonechat/v1/native_pb.ts";
import { onAskRefused } from "./ask.ts";
import type { Purpose } from "./calls.ts";
import { onChangesRefused } from "./changes.ts";
import { onContentTypesRefused } from "./content-types.ts";
import { onDeliveredRefused } from "./delivered.ts";
import { backoffMs } from "./dice.ts";
import { fetchAgain, onGetRefused, onUnreachable } from "./fetch.ts";
import { breakOff, onEndedByServer, waitAsTold } from "./link.ts";
import type { Core } from "./machine.ts";
import { onSendRefused } from "./outbox.ts";
import { onPlayedRefused } from "./played.ts";
import { onWatchRefused } from "./presence.ts";
import { onReadRefused } from "./reads.ts";
import { leaveWithoutAnswer } from "./sign-out.ts";

/** The error of the wire, for callers. Codes of a later version may pass, so they are tried again. */
export function serverError({ code, message, retryAfterMs }: v1.Error): StonechatError {
  return new StonechatError(code, message, isRetryable(code), retryAfterMs || null);
}

/** How long to wait: the backoff, or longer when the server says so. */
export function waitMs(error: v1.Error, backoff: number): number {
  return Math.max(backoff, error.retryAfterMs);
}

/** Whether a refusal passes: then nothing of the kind is asked before the time that the server says. */
export function passes(core: Core, error: v1.Error): boolean {
  const { retryable } = serverError(error);
  if (retryable) {
    core.fetchFrom = Math.max(core.fetchFrom, core.nowMs() + waitMs(error, backoffMs(core.dice, 1)));
  }
  return retryable;
}

export function onRefusal(core: Core, purpose: Purpose, error: v1.Error): void {
  switch (purpose.kind) {
    case "hello":
      waitAsTold(core, error.retryAfterMs);
      return onEndedByServer(core, error.code);
    case "send":
      return onSendRefused(core, purpose.id, error);
    case "ask":
      return onAskRefused(core, purpose.number, error);
    case "read":
      return onReadRefused(core, purpose.id, purpose.upto, error);
    case "delivered":
      return onDeliveredRefused(core, purpose.told, error);
    case "played":
      return onPlayedRefused(core, purpose.id, purpose.seq, error);
    case "refresh":
    case "ping":
      // At its end the server closes with `token_expired`, and the usual way is taken.
      return;
    case "watch":
      return onWatchRefused(core, error);
    case "sign_out":
      // Whatever the server says, here it is over.
      return leaveWithoutAnswer(core);
    case "pull":
      // A new hello asks the same, and waits as it should.
      return breakOff(core, error.code);
    default:
      onFetchRefused(core, purpose, error);
  }
}

function onFetchRefused(core: Core, purpose: Purpose, error: v1.Error): void {
  if (passes(core, error)) {
    fetchAgain(core, purpose);
    return;
  }
  switch (purpose.kind) {
    case "get":
      return onGetRefused(core, purpose.id);
    case "catch_up":
    case "newest":
    case "replay":
      return onUnreachable(core, purpose.id);
    case "changes":
      return onChangesRefused(core, purpose.id);
    case "content_types":
      return onContentTypesRefused(core);
    default:
      // Without the listing this device cannot get in step: a new hello begins anew.
      breakOff(core, error.code);
  }
}

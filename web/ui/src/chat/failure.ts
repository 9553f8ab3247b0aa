/** Why a message was not sent, and what can help. */

import type { SendFailure } from "@stonechat/sdk";

/** What a person can do about a message that failed. Copying and deleting are always among it. */
export type Cure = "edit" | "retry" | "copy" | "delete";

/** A reason, by the name of its words in the catalogue. */
export type FailureReason =
  | "removed" | "muted" | "closed" | "blocked" | "too_long" | "not_allowed" | "gave_up" | "too_fast" | "refused";

/** The codes of `docs/protocol/errors.md` that refuse a message, and that of the SDK for giving up. */
const REASONS: Readonly<Record<string, FailureReason>> = {
  not_a_member: "removed",
  not_found: "removed",
  muted: "muted",
  dissolved: "closed",
  recipient_unavailable: "blocked",
  too_large: "too_long",
  forbidden: "not_allowed",
  invalid_argument: "refused",
  malformed: "refused",
  gave_up: "gave_up",
  rate_limited: "too_fast",
  overloaded: "too_fast",
};

export function reasonOf(code: string): FailureReason {
  return REASONS[code] ?? "refused";
}

/** Only what can help: changing what may not be said as it is, sending again only what can succeed. */
export function curesOf(failure: SendFailure, isText: boolean): Cure[] {
  const reason = reasonOf(failure.code);
  const canEdit = isText && (reason === "too_long" || reason === "not_allowed" || reason === "refused");
  const cures: Cure[] = [];
  if (canEdit) {
    cures.push("edit");
  }
  if (failure.recoverable || reason === "gave_up") {
    cures.push("retry");
  }
  if (isText) {
    cures.push("copy");
  }
  cures.push("delete");
  return cures;
}

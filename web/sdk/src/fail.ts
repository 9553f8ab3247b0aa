/** Errors that are made here and not by the server. */

import { StonechatError } from "./error.ts";

/** An argument has a value that is not allowed. */
export function argument(field: string, reason: string): StonechatError {
  return new StonechatError("invalid_argument", `${field} ${reason}`, false, null, field);
}

/** An argument is over its limit, and the server would say the same. */
export function tooLarge(field: string, reason: string): StonechatError {
  return new StonechatError("too_large", `${field} ${reason}`, false, null, field);
}

/** Checks a number that the wire has: none of another kind may get into what is kept and sent again and again. */
export function whole(field: string, value: number): number {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw argument(field, "is no whole number");
  }
  return value;
}

/** There is no such thing on this device. */
export function notFound(what: string): StonechatError {
  return new StonechatError("not_found", `there is no such ${what} here`);
}

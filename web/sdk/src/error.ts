/** What can go wrong, for callers. */

/** Why a call failed. `code` is stable: one of `docs/protocol/errors.md`, or of this SDK. The texts are for developers. */
export class StonechatError extends Error {
  override readonly name = "StonechatError";
  constructor(
    readonly code: string,
    message: string,
    /** Whether the same call may succeed later. */
    readonly retryable = false,
    /** When it is worth trying again, where the server said so. */
    readonly retryAfterMs: number | null = null,
    /** Of `invalid_argument` and `too_large`: which one. */
    readonly field: string | null = null,
  ) {
    super(message);
  }
}

export function isStonechatError(error: unknown): error is StonechatError {
  return error instanceof StonechatError;
}

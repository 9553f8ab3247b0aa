/** Whether what the server refused may be asked again, by its stable codes (`docs/protocol/errors.md`). */

const NEVER = (
  "malformed too_large invalid_argument unsupported_version hello_expected too_many_calls revoked replaced device_replaced " +
  "revoked_by_app device_limit forbidden not_a_member not_found already_exists recipient_unavailable too_many_members " +
  "last_owner too_late too_many conflict muted dissolved corrupt"
).split(" ");
const NEW_TOKEN = ["unauthenticated", "token_expired"];

/** Whether the answer will stay the same, whatever happens. Codes of a later version may pass. */
export function isFinal(code: string): boolean {
  return NEVER.includes(code);
}

/** Whether the same call may be made again later, as it is. */
export function isRetryable(code: string): boolean {
  return !isFinal(code) && !NEW_TOKEN.includes(code);
}

/** What a client may read of its own token: when it expires. It cannot and need not check the signature. */

/** When a JWT expires, in milliseconds since the epoch; null when it is not one or does not say. */
export function expiresAtMs(token: string): number | null {
  try {
    const payload = (token.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/");
    // Only digits are read of it: that other characters are not decoded here does no harm.
    const exp: unknown = JSON.parse(atob(payload)).exp;
    return typeof exp === "number" ? Math.trunc(exp) * 1_000 : null;
  } catch {
    return null;
  }
}

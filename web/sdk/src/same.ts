/**
 * Whether two values say the same: plain objects, arrays, maps, sets and bytes by what they hold. Objects of a class are
 * compared by reference.
 */
export function same(one: unknown, other: unknown): boolean {
  if (one === other) {
    return true;
  }
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) {
    return Number.isNaN(one) && Number.isNaN(other);
  }
  if (Object.getPrototypeOf(one) !== Object.getPrototypeOf(other)) {
    return false;
  }
  if (Array.isArray(one) || one instanceof Uint8Array) {
    const [a, b] = [one as ArrayLike<unknown>, other as ArrayLike<unknown>];
    if (a.length !== b.length) {
      return false;
    }
    for (let at = 0; at < a.length; at++) {
      if (!same(a[at], b[at])) {
        return false;
      }
    }
    return true;
  }
  if (one instanceof Map || one instanceof Set) {
    const [a, b] = [one as Set<unknown>, other as Set<unknown>];
    return a.size === b.size && same([...a], [...b]);
  }
  const { constructor } = one;
  if (constructor !== undefined && constructor !== Object) {
    return false;
  }
  const [a, b] = [one as Record<string, unknown>, other as Record<string, unknown>];
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => name in b && same(a[name], b[name]));
}

/** Between the wire's words and ours, where only calls of the user need it. */

import { userId } from "../domain/id.ts";
import { num } from "../domain/number.ts";
import type * as v1 from "../gen/stonechat/v1/native_pb.ts";
import type { GroupSettings, Member, Role } from "../types.ts";
import { role, ROLES, SETTINGS } from "./translate.ts";

/** The number of one of these for the wire; 0 for what is not said. */
export function numberOf<T>(table: readonly T[], value: T | undefined): number {
  return value === undefined ? 0 : table.lastIndexOf(value);
}

/** A role for the wire. */
export function roleToWire(role: Role): number {
  return ROLES.indexOf(role);
}

/** A member; null when his id is not one. */
export function member(wire: v1.Member): Member | null {
  const user = userId(wire.userId);
  const { displayName, nickname } = wire;
  return user ? { user, displayName, role: role(wire.role), nickname, mutedUntil: num(wire.mutedUntil) } : null;
}

/** Settings to change, for the wire. */
export function settingsToWire(patch: Partial<GroupSettings>): { [K in keyof GroupSettings]?: number } {
  const names = Object.keys(patch) as (keyof GroupSettings)[];
  return Object.fromEntries(names.map((name) => [name, numberOf<unknown>(SETTINGS[name], patch[name])]));
}

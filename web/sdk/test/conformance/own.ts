/** What a device knows of its user, in the words of a script. */

import type { AskingChange, Change } from "../../src/core/change.ts";
import { type Device, FOR_GOOD, type PresenceSettings, type Profile, type Quiet, type Relation } from "../../src/types.ts";
import { check, type Json, type JsonObject } from "./compare.ts";

/** All of it, as it was told. */
export class Own {
  private profile: Json = null;
  private quiet: Json = null;
  private status: Json = null;
  private readonly relations: JsonObject = {};
  private readonly devices: JsonObject = {};
  private readonly asking: JsonObject = {};

  /** Takes a change; says whether nothing is known any more. */
  tell(change: Change): boolean {
    switch (change.kind) {
      case "profile":
        this.profile = profileOf(change.profile);
        break;
      case "quiet":
        this.quiet = quietOf(change.quiet);
        break;
      case "presence_settings":
        this.status = statusOf(change.settings);
        break;
      case "relation":
        this.relations[change.relation.user] = relationOf(change.relation);
        break;
      case "device":
        this.devices[change.device.id] = deviceOf(change.device);
        break;
      case "asking":
        this.asking[change.asking.conversation] = askingOf(change.asking);
        break;
    }
    return change.kind === "people_gone";
  }

  check(expected: JsonObject): void {
    const { profile, quiet, status, relations, devices, asking } = this;
    check("own", expected, { profile, quiet, status, relations, devices, asking });
  }
}

function profileOf({ user, privateFields }: Profile): JsonObject {
  return {
    display_name: user.displayName,
    username: user.username,
    public_fields: { ...user.publicFields },
    private_fields: { ...privateFields },
  };
}

function quietOf({ windows, pausedUntil }: Quiet): JsonObject {
  return {
    paused_until: pausedUntil === 0 ? null : pausedUntil >= FOR_GOOD ? 2 ** 63 : pausedUntil,
    windows: windows.map(({ days, from, upto }) => [days, from, upto]),
  };
}

function statusOf({ status, invisible }: PresenceSettings): JsonObject {
  return { says: status && `${status.emoji} ${status.text}`.trim(), invisible };
}

function relationOf(it: Relation): JsonObject {
  return {
    contact: it.contactsSince > 0,
    blocked: it.blocksSince > 0,
    incoming: it.incoming && it.incoming.message,
    outgoing: it.outgoing && it.outgoing.message,
    declined: it.declined && it.declined.reason,
    alias: it.alias,
    tags: [...it.tags],
  };
}

function deviceOf({ name, revoked, signedOut }: Device): JsonObject {
  return { name, revoked, signed_out_by: signedOut && signedOut.reason };
}

function askingOf({ state, title }: AskingChange): JsonObject {
  return { state, title };
}

/** What the user starred: as the server said it last, with what waits in the outbox on top. */

import { num } from "../domain/number.ts";
import { NO_STARS, Starred, Stars } from "../domain/stars.ts";
import type * as v1 from "../gen/stonechat/v1/native_pb.ts";
import type { ConversationId, Seq, Timestamp } from "../types.ts";
import { waiting } from "./lane.ts";
import type { Core } from "./machine.ts";

/** Stars of the wire. */
export function starsOfWire(wire: v1.Stars): Stars {
  return new Stars(wire.stars.map(({ seq, ordinal, at }) => ({ seq: num(seq), ordinal: num(ordinal), at: num(at) })));
}

/** What the user starred in a conversation, what waits in the outbox included. */
export function starredOf(core: Core, id: ConversationId): Starred {
  const stars = core.stars.get(id) ?? NO_STARS;
  const asked = new Map<Seq, Timestamp | null>();
  for (const { call, at } of waiting(core.outbox.lane(id), "starMessages")) {
    call.seqs.forEach((seq) => asked.set(num(seq), call.remove ? null : at));
  }
  return asked.size > 0 ? new Starred(stars, asked) : stars.starred;
}

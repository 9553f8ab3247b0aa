/** New ids: UUIDs of version 7, each larger than the one before, whatever the clock does. A server takes a larger one as
 * new without a look-up. */

import { uuid, uuidBytes, uuidOf } from "../domain/id.ts";
import type { ClientMsgId } from "../types.ts";
import type { Clock, Entropy } from "./ports.ts";

/** Makes ids. */
export function idMaker(clock: Clock, entropy: Entropy): () => ClientMsgId {
  let last = "";
  return () => {
    const random = new Uint8Array(10);
    entropy(random);
    const fresh = uuidOf(Math.max(0, clock.wallMs()), random);
    last = fresh > last ? fresh : after(last);
    return last;
  };
}

/** The next larger id. It grows in the random part, and cannot reach the fixed bits within the life of a page. */
function after(id: ClientMsgId): ClientMsgId {
  const bytes = uuidBytes(id);
  for (let at = bytes.length - 1; at >= 0; at--) {
    bytes[at] = (bytes[at]! + 1) & 0xff;
    if (bytes[at] !== 0) {
      break;
    }
  }
  return uuid(bytes)!;
}

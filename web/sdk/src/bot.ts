/** The messages of others as they arrive, for programs that answer them. */

import { message } from "./core/translate.ts";
import { EVENTS_PER_READ } from "./driver/limits.ts";
import type { Inner } from "./inner.ts";
import { until } from "./readable.ts";
import type { Message } from "./types.ts";

/** Each message once, across restarts where the store lasts: it is dealt with when the next is asked for. */
export async function* heard({ host, me }: Inner, recording: Promise<void>, signal?: AbortSignal): AsyncGenerator<Message> {
  const ends = signal ? AbortSignal.any([signal, host.over]) : host.over;
  let after = 0;
  try {
    await recording;
    while (!ends.aborted) {
      const events = await host.call("events", after, EVENTS_PER_READ);
      for (const { number, event } of events) {
        const said = message(event, me);
        if (said !== null && !said.own) {
          yield said;
          await host.call("acknowledge", number);
        }
        if (ends.aborted) {
          return;
        }
        after = number;
      }
      if (events.length > 0) {
        await host.call("acknowledge", after);
      } else {
        await until(host.views.recorded, (number) => number > after, ends);
      }
    }
  } catch (error) {
    // Whoever ends it wants no error.
    if (!ends.aborted) {
      throw error;
    }
  }
}

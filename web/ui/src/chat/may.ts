/** What the user may do in the conversation that he looks at. */

import { clock } from "../base/time.ts";
import { may } from "../panels/rights.ts";
import type { Look } from "./look.ts";

/** Whether the user may add to messages here. */
export function mayReact({ summary }: Look): boolean {
  return summary === null || may(summary, "react", clock.now());
}

/** Whether the user may write here. A direct conversation begins with its first message. */
export function mayWrite({ summary }: Look): boolean {
  return summary === null || may(summary, "send", clock.now());
}

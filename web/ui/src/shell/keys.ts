/** Keys that hold everywhere in the messenger. */

import { isComposing } from "../base/focus.ts";

export type Command = "go" | "previous" | "next" | "nextUnread" | "new" | "find" | "keys" | "paneForward" | "paneBack";

/** What a key asks for; null where it is not ours. Typing is never a command. */
export function commandOf(event: KeyboardEvent, isWriting: boolean): Command | null {
  if (isComposing(event)) return null;
  const control = event.ctrlKey || event.metaKey;
  const { key, altKey, shiftKey } = event;
  if (key === "F6") return shiftKey ? "paneBack" : "paneForward";
  if (control && !altKey && !shiftKey) {
    // By the letter, whatever the layout writes.
    switch (key.toLowerCase()) {
      case "k": return "go";
      case "f": return "find";
      case "n": return "new";
      default: return null;
    }
  }
  if (altKey && !control) {
    if (key === "ArrowDown") return shiftKey ? "nextUnread" : "next";
    if (key === "ArrowUp") return "previous";
    return event.code === "KeyN" && !shiftKey ? "new" : null;
  }
  return key === "?" && !isWriting && !control ? "keys" : null;
}

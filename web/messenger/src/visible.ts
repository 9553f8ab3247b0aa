/** Whether any tab of a user is seen, told by locks that visible tabs hold. */

import type { UserId } from "@stonechat/sdk";

export interface Visibility {
  /** Whether a tab of this user in this browser is seen now. */
  anywhere(): Promise<boolean>;
}

/** Ends at `signal`. */
export function watchVisibility(user: UserId, signal: AbortSignal): Visibility {
  const name = `stonechat:visible:${user}`;
  let release: (() => void) | null = null;
  const update = () => {
    const visible = document.visibilityState === "visible" && !signal.aborted;
    if (!visible) {
      release?.();
      release = null;
    } else if (!release) {
      const held = new Promise<void>((resolve) => (release = resolve));
      void navigator.locks?.request(name, { mode: "shared" }, () => held);
    }
  };
  document.addEventListener("visibilitychange", update, { signal });
  signal.addEventListener("abort", update);
  update();
  return {
    anywhere: async () => {
      if (!navigator.locks) {
        return document.visibilityState === "visible";
      }
      const { held = [] } = await navigator.locks.query();
      return held.some((lock) => lock.name === name);
    },
  };
}

/** What own messages said before they were recalled, for as long as this page stands: to be written again. */

import type { MessageItem, RichText } from "@stonechat/sdk";

/** For so long a recalled message can be written again. */
const AGAIN_MS = 120_000;
const KEPT_MAX = 50;

const kept = new Map<string, { readonly says: RichText; readonly at: number }>();

export function keepRecalled({ key, message }: MessageItem, now: number): void {
  if (message.own && message.content.kind === "text") {
    kept.set(key, { says: message.content, at: now });
    const oldest = kept.keys().next().value;
    if (kept.size > KEPT_MAX && oldest !== undefined) {
      kept.delete(oldest);
    }
  }
}

export function recalledText({ key }: MessageItem, now: number): RichText | null {
  const one = kept.get(key);
  return one !== undefined && now - one.at < AGAIN_MS ? one.says : null;
}

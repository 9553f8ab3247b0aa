/** What was begun to be written: kept on all devices, and here to the letter while the page stands. */

import type { Account, Conversation, ConversationId, Entity, Seq } from "@stonechat/sdk";
import { bytesOf, DRAFT_BYTES_MAX } from "./limit.ts";

/** A pause in typing this long, and it is kept. */
const PAUSE_MS = 600;
/** It is kept at least so often. */
const LATEST_MS = 3_000;

export interface Begun {
  readonly text: string;
  readonly marks: readonly Entity[];
  readonly replyTo: Seq | null;
}

const NOTHING: Begun = { text: "", marks: [], replyTo: null };
const here = new WeakMap<Account, Map<ConversationId, Begun>>();

export class DraftKeeper {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private since = 0;
  /** As all devices have it, as far as is known. */
  private kept: { text: string; replyTo: Seq | null };

  constructor(private readonly account: Account, private readonly talk: Conversation) {
    const draft = talk.summary.get()?.preferences.draft ?? null;
    this.kept = { text: draft?.text ?? "", replyTo: draft?.replyTo ?? null };
  }

  /** What to begin with: of this page when it is newer, else of all devices. */
  begin(): Begun {
    const mine = here.get(this.account)?.get(this.talk.id);
    return mine !== undefined && (mine.text !== "" || mine.replyTo !== null) ? mine : { ...NOTHING, ...this.kept };
  }

  /** Something was written. */
  put(begun: Begun): void {
    let all = here.get(this.account);
    if (all === undefined) {
      here.set(this.account, (all = new Map()));
    }
    all.set(this.talk.id, begun);
    clearTimeout(this.timer);
    const now = Date.now();
    this.since ||= now;
    this.timer = setTimeout(() => this.flush(), Math.max(0, Math.min(PAUSE_MS, this.since + LATEST_MS - now)));
  }

  /** Keeps it now. One that is too long for all devices stays on this page. */
  flush(): void {
    clearTimeout(this.timer);
    this.since = 0;
    const begun = here.get(this.account)?.get(this.talk.id);
    if (begun === undefined || (begun.text === this.kept.text && begun.replyTo === this.kept.replyTo)) {
      return;
    }
    const text = begun.text.trim() === "" ? "" : begun.text;
    if (bytesOf(text) <= DRAFT_BYTES_MAX && (text !== this.kept.text || begun.replyTo !== this.kept.replyTo)) {
      this.kept = { text, replyTo: begun.replyTo };
      this.talk.saveDraft(text, begun.replyTo).then((handle) => handle.done).catch(() => undefined);
    }
  }

  /** It was sent, or thrown away. */
  clear(): void {
    this.put(NOTHING);
    this.flush();
  }

  /** What another device wrote, where it is news: to be shown if nothing else was written here since. */
  news(shown: string): Begun | null {
    const draft = this.talk.summary.get()?.preferences.draft ?? null;
    const now = { text: draft?.text ?? "", replyTo: draft?.replyTo ?? null };
    const isOld = now.text === this.kept.text && now.replyTo === this.kept.replyTo;
    if (isOld || this.since !== 0) {
      return null;
    }
    const isUntouched = shown === this.kept.text;
    this.kept = now;
    if (!isUntouched) {
      return null;
    }
    here.get(this.account)?.delete(this.talk.id);
    return { ...NOTHING, ...now };
  }
}

/** Says that messages were read: those that were really in sight for a moment, while somebody looked. */

import type { Conversation, Seq } from "@stonechat/sdk";

/** In sight for less than this, nobody has read it. */
const GLANCE_MS = 400;

export class Reading {
  private conversation: Conversation | null = null;
  private seen: Seq = 0;
  private waitsFor: Seq = 0;
  private told: Seq = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  open(conversation: Conversation): void {
    this.close();
    this.conversation = conversation;
  }

  close(): void {
    clearTimeout(this.timer);
    [this.conversation, this.timer, this.seen, this.waitsFor, this.told] = [null, undefined, 0, 0, 0];
  }

  /** The newest message that is in sight now. */
  look(seq: Seq): void {
    this.seen = seq;
    const summary = this.conversation?.summary.get();
    const isNews = seq > this.told && seq > (summary?.readSeq ?? 0);
    if (isNews && this.timer === undefined && isWatched()) {
      this.waitsFor = seq;
      this.timer = setTimeout(() => this.glanced(), GLANCE_MS);
    }
  }

  /** The window was left or comes back. */
  lookAgain = (): void => {
    if (isWatched()) {
      this.look(this.seen);
    } else {
      clearTimeout(this.timer);
      this.timer = undefined;
    }
  };

  private glanced(): void {
    this.timer = undefined;
    const upto = Math.min(this.waitsFor, this.seen);
    if (this.conversation !== null && isWatched() && upto > this.told) {
      this.told = upto;
      // What could not be kept is told again with the next message: a cursor only moves forward.
      this.conversation.markRead(upto).catch(() => (this.told = 0));
    }
    this.look(this.seen);
  }
}

/** Whether somebody looks at this page. */
export function isWatched(): boolean {
  return document.visibilityState === "visible" && document.hasFocus();
}

/** A panel about one conversation. */

import type { Conversation, ConversationId, ConversationSummary } from "@stonechat/sdk";
import { property } from "../base/decorators.ts";
import { may, type Action } from "./rights.ts";
import { Panel } from "./panel.ts";
import { clock } from "../base/time.ts";

export abstract class ConversationPanel extends Panel {
  /** The id of the conversation. */
  @property() conversation: ConversationId = "";

  private held: { account: unknown; id: string; handle: Conversation } | null = null;

  protected get handle(): Conversation | null {
    const account = this.account;
    if (!account || !this.conversation) {
      return null;
    }
    if (this.held?.account !== account || this.held.id !== this.conversation) {
      this.held = { account, id: this.conversation, handle: account.conversation(this.conversation) };
    }
    return this.held.handle;
  }

  protected get summary(): ConversationSummary | null {
    const handle = this.handle;
    return handle ? this.read(handle.summary) : null;
  }

  protected may(action: Action): boolean {
    const summary = this.summary;
    return summary !== null && may(summary, action, clock.now());
  }

  /** What the kind of conversation is called where it matters. */
  protected get isChannel(): boolean {
    return this.summary?.kind === "channel";
  }

  protected memberCountText(summary: ConversationSummary): string {
    return this.t(summary.kind === "channel" ? "details.readers" : "people.members", { n: summary.memberCount });
  }

  protected override willUpdate(changed: Map<PropertyKey, unknown>): void {
    super.willUpdate(changed);
    if (changed.has("conversation") || changed.has("account")) {
      this.begin();
    }
  }

  /** Another conversation, or account: what was fetched is of the one before. */
  protected begin(): void {}
}

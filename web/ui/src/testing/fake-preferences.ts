/** What a user prefers of a fake conversation. */

import type { CommandHandle, Preferences, Seq, Timestamp } from "@stonechat/sdk";
import { FakeTalk } from "./fake-talk.ts";

export abstract class FakePreferences extends FakeTalk {
  private prefer(change: Partial<Preferences>): Promise<CommandHandle> {
    return this.command(() => void (this.preferences = { ...this.preferences, ...change }));
  }

  pin(pinned: boolean): Promise<CommandHandle> {
    return this.prefer({ pinnedAt: pinned ? this.account.now() : 0 });
  }
  muteUntil(until: Timestamp): Promise<CommandHandle> {
    return this.prefer({ mutedUntil: until });
  }
  markUnread(markedUnread: boolean): Promise<CommandHandle> {
    return this.prefer({ markedUnread });
  }
  archive(archived: boolean): Promise<CommandHandle> {
    return this.prefer({ archived });
  }
  setFolders(folders: readonly string[]): Promise<CommandHandle> {
    return this.prefer({ folders });
  }
  saveDraft(text: string, replyTo: Seq | null = null): Promise<CommandHandle> {
    return this.prefer({ draft: text || replyTo ? { text, replyTo, at: this.account.now() } : null });
  }
  clearHistory(): Promise<CommandHandle> {
    return this.prefer({ clearedUpto: this.headSeq });
  }
  delete(): Promise<CommandHandle> {
    return this.command(() => {
      this.preferences = { ...this.preferences, clearedUpto: this.headSeq, draft: null };
      this.hidden = true;
    });
  }
  setFields(changes: Readonly<Record<string, string | null>>): Promise<CommandHandle> {
    const entries = Object.entries({ ...this.preferences.fields, ...changes }).filter((entry): entry is [string, string] => entry[1] !== null);
    return this.prefer({ fields: Object.fromEntries(entries) });
  }
}

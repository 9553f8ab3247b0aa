/** The group of a fake conversation: who is in it, who may do what, and who asks to come. */

import type { Announcement, Asker, Ban, Conversation, GroupSettings, JoinLink, Member, Role, SystemEventKind, UserId } from "@stonechat/sdk";
import { FOR_GOOD, StonechatError } from "@stonechat/sdk";
import type { FakeEvent } from "./data.ts";
import { FakePreferences } from "./fake-preferences.ts";

export class FakeConversationImpl extends FakePreferences implements Conversation {
  private async managed(change: () => void): Promise<void> {
    await this.account.answer();
    const refusal = this.account.takeRefusal();
    if (refusal) throw new StonechatError(refusal.code, refusal.text, refusal.recoverable);
    change();
    this.changed();
  }

  private happened(kind: SystemEventKind, more: Partial<FakeEvent> = {}): void {
    this.events.add({ kind, by: this.account.user, at: this.account.now(), ...more });
  }

  private change(user: UserId, patch: Partial<Member>): void {
    this.people = this.people.map((member) => (member.user === user ? { ...member, ...patch } : member));
    if (user === this.account.user && patch.role) this.role = patch.role;
  }

  private async listed<T>(list: () => readonly T[]): Promise<readonly T[]> {
    await this.account.answer();
    return list();
  }

  members(): Promise<readonly Member[]> {
    return this.listed(() => this.people);
  }
  admins(): Promise<readonly Member[]> {
    return this.listed(() => this.people.filter(({ role }) => role === "admin" || role === "owner"));
  }
  mutedMembers(): Promise<readonly Member[]> {
    return this.listed(() => this.people.filter(({ mutedUntil }) => mutedUntil > this.account.now()));
  }
  addMembers(users: readonly UserId[]): Promise<void> {
    return this.managed(() => {
      const fresh = users.filter((user) => !this.people.some((member) => member.user === user));
      this.people = [...this.people, ...fresh.map((user) => ({ user, displayName: this.account.nameOf(user), role: "member" as const, nickname: "", mutedUntil: 0 }))];
      this.happened("members_added", { users: fresh });
    });
  }
  removeMember(user: UserId): Promise<void> {
    return this.managed(() => {
      this.people = this.people.filter((member) => member.user !== user);
      this.happened("member_removed", { users: [user] });
    });
  }
  leave(): Promise<void> {
    return this.managed(() => void (this.isMember = false));
  }
  leaveTo(successor: UserId): Promise<void> {
    return this.managed(() => {
      this.change(successor, { role: "owner" });
      this.isMember = false;
    });
  }
  rename(title: string): Promise<void> {
    return this.managed(() => {
      this.title = title;
      this.happened("renamed", { text: title });
    });
  }
  setRole(user: UserId, role: Role): Promise<void> {
    return this.managed(() => {
      this.change(user, { role });
      this.happened("role_changed", { users: [user], role });
    });
  }
  setInfo(patch: { description?: string; avatar?: string }): Promise<void> {
    return this.managed(() => {
      this.description = patch.description ?? this.description;
      this.avatar = patch.avatar ?? this.avatar;
    });
  }
  changeSettings(patch: Partial<GroupSettings>): Promise<void> {
    return this.managed(() => {
      this.settings = { ...this.settings, ...patch };
      this.happened("settings_changed", { settings: this.settings });
    });
  }
  transferOwner(to: UserId): Promise<void> {
    return this.managed(() => {
      this.change(this.account.user, { role: "admin" });
      this.change(to, { role: "owner" });
      this.happened("owner_changed", { users: [to] });
    });
  }
  dissolve(): Promise<void> {
    return this.managed(() => {
      this.dissolved = true;
      this.happened("dissolved");
    });
  }
  mute(user: UserId, lastsMs: number | null): Promise<void> {
    return this.managed(() => this.change(user, { mutedUntil: lastsMs === null ? FOR_GOOD : this.account.now() + lastsMs }));
  }
  unmute(user: UserId): Promise<void> {
    return this.managed(() => this.change(user, { mutedUntil: 0 }));
  }
  ban(user: UserId, lastsMs: number | null, reason = ""): Promise<void> {
    return this.managed(() => {
      const at = this.account.now();
      this.people = this.people.filter((member) => member.user !== user);
      this.banned = [...this.banned, { user, displayName: this.account.nameOf(user), until: lastsMs === null ? FOR_GOOD : at + lastsMs, reason, by: this.account.user, at }];
    });
  }
  liftBan(user: UserId): Promise<void> {
    return this.managed(() => void (this.banned = this.banned.filter((ban) => ban.user !== user)));
  }
  bans(): Promise<readonly Ban[]> {
    return this.listed(() => this.banned);
  }
  setNickname(nickname: string): Promise<void> {
    return this.managed(() => {
      this.nickname = nickname;
      this.change(this.account.user, { nickname });
    });
  }
  announce(text: string): Promise<void> {
    return this.managed(() => void (this.says = text ? { seq: ++this.headSeq, text, by: this.account.user, at: this.account.now() } : null));
  }
  async announcement(): Promise<Announcement | null> {
    await this.account.answer(false);
    return this.says;
  }
  announcementReaders(read: boolean): Promise<readonly Member[]> {
    return this.listed(() => this.people.filter((_, i) => (i % 3 !== 0) === read));
  }
  apply(): Promise<void> {
    return this.managed(() => undefined);
  }
  join(): Promise<void> {
    return this.managed(() => void (this.isMember = true));
  }
  invite(user: UserId): Promise<void> {
    return this.managed(() => {
      this.invited = [...this.invited, { user, displayName: this.account.nameOf(user), message: "", by: this.account.user, at: this.account.now() }];
    });
  }
  declineInvitation(): Promise<void> {
    return this.managed(() => undefined);
  }
  applications(): Promise<readonly Asker[]> {
    return this.listed(() => this.applied);
  }
  invitations(): Promise<readonly Asker[]> {
    return this.listed(() => this.invited);
  }
  async acceptApplication(user: UserId): Promise<void> {
    await this.declineApplication(user);
    await this.addMembers([user]);
  }
  declineApplication(user: UserId): Promise<void> {
    return this.managed(() => void (this.applied = this.applied.filter((asker) => asker.user !== user)));
  }
  async makeLink(lastsMs: number | null, uses: number | null): Promise<string> {
    const id = `${this.joinLinks.length + 1}`.padStart(32, "0");
    await this.managed(() => {
      this.joinLinks = [...this.joinLinks, { id, until: lastsMs === null ? FOR_GOOD : this.account.now() + lastsMs, left: uses ?? 0 }];
    });
    return `${this.id}.7kq2mva${id.slice(-4)}`;
  }
  revokeLink(id: string): Promise<void> {
    return this.managed(() => void (this.joinLinks = this.joinLinks.filter((link) => link.id !== id)));
  }
  links(): Promise<readonly JoinLink[]> {
    return this.listed(() => this.joinLinks);
  }
}

/** Calls people in a text: who is meant by what stands behind an `@`. Loaded with the first `@`. */

import type { Account, Conversation, Entity, UserId } from "@stonechat/sdk";
import { html, nothing, type TemplateResult } from "lit";
import { displayName, titleOf } from "../base/names.ts";
import { profilesOf } from "../base/profiles.ts";
import { clock } from "../base/time.ts";
import { may } from "../panels/rights.ts";
import type { StonechatComposer } from "./composer.ts";
import { readingInitials } from "./initials.ts";
import { complete, findMentions, PICKS_MAX, queryAt, type Candidate, type Query } from "./mention.ts";
import "../loaded.ts";
import "./index.ts";

/** Who is here is asked again after so long. */
const CANDIDATES_MS = 60_000;
const AGAIN_MS = 5_000;
const PROFILES_MAX = 200;
/** In larger ones nobody is looked for among all. */
const MEMBERS_MAX = 5_000;

type Pick = Candidate | "all";

export class MentionPicker {
  /** Empty while nobody is being called. */
  picks: readonly Pick[] = [];
  /** Which of them is chosen by Enter. */
  at = 0;
  private query: Query | null = null;
  private candidates: readonly Candidate[] = [];
  private asked = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly host: StonechatComposer,
    private readonly account: Account,
    private readonly talk: Conversation,
  ) {}

  close(): void {
    this.query = null;
    if (this.picks.length > 0) {
      this.picks = [];
      this.host.requestUpdate();
    }
  }

  /** The text or the caret are others. */
  look(text: string, caret: number, marks: readonly Entity[]): void {
    const query = queryAt(text, caret);
    const isMarked = query !== null && marks.some((mark) => mark.start <= query.start && query.start < mark.end);
    if (query === null || isMarked) {
      this.close();
      return;
    }
    if (query.start !== this.query?.start) {
      this.at = 0;
    }
    this.query = query;
    void this.learn();
    this.show();
  }

  /** Names that were written out. */
  found(text: string, taken: readonly Entity[]): readonly Entity[] {
    return findMentions(text, this.candidates, taken);
  }

  private show(): void {
    const summary = this.talk.summary.get();
    if (this.query === null || summary === null) {
      return;
    }
    const all: Candidate = { user: "", name: this.host.locale.t("write.everyone"), nickname: "", username: "all", reading: "" };
    const mayCallAll = may(summary, "mention_all", clock.now()) && complete([all], this.query.text).length > 0;
    const people = complete(this.candidates, this.query.text, mayCallAll ? PICKS_MAX - 1 : PICKS_MAX);
    this.picks = mayCallAll ? [...people, "all"] : people;
    this.at = Math.min(this.at, Math.max(this.picks.length - 1, 0));
    this.host.requestUpdate();
  }

  private async learn(): Promise<void> {
    const now = Date.now();
    const summary = this.talk.summary.get();
    const isOpen = summary !== null && summary.memberCount <= MEMBERS_MAX && may(summary, "list_members", clock.now());
    if (!isOpen || now - this.asked < CANDIDATES_MS) {
      return;
    }
    this.asked = now;
    const { account } = this;
    const members = await this.talk.members().catch(() => null);
    if (members === null) {
      this.asked = now - CANDIDATES_MS + AGAIN_MS;
      return;
    }
    const profiles = profilesOf(account);
    const others = members.filter(({ user }) => user !== account.user);
    others.slice(0, PROFILES_MAX).forEach(({ user }) => profiles.want(user));
    const name = (user: UserId, shown: string): string => account.relations.get().get(user)?.alias || shown || displayName(account, user);
    // Usernames come a moment later; after a while nobody waits for them.
    const stop = profiles.subscribe((known) => {
      this.candidates = others.map(({ user, displayName: shown, nickname }) => ({
        user, name: name(user, shown), nickname, username: known.get(user)?.username ?? "", reading: readingInitials(name(user, shown)),
      }));
      this.show();
    });
    setTimeout(stop, CANDIDATES_MS);
  }

  /** Whether a key was for the picker. */
  key(event: KeyboardEvent): boolean {
    const count = this.picks.length;
    const one = this.picks[this.at];
    if (one === undefined) {
      return false;
    }
    switch (event.key) {
      case "ArrowDown": this.at = (this.at + 1) % count; break;
      case "ArrowUp": this.at = (this.at + count - 1) % count; break;
      case "Enter":
      case "Tab":
        if (event.shiftKey) {
          return false;
        }
        this.choose(one);
        break;
      case "Escape": this.close(); break;
      default: return false;
    }
    this.host.requestUpdate();
    return true;
  }

  private choose(one: Pick): void {
    const { query } = this;
    if (query !== null) {
      const name = `@${one === "all" ? this.host.locale.t("write.everyone") : one.name}`;
      this.close();
      this.host.insertMarked(query.start, query.start + 1 + query.text.length, name, one === "all" ? { kind: "mention_all" } : { kind: "mention", user: one.user });
    }
  }

  render(): TemplateResult | typeof nothing {
    const { picks, account } = this;
    if (picks.length === 0) {
      return nothing;
    }
    const { t } = this.host.locale;
    const summary = this.talk.summary.get();
    const profiles = profilesOf(account).get();
    return html`<div class="picker" part="picker" id="picks" role="listbox" aria-label=${t("write.mentions")} @pointerdown=${(event: Event) => event.preventDefault()}>${
      picks.map((one, at) => {
        const isActive = at === this.at;
        return html`<div class="pick ${isActive ? "active" : ""}" id=${`pick${at}`} role="option" aria-selected=${isActive} @click=${() => this.choose(one)}>${one === "all"
          ? html`<stonechat-avatar small seed=${summary?.id ?? ""} kind="group" name=${summary === null ? "" : titleOf(account, summary)} src=${summary?.group.avatar ?? ""}></stonechat-avatar>
            <b>${t("write.everyone")}</b><span class="muted">${t("write.notifies", { n: Math.max((summary?.memberCount ?? 1) - 1, 1) })}</span>`
          : html`<stonechat-avatar small seed=${one.user} name=${one.name} src=${profiles.get(one.user)?.avatar ?? ""}></stonechat-avatar>
            <b class="clip"><bdi>${one.name}</bdi></b><span class="muted clip">${one.nickname || one.username}</span>`}${
          isActive ? html`<kbd aria-hidden="true">↵</kbd>` : nothing}</div>`;
      })}</div>`;
  }
}

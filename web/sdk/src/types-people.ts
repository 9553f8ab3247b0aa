/** People and their devices, as callers see them. */

import type { Timestamp, UserId } from "./types.ts";

export interface UserProfile {
  readonly id: UserId;
  readonly displayName: string;
  readonly username: string | null;
  readonly avatar: string;
  readonly publicFields: Readonly<Record<string, string>>;
  readonly changedAt: Timestamp;
  /** What somebody who asks to be a contact has to answer; empty for nothing. */
  readonly question: string;
}

export type WhoMayMessage = "anyone" | "contacts" | "nobody";
/** `ask`: once he has accepted. `question`: the same, and his question is to be answered. */
export type WhoMayAdd = "anyone" | "ask" | "question" | "nobody";
export type WhoMaySee = "everybody" | "contacts" | "nobody";

export interface Profile {
  readonly user: UserProfile;
  readonly privateFields: Readonly<Record<string, string>>;
  readonly whoMayMessage: WhoMayMessage;
  readonly whoMayAdd: WhoMayAdd;
}

/** What the user and another are to each other. */
export interface Relation {
  readonly user: UserId;
  /** 0 when they are no contacts. */
  readonly contactsSince: Timestamp;
  /** 0 when the user does not block him. */
  readonly blocksSince: Timestamp;
  readonly incoming: ContactRequest | null;
  readonly outgoing: ContactRequest | null;
  readonly declined: { readonly reason: string; readonly at: Timestamp } | null;
  /** What the user calls him; empty as he calls himself. */
  readonly alias: string;
  readonly tags: readonly string[];
  readonly extension: Readonly<Record<string, string>>;
}

export interface ContactRequest {
  readonly message: string;
  readonly answer: string;
  readonly at: Timestamp;
}

export type Availability = "offline" | "away" | "online";
export type Platform = "unspecified" | "phone" | "tablet" | "desktop" | "web" | "bot";

export interface Presence {
  readonly user: UserId;
  readonly availability: Availability;
  readonly platforms: readonly Platform[];
  /** 0 where it is not shown. */
  readonly lastSeen: Timestamp;
  readonly status: CustomStatus | null;
}

export interface CustomStatus {
  readonly emoji: string;
  readonly text: string;
  /** 0 has no end. */
  readonly until: Timestamp;
}

export interface PresenceSettings {
  readonly status: CustomStatus | null;
  readonly whoMaySee: WhoMaySee;
  readonly whoMaySeeLastSeen: WhoMaySee;
  readonly invisible: boolean;
}

export interface Device {
  readonly id: string;
  readonly name: string;
  readonly client: string;
  readonly seenAt: Timestamp;
  readonly revoked: boolean;
  readonly platform: Platform;
  /** Why and when it was last signed out, also after it came back. */
  readonly signedOut: { readonly reason: SignOutReason; readonly at: Timestamp } | null;
}

export type SignOutReason = "user" | "replaced" | "app";

/** When the user is not to be disturbed. */
export interface Quiet {
  readonly windows: readonly QuietWindow[];
  readonly zone: QuietZone;
  /** {@link FOR_GOOD} has no end; 0 when there is no pause. */
  readonly pausedUntil: Timestamp;
}

/** Minutes since midnight of some days; one that ends at or before its beginning ends on the next day. */
export interface QuietWindow {
  /** Bit 0 is Monday. */
  readonly days: number;
  readonly from: number;
  readonly upto: number;
}

export interface QuietZone {
  readonly name: string;
  readonly offsetMinutes: number;
  readonly changes: readonly { readonly at: Timestamp; readonly offsetMinutes: number }[];
}

/** A type of content that the app declares. */
export interface ContentType {
  readonly name: string;
  /** What to show of it where the client does not know it. */
  readonly fallback: string;
}

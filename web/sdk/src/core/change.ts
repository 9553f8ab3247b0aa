/** What became different for whoever looks. A change is emitted once the store holds what it stands for. */

import type { ContentTypes } from "../content-types.ts";
import type { Removed } from "../domain/deletions.ts";
import type { Played } from "../domain/plays.ts";
import type { Preferences } from "../domain/preferences.ts";
import type { Starred } from "../domain/stars.ts";
import type {
  Asking, ClientMsgId, ConnectionState, ConversationId, ConversationSummary, Device, MessageWindows, Ordinal, Pending,
  Presence, PresenceSettings, Profile, Quiet, ReadMark, Relation, SendState, Unsent, UserId,
} from "../types.ts";
import type { EventRow, MessageChange, MessageRow } from "./rows.ts";

/** A conversation of the list, with what only the SDK itself looks at. */
export interface Summary extends ConversationSummary {
  readonly preferences: Preferences;
  readonly removed: Removed;
  readonly starred: Starred;
  readonly played: Played;
}

/** As {@link Asking}; `nothing` once it was answered. */
export type AskingChange = Omit<Asking, "state"> & { readonly state: Asking["state"] | "nothing" };

/** One change. */
export type Change =
  | { readonly kind: "connection"; readonly state: ConnectionState }
  /** A conversation of the list is new or different. */
  | { readonly kind: "conversation"; readonly summary: Summary }
  /** A conversation is not on this device any more. */
  | { readonly kind: "conversation_gone"; readonly conversation: ConversationId }
  | { readonly kind: "windows"; readonly windows: MessageWindows }
  | { readonly kind: "content_types"; readonly types: ContentTypes }
  /** Unread messages over all conversations. */
  | { readonly kind: "total_unread"; readonly unread: number }
  /** How far a message or a command of this device has come. */
  | {
      readonly kind: "send";
      readonly conversation: ConversationId;
      readonly clientMsgId: ClientMsgId;
      readonly state: SendState;
    }
  /** An own message waits at the end of a timeline, at this place among those that wait. */
  | { readonly kind: "echo"; readonly order: number; readonly unsent: Unsent }
  /** An own message does not wait any more. */
  | { readonly kind: "echo_gone"; readonly conversation: ConversationId; readonly clientMsgId: ClientMsgId }
  /** A command waits, at this place among all that wait. */
  | { readonly kind: "pending"; readonly order: number; readonly pending: Pending }
  /** What a command asked for is in the log, or will not be. */
  | { readonly kind: "pending_gone"; readonly conversation: ConversationId; readonly commandId: ClientMsgId }
  /** Messages of the log are here. */
  | { readonly kind: "messages"; readonly conversation: ConversationId; readonly rows: readonly MessageRow[] }
  /** Events that timelines show are here. */
  | { readonly kind: "events"; readonly conversation: ConversationId; readonly rows: readonly EventRow[] }
  /** A message is different, if it is here. */
  | { readonly kind: "message_changed"; readonly conversation: ConversationId; readonly change: MessageChange }
  /** What no interval holds below an ordinal went: it lies in a gap. */
  | { readonly kind: "unheld"; readonly conversation: ConversationId; readonly below: Ordinal }
  /** Which intervals of ordinals are here. */
  | {
      readonly kind: "intervals";
      readonly conversation: ConversationId;
      readonly intervals: readonly (readonly [number, number])[];
    }
  /** All messages of all conversations went: the server has another history. */
  | { readonly kind: "cleared" }
  /** How far the others have read. */
  | { readonly kind: "marks"; readonly conversation: ConversationId; readonly marks: readonly ReadMark[] }
  /** Who is writing. */
  | { readonly kind: "typing"; readonly conversation: ConversationId; readonly users: readonly UserId[] }
  /** The number of the last recorded event. */
  | { readonly kind: "recorded"; readonly number: number }
  | { readonly kind: "quiet"; readonly quiet: Quiet }
  | { readonly kind: "profile"; readonly profile: Profile }
  | { readonly kind: "relation"; readonly relation: Relation }
  | { readonly kind: "asking"; readonly asking: AskingChange }
  | { readonly kind: "presence_settings"; readonly settings: PresenceSettings }
  /** What is known of the users who are watched. */
  | { readonly kind: "presences"; readonly presences: ReadonlyMap<UserId, Presence> }
  | { readonly kind: "device"; readonly device: Device }
  /** Neither the profile nor the relations nor the devices are known any more: the server tells them again. */
  | { readonly kind: "people_gone" };

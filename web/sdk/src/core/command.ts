/** What the user asks of the core, and how it answers. */

import type { Init } from "../codec.ts";
import type { Removed } from "../domain/deletions.ts";
import type { Played } from "../domain/plays.ts";
import type { Starred } from "../domain/stars.ts";
import type { StonechatError } from "../error.ts";
import type { Frame } from "../gen/stonechat/v1/native_pb.ts";
import type {
  Attributes, ClientMsgId, ConversationId, Ordinal, Pending, ReadMark, SendState, Seq, Target, Unsent, UserId,
} from "../types.ts";

/** The body of a frame, as it came. */
export type Body = Frame["body"];
/** The body of a frame that is to be sent: what is left out has no value. */
export type BodyInit = Init<Frame["body"]>;

/** Marks a command whose answer somebody waits for. */
export type Ticket = number;

/** A message to be sent. */
export interface Draft {
  readonly conversation: ConversationId;
  /** The other user, of a direct conversation; it may not exist yet. */
  readonly peer: UserId | null;
  /** The same through all retries. */
  readonly clientMsgId: ClientMsgId;
  readonly bodyType: string;
  /** Never changed once it is here. */
  readonly body: Uint8Array;
  readonly attributes: Attributes | null;
  /** The last event that the composer had shown; 0 for none. */
  readonly readUpto: Seq;
}

/** A command for the lane of a conversation: it is kept like a message, and carried out in the order of the lane. */
export interface LaneCommand {
  readonly conversation: ConversationId;
  /** Its `command_id`, the same through all retries. */
  readonly commandId: ClientMsgId;
  /** The call. Its `command_id`, and the seq of the message that it is about, are filled in here. */
  readonly call: BodyInit;
  /** The message that it is about. */
  readonly about: Target | null;
}

/** What the user asks. */
export type Command =
  /** Connect, and stay connected. */
  | { readonly kind: "start" }
  /** Disconnect, and stay so. */
  | { readonly kind: "stop" }
  /** The network came back, or the user looks: try at once. */
  | { readonly kind: "try_now" }
  /** Keep a message and send it. Answered by `queued` once it is durable. */
  | { readonly kind: "send"; readonly draft: Draft }
  /** Keep a command and carry it out. Answered by `kept` once it is durable. */
  | { readonly kind: "queue"; readonly command: LaneCommand }
  /** Send a failed message, or a failed command, again. */
  | { readonly kind: "retry"; readonly id: ClientMsgId }
  /** Take a message, or a command, back that is not on its way. */
  | { readonly kind: "cancel"; readonly id: ClientMsgId }
  /** Move the read cursor; it never moves back. */
  | { readonly kind: "mark_read"; readonly conversation: ConversationId; readonly upto: Seq }
  /** The user has played a voice message of another. */
  | { readonly kind: "mark_played"; readonly conversation: ConversationId; readonly message: Seq }
  /** The user is writing, or stopped. */
  | { readonly kind: "typing"; readonly conversation: ConversationId; readonly active: boolean }
  /** What the device shows now. */
  | { readonly kind: "focus"; readonly conversations: readonly ConversationId[] }
  /** Watch whether these users are there, and no others. */
  | { readonly kind: "watch"; readonly users: readonly UserId[] }
  /** The user is away from this device, or back. */
  | { readonly kind: "away"; readonly away: boolean }
  /** A call which may be repeated: reads, and commands that bear an id. */
  | { readonly kind: "call"; readonly body: BodyInit }
  /** What a timeline needs to begin. */
  | { readonly kind: "open"; readonly conversation: ConversationId }
  /** Fetch and keep a page of messages before an ordinal; the newest page when that is null. */
  | {
      readonly kind: "load_before";
      readonly conversation: ConversationId;
      readonly before: Ordinal | null;
      readonly limit: number;
    }
  /** The messages that wait in the outbox. */
  | { readonly kind: "outbox" }
  /** The commands that wait in the outbox. */
  | { readonly kind: "pending" }
  /** Sign this device out, and forget what it holds. Answered once nothing of it is stored any more. */
  | { readonly kind: "sign_out" };

/** How the core answers. */
export type Reply =
  | { readonly kind: "done" }
  /** The message is durable on this device, in this state. */
  | { readonly kind: "queued"; readonly state: SendState }
  /** The command is durable on this device; what has this id and this state bears it. */
  | { readonly kind: "kept"; readonly id: ClientMsgId; readonly state: SendState }
  /** The server's answer. */
  | { readonly kind: "answer"; readonly body: Body }
  | { readonly kind: "opened"; readonly opened: Opened }
  /** A page was kept: how many messages, and whether there are more before them. */
  | { readonly kind: "loaded"; readonly messages: number; readonly moreBefore: boolean }
  | { readonly kind: "outbox"; readonly unsent: readonly Unsent[] }
  | { readonly kind: "pending"; readonly pending: readonly Pending[] };

/** A reply, or why there is none: told apart by `instanceof StonechatError`. */
export type Result = Reply | StonechatError;

export const DONE: Reply = { kind: "done" };

/** What a timeline needs to begin. */
export interface Opened {
  /** Own messages that the log does not have yet, each with its place among them. */
  readonly unsent: readonly (readonly [number, Unsent])[];
  /** Commands that wait or whose events are on their way, each with its place. */
  readonly pending: readonly (readonly [number, Pending])[];
  /** Intervals of ordinals that this device holds, ascending. */
  readonly intervals: readonly (readonly [number, number])[];
  readonly readSeq: Seq;
  readonly readOrdinal: Ordinal;
  /** Messages above it can be unread: the cursor, or the latest join. */
  readonly floor: Ordinal;
  readonly unread: number;
  /** What was said up to here is not shown. */
  readonly cleared: Seq;
  readonly removed: Removed;
  readonly starred: Starred;
  readonly played: Played;
  readonly marks: readonly ReadMark[];
  /** The last message. */
  readonly head: Ordinal;
}

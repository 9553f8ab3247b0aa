/** Staying in step: the welcome and its pages, live frames, holes, and the position. */

import { groupOf } from "../domain/group.ts";
import { conversationId, kindOfId } from "../domain/id.ts";
import { num } from "../domain/number.ts";
import type * as v1 from "../gen/stonechat/v1/native_pb.ts";
import type { ConnectionState, ConversationId } from "../types.ts";
import { apply, keepInterval, keepMessages } from "./apply.ts";
import { onAskAnswered, sayFocus } from "./ask.ts";
import type { Purpose } from "./calls.ts";
import { onChanges } from "./changes.ts";
import type { Body } from "./command.ts";
import { onContentTypes, onContentTypesVersion } from "./content-types.ts";
import { Conversation, LIVE } from "./conversation.ts";
import { arrived, doubtDelivered, onDeliveredConfirmed, onDeliveredMoved } from "./delivered.ts";
import { onEvents, onNewest, onReplay } from "./fetch.ts";
import { forgetWishes, onCommandDone } from "./lane.ts";
import { EARLY_MAX, FIRST_START_CATCH_UPS, HOLD_MS, UNKNOWN_MAX } from "./limits.ts";
import { breakOff, onEndedByServer, onGoAway, welcomed } from "./link.ts";
import type { Core } from "./machine.ts";
import { askMarks } from "./marks.ts";
import { forgetReadUpto, onSent, tellSend } from "./outbox.ts";
import { forgetEntries, PERSONAL_KINDS, takeEntriesAgain } from "./people.ts";
import { onPlayedConfirmed } from "./played.ts";
import { forgetPresences, onWatched, takePresences, watchAnew } from "./presence.ts";
import { doubtCursors, onPersonal, onReadConfirmed, onReadMoved, tellCursorAgain } from "./reads.ts";
import type { ConversationRow } from "./rows.ts";
import { signedOut } from "./sign-out.ts";
import { messageRow } from "./translate.ts";
import { forgetTyping, onTypingNow } from "./typing.ts";
import { NO_BYTES, sameBytes } from "./wire.ts";

/** What goes on after a welcome, until the device is in step. */
export interface Session {
  reset: boolean;
  /** The next page of conversations; null when there is none. */
  nextPage: Uint8Array | null;
  /** From where personal changes go on; null when all are here. */
  personalAfter: number | null;
  readonly listed: Set<ConversationId>;
  /** Conversations that were behind. */
  total: number;
  /** Whether it was in step once. */
  inStep: boolean;
}

/** Takes a frame that is not an answer. */
export function onSignal(core: Core, body: Body): void {
  const ofTheLink = body.case === "closing" || body.case === "goAway";
  if (!ofTheLink && core.link.is("greeting")) {
    // The server may say what happens before it has answered the hello: that is kept until the answer is here.
    if (core.early.length < EARLY_MAX) {
      core.early.push(body);
    } else {
      breakOff(core, "too much came before the welcome");
    }
    return;
  }
  if (!ofTheLink && !core.link.isUp()) {
    return;
  }
  switch (body.case) {
    case "event":
      return onEvent(core, body.value);
    case "readMoved":
      return onReadMoved(core, body.value);
    case "deliveredMoved":
      return onDeliveredMoved(core, body.value);
    case "typingNow":
      return onTypingNow(core, body.value);
    case "personalChange":
      return onPersonal(core, body.value, "live");
    case "position":
      return onPosition(core, body.value.token);
    case "poke":
      return onPoke(core);
    case "goAway":
      return onGoAway(core, body.value);
    case "closing":
      return onEndedByServer(core, body.value.code);
    case "head":
      return onHead(core, body.value);
    case "presenceChanged":
      return takePresences(core, body.value);
    // Others are of a later version, or of no meaning to a client.
  }
}

/** The frame that answers a call, by what the call is for; those of the user and of the outbox have several. */
const ANSWERS: Partial<Record<Purpose["kind"], Body["case"]>> = {
  hello: "welcome", pull: "welcome", list: "conversations", content_types: "contentTypes", personal: "personal",
  get: "conversation", catch_up: "events", newest: "messages", replay: "messages", changes: "changes", read: "done",
  delivered: "done", played: "done", watch: "presences", refresh: "done", ping: "pong", sign_out: "done",
};

/** Takes an answer. */
export function onAnswer(core: Core, purpose: Purpose, body: Body): void {
  if ((ANSWERS[purpose.kind] ?? body.case) !== body.case) {
    return breakOff(core, "the server answered with another frame than the call has");
  }
  // It is what the table says.
  const value = body.value as never;
  switch (purpose.kind) {
    case "hello":
      return onHelloAnswered(core, value);
    case "pull":
      return onPulled(core, value);
    case "list":
      return onListed(core, value);
    case "content_types":
      return onContentTypes(core, value);
    case "personal":
      return takePersonal(core, value);
    case "get":
      core.gets.delete(purpose.id);
      return takeConversation(core, value);
    case "catch_up":
      return onEvents(core, purpose.id, value);
    case "newest":
      return onNewest(core, purpose.id, value);
    case "replay":
      return onReplay(core, purpose.id, value);
    case "changes":
      return onChanges(core, purpose.id, value);
    case "send":
      return body.case === "sent" ? onSent(core, purpose.id, value) : onCommandDone(core, purpose.id, body);
    case "read":
      return onReadConfirmed(core, purpose.id, purpose.upto);
    case "delivered":
      return onDeliveredConfirmed(core, purpose.told);
    case "played":
      return onPlayedConfirmed(core, purpose.id, purpose.seq);
    case "watch":
      return onWatched(core, value);
    case "ask":
      return onAskAnswered(core, purpose.number, body);
    case "sign_out":
      return signedOut(core, "revoked");
    case "refresh":
    case "ping":
  }
}

function onPulled(core: Core, welcome: v1.Welcome): void {
  if (!sameBytes(core.device.historyId, welcome.historyId)) {
    breakOff(core, "the server has another history");
  } else if (welcomed(core, welcome)) {
    onWelcome(core, welcome);
  }
}

function onListed(core: Core, { conversations, nextPage }: v1.Conversations): void {
  takePage(core, conversations, nextPage);
}

function onHelloAnswered(core: Core, welcome: v1.Welcome): void {
  if (!welcomed(core, welcome)) {
    return;
  }
  onWelcome(core, welcome);
  watchAnew(core);
  core.early.splice(0).forEach((body) => onSignal(core, body));
  if (core.focus.length > 0) {
    sayFocus(core);
  }
}

function onWelcome(core: Core, welcome: v1.Welcome): void {
  const { device } = core;
  const other = !sameBytes(device.historyId, welcome.historyId);
  if (other && device.historyId.length > 0) {
    forgetHistory(core);
  }
  if (other) {
    device.historyId = welcome.historyId;
    putDevice(core);
  }
  core.session = {
    reset: welcome.reset, nextPage: null, personalAfter: null, listed: new Set(), total: 0, inStep: false,
  };
  core.position = notEmpty(welcome.position);
  if (welcome.personal) {
    takePersonal(core, welcome.personal);
  }
  takeEntriesAgain(core);
  core.welcomeUnread = num(welcome.unreadTotal);
  onContentTypesVersion(core, num(welcome.contentTypesVersion));
  takePage(core, welcome.conversations, welcome.nextPage);
  const listed = new Map(welcome.conversations.map((told) => [told.conversationId, num(told.headSeq)]));
  askMarks(core, core.focus.filter((id) => !listed.has(id)));
  for (const [id, headSeq] of listed) {
    const known = core.conversations.get(id);
    if (known) {
      known.welcomed = headSeq;
    }
  }
}

/** Writes the values of the device. */
export function putDevice(core: Core): void {
  core.journal.write({ kind: "put_device", row: { ...core.device } });
}

function notEmpty(bytes: Uint8Array): Uint8Array | null {
  return bytes.length > 0 ? bytes : null;
}

/** The server's store was restored: what is here may never have been, or be something else by now. */
export function forgetHistory(core: Core): void {
  core.device.position = NO_BYTES;
  for (const all of [
    core.unknown, core.unknownCursors, core.unknownMarks, core.gets, core.unsettled, core.stale, core.unreachable,
    core.unconfirmed, core.confirmed, core.undelivered, core.delivered, core.unplayed,
  ]) {
    all.clear();
  }
  forgetReadUpto(core);
  forgetWishes(core);
  forgetEntries(core);
  for (const [id, conversation] of core.conversations) {
    conversation.forgetHistory();
    core.touched.add(id);
  }
  core.journal.write({ kind: "clear_history" });
  core.journal.tell({ kind: "cleared" });
}

function takePersonal(core: Core, personal: v1.Personal): void {
  for (const change of personal.changes) {
    onPersonal(core, change, "with_list");
  }
  if (core.session) {
    core.session.personalAfter = personal.more ? num(personal.upto) : null;
  }
}

function takePage(core: Core, page: readonly v1.Conversation[], nextPage: Uint8Array): void {
  core.pageTaken = true;
  for (const conversation of page) {
    takeConversation(core, conversation);
    core.session?.listed.add(conversation.conversationId);
  }
  const { session } = core;
  if (!session) {
    return;
  }
  session.nextPage = notEmpty(nextPage);
  if (!session.nextPage && session.reset) {
    // A reset lists all; whether the others still exist for the user has to be asked.
    session.reset = false;
    for (const id of core.conversations.keys()) {
      if (!session.listed.has(id)) {
        core.gets.add(id);
      }
    }
    session.listed.clear();
  }
}

/** Takes what the server says of a conversation, known or not. */
export function takeConversation(core: Core, wire: v1.Conversation): void {
  const id = conversationId(wire.conversationId);
  if (!id) {
    return;
  }
  const before = core.conversations.get(id);
  const conversation = before ?? new Conversation(emptyRow(id));
  if (!before) {
    core.conversations.set(id, conversation);
    const known = core.deletions.get(id);
    if (known) {
      [conversation.removedVersion, conversation.removed] = known;
    }
  }
  const { row } = conversation;
  // What is asked for because of a later event is still to be asked for.
  const answers = row.headSeq <= num(wire.headSeq);
  const cursorIsBehind = conversation.take(wire);
  // Told before the conversation was known here, and perhaps after the answer was made.
  const cursor = core.unknownCursors.get(id);
  if (cursor) {
    conversation.moveCursor(...cursor);
  }
  core.unknownMarks.get(id)?.forEach((mark) => conversation.mark(mark));
  core.unknown.get(id)?.forEach((event) => conversation.hold(event));
  [core.unknownCursors, core.unknownMarks, core.unknown].forEach((it) => it.delete(id));
  if (!before && isLeftForLater(core)) {
    adoptHead(core, conversation, wire);
  }
  if (row.marks.length > 0) {
    core.journal.tell({ kind: "marks", conversation: id, marks: row.marks });
  }
  if (cursorIsBehind && !core.confirmed.has(id)) {
    // One that was confirmed just now is stored within the second; until then the server tells the old one.
    tellCursorAgain(core, id);
  }
  core.touched.add(id);
  if (answers) {
    core.gets.delete(id);
  }
  advance(core, id);
  if (core.session && !core.session.inStep && core.unsettled.has(id)) {
    core.session.total++;
  }
}

/** Whether the history of a conversation that is new here is left on the server until somebody looks. */
function isLeftForLater({ session, settings }: Core): boolean {
  return !!session?.reset && session.listed.size >= FIRST_START_CATCH_UPS && !settings.recordEvents;
}

function adoptHead(core: Core, { row }: Conversation, wire: v1.Conversation): void {
  row.lastSeq = num(wire.headSeq);
  row.lastOrdinal = num(wire.headOrdinal);
  const last = wire.lastMessage && messageRow(wire.lastMessage);
  if (last) {
    keepMessages(core, row.id, [last]);
    keepInterval(core, row.id, last.ordinal, last.ordinal);
  }
  if (wire.unread > 0) {
    arrived(core, row.id, row.lastSeq);
  }
}

function onEvent(core: Core, event: v1.Event): void {
  const id = conversationId(event.conversationId);
  if (!id) {
    return;
  }
  const seq = num(event.seq);
  const conversation = core.conversations.get(id);
  if (!conversation) {
    const held = [...core.unknown.values()].reduce((sum, events) => sum + events.size, 0);
    const events = core.unknown.get(id) ?? new Map();
    core.unknown.set(id, events);
    // What does not fit is fetched once the conversation is known.
    if (held < UNKNOWN_MAX) {
      events.set(seq, event);
    }
    core.gets.add(id);
    return;
  }
  conversation.seen = Math.max(conversation.seen, seq);
  const last = conversation.row.lastSeq;
  if (seq <= last) {
    return;
  }
  const { kind } = conversation.phase;
  if (seq === last + 1 && (kind === "live" || kind === "holding")) {
    apply(core, id, event);
    // What is missing after that may still come by itself.
    drain(core, conversation);
    return;
  }
  conversation.hold(event);
  if (kind === "live") {
    conversation.phase = { kind: "holding", until: core.nowMs() + HOLD_MS };
    core.unsettled.add(id);
  } else if (kind === "unreachable") {
    // It may be reachable again: the hole is asked for once more.
    fallBehind(core, id, core.nowMs());
  }
}

/** Applies what is held and next; what is missing after that is fetched. */
export function advance(core: Core, id: ConversationId): void {
  const conversation = core.conversations.get(id);
  if (conversation && !drain(core, conversation) && ["live", "holding"].includes(conversation.phase.kind)) {
    fallBehind(core, id, core.nowMs());
  }
}

/** Applies what is held and next; says whether nothing is missing after that. */
function drain(core: Core, conversation: Conversation): boolean {
  const { id } = conversation.row;
  for (let event; (event = conversation.nextHeld()); ) {
    apply(core, id, event);
  }
  const isWhole = conversation.row.lastSeq >= conversation.target();
  if (isWhole) {
    conversation.phase = LIVE;
    conversation.nextFetch = "events";
    conversation.fruitless = 0;
    core.unsettled.delete(id);
  }
  return isWhole;
}

/** Something is missing and is to be fetched, not before a time. */
export function fallBehind(core: Core, id: ConversationId, until: number): void {
  const conversation = core.conversations.get(id);
  if (conversation) {
    conversation.phase = { kind: "behind", until };
    core.unsettled.add(id);
    core.unreachable.delete(id);
  }
}

function onHead(core: Core, { conversationId: text, headSeq }: v1.Head): void {
  const id = conversationId(text);
  const conversation = id && core.conversations.get(id);
  if (conversation) {
    conversation.seen = Math.max(conversation.seen, num(headSeq));
    if (conversation.row.lastSeq < num(headSeq) && conversation.phase.kind === "live") {
      fallBehind(core, id, core.nowMs());
    }
  } else if (id) {
    core.gets.add(id);
  }
}

export function onHoldTime(core: Core): void {
  for (const id of core.unsettled) {
    const phase = core.conversations.get(id)?.phase;
    if (phase?.kind === "holding" && phase.until <= core.nowMs()) {
      fallBehind(core, id, core.nowMs());
    }
  }
}

/** When what is missing is next looked for; null when nothing waits for time. */
export function holdsDeadline(core: Core): number | null {
  const times = [core.fetchFrom];
  for (const id of core.unsettled) {
    const phase = core.conversations.get(id)?.phase;
    if (phase && "until" in phase) {
      times.push(phase.until);
    }
  }
  const later = times.filter((time) => time > core.nowMs());
  return later.length > 0 ? Math.min(...later) : null;
}

function onPoke(core: Core): void {
  core.position = null;
  core.session = null;
  core.poked = true;
}

export function pumpPull(core: Core): void {
  if (core.poked && core.calls.haveRoomForControl()) {
    core.poked = false;
    const value = { position: core.device.position, window: core.settings.window };
    core.call({ kind: "pull" }, { case: "pull", value });
  }
}

function onPosition(core: Core, token: Uint8Array): void {
  // Between a poke and the answer to the pull nothing is known to be before it.
  if (core.session) {
    core.position = token;
  }
}

function isInStep({ session, declared, unsettled, unknown, gets }: Core): boolean {
  return (
    !!session && !session.nextPage && session.personalAfter === null && !declared.wanted && unsettled.size === 0 &&
    unknown.size === 0 && gets.size === 0
  );
}

/** Stores the newest position once everything before it is stored, in the transaction that completes it. */
export function storePosition(core: Core): void {
  if (core.position && isInStep(core)) {
    core.device.position = core.position;
    core.device.kinds = PERSONAL_KINDS;
    core.position = null;
    putDevice(core);
  }
}

/** What a person sees of it. That it ends is certain: everything unsettled settles or becomes unreachable. */
export function syncState(core: Core): ConnectionState {
  const { session } = core;
  const behind = core.unsettled.size;
  if (session) {
    session.inStep ||= isInStep(core);
    if (session.inStep) {
      return { kind: "online" };
    }
  }
  const total = Math.max(session?.total ?? 0, behind);
  return { kind: "syncing", done: total - behind, total };
}

/** The connection went: what was on it is forgotten, what it brought stays. */
export function forgetConnection(core: Core): void {
  core.session = null;
  core.early = [];
  core.position = null;
  core.poked = false;
  core.fetchFrom = 0;
  core.asks.forgetConnection();
  core.outbox.forgetConnection().forEach((id) => tellSend(core, id));
  forgetTyping(core);
  forgetPresences(core);
  core.unknownCursors.clear();
  core.unknownMarks.clear();
  doubtCursors(core);
  doubtDelivered(core);
  for (const id of [...core.unsettled, ...core.unreachable]) {
    fallBehind(core, id, 0);
    const conversation = core.conversations.get(id);
    if (conversation) {
      conversation.fruitless = 0;
      conversation.nextFetch = "events";
    }
  }
}

/** Asks for unread numbers that this device cannot know, once the server knows the cursor. */
export function wantStale(core: Core): void {
  for (const id of core.touched) {
    if (core.conversations.get(id)?.row.unreadStale && !core.unconfirmed.has(id)) {
      core.gets.add(id);
    }
  }
}

/** A conversation of which nothing is known yet. */
export function emptyRow(id: ConversationId): ConversationRow {
  const kind = kindOfId(id);
  return {
    id, kind, title: "", peer: null, peerName: "", role: "none", member: false, memberCount: 0, headSeq: 0,
    headOrdinal: 0, readSeq: 0, readOrdinal: 0, readUnconfirmed: 0, deliveredUnconfirmed: 0, playsUnconfirmed: [],
    floorOrdinal: 0, visibleFromSeq: 0, unread: 0, unreadMentions: 0, unreadStale: false, activeAt: 0, preview: null,
    lastSeq: 0, lastOrdinal: 0, marks: [], staleFrom: 0, group: groupOf(kind),
  };
}

/**
 * Signing out: whoever takes this device next must not see what was on it. Whether the user signs out here, or the server
 * says that the device was signed out, what the store holds is gone before anybody is told.
 */

import type { AuthError } from "../types.ts";
import { DONE, type Ticket } from "./command.ts";
import { end } from "./link.ts";
import type { Core } from "./machine.ts";
import { Outbox } from "./outbox.ts";
import { newEntries } from "./people.ts";
import { forgetWatched } from "./presence.ts";
import { emptySnapshot } from "./rows.ts";
import { forgetHistory } from "./sync.ts";
import { Typists } from "./typing.ts";

/** The user signs out here. The server is told when there is a connection; without one it learns nothing. */
export function onSignOut(core: Core, ticket: Ticket): void {
  core.leaving.push(ticket);
  if (!core.link.isUp() || !core.calls.haveRoomForControl()) {
    signedOut(core, "revoked");
  } else if (!core.calls.isInFlight("sign_out")) {
    core.call({ kind: "sign_out" }, { case: "revokeDevice", value: { deviceId: core.settings.device } });
  }
}

/** The connection went before the server could answer: it is not waited for. */
export function leaveWithoutAnswer(core: Core): void {
  if (core.leaving.length > 0) {
    signedOut(core, "revoked");
  }
}

/** The device is signed out: nothing of what it held stays, and nothing more is taken. */
export function signedOut(core: Core, error: AuthError): void {
  const { leaving } = core;
  core.leaving = [];
  end(core, { kind: "auth", error });
  if (!core.isSignedOut) {
    core.isSignedOut = true;
    wipe(core);
  }
  leaving.forEach((ticket) => core.journal.reply(ticket, DONE));
}

function wipe(core: Core): void {
  const { journal } = core;
  for (const { row } of core.outbox.entries.values()) {
    const { conversation, clientMsgId } = row;
    journal.tell({ kind: "send", conversation, clientMsgId, state: { kind: "cancelled" } });
    journal.tell(
      row.command
        ? { kind: "pending_gone", conversation, commandId: clientMsgId }
        : { kind: "echo_gone", conversation, clientMsgId },
    );
  }
  forgetHistory(core);
  // After what forgetting writes of messages that wait.
  journal.write({ kind: "wipe" });
  for (const conversation of core.conversations.keys()) {
    journal.tell({ kind: "conversation_gone", conversation });
  }
  core.conversations.clear();
  core.outbox = new Outbox();
  core.entries = newEntries();
  core.preferences.clear();
  core.typists = new Typists();
  forgetWatched(core);
  Object.assign(core.device, emptySnapshot().device);
  core.session = null;
  core.position = null;
  core.early = [];
  core.focus = [];
  core.touched.clear();
  core.totalUnread = core.unlistedUnread = core.recorded = 0;
  core.welcomeUnread = null;
  core.tellTotalUnread();
  journal.tell({ kind: "recorded", number: 0 });
}

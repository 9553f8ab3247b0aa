/** What comes through a channel has lost its classes; here it gets them back. */

import type { Change, Summary } from "../core/change.ts";
import type { Opened, Reply } from "../core/command.ts";
import { Deletions, NO_DELETIONS, Removed } from "../domain/deletions.ts";
import { NO_PLAYS, Played, Plays } from "../domain/plays.ts";
import { NO_STARS, Starred, Stars } from "../domain/stars.ts";

/** The three that say of messages what the user made of them. */
type Marked = Pick<Summary, "removed" | "starred" | "played">;

/** A change as it was said. */
export function reviveChange(change: Change): Change {
  return change.kind === "conversation" ? { ...change, summary: { ...change.summary, ...revived(change.summary) } } : change;
}

/** An answer as it was given. */
export function reviveReply(value: unknown): unknown {
  const reply = value as Reply | null | undefined;
  if (reply?.kind !== "opened") {
    return value;
  }
  const opened: Opened = { ...reply.opened, ...revived(reply.opened) };
  return { ...reply, opened };
}

function revived({ removed, starred, played }: Marked): Marked {
  const { runs } = removed.deletions;
  const { all } = starred.stars;
  const { floor, mine, others } = played.plays;
  const deletions = runs.length > 0 ? new Deletions(runs) : NO_DELETIONS;
  const stars = all.length > 0 ? new Stars(all) : NO_STARS;
  const plays = floor + mine.length + others.length > 0 ? new Plays(floor, mine, others) : NO_PLAYS;
  return {
    removed: removed.waiting.size > 0 ? new Removed(deletions, removed.waiting) : deletions.removed,
    starred: starred.waiting.size > 0 ? new Starred(stars, starred.waiting) : stars.starred,
    played: played.waiting.length > 0 ? new Played(plays, played.waiting) : plays.played,
  };
}

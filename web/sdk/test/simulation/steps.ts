/** What happens in the world of a device, by chance and by plan. */

import fc from "fast-check";

/** Something that happens: with one number or two, and perhaps one way or the other. */
export interface Step {
  readonly kind: keyof typeof WEIGHTS | "deliver" | "commit" | "restore" | "refuse_fetches" | "time";
  readonly n?: number;
  readonly m?: number;
  readonly yes?: boolean;
}

/** How often each comes. Most are of a conversation, and of one of the newest events or messages there. */
const WEIGHTS = {
  /** Somebody else writes, another device of the user does, or reads. */
  other_sends: 8, own_sends: 2, own_reads: 2, rename: 1,
  /** The user is removed, or added again. */
  toggle: 3, new_group: 2,
  /** The user writes on this device, edits what he wrote, adds an emoji or takes it back, reads, and plays. */
  send: 6, edit: 3, react: 3, read: 3, play: 3, load_before: 1,
  /** The connection breaks, with everything on it; the process dies, with what was not durable. */
  drop: 3, crash: 2,
  /** A frame is lost, comes twice, or changes places with the next. */
  lose: 3, duplicate: 4, swap: 5, poke: 3, position: 4,
  /** The next send is refused. */
  refuse: 3,
};

const byte = fc.nat(255);
const counted = (weight: number, kind: Step["kind"], min: number, max: number) => ({
  weight, arbitrary: fc.integer({ min, max }).map((n): Step => ({ kind, n })),
});
const named = Object.entries(WEIGHTS).map(([kind, weight]) => ({
  weight,
  arbitrary: fc.record({ n: byte, m: fc.nat(kind === "edit" || kind === "load_before" ? 255 : 3), yes: fc.boolean() }).map(
    (more) => ({ kind, ...more }) as Step,
  ),
}));

export const anyStep = fc.oneof(
  ...named,
  // So many frames go each way, and so many transactions become durable.
  counted(14, "deliver", 1, 7),
  counted(8, "commit", 1, 5),
  // The server's store is restored, so many events of each conversation are lost.
  counted(1, "restore", 0, 3),
  // So many of the next fetches and cursors are refused for a while.
  counted(1, "refuse_fetches", 1, 3),
  counted(4, "time", 0, 1_999),
);

/**
 * The user writes, edits and reacts without a connection and with one; everything is made durable and delivered step by
 * step, so that a kill can come between any two.
 */
export function carefulSteps(): Step[] {
  const [commit, deliver, time] = [{ kind: "commit", n: 1 }, { kind: "deliver", n: 1 }, { kind: "time", n: 2_000 }] as const;
  const littleByLittle = Array.from({ length: 6 }, () => [commit, deliver, commit]).flat();
  const send = (yes: boolean): Step => ({ kind: "send", n: 0, yes });
  const edit = (n: number, m: number): Step => ({ kind: "edit", n, m });
  const react = (m: number, yes: boolean): Step => ({ kind: "react", n: 0, m, yes });
  const drop: Step = { kind: "drop" };
  return [
    { kind: "other_sends", n: 0 }, { kind: "deliver", n: 8 }, { kind: "commit", n: 8 }, drop,
    send(true), commit, edit(0, 1), commit, react(0, true), commit, send(false), commit, time, ...littleByLittle,
    edit(1, 2), commit, react(1, false), send(false), edit(0, 3), { kind: "refuse", n: 1 }, { kind: "other_sends", n: 0 },
    ...littleByLittle, drop, edit(0, 4), edit(0, 5), { kind: "commit", n: 2 }, time, ...littleByLittle,
  ];
}

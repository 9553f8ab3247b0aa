/** Values of the SDK as values of React. */

import { useCallback, useEffect, useState, useSyncExternalStore } from "react";
import type { Conversation, Readable, Timeline, TimelineItem, TimelineOptions } from "@stonechat/sdk";

/** A value of the SDK, and a new rendering for each of its changes. */
export function useReadable<T>(readable: Readable<T>): T;
/** The same, of one that may not be there yet; `fallback` stands for it, and is to be the same in each rendering. */
export function useReadable<T, F>(readable: Readable<T> | null | undefined, fallback: F): T | F;
export function useReadable<T, F>(readable: Readable<T> | null | undefined, fallback?: F): T | F | undefined {
  const subscribe = useCallback((changed: () => void) => readable?.subscribe(changed) ?? (() => undefined), [readable]);
  const get = useCallback(() => (readable ? readable.get() : fallback), [readable, fallback]);
  return useSyncExternalStore(subscribe, get, get);
}

/** A timeline that lives as long as its component. */
export interface OpenTimeline {
  /** Oldest first; empty until it is open. */
  readonly items: readonly TimelineItem[];
  /** Null until it is open. */
  readonly timeline: Timeline | null;
  /** Why it could not be opened; null as long as it could. */
  readonly error: unknown;
}

interface Opening {
  readonly timeline: Timeline | null;
  readonly error: unknown;
}

const NOTHING: readonly TimelineItem[] = [];
const CLOSED: Opening = { timeline: null, error: null };

/** Opens the timeline of a conversation, and closes it with the component or when the conversation is another. */
export function useTimeline(conversation: Conversation | null | undefined, options: TimelineOptions = {}): OpenTimeline {
  const [opening, setOpening] = useState<Opening>(CLOSED);
  const { page, days } = options;
  useEffect(() => {
    if (!conversation) {
      return undefined;
    }
    let opened: Timeline | null = null;
    let isGone = false;
    const wanted: TimelineOptions = { ...(page === undefined ? {} : { page }), ...(days === undefined ? {} : { days }) };
    conversation.timeline(wanted).then(
      (timeline) => {
        // Whoever left meanwhile must not keep it alive.
        if (isGone) {
          timeline.close();
          return;
        }
        opened = timeline;
        setOpening({ timeline, error: null });
      },
      (error: unknown) => {
        if (!isGone) {
          setOpening({ timeline: null, error });
        }
      },
    );
    return () => {
      isGone = true;
      opened?.close();
      setOpening(CLOSED);
    };
  }, [conversation, page, days]);
  const items = useReadable(opening.timeline?.items, NOTHING);
  return { items, timeline: opening.timeline, error: opening.error };
}

/**
 * One family of icons, drawn for this kit: 20 px grid, 1.6 stroke, round caps. An icon is the data of one path; after a
 * semicolon come the width and the data of its dots.
 */

import { html, nothing, svg, type TemplateResult } from "lit";
import type { LaterIcon } from "./icons-later.ts";

const SHAPES = {
  search: "M3.5 9a5.5 5.5 0 1 0 11 0a5.5 5.5 0 1 0-11 0M13.2 13.2 17 17",
  compose: "M10.5 4H6a2 2 0 0 0-2 2v8a2 2 0 0 0 2 2h8a2 2 0 0 0 2-2V9.5M8.5 11.5l.6-2.5 6-6a1.35 1.35 0 0 1 1.9 1.9l-6 6z",
  chat: "M10 3.4c4 0 7.1 2.6 7.1 6s-3.1 6-7.1 6c-.9 0-1.7-.1-2.5-.35L4 16.6l.7-3.2A5.5 5.5 0 0 1 2.9 9.4c0-3.4 3.1-6 7.1-6z",
  person: "M6.8 6.8a3.2 3.2 0 1 0 6.4 0a3.2 3.2 0 1 0-6.4 0M3.8 16.6c.6-3 3.1-4.7 6.2-4.7s5.6 1.7 6.2 4.7",
  people: "M4.8 7a2.8 2.8 0 1 0 5.6 0a2.8 2.8 0 1 0-5.6 0M2.4 15.8c.5-2.7 2.5-4.1 5.2-4.1s4.7 1.4 5.2 4.1M12.6 4.4a2.8 2.8 0 0 1 0 5.2M14.6 12.2c1.6.6 2.7 1.8 3 3.6",
  sliders: "M3 6.4h6.3M13.7 6.4H17M3 13.6h3.3M10.7 13.6H17M9.3 6.4a2.2 2.2 0 1 0 4.4 0a2.2 2.2 0 1 0-4.4 0M6.3 13.6a2.2 2.2 0 1 0 4.4 0a2.2 2.2 0 1 0-4.4 0",
  panel: "M5.6 4h8.8a2.6 2.6 0 0 1 2.6 2.6v6.8a2.6 2.6 0 0 1-2.6 2.6h-8.8a2.6 2.6 0 0 1-2.6-2.6v-6.8a2.6 2.6 0 0 1 2.6-2.6zM12.4 4v12",
  emoji: "M3 10a7 7 0 1 0 14 0a7 7 0 1 0-14 0M6.9 11.6c.7 1.3 1.8 2 3.1 2s2.4-.7 3.1-2;2;M7.6 7.9v.3M12.4 7.9v.3",
  send: "M10 16V4.6M5.2 9.4 10 4.6l4.8 4.8",
  pin: "M7.4 3.4h5.2l-.5 5 2.5 2.4v1.6H5.4v-1.6l2.5-2.4zM10 12.4V17",
  star: "m10 3.2 2.1 4.4 4.8.6-3.5 3.3.9 4.8L10 14l-4.3 2.3.9-4.8-3.5-3.3 4.8-.6z",
  more: ";3;M4.6 10h.01M10 10h.01M15.4 10h.01",
  clock: "M3.2 10a6.8 6.8 0 1 0 13.6 0a6.8 6.8 0 1 0-13.6 0M10 6.2V10l2.5 1.9",
  alert: "M3.2 10a6.8 6.8 0 1 0 13.6 0a6.8 6.8 0 1 0-13.6 0M10 6.4v4.2;2.2;M10 13.5v.1",
  bellOff: "M6 5.8A5 5 0 0 1 15 9v3M15 14.9H3.7L5 13.4V9c0-.4 0-.8.1-1.1M8.4 17h3.2M3.4 3.4l13.2 13.2",
  close: "m5.4 5.4 9.2 9.2M14.6 5.4l-9.2 9.2",
  back: "M12 4.6 6.6 10l5.4 5.4",
  megaphone: "M3.6 8.2v3.6h2.6l6.6 3.6V4.6L6.2 8.2zM15.4 7.6a3.2 3.2 0 0 1 0 4.8",
};

/** Those of `icons-later.ts` come with what is loaded later. */
export type IconName = keyof typeof SHAPES | LaterIcon;

/** More of them. */
export function addIcons(more: Partial<Record<IconName, string>>): void {
  Object.assign(SHAPES, more);
}

/** Those that point somewhere: they turn round in right-to-left layout. */
const MIRRORED: ReadonlySet<string> = new Set(["panel", "reply", "forward", "next", "back", "signOut", "undo"]);

/** A decoration: what stands beside it, or the label of its button, says what it means. `size`: 20, 16 or 14 px. */
export function icon(name: IconName, size: "" | "s" | "xs" = ""): TemplateResult {
  const [shape, width, dots] = ((SHAPES as Record<string, string>)[name] ?? "").split(";");
  return html`<svg class="icon ${size}${MIRRORED.has(name) ? " mirror" : ""}" viewBox="0 0 20 20" aria-hidden="true">
    <path d=${shape!} />${dots ? svg`<path d=${dots} stroke-width=${width!} />` : nothing}
  </svg>`;
}

/** The marks of an own message on its way, with the name that readers hear. */
export function ticks(state: "sent" | "delivered" | "read", label: string): TemplateResult {
  const one = state === "sent";
  return html`<svg class="ticks ${state}" viewBox="0 0 17 12" role="img" aria-label=${label}>
    <path d=${one ? "m4 6.4 3.2 3.2 6.4-7.2" : "m1.2 6.4 3.2 3.2 6.4-7.2M8.2 9.1l.5.5 6.6-7.2"} />
  </svg>`;
}

/** The mark: two pebbles that are a bird. `--mark-ground` is what lies behind it. */
export const mark: TemplateResult = html`<svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
  <path class="breast" d="M4.2 20.4c.2-5.2 4.6-9 10.4-9 6 0 10.6 3.4 10.9 8.6.3 5.4-4.2 9-10.6 9S4 26 4.2 20.4z" />
  <path class="head" d="M13 9.6C13 5.8 16.3 3 20.3 3c3.2 0 5.8 1.7 6.7 4.3l3.2 1.8c.4.25.3.8-.2.9l-2.9.6c-.9 3.3-3.6 5.4-7.1 5.4-4 0-7-2.6-7-6.4z" />
</svg>`;

/** Two pebbles that tap: somebody is typing, something is loading. */
export const pebbles: TemplateResult = html`<span class="pebbles" aria-hidden="true"><i></i><i></i></span>`;

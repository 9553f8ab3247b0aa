/** How the lines of a timeline look. Heights depend on a line and on its place in a run only. */

import { css, type CSSResult } from "lit";

export const lines: CSSResult = css`
  .message { position: relative; display: grid; grid-template-columns: 34px minmax(0, 1fr); column-gap: 10px; padding-block-start: 2px; outline: none; }
  .message.start { padding-block-start: var(--stonechat-space-3); }
  .message:focus-visible .bubble { outline: 2px solid var(--stonechat-color-focus); outline-offset: 2px; }
  .direct .message, .message.own { grid-template-columns: minmax(0, 1fr); }
  .face { --size: 34px; --ring: var(--stonechat-color-canvas); grid-column: 1; grid-row: 1; align-self: start; cursor: pointer; }
  .body { grid-column: -2 / -1; min-width: 0; display: flex; flex-direction: column; align-items: flex-start; }
  .own .body { align-items: flex-end; }
  .line { display: flex; align-items: center; gap: 8px; width: 100%; }
  .own .line { flex-direction: row-reverse; }
  .bubble { position: relative; min-width: 0; max-width: min(78%, var(--stonechat-size-bubble)); padding: 7px 12px; border-radius: var(--stonechat-radius-bubble); background: var(--stonechat-color-bubble-other); box-shadow: var(--stonechat-shadow-bubble); --bubble-muted: var(--stonechat-color-text-muted); }
  .own .bubble { background: var(--stonechat-color-bubble-own); --bubble-muted: var(--stonechat-color-bubble-own-muted); box-shadow: none; }
  .message:not(.own, .end) .bubble { border-end-start-radius: var(--stonechat-radius-bubble-joined); }
  .message:not(.own, .start) .bubble { border-start-start-radius: var(--stonechat-radius-bubble-joined); }
  .own:not(.end) .bubble { border-end-end-radius: var(--stonechat-radius-bubble-joined); }
  .own:not(.start) .bubble { border-start-end-radius: var(--stonechat-radius-bubble-joined); }
  .author { display: flex; align-items: baseline; gap: 8px; font-size: var(--stonechat-font-size-small); line-height: 1.25rem; font-weight: var(--stonechat-weight-strong); color: var(--ink); }
  .author bdi { overflow-wrap: anywhere; }
  .author .role { font-size: var(--stonechat-font-size-micro); font-weight: var(--stonechat-weight-regular); color: var(--stonechat-color-text-muted); margin-inline-start: auto; padding-inline-start: 8px; }
  .text { font-family: var(--stonechat-font); line-height: var(--stonechat-line-body); white-space: pre-wrap; overflow-wrap: anywhere; text-align: start; }
  .text::after { content: ""; display: block; clear: both; }
  .meta { float: inline-end; display: inline-flex; align-items: center; gap: 3px; height: 14px; margin-block: 7px -3px; margin-inline-start: 12px; font-size: var(--stonechat-font-size-micro); line-height: 14px; color: var(--bubble-muted); font-variant-numeric: tabular-nums; font-weight: var(--stonechat-weight-regular); white-space: nowrap; user-select: none; }
  .meta .icon { width: 13px; height: 13px; stroke-width: 1.8; }
  .meta .bad { color: var(--stonechat-color-danger-text); }
  .own.fresh .body { animation: rise var(--stonechat-time-quick) var(--stonechat-ease-out); }
  @keyframes rise { from { transform: translateY(6px); opacity: 0.4; } }
  .divider { display: flex; align-items: center; justify-content: center; gap: var(--stonechat-space-3); padding-block: var(--stonechat-space-5) 0; font-size: var(--stonechat-font-size-meta); line-height: 1rem; color: var(--stonechat-color-text-muted); }
  .divider.day { font-weight: var(--stonechat-weight-strong); }
  .divider.unread { color: var(--stonechat-color-accent-text); font-weight: var(--stonechat-weight-strong); padding-block: var(--stonechat-space-4) 0; }
  .divider.unread::before, .divider.unread::after { content: ""; flex: 1; height: 1px; background: color-mix(in oklab, var(--stonechat-color-accent) 38%, transparent); }
  /* Where a bar can stand beside a bubble, there is room for it. */
  @media (hover: hover) {
    .line > .bubble { max-width: min(calc(100% - 108px), var(--stonechat-size-bubble)); }
  }
  @container (max-width: 560px) {
    .line > .bubble { max-width: 86%; }
    .scroll:not(.direct) .message:not(.own) .bubble { max-width: 96%; }
  }
  @media (pointer: coarse), (max-width: 719px) {
    /* A long press opens the menu, where one can copy. */
    .message { -webkit-user-select: none; user-select: none; -webkit-touch-callout: none; }
  }
  @media (forced-colors: active) {
    .bubble { border: 1px solid CanvasText; }
    .ticks { color: CanvasText; }
    .ticks.read { color: Highlight; }
  }
`;

export const frame: CSSResult = css`
  :host { display: flex; flex-direction: column; flex: 1; min-height: 0; min-width: 0; position: relative; background: var(--stonechat-color-canvas); }
  /* Its origin is the end: what is added above moves nothing, and at the end it follows by itself. */
  .scroll { flex: 1; min-height: 0; display: flex; flex-direction: column-reverse; overflow: hidden auto; overflow-anchor: none; overscroll-behavior: contain; scrollbar-width: thin; scrollbar-color: color-mix(in oklab, var(--stonechat-color-line-strong) 55%, transparent) transparent; outline-offset: -2px; }
  .column { flex: none; container-type: inline-size; width: 100%; max-width: var(--stonechat-size-column); margin-inline: auto; padding: var(--stonechat-space-4) var(--stonechat-space-5) calc(var(--stonechat-space-2) + var(--stonechat-timeline-foot, 0px)); }
  ol { display: flow-root; }
  .skeletons { display: grid; gap: 8px; padding-block: 12px; }
  .skeletons .skeleton { height: 36px; width: 44%; border-radius: 18px; justify-self: end; }
  .skeletons .skeleton:first-child { width: 58%; justify-self: start; }
  .skeletons .skeleton:nth-child(2) { width: 74%; height: 58px; justify-self: start; }
  @media (max-width: 719px) { .column { padding-inline: 12px; } }
`;

/** How the lines of a timeline look. Heights depend on a line and on its place in a run only. */

import { css, type CSSResult } from "lit";

/** Fonts and line heights of a script that the text itself has: the page's own rules for `:lang` end at a shadow root. */
export const scripts: CSSResult = css`
  .text:lang(zh) { --stonechat-line-body: 1.5rem; text-spacing-trim: trim-start; font-family: "Stonechat Han Marks", var(--stonechat-font); }
  .text:lang(ja) { --stonechat-line-body: 1.5rem; font-family: var(--stonechat-font-latin), "Hiragino Sans", "Yu Gothic UI", "Noto Sans CJK JP", "Noto Sans JP", var(--stonechat-font-emoji), sans-serif; }
  .text:lang(ko) { font-family: var(--stonechat-font-latin), "Apple SD Gothic Neo", "Malgun Gothic", "Noto Sans CJK KR", "Noto Sans KR", var(--stonechat-font-emoji), sans-serif; }
  .text:lang(ar) { --stonechat-line-body: 1.5625rem; }
  :is(.text:lang(zh), .text:lang(ar)) .meta { margin-block-start: 9px; }
  @media (pointer: coarse), (max-width: 719px) {
    .text:lang(zh), .text:lang(ar) { --stonechat-line-body: 1.625rem; }
  }
`;

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
  .author bdi, .forwarded bdi { overflow-wrap: anywhere; }
  .author .role { font-size: var(--stonechat-font-size-micro); font-weight: var(--stonechat-weight-regular); color: var(--stonechat-color-text-muted); margin-inline-start: auto; padding-inline-start: 8px; }
  .forwarded { display: flex; align-items: center; gap: 5px; font-size: var(--stonechat-font-size-meta); line-height: 1.125rem; color: var(--bubble-muted); }
  .text { font-family: var(--stonechat-font); line-height: var(--stonechat-line-body); white-space: pre-wrap; overflow-wrap: anywhere; text-align: start; }
  .text::after { content: ""; display: block; clear: both; }
  .bold { font-weight: var(--stonechat-weight-strong); }
  .italic { font-style: italic; font-synthesis: style; }
  .struck { text-decoration: line-through; }
  .said { display: block; padding-inline-start: 10px; border-inline-start: 3px solid var(--stonechat-color-line-strong); margin-block: 2px; }
  .text code { font-family: var(--stonechat-font-mono); font-size: 0.8667em; background: var(--stonechat-color-bubble-quote); border-radius: 5px; padding: 1.5px 5px; }
  .text .code-block { display: block; padding: 8px 10px; line-height: 1.25rem; margin-block: 4px 2px; border-radius: 8px; white-space: pre; overflow-x: auto; overflow-wrap: normal; direction: ltr; text-align: left; }
  .mention { color: var(--stonechat-color-accent-text); font-weight: var(--stonechat-weight-medium); }
  .mention[data-act] { cursor: pointer; }
  .mention.me { background: var(--stonechat-color-accent-soft); border-radius: 5px; padding: 1px 4px; margin-inline: -1px; }
  .meta { float: inline-end; display: inline-flex; align-items: center; gap: 3px; height: 14px; margin-block: 7px -3px; margin-inline-start: 12px; font-size: var(--stonechat-font-size-micro); line-height: 14px; color: var(--bubble-muted); font-variant-numeric: tabular-nums; font-weight: var(--stonechat-weight-regular); white-space: nowrap; user-select: none; }
  .meta .icon { width: 13px; height: 13px; stroke-width: 1.8; }
  .meta .bad { color: var(--stonechat-color-danger-text); }
  .edited { font: inherit; }
  .edited:hover { text-decoration: underline; }
  .quote { position: relative; overflow: hidden; margin-block: 2px 5px; margin-inline: -4px; border-radius: 9px; background: var(--stonechat-color-bubble-quote); font-size: var(--stonechat-font-size-small); line-height: 1.1875rem; color: var(--stonechat-color-text); }
  .quote::before { content: ""; position: absolute; inset-block: 0; inset-inline-start: 0; width: 3px; background: var(--ink, var(--stonechat-color-accent)); }
  .quote button { display: block; width: 100%; padding-block: 4px 5px; padding-inline: 12px 10px; }
  .quote button:focus-visible { outline-offset: -2px; border-radius: 9px; }
  .quote b { display: block; font-weight: var(--stonechat-weight-strong); color: var(--ink, var(--stonechat-color-accent-text)); }
  .snippet { display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2; overflow: hidden; overflow-wrap: anywhere; color: var(--bubble-muted); }
  .own-quote { --ink: var(--stonechat-color-accent-text); }
  .recalled .bubble { background: transparent; box-shadow: inset 0 0 0 1px var(--stonechat-color-line); color: var(--stonechat-color-text-muted); --bubble-muted: var(--stonechat-color-text-muted); }
  .failed .bubble { background: var(--stonechat-color-danger-soft); --bubble-muted: var(--stonechat-color-text-muted); }
  .jumped .bubble { animation: jumped 2400ms var(--stonechat-ease-in); --bubble-muted: var(--stonechat-color-text); }
  @keyframes jumped { from, 33% { background: var(--stonechat-color-highlight); } }
  @media (prefers-reduced-motion: reduce) { .jumped .bubble { animation: none; background: var(--stonechat-color-highlight); } }
  .reactions { display: flex; flex-wrap: wrap; gap: 4px; margin-block: 4px 2px; }
  .own .reactions { justify-content: flex-end; }
  .reaction { position: relative; display: inline-flex; align-items: center; gap: 5px; height: 26px; padding: 0 8px; border-radius: 13px; background: var(--stonechat-color-raised); box-shadow: inset 0 0 0 1px var(--stonechat-color-line); font-size: var(--stonechat-font-size-meta); line-height: 1rem; font-weight: var(--stonechat-weight-medium); color: var(--stonechat-color-text-muted); font-variant-numeric: tabular-nums; }
  .reaction .e { font-size: 14px; line-height: 1; font-family: var(--stonechat-font-emoji); font-variant-emoji: emoji; }
  .reaction:is([aria-pressed="true"], .own) { background: var(--stonechat-color-accent-soft); color: var(--stonechat-color-accent-text); box-shadow: inset 0 0 0 1px color-mix(in oklab, var(--stonechat-color-accent) 55%, transparent); }
  .quick { display: inline-flex; align-items: center; padding: 2px; border-radius: 12px; background: var(--stonechat-color-raised); box-shadow: var(--stonechat-shadow-1); flex: none; margin-block: -8px; }
  .quick button { display: grid; place-items: center; width: 30px; height: 28px; border-radius: 9px; color: var(--stonechat-color-icon); }
  .quick button:hover { background: var(--stonechat-color-hover); color: var(--stonechat-color-text); }
  .quick .icon { width: 18px; height: 18px; }
  .failure { display: flex; align-items: center; flex-wrap: wrap; column-gap: 8px; row-gap: 2px; margin-block: 4px 2px; font-size: var(--stonechat-font-size-small); line-height: 1.125rem; color: var(--stonechat-color-danger-text); max-width: 100%; }
  .failure > span { display: inline-flex; align-items: center; gap: 6px; }
  .own.fresh .body { animation: rise var(--stonechat-time-quick) var(--stonechat-ease-out); }
  @keyframes rise { from { transform: translateY(6px); opacity: 0.4; } }
  .own .failure { justify-content: flex-end; }
  .failure .actions { gap: 12px; margin-inline-start: 4px; }
  .card { display: flex; align-items: center; gap: 10px; padding-block: 4px 2px; min-width: min(220px, 100%); }
  .card-icon { display: grid; place-items: center; width: 36px; height: 36px; border-radius: var(--stonechat-radius-m); background: var(--stonechat-color-bubble-quote); color: var(--stonechat-color-icon); flex: none; }
  .card-lines { min-width: 0; display: grid; }
  .card-title { display: flex; align-items: center; gap: 8px; min-width: 0; font-size: var(--stonechat-font-size-small); line-height: 1.25rem; font-weight: var(--stonechat-weight-strong); overflow-wrap: anywhere; }
  .card-sub { display: block; font-size: var(--stonechat-font-size-small); line-height: 1.25rem; color: var(--bubble-muted); }
  .merged { display: grid; width: 100%; min-width: min(220px, 100%); padding: 4px 0 2px; border-radius: 6px; }
  .merged:hover .card-title, button.card-title:hover { text-decoration: underline; text-underline-offset: 2.5px; }
  .big .text { font-size: 40px; line-height: 48px; }
  .big .meta { margin-block-start: 31px; }
  .divider { display: flex; align-items: center; justify-content: center; gap: var(--stonechat-space-3); padding-block: var(--stonechat-space-5) 0; font-size: var(--stonechat-font-size-meta); line-height: 1rem; color: var(--stonechat-color-text-muted); }
  .divider.day { font-weight: var(--stonechat-weight-strong); }
  .divider.unread { color: var(--stonechat-color-accent-text); font-weight: var(--stonechat-weight-strong); padding-block: var(--stonechat-space-4) 0; }
  .divider.unread::before, .divider.unread::after { content: ""; flex: 1; height: 1px; background: color-mix(in oklab, var(--stonechat-color-accent) 38%, transparent); }
  .gap { display: flex; align-items: center; justify-content: center; gap: 10px; padding-block: var(--stonechat-space-4); font-size: var(--stonechat-font-size-meta); line-height: 1rem; color: var(--stonechat-color-text-muted); }
  .beginning { display: grid; justify-items: center; text-align: center; padding: var(--stonechat-space-6) var(--stonechat-space-5) var(--stonechat-space-2); }
  .beginning stonechat-avatar { --size: 56px; margin-block-end: var(--stonechat-space-3); }
  .beginning b { font-size: var(--stonechat-font-size-title); line-height: var(--stonechat-line-title); font-weight: var(--stonechat-weight-strong); overflow-wrap: anywhere; }
  .beginning span { font-size: var(--stonechat-font-size-small); line-height: 1.1875rem; color: var(--stonechat-color-text-muted); margin-block-start: 2px; text-wrap: balance; }
  .selecting .message { padding-inline-start: 36px; cursor: pointer; }
  .selecting .message > * { pointer-events: none; }
  .selecting .recalled { cursor: default; }
  .selecting .message:not(.recalled)::before { content: ""; position: absolute; inset-inline-start: 4px; inset-block-end: 8px; width: 20px; height: 20px; border-radius: 50%; box-shadow: inset 0 0 0 1.5px var(--stonechat-color-line-strong); }
  .selecting .selected::before { background: var(--stonechat-color-accent); box-shadow: none; }
  .selecting .selected::after { content: ""; position: absolute; inset-inline-start: 9px; inset-block-end: 16.5px; width: 9px; height: 5px; border: solid var(--stonechat-color-on-accent); border-width: 0 0 1.8px 1.8px; rotate: -45deg; }
  .selecting .selected { background: var(--stonechat-color-accent-soft); border-radius: var(--stonechat-radius-m); }
  /* Where a bar can stand beside a bubble, there is room for it. */
  @media (hover: hover) {
    .line > .bubble { max-width: min(calc(100% - 108px), var(--stonechat-size-bubble)); }
  }
  @container (max-width: 560px) {
    .line > .bubble { max-width: 86%; }
    .scroll:not(.direct) .message:not(.own) .bubble { max-width: 96%; }
    .quick { display: none; }
  }
  @media (pointer: coarse), (max-width: 719px) {
    .quick { display: none; }
    /* A long press opens the menu, where one can copy. */
    .message { -webkit-user-select: none; user-select: none; -webkit-touch-callout: none; }
    .reaction { height: 30px; border-radius: 15px; padding: 0 10px; }
    .reaction::after { content: ""; position: absolute; inset: -7px 0; }
  }
  @media (forced-colors: active) {
    .bubble, .reaction { border: 1px solid CanvasText; }
    .ticks { color: CanvasText; }
    .ticks.read { color: Highlight; }
  }
`;

export const frame: CSSResult = css`
  :host { display: flex; flex-direction: column; flex: 1; min-height: 0; min-width: 0; position: relative; background: var(--stonechat-color-canvas); }
  /* Its origin is the end: what is added above moves nothing, and at the end it follows by itself. */
  .scroll { flex: 1; min-height: 0; display: flex; flex-direction: column-reverse; overflow: hidden auto; overflow-anchor: none; overscroll-behavior: contain; scrollbar-width: thin; scrollbar-color: color-mix(in oklab, var(--stonechat-color-line-strong) 55%, transparent) transparent; outline-offset: -2px; }
  .column { flex: none; container-type: inline-size; width: 100%; max-width: var(--stonechat-size-column); margin-inline: auto; padding: var(--stonechat-space-4) var(--stonechat-space-5) var(--stonechat-space-2); }
  ol { display: flow-root; }
  .sticky { position: absolute; z-index: 1; inset-block-start: 8px; inset-inline: 0; display: grid; justify-items: center; pointer-events: none; opacity: 0; transition: opacity var(--stonechat-time-standard) var(--stonechat-ease-in); }
  .sticky.shown { opacity: 1; }
  .sticky span { padding: 4px 12px; border-radius: var(--stonechat-radius-full); background: color-mix(in oklab, var(--stonechat-color-canvas) 82%, transparent); backdrop-filter: blur(8px); font-size: var(--stonechat-font-size-meta); line-height: 1rem; font-weight: var(--stonechat-weight-strong); color: var(--stonechat-color-text-muted); box-shadow: var(--stonechat-shadow-bubble); }
  .jumps { position: absolute; z-index: 1; inset-block-end: var(--stonechat-space-3); inset-inline-end: var(--stonechat-space-5); display: grid; gap: 16px; }
  .jump { position: relative; display: grid; place-items: center; width: 40px; height: 40px; border-radius: 50%; background: var(--stonechat-color-raised); box-shadow: var(--stonechat-shadow-1); color: var(--stonechat-color-icon); }
  .jump:hover { color: var(--stonechat-color-text); }
  .jump .badge { position: absolute; inset-block-start: -11px; inset-inline: -10px; width: fit-content; margin-inline: auto; }
  .loading { position: absolute; z-index: 1; inset-block-start: 10px; inset-inline: 0; display: grid; justify-items: center; color: var(--stonechat-color-text-muted); pointer-events: none; animation: appear 1ms 300ms both; }
  @keyframes appear { from { opacity: 0; } }
  .note { padding-block: var(--stonechat-space-4) 0; text-align: center; font-size: var(--stonechat-font-size-meta); line-height: 1rem; color: var(--stonechat-color-text-muted); }
  .skeletons { display: grid; gap: 8px; padding-block: 12px; }
  .skeletons .skeleton { height: 36px; width: 44%; border-radius: 18px; justify-self: end; }
  .skeletons .skeleton:first-child { width: 58%; justify-self: start; }
  .skeletons .skeleton:nth-child(2) { width: 74%; height: 58px; justify-self: start; }
  @media (max-width: 719px) { .column { padding-inline: 12px; } .jumps { inset-inline-end: 12px; } }
`;

/** How looks what lines of a timeline have beside plain words. */

import { css, type CSSResult, type CSSResultGroup } from "lit";
import { badges } from "../base/styles.ts";

/** Fonts and line heights of a script that the text itself has: the page's own rules for `:lang` end at a shadow root. */
const scripts: CSSResult = css`
  .text:lang(zh) { --stonechat-line-body: 1.5rem; text-spacing-trim: trim-start; font-family: "Stonechat Han Marks", var(--stonechat-font); }
  .text:lang(ja) { --stonechat-line-body: 1.5rem; font-family: var(--stonechat-font-latin), "Hiragino Sans", "Yu Gothic UI", "Noto Sans CJK JP", "Noto Sans JP", var(--stonechat-font-emoji), sans-serif; }
  .text:lang(ko) { font-family: var(--stonechat-font-latin), "Apple SD Gothic Neo", "Malgun Gothic", "Noto Sans CJK KR", "Noto Sans KR", var(--stonechat-font-emoji), sans-serif; }
  .text:lang(ar) { --stonechat-line-body: 1.5625rem; }
  :is(.text:lang(zh), .text:lang(ar)) .meta { margin-block-start: 9px; }
  @media (pointer: coarse), (max-width: 719px) {
    .text:lang(zh), .text:lang(ar) { --stonechat-line-body: 1.625rem; }
  }
`;

const lines: CSSResult = css`
  .forwarded bdi { overflow-wrap: anywhere; }
  .forwarded { display: flex; align-items: center; gap: 5px; font-size: var(--stonechat-font-size-meta); line-height: 1.125rem; color: var(--bubble-muted); }
  .bold { font-weight: var(--stonechat-weight-strong); }
  .italic { font-style: italic; font-synthesis: style; }
  .struck { text-decoration: line-through; }
  .said { display: block; padding-inline-start: 10px; border-inline-start: 3px solid var(--stonechat-color-line-strong); margin-block: 2px; }
  .text code { font-family: var(--stonechat-font-mono); font-size: 0.8667em; background: var(--stonechat-color-bubble-quote); border-radius: 5px; padding: 1.5px 5px; }
  .text .code-block { display: block; padding: 8px 10px; line-height: 1.25rem; margin-block: 4px 2px; border-radius: 8px; white-space: pre; overflow-x: auto; overflow-wrap: normal; direction: ltr; text-align: left; }
  .mention { color: var(--stonechat-color-accent-text); font-weight: var(--stonechat-weight-medium); }
  .mention[data-act] { cursor: pointer; }
  .mention.me { background: var(--stonechat-color-accent-soft); border-radius: 5px; padding: 1px 4px; margin-inline: -1px; }
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
  .gap { display: flex; align-items: center; justify-content: center; gap: 10px; padding-block: var(--stonechat-space-4); font-size: var(--stonechat-font-size-meta); line-height: 1rem; color: var(--stonechat-color-text-muted); }
  .system { padding-block: var(--stonechat-space-3) 0; padding-inline: 15%; font-size: var(--stonechat-font-size-meta); line-height: 1.125rem; color: var(--stonechat-color-text-muted); text-align: center; text-wrap: balance; overflow-wrap: anywhere; }
  .system + .system { padding-block-start: 4px; }
  .system b, .system button { font-weight: var(--stonechat-weight-medium); color: var(--stonechat-color-text); }
  .system button { position: relative; padding: 3px 8px; border-radius: 9px; }
  .system button:hover { background: var(--stonechat-color-hover); }
  .system button::after { content: ""; position: absolute; inset: -10px; }
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
  @container (max-width: 560px) { .quick { display: none; } }
  @media (pointer: coarse), (max-width: 719px) {
    .quick { display: none; }
    .reaction { height: 30px; border-radius: 15px; padding: 0 10px; }
    .reaction::after { content: ""; position: absolute; inset: -7px 0; }
  }
  @media (forced-colors: active) { .reaction { border: 1px solid CanvasText; } }
`;

const around: CSSResult = css`
  .sticky { position: absolute; z-index: 1; inset-block-start: 8px; inset-inline: 0; display: grid; justify-items: center; pointer-events: none; opacity: 0; transition: opacity var(--stonechat-time-standard) var(--stonechat-ease-in); }
  .sticky.shown { opacity: 1; }
  .sticky span { padding: 4px 12px; border-radius: var(--stonechat-radius-full); background: color-mix(in oklab, var(--stonechat-color-canvas) 82%, transparent); backdrop-filter: blur(8px); font-size: var(--stonechat-font-size-meta); line-height: 1rem; font-weight: var(--stonechat-weight-strong); color: var(--stonechat-color-text-muted); box-shadow: var(--stonechat-shadow-bubble); }
  .jumps { position: absolute; z-index: 1; inset-block-end: calc(var(--stonechat-space-3) + var(--stonechat-timeline-foot, 0px)); inset-inline-end: var(--stonechat-space-5); display: grid; gap: 16px; }
  .jump { position: relative; display: grid; place-items: center; width: 40px; height: 40px; border-radius: 50%; background: var(--stonechat-color-raised); box-shadow: var(--stonechat-shadow-1); color: var(--stonechat-color-icon); }
  .jump:hover { color: var(--stonechat-color-text); }
  .jump .badge { position: absolute; inset-block-start: -11px; inset-inline: -10px; width: fit-content; margin-inline: auto; }
  .loading { position: absolute; z-index: 1; inset-block-start: 10px; inset-inline: 0; display: grid; justify-items: center; color: var(--stonechat-color-text-muted); pointer-events: none; animation: appear 1ms 300ms both; }
  @keyframes appear { from { opacity: 0; } }
  .note { padding-block: var(--stonechat-space-4) 0; text-align: center; font-size: var(--stonechat-font-size-meta); line-height: 1rem; color: var(--stonechat-color-text-muted); }
  @media (max-width: 719px) { .jumps { inset-inline-end: 12px; } }
`;

export const styles: CSSResultGroup = [badges, around, lines, scripts];

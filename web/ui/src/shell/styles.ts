/** The frame of the whole: rail, list, conversation, details. */

import { css, type CSSResult } from "lit";

export const shell: CSSResult = css`
  :host { display: grid; height: 100%; min-height: 0; position: relative; overflow: hidden; background: var(--stonechat-color-canvas); grid-template-columns: max(var(--stonechat-size-rail), 3.875rem) var(--list, var(--stonechat-size-list)) minmax(0, 1fr); grid-template-rows: minmax(0, 1fr); }
  :host([panes="two"]) { --list: 304px !important; }
  :host([panes="one"]) { grid-template-columns: minmax(0, 1fr); grid-template-rows: minmax(0, 1fr) auto; }
  .list { display: flex; flex-direction: column; min-width: 0; min-height: 0; border-inline-end: 1px solid var(--stonechat-color-line); position: relative; }
  .list > * { flex: 1; }
  .main { display: flex; flex-direction: column; min-width: 0; min-height: 0; position: relative; background: var(--stonechat-color-canvas); }
  .main > :not(stonechat-connection) { flex: 1; min-height: 0; }
  :host([panes="one"]) .list { border: 0; }
  :host([panes="one"]) :is(.list, .main, .details, .wide) { grid-column: 1; grid-row: 1; }
  :host([panes="one"]) .main { grid-row: 1 / -1; z-index: 1; }
  .rail { display: flex; flex-direction: column; align-items: center; gap: var(--stonechat-space-1); padding: 14px 0 var(--stonechat-space-3); background: var(--stonechat-color-sunken); border-inline-end: 1px solid var(--stonechat-color-line); overflow: hidden; }
  .mark { width: 32px; height: 32px; margin-block-end: 14px; }
  .mark .breast { fill: var(--stonechat-color-accent); }
  .mark .head { fill: var(--stonechat-color-mark-head); stroke: var(--stonechat-color-sunken); stroke-width: 2.2; paint-order: stroke; }
  .spacer { flex: 1; }
  .rail-item { position: relative; display: grid; justify-items: center; align-content: center; gap: 2px; width: max(56px, 3.5rem); min-height: 50px; padding-block: 4px; border-radius: 12px; color: var(--stonechat-color-icon); font-size: var(--stonechat-font-size-micro); line-height: var(--stonechat-line-micro); font-weight: var(--stonechat-weight-medium); text-align: center; }
  .rail-item .icon { width: 22px; height: 22px; }
  .rail-item:hover { background: var(--stonechat-color-hover); }
  .rail-item:focus-visible { outline-offset: -2px; }
  .rail-item[aria-current] { background: var(--stonechat-color-surface); color: var(--stonechat-color-text); box-shadow: var(--stonechat-shadow-bubble); }
  .rail-item > [aria-hidden]:not(svg), .tab > [aria-hidden]:not(svg) { display: contents; }
  .rail-item .badge { position: absolute; inset-block-start: 0; inset-inline-start: 31px; box-shadow: 0 0 0 2px var(--stonechat-color-sunken); min-width: 16px; height: 16px; padding: 0 4px; font-size: 0.625rem; line-height: 16px; }
  .rail-item[aria-current] .badge { box-shadow: 0 0 0 2px var(--stonechat-color-surface); }
  .rail stonechat-avatar { --size: 34px; --ring: var(--stonechat-color-sunken); }
  .tabs { display: grid; grid-auto-flow: column; grid-auto-columns: 1fr; min-height: 62px; padding-block-end: calc(4px + env(safe-area-inset-bottom)); background: var(--stonechat-color-surface); border-block-start: 1px solid var(--stonechat-color-line); }
  .tab { position: relative; display: grid; justify-items: center; align-content: center; gap: 2px; color: var(--stonechat-color-text-muted); font-size: var(--stonechat-font-size-micro); line-height: var(--stonechat-line-micro); font-weight: var(--stonechat-weight-medium); }
  .tab .icon { width: 24px; height: 24px; }
  .tab:focus-visible { outline-offset: -2px; }
  .tab[aria-current] { color: var(--stonechat-color-text); font-weight: var(--stonechat-weight-strong); }
  .tab .badge { position: absolute; inset-block-start: 5px; inset-inline-start: calc(50% + 8px); min-width: 18px; height: 18px; padding: 0 5px; line-height: 18px; box-shadow: 0 0 0 2px var(--stonechat-color-surface); }
  .grip { position: absolute; inset-block: 0; inset-inline-end: -4px; width: 8px; cursor: col-resize; z-index: 2; touch-action: none; }
  .grip:hover, .grip:focus-visible { background: linear-gradient(var(--stonechat-color-line-strong), var(--stonechat-color-line-strong)) center / 2px 100% no-repeat; outline: none; }
  .over { inset-block-end: 76px; }
  /* The newest message is not under it. */
  .main:has(> .over[shown]) > stonechat-conversation { --stonechat-timeline-foot: 60px; }
`;

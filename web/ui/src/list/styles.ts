/** The looks of rows, shared by the list, search and the first visit. */

import { css, type CSSResult } from "lit";

export const rows: CSSResult = css`
  .row { position: relative; display: grid; grid-template-columns: auto minmax(0, 1fr); column-gap: var(--stonechat-space-3); align-items: center; width: 100%; height: max(var(--stonechat-size-row), calc(2.625rem + 14px)); padding-inline: var(--stonechat-space-3); border-radius: var(--stonechat-radius-m); text-decoration: none; color: inherit; user-select: none; -webkit-touch-callout: none; touch-action: pan-y; }
  .row stonechat-avatar { --size: var(--stonechat-size-row-avatar); }
  @media (hover: hover) { .row:hover { background: var(--stonechat-color-hover); --ring: color-mix(in oklab, var(--stonechat-color-surface), var(--stonechat-color-text) 4%); } }
  .row:active { background: var(--stonechat-color-pressed); }
  .row[aria-current], .row[aria-selected="true"] { background: var(--stonechat-color-selected); --ring: var(--stonechat-color-selected); }
  .row:focus-visible { outline-offset: -2px; }
  .row-lines { display: grid; gap: 2px; min-width: 0; }
  .row-line { display: flex; align-items: center; gap: 6px; min-width: 0; }
  .row-name { font-size: var(--stonechat-font-size-body); line-height: 1.375rem; font-weight: var(--stonechat-weight-medium); }
  .row-place { flex: 1 1 0; font-size: var(--stonechat-font-size-meta); color: var(--stonechat-color-text-muted); }
  .row-flags { display: flex; align-items: center; gap: 4px; color: var(--stonechat-color-text-muted); flex: none; }
  .row-time { display: inline-flex; align-items: center; gap: 4px; margin-inline-start: auto; padding-inline-start: 6px; font-size: var(--stonechat-font-size-meta); line-height: 1rem; color: var(--stonechat-color-text-muted); font-variant-numeric: tabular-nums; white-space: nowrap; flex: none; }
  .row-preview { flex: 1; font-size: var(--stonechat-font-size-small); line-height: 1.25rem; color: var(--stonechat-color-text-muted); }
  .row-preview .who { color: var(--stonechat-color-text); }
  .row-preview .draft { color: var(--stonechat-color-accent-text); font-weight: var(--stonechat-weight-medium); }
  .row-preview .failed { color: var(--stonechat-color-danger-text); font-weight: var(--stonechat-weight-medium); }
  .row .row-preview.typing { color: var(--stonechat-color-accent-text); }
  .row.unread .row-name { font-weight: var(--stonechat-weight-strong); }
  .row.unread .row-preview:not(.typing) { color: var(--stonechat-color-text); }
  .row.unread:not(.is-muted) .row-time { color: var(--stonechat-color-accent-text); font-weight: var(--stonechat-weight-medium); }
  .row-end { display: flex; align-items: center; gap: 4px; min-height: 20px; color: var(--stonechat-color-text-muted); margin-inline-start: auto; flex: none; }
  .row-end .failed { color: var(--stonechat-color-danger-text); }
  .row-end .link-button { font-size: var(--stonechat-font-size-small); line-height: 1.25rem; }
  @media (max-width: 719px) {
    .row { border-radius: 0; padding-inline: var(--stonechat-space-4); }
    .row::after { content: ""; position: absolute; inset-block-end: 0; inset-inline: 80px 0; height: 1px; background: var(--stonechat-color-line); opacity: 0.7; }
    .row-preview { line-height: 1.3125rem; }
  }
  @media (forced-colors: active) { .row[aria-current] { outline: 2px solid Highlight; outline-offset: -2px; } }
`;

export const list: CSSResult = css`
  :host { display: flex; flex-direction: column; min-width: 0; min-height: 0; height: 100%; position: relative; background: var(--stonechat-color-surface); }
  .search { position: relative; cursor: text; }
  .search kbd { margin-inline-start: auto; }
  .within { max-width: 45%; padding: 2px 8px; border-radius: 6px; background: var(--stonechat-color-control); color: var(--stonechat-color-text); font-size: var(--stonechat-font-size-meta); line-height: 1rem; order: -1; }
  .folders { display: flex; gap: 2px; margin-inline: -14px; padding-inline: 8px 14px; scroll-padding-inline: 16px; overflow: auto hidden; scrollbar-width: none; overscroll-behavior: contain; mask-image: linear-gradient(to right, transparent, #000 10px, #000 calc(100% - 10px), transparent); }
  .folders::-webkit-scrollbar { display: none; }
  .folder { position: relative; display: inline-flex; align-items: center; gap: 6px; min-height: max(30px, 1.875rem); padding: 0 10px; border-radius: 15px; font-size: var(--stonechat-font-size-small); line-height: 1.125rem; font-weight: var(--stonechat-weight-medium); color: var(--stonechat-color-text-muted); white-space: nowrap; flex: none; user-select: none; }
  @media (hover: hover) { .folder:hover { background: var(--stonechat-color-hover); } }
  .folder:focus-visible { outline-offset: -2px; }
  .folder .count { font-size: var(--stonechat-font-size-micro); font-weight: var(--stonechat-weight-strong); color: var(--stonechat-color-accent-text); font-variant-numeric: tabular-nums; }
  .folder[aria-selected="true"] { background: var(--stonechat-color-selected); color: var(--stonechat-color-text); }
  .scroller { flex: 1; min-height: 0; padding: var(--stonechat-space-1) var(--stonechat-space-2) var(--stonechat-space-2); position: relative; }
  .window { position: relative; }
  .probe { position: absolute; visibility: hidden; width: 0; height: max(var(--stonechat-size-row), calc(2.625rem + 14px)); }
  .window > li { position: absolute; inset-inline: 0; contain: layout style; }
  .swipe { position: absolute; inset: 0; display: flex; align-items: center; justify-content: space-between; padding-inline: 20px; font-size: var(--stonechat-font-size-small); font-weight: var(--stonechat-weight-medium); background: var(--stonechat-color-sunken); color: var(--stonechat-color-text); }
  .swipe span { display: inline-flex; align-items: center; gap: 8px; }
  .swiped > .row { background: var(--stonechat-color-surface); }
  @media (max-width: 719px) {
    .scroller { padding-inline: 0; }
    .rows-note { padding-inline: var(--stonechat-space-4); }
    .search kbd { display: none; }
    .folder { min-height: 34px; border-radius: 17px; padding: 0 12px; }
    .folder::after { content: ""; position: absolute; inset: -5px 0; }
  }
`;

/** Styles that components share. Each is one sheet, adopted by all that name it. Logical properties only. */

import { css, type CSSResult } from "lit";

/** For every component: what browsers disagree about, icons, focus, text helpers, the script of the user's own texts. */
export const base: CSSResult = css`
  *, *::before, *::after { box-sizing: border-box; }
  :host { color: var(--stonechat-color-text); font-family: var(--stonechat-font); font-synthesis: none; -webkit-tap-highlight-color: transparent; }
  :host([hidden]), [hidden] { display: none !important; }
  ol, ul, p, h1, h2, h3, blockquote, dl, dd, figure, fieldset { margin: 0; padding: 0; border: 0; }
  ol, ul { list-style: none; }
  /* Gecko and WebKit fix it to the side of the list, whatever the direction of what is inside. */
  li { text-align: inherit; }
  button, input, textarea, select { font: inherit; color: inherit; letter-spacing: inherit; margin: 0; }
  button { border: 0; background: none; padding: 0; cursor: pointer; text-align: start; }
  a { color: var(--stonechat-color-accent-text); text-decoration-thickness: 1px; text-underline-offset: 2.5px; text-decoration-color: color-mix(in oklch, currentColor 45%, transparent); }
  svg { display: block; flex: none; }
  bdi { unicode-bidi: isolate; }
  .icon { width: 20px; height: 20px; fill: none; stroke: currentColor; stroke-width: 1.6; stroke-linecap: round; stroke-linejoin: round; }
  .icon.s { width: 16px; height: 16px; stroke-width: 1.9; }
  .icon.xs { width: 14px; height: 14px; stroke-width: 2; }
  .mirror:dir(rtl) { transform: scaleX(-1); }
  .ticks { width: 17px; height: 12px; fill: none; stroke: currentColor; stroke-width: 1.5; stroke-linecap: round; stroke-linejoin: round; }
  .ticks.read { color: var(--stonechat-color-accent-text); stroke-width: 1.9; }
  .muted { color: var(--stonechat-color-text-muted); }
  .num { font-variant-numeric: tabular-nums; }
  .sr { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
  .clip { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; min-width: 0; }
  :focus { outline: none; }
  :focus-visible { outline: 2px solid var(--stonechat-color-focus); outline-offset: 2px; }
  ::selection { background: var(--stonechat-color-highlight); }
  mark { background: var(--stonechat-color-highlight); color: var(--stonechat-color-text); border-radius: 3px; box-shadow: 0 0 0 1px var(--stonechat-color-highlight); }
  .m1 { --bg: var(--stonechat-color-mineral-1); --ink: var(--stonechat-color-mineral-ink-1); }
  .m2 { --bg: var(--stonechat-color-mineral-2); --ink: var(--stonechat-color-mineral-ink-2); }
  .m3 { --bg: var(--stonechat-color-mineral-3); --ink: var(--stonechat-color-mineral-ink-3); }
  .m4 { --bg: var(--stonechat-color-mineral-4); --ink: var(--stonechat-color-mineral-ink-4); }
  .m5 { --bg: var(--stonechat-color-mineral-5); --ink: var(--stonechat-color-mineral-ink-5); }
  .m6 { --bg: var(--stonechat-color-mineral-6); --ink: var(--stonechat-color-mineral-ink-6); }
  .m7 { --bg: var(--stonechat-color-mineral-7); --ink: var(--stonechat-color-mineral-ink-7); }
  .m8 { --bg: var(--stonechat-color-mineral-8); --ink: var(--stonechat-color-mineral-ink-8); }
  .pebbles { display: inline-flex; align-items: center; gap: 1px; flex: none; }
  .pebbles i { width: 7px; height: 6px; border-radius: 50% 50% 46% 54% / 58% 54% 46% 42%; background: currentColor; animation: tap 1.1s var(--stonechat-ease-out) infinite alternate; }
  .pebbles i + i { width: 6px; height: 5px; opacity: 0.62; animation-direction: alternate-reverse; }
  @keyframes tap { from { transform: translateX(0); } to { transform: translateX(1px) rotate(-14deg); } }
  @media (prefers-reduced-motion: reduce) { .pebbles i { animation: none; } }
`;

/** A component that is a surface of its own, and not part of a line. */
export const surface: CSSResult = css`
  :host { font-weight: var(--stonechat-weight-regular); font-size: var(--stonechat-font-size-body); line-height: var(--stonechat-line-body); -webkit-font-smoothing: antialiased; text-rendering: optimizeLegibility; }
`;

/** `.icon-button`, `.link-button`, `kbd`; `.button` is among the controls, which come later. */
export const buttons: CSSResult = css`
  .icon-button { position: relative; display: grid; place-items: center; width: var(--stonechat-size-control); height: var(--stonechat-size-control); border-radius: var(--stonechat-radius-m); color: var(--stonechat-color-icon); flex: none; }
  .icon-button:hover { background: var(--stonechat-color-hover); }
  .icon-button:active { background: var(--stonechat-color-pressed); }
  .icon-button[aria-pressed="true"], .icon-button[aria-expanded="true"] { background: var(--stonechat-color-selected); color: var(--stonechat-color-text); }
  .link-button { position: relative; color: var(--stonechat-color-accent-text); font-weight: var(--stonechat-weight-medium); border-radius: 4px; }
  .link-button:hover { text-decoration: underline; text-decoration-thickness: 1px; text-underline-offset: 2.5px; }
  .link-button.danger { color: var(--stonechat-color-danger-text); }
  kbd { font: var(--stonechat-weight-medium) var(--stonechat-font-size-micro) / 1rem var(--stonechat-font); color: var(--stonechat-color-text-muted); padding: 1px 5px; border-radius: 5px; box-shadow: inset 0 0 0 1px var(--stonechat-color-line); background: var(--stonechat-color-surface); white-space: nowrap; }
  /* A small thing is at least 44 px for a finger: its hit area grows, it does not. */
  @media (pointer: coarse) {
    .link-button::after { content: ""; position: absolute; inset: 50% 0 auto; height: 44px; transform: translateY(-50%); }
  }
  @media (forced-colors: active) { .icon-button { border: 1px solid ButtonText; } }
`;

/** `.search` round an `input`. */
export const search: CSSResult = css`
  .search { display: flex; align-items: center; gap: 8px; min-height: 36px; padding: 0 10px; border-radius: var(--stonechat-radius-m); background: var(--stonechat-color-sunken); color: var(--stonechat-color-text-muted); font-size: 0.875rem; line-height: 1.25rem; }
  .search:focus-within { box-shadow: inset 0 0 0 2px var(--stonechat-color-focus); }
  .search .clear { display: grid; place-items: center; width: 24px; height: 24px; border-radius: 8px; margin-inline-end: -4px; }
  .search input { flex: 1; min-width: 0; width: 100%; border: 0; padding: 0; background: none; outline: none; line-height: 1.25rem; color: var(--stonechat-color-text); }
  .search input::-webkit-search-cancel-button { display: none; }
  ::placeholder { color: var(--stonechat-color-text-muted); opacity: 1; }
  input { caret-color: var(--stonechat-color-accent); }
  @media (pointer: coarse), (max-width: 719px) { .search { min-height: 40px; font-size: 1rem; } }
`;

/** `.badge` with `quiet`, `at`, `dot`; `.tag`. */
export const badges: CSSResult = css`
  .badge { display: inline-block; min-width: 20px; height: 20px; padding: 0 6px; border-radius: 10px; background: var(--stonechat-color-accent); color: var(--stonechat-color-on-accent); font-size: var(--stonechat-font-size-micro); line-height: 20px; font-weight: var(--stonechat-weight-strong); font-variant-numeric: tabular-nums; text-align: center; white-space: nowrap; flex: none; }
  .badge.quiet { background: var(--stonechat-color-badge-quiet); color: var(--stonechat-color-on-badge-quiet); }
  .badge.at { padding: 0; width: 20px; display: grid; place-items: center; }
  .badge.dot { min-width: 10px; width: 10px; height: 10px; padding: 0; }
  .tag { font-size: var(--stonechat-font-size-micro); line-height: 1rem; font-weight: var(--stonechat-weight-medium); color: var(--stonechat-color-text-muted); padding: 1px 6px; border-radius: 5px; background: var(--stonechat-color-sunken); white-space: nowrap; flex: none; }
  @media (forced-colors: active) { .badge { border: 1px solid CanvasText; } }
`;

/** `.scroller`: scrolls, with a thin bar in the colours of the kit. */
export const scrollbars: CSSResult = css`
  .scroller { overflow: hidden auto; overscroll-behavior: contain; scrollbar-width: thin; scrollbar-color: color-mix(in oklab, var(--stonechat-color-line-strong) 55%, transparent) transparent; }
`;

/** `.skeleton`: where something will be. */
export const skeletons: CSSResult = css`
  .skeleton { background: var(--stonechat-color-skeleton); border-radius: 8px; }
  .skeleton.round { border-radius: 50%; }
`;

/** `.pane-header` of list, contacts, details; `.rows-note` between rows. */
export const panes: CSSResult = css`
  .pane-header { display: flex; align-items: center; gap: var(--stonechat-space-1); min-height: var(--stonechat-size-header); padding-inline: var(--stonechat-space-5) var(--stonechat-space-3); flex: none; }
  .pane-header :is(h1, h2) { flex: 1; min-width: 0; font-size: var(--stonechat-font-size-heading); line-height: var(--stonechat-line-heading); font-weight: var(--stonechat-weight-strong); letter-spacing: -0.012em; }
  .pane-header :is(h1, h2):lang(zh), .pane-header :is(h1, h2):lang(ar) { letter-spacing: 0; }
  .list-tools { padding: 0 var(--stonechat-space-4) var(--stonechat-space-2); display: grid; gap: 10px; flex: none; }
  .rows-note { padding: var(--stonechat-space-3) var(--stonechat-space-3) var(--stonechat-space-1); font-size: var(--stonechat-font-size-meta); line-height: 1rem; font-weight: var(--stonechat-weight-strong); color: var(--stonechat-color-text-muted); }
  @media (max-width: 719px) {
    .pane-header { padding-inline: var(--stonechat-space-4) var(--stonechat-space-2); }
    .pane-header h1 { font-size: 1.5rem; line-height: 2rem; }
  }
`;

/** Where the layout is one pane and menus are sheets. */
export const PHONE = "(max-width: 719px)";

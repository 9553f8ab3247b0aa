/** What the panels share beyond the base: plates, rows of settings, sections, identities. */

import { css, type CSSResult } from "lit";

export const panelStyles: CSSResult = css`
  :host { display: flex; flex-direction: column; min-width: 0; min-height: 0; background: var(--stonechat-color-surface); }
  .scroller { flex: 1; min-height: 0; }
  .pane-header { gap: 2px; padding-inline: var(--stonechat-space-4) var(--stonechat-space-2); border-block-end: 1px solid var(--stonechat-color-line); }
  .pane-header h2 { font-size: var(--stonechat-font-size-body); line-height: var(--stonechat-line-body); font-weight: var(--stonechat-weight-strong); letter-spacing: 0; }
  .pane-header .back { margin-inline-start: -10px; margin-inline-end: 4px; }
  h2[tabindex]:focus-visible { outline: none; }

  .identity { display: grid; justify-items: center; text-align: center; padding: var(--stonechat-space-6) var(--stonechat-space-5) var(--stonechat-space-5); }
  .identity stonechat-avatar { --size: 80px; margin-block-end: var(--stonechat-space-3); }
  .identity :is(h2, h3) { max-width: 100%; overflow-wrap: anywhere; font-size: var(--stonechat-font-size-title); line-height: var(--stonechat-line-title); font-weight: var(--stonechat-weight-strong); }
  .identity p { max-width: 100%; overflow-wrap: anywhere; white-space: pre-line; font-size: var(--stonechat-font-size-small); line-height: 1.1875rem; color: var(--stonechat-color-text-muted); margin-block-start: 2px; text-wrap: balance; }
  .identity p.about { margin-block-start: 8px; }
  .identity-actions { display: flex; flex-wrap: wrap; justify-content: center; gap: 8px; margin-block-start: var(--stonechat-space-4); }
  .tile-button { display: grid; justify-items: center; align-content: center; gap: 3px; min-width: 84px; min-height: 54px; padding: 4px 10px; border-radius: 12px; background: var(--stonechat-color-canvas); font-size: var(--stonechat-font-size-meta); line-height: 1rem; font-weight: var(--stonechat-weight-medium); color: var(--stonechat-color-text); }
  .tile-button:hover { background-image: linear-gradient(var(--stonechat-color-hover), var(--stonechat-color-hover)); }
  .tile-button:active { background-image: linear-gradient(var(--stonechat-color-pressed), var(--stonechat-color-pressed)); }
  .tile-button .icon { color: var(--stonechat-color-icon); }

  .section { border-block-start: 1px solid var(--stonechat-color-line); padding: var(--stonechat-space-2); }
  .section-title { display: flex; align-items: center; gap: 8px; padding: 6px 10px 4px; font-size: var(--stonechat-font-size-meta); line-height: 1.25rem; font-weight: var(--stonechat-weight-strong); color: var(--stonechat-color-text-muted); }
  .section-title :is(h3, h4) { font: inherit; }
  .section-title .link-button { margin-inline-start: auto; font-size: var(--stonechat-font-size-meta); }
  .section .search { margin: 4px 8px 8px; }

  .member .sub::first-letter { text-transform: uppercase; }
  .setting { display: flex; align-items: center; gap: 12px; width: 100%; min-height: 44px; padding: 8px var(--inset, 10px); font-size: 0.875rem; line-height: 1.25rem; border-radius: var(--stonechat-radius-m); text-align: start; color: inherit; text-decoration: none; }
  .setting > .icon { color: var(--stonechat-color-icon); }
  .setting .label { flex: 1; min-width: 0; overflow-wrap: anywhere; }
  .address { display: block; }
  .setting .hint { display: block; font-weight: var(--stonechat-weight-regular); text-wrap: pretty; font-size: var(--stonechat-font-size-small); line-height: var(--stonechat-line-small); color: var(--stonechat-color-text-muted); }
  .setting .hint[dir] { text-align: match-parent; }
  .setting .hint.one { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
  .setting .value { color: var(--stonechat-color-text-muted); display: inline-flex; align-items: center; gap: 4px; flex: none; max-width: 60%; }
  :is(button, a, label).setting { cursor: pointer; }
  :is(button, a).setting:hover { background: var(--stonechat-color-hover); }
  :is(button, a).setting:active { background: var(--stonechat-color-pressed); }
  .setting:focus-visible { outline-offset: -2px; }
  .setting.danger .label, .setting.danger > .icon { color: var(--stonechat-color-danger-text); }
  .setting.act .label { color: var(--stonechat-color-accent-text); font-weight: var(--stonechat-weight-medium); }
  .setting.danger .label { font-weight: var(--stonechat-weight-medium); }

  .page { flex: 1; min-height: 0; background: var(--stonechat-color-canvas); }
  .page-column { display: grid; gap: 28px; grid-template-columns: minmax(0, 1fr); max-width: 664px; margin-inline: auto; padding: 34px 32px; }
  .page-head { display: flex; align-items: center; gap: 16px; }
  .page-head > :is(div, hgroup) { flex: 1; min-width: 0; }
  .page-head stonechat-avatar { --size: 56px; }
  .page-column h2 { font-size: var(--stonechat-font-size-heading); line-height: var(--stonechat-line-heading); font-weight: var(--stonechat-weight-strong); letter-spacing: -0.012em; }
  .page-column h2:lang(zh), .page-column h2:lang(ar) { letter-spacing: 0; }
  .page-column h3 { font-size: var(--stonechat-font-size-small); line-height: 1.25rem; font-weight: var(--stonechat-weight-strong); color: var(--stonechat-color-text-muted); margin: 0 4px 8px; }
  .plate { --inset: 16px; background: var(--stonechat-color-surface); border-radius: var(--stonechat-radius-l); box-shadow: 0 0 0 1px var(--stonechat-color-line); overflow: clip; }
  .plate .setting { flex-wrap: wrap; row-gap: 8px; padding: 11px 16px; min-height: 52px; border-radius: 0; }
  .plate button.setting { flex-wrap: nowrap; }
  .plate .setting .label { flex: 1 1 150px; }
  .plate > * + * { border-block-start: 1px solid var(--stonechat-color-line); }
  .plate-note { text-wrap: pretty; margin: 8px 4px 0; font-size: var(--stonechat-font-size-small); line-height: 1.1875rem; color: var(--stonechat-color-text-muted); }
  .note { padding: 10px 12px; font-size: var(--stonechat-font-size-small); line-height: 1.1875rem; color: var(--stonechat-color-text-muted); text-wrap: pretty; }
  .plate .note { padding: 14px 16px; }
  .nothing { display: grid; place-content: center; justify-items: center; gap: 8px; min-height: 160px; padding: 24px; text-align: center; text-wrap: balance; color: var(--stonechat-color-text-muted); font-size: 0.875rem; line-height: 1.25rem; }
  .nothing > .icon { width: 24px; height: 24px; }
  .foot { padding: 12px 16px calc(12px + env(safe-area-inset-bottom)); border-block-start: 1px solid var(--stonechat-color-line); display: flex; gap: 8px; }
  .foot .button { flex: 1; }

  .choices { display: grid; margin-block-start: 8px; color: var(--stonechat-color-text); }
  .choice { display: flex; align-items: center; gap: 12px; min-height: 40px; cursor: pointer; }
  .choice .hint { display: block; font-size: var(--stonechat-font-size-small); line-height: var(--stonechat-line-small); color: var(--stonechat-color-text-muted); }
  .form { display: grid; gap: 14px; margin-block-start: 10px; color: var(--stonechat-color-text); }
  .form textarea { min-height: 72px; field-sizing: content; max-height: 240px; }
  .message { display: grid; gap: 2px; width: 100%; padding: 8px 10px; border-radius: var(--stonechat-radius-m); text-align: start; }
  .message:hover { background: var(--stonechat-color-hover); }
  .message .who { display: flex; gap: 8px; align-items: baseline; min-width: 0; font-size: var(--stonechat-font-size-small); line-height: var(--stonechat-line-small); font-weight: var(--stonechat-weight-medium); }
  .message time { margin-inline-start: auto; flex: none; font-size: var(--stonechat-font-size-meta); font-weight: var(--stonechat-weight-regular); color: var(--stonechat-color-text-muted); }
  .message .says { display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 3; line-clamp: 3; overflow: hidden; overflow-wrap: anywhere; font-size: 0.875rem; line-height: 1.3125rem; color: var(--stonechat-color-text-muted); }

  @media (max-width: 1099px) { .page-column { padding-inline: 20px; } }
  @media (max-width: 719px) { .page-column { padding: 16px 12px 32px; gap: 22px; } .tile-button { min-height: 58px; } }
  @media (forced-colors: active) { .plate, .tile-button { border: 1px solid CanvasText; } }
`;

/** A member and the menu beside it. */
export const memberRows: CSSResult = css`
  .member-row { position: relative; display: flex; align-items: center; }
  .member-row .member { flex: 1; min-width: 0; }
  .member-row > .icon-button { position: absolute; inset-inline-end: 6px; background: var(--stonechat-color-surface); opacity: 0; }
  .member-row:is(:hover, :focus-within) > .icon-button { opacity: 1; }
  .member-row:is(:hover, :focus-within) .tag { visibility: hidden; }
  .member-row > .icon-button:hover { background: color-mix(in oklab, var(--stonechat-color-surface), var(--stonechat-color-text) 5%); }
  .you { color: var(--stonechat-color-text-muted); font-weight: var(--stonechat-weight-regular); }
  @media (hover: none) { .member-row > .icon-button { position: static; opacity: 1; } .member-row:is(:hover, :focus-within) .tag { visibility: visible; } }
`;

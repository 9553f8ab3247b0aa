import { css, type CSSResult } from "lit";

/** Of what is beside the list and an open conversation. */
export const sides: CSSResult = css`
  :host([panes="three"][details]) { grid-template-columns: max(var(--stonechat-size-rail), 3.875rem) var(--list, var(--stonechat-size-list)) minmax(0, 1fr) var(--stonechat-size-details); }
  .wide { grid-column: 2 / -1; min-width: 0; min-height: 0; display: grid; }
  .details:focus { outline: none; }
  .details { display: flex; flex-direction: column; min-width: 0; min-height: 0; background: var(--stonechat-color-surface); }
  .details > * { flex: 1; min-height: 0; }
  :host([panes="two"]) .details { position: absolute; inset-block: 0; inset-inline-end: 0; width: var(--stonechat-size-details); box-shadow: var(--stonechat-shadow-3); z-index: 3; transition: transform var(--stonechat-time-gentle) var(--stonechat-ease-out); }
  @starting-style { :host([panes="two"]) .details { transform: translateX(24px); } }
  :host([panes="one"]) .details { grid-row: 1 / -1; z-index: 2; }
  .card { overflow: auto; display: grid; place-items: center; padding: 32px; }
  .plate { width: min(400px, 100%); background: var(--stonechat-color-surface); border-radius: var(--stonechat-radius-l); box-shadow: 0 0 0 1px var(--stonechat-color-line); overflow: hidden; }
  .card-back { position: absolute; inset-block-start: 8px; inset-inline-start: 8px; }
  .empty { display: grid; place-content: center; justify-items: center; text-align: center; padding: 32px; overflow: auto; }
  .empty .perch { width: 168px; height: 126px; overflow: visible; margin-block-end: 14px; }
  .perch .disc { fill: light-dark(oklch(0.93 0.02 74), oklch(0.47 0.022 62)); }
  .empty h2 { font-size: var(--stonechat-font-size-heading); line-height: var(--stonechat-line-heading); font-weight: var(--stonechat-weight-strong); letter-spacing: -0.012em; }
  .empty h2:lang(zh) { letter-spacing: 0; }
  .empty > p { color: var(--stonechat-color-text-muted); max-width: 26rem; margin-block-start: 6px; text-wrap: balance; }
  .empty .buttons { justify-content: center; margin-block-start: 20px; }
  .keys { display: grid; grid-template-columns: auto auto; gap: 8px 14px; align-items: center; justify-items: start; margin-block-start: 36px; font-size: var(--stonechat-font-size-small); line-height: 1.25rem; color: var(--stonechat-color-text-muted); text-align: start; }
  .keys dt { justify-self: end; display: flex; gap: 4px; }
  @media (pointer: coarse) { .keys { display: none; } }
`;

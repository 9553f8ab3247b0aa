import { css, type CSSResult } from "lit";

export const composer: CSSResult = css`
  :host { display: block; width: 100%; max-width: var(--stonechat-size-column); margin-inline: auto; padding: var(--stonechat-space-1) var(--stonechat-space-5) var(--stonechat-space-5); flex: none; position: relative; }
  .composer { border-radius: 22px; background: var(--stonechat-color-surface); box-shadow: var(--stonechat-shadow-1); overflow: clip; }
  .composer:focus-within { box-shadow: 0 0 0 1px var(--stonechat-color-line-strong), var(--stonechat-shadow-1); }
  .composer-line { display: flex; align-items: flex-end; padding: 4px; }
  .composer-line .icon-button { width: 38px; height: 38px; border-radius: 19px; }
  textarea { flex: 1; min-width: 0; display: block; width: 100%; padding: 8px 4px; min-height: 38px; max-height: calc(8 * var(--stonechat-line-body) + 16px); border: 0; outline: none; background: none; resize: none; overflow-y: auto; field-sizing: content; font-family: var(--stonechat-font); line-height: var(--stonechat-line-body); caret-color: var(--stonechat-color-accent); scrollbar-width: thin; }
  textarea:focus-visible { outline: none; }
  textarea::placeholder { color: var(--stonechat-color-text-muted); opacity: 1; }
  .send { position: relative; display: grid; place-items: center; width: 38px; height: 38px; border-radius: 50%; background: var(--stonechat-color-accent); color: var(--stonechat-color-on-accent); flex: none; }
  .send:hover { background: var(--stonechat-color-accent-hover); }
  .send:active { background: var(--stonechat-color-accent-pressed); }
  .send .icon { stroke-width: 2; }
  .send[aria-disabled="true"] { background: transparent; color: var(--stonechat-color-text-muted); cursor: default; }
  .banner { position: relative; display: flex; align-items: center; gap: 12px; padding-block: 8px 6px; padding-inline: 16px 8px; font-size: var(--stonechat-font-size-small); line-height: 1.125rem; border-block-end: 1px solid var(--stonechat-color-line); }
  .banner > .icon { color: var(--stonechat-color-accent-text); }
  .what { flex: 1; min-width: 0; padding-inline-start: 10px; position: relative; }
  .what::before { content: ""; position: absolute; inset-block: 1px; inset-inline-start: 0; width: 3px; border-radius: 2px; background: var(--ink, var(--stonechat-color-accent)); }
  .what b { display: block; font-weight: var(--stonechat-weight-strong); color: var(--ink, var(--stonechat-color-accent-text)); }
  .what .clip { display: block; }
  .banner .icon-button { width: 32px; height: 32px; }
  .closed { display: flex; flex-wrap: wrap; align-items: center; justify-content: center; gap: 4px 8px; min-height: 46px; padding: 8px 16px; border-radius: 22px; background: var(--stonechat-color-sunken); color: var(--stonechat-color-text-muted); font-size: 0.875rem; line-height: 1.25rem; text-align: center; overflow-wrap: anywhere; }
  .counter { align-self: end; line-height: 38px; font-size: var(--stonechat-font-size-meta); font-variant-numeric: tabular-nums; color: var(--stonechat-color-caution-text); padding-inline: 6px; }
  .counter.over { color: var(--stonechat-color-danger-text); font-weight: var(--stonechat-weight-strong); }
  .problem { display: flex; align-items: center; gap: 6px; padding: 0 16px 6px; font-size: var(--stonechat-font-size-small); line-height: 1.125rem; color: var(--stonechat-color-danger-text); }
  .picker { position: absolute; z-index: 4; inset-block-end: calc(100% - 2px); inset-inline-start: var(--stonechat-space-5); width: 300px; max-width: calc(100% - 2 * var(--stonechat-space-5)); padding: 6px; border-radius: var(--stonechat-radius-l); background: var(--stonechat-color-raised); box-shadow: var(--stonechat-shadow-2); }
  .pick { display: flex; align-items: center; gap: 10px; height: 42px; padding: 0 10px; border-radius: 9px; font-size: 0.875rem; line-height: 1.25rem; cursor: pointer; }
  .pick stonechat-avatar { --size: 28px; }
  .pick:is(.active, :hover) { background: var(--stonechat-color-hover); }
  .pick b { font-weight: var(--stonechat-weight-medium); }
  .pick .muted { font-size: var(--stonechat-font-size-small); flex: 1; }
  .pick kbd { margin-inline-start: auto; }
  @media (max-width: 719px) {
    :host { padding: 4px 8px calc(10px + env(safe-area-inset-bottom)); }
    .picker { inset-inline-start: 8px; max-width: calc(100% - 16px); }
  }
  @media (pointer: coarse), (max-width: 719px) {
    .composer-line .icon-button, .send { width: 40px; height: 40px; border-radius: 20px; }
    textarea { padding-block: 8px; min-height: 40px; }
    .pick { height: 44px; }
  }
  @media (pointer: coarse) {
    .send::after, .icon-button::after { content: ""; position: absolute; width: 44px; height: 44px; }
  }
  @media (forced-colors: active) { .composer, .picker { border: 1px solid CanvasText; } .pick.active { outline: 2px solid Highlight; } }
`;

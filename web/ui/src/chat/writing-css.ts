import { css, type CSSResult } from "lit";

/** Of what stands round the line of the composer at times. */
export const writing: CSSResult = css`
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
  @media (max-width: 719px) { .picker { inset-inline-start: 8px; max-width: calc(100% - 16px); } }
  @media (pointer: coarse), (max-width: 719px) { .pick { height: 44px; } }
  @media (forced-colors: active) { .picker { border: 1px solid CanvasText; } .pick.active { outline: 2px solid Highlight; } }
`;

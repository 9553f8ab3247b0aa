import { css, type CSSResult } from "lit";

/** Of what stands in the place of rows. */
export const notes: CSSResult = css`
  .note { padding: 24px 20px; font-size: var(--stonechat-font-size-small); line-height: var(--stonechat-line-small); color: var(--stonechat-color-text-muted); text-align: center; text-wrap: balance; }
  .note .button { margin-block-start: 12px; }
  .bones { height: max(var(--stonechat-size-row), calc(2.625rem + 14px)); display: grid; grid-template-columns: auto minmax(0, 1fr); column-gap: 12px; align-items: center; padding-inline: 12px; }
  .bones .round { width: var(--stonechat-size-row-avatar); height: var(--stonechat-size-row-avatar); }
  .bones > span:last-child { display: grid; gap: 9px; }
  .bones .name { width: 46%; height: 11px; }
  .bones .text { width: 82%; height: 10px; }
`;

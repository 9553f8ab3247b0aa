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
  @media (max-width: 719px) { :host { padding: 4px 8px calc(10px + env(safe-area-inset-bottom)); } }
  @media (pointer: coarse), (max-width: 719px) {
    .composer-line .icon-button, .send { width: 40px; height: 40px; border-radius: 20px; }
    textarea { padding-block: 8px; min-height: 40px; }
  }
  @media (pointer: coarse) { .send::after, .icon-button::after { content: ""; position: absolute; width: 44px; height: 44px; } }
  @media (forced-colors: active) { .composer { border: 1px solid CanvasText; } }
`;

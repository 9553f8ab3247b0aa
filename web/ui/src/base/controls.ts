/** Styles of what one presses and fills in: not needed before somebody does something. */

import { css, type CSSResult, type CSSResultGroup } from "lit";
import { buttons as iconButtons, search } from "./styles.ts";

/** `.button` with `primary`, `secondary`, `quiet`, `soft`, `small`, `danger`; `.buttons` in a row; `.icon-button`, `.link-button`, `kbd`. */
export const buttons: CSSResultGroup = [iconButtons, css`
  .button { position: relative; display: inline-flex; align-items: center; justify-content: center; gap: 6px; min-height: 36px; padding: 4px 14px; border-radius: var(--stonechat-radius-m); font-size: 0.875rem; line-height: 1.25rem; font-weight: var(--stonechat-weight-medium); text-decoration: none; }
  .button.primary { background: var(--stonechat-color-accent); color: var(--stonechat-color-on-accent); }
  .button.primary:hover { background: var(--stonechat-color-accent-hover); }
  .button.primary:active { background: var(--stonechat-color-accent-pressed); }
  .button.secondary { background: var(--stonechat-color-control); box-shadow: inset 0 0 0 1px var(--stonechat-color-rim), 0 1px 1px var(--stonechat-color-shadow-soft); color: inherit; }
  .button.quiet { color: var(--stonechat-color-accent-text); padding: 4px 10px; }
  .button.soft { background: var(--stonechat-color-accent-soft); color: var(--stonechat-color-accent-text); }
  .button.danger { background: var(--stonechat-color-danger); color: var(--stonechat-color-on-accent); }
  .button.quiet.danger { background: none; color: var(--stonechat-color-danger-text); }
  .button:is(.secondary, .quiet, .soft):hover { background-image: linear-gradient(var(--stonechat-color-hover), var(--stonechat-color-hover)); }
  .button:is(.secondary, .quiet, .soft):active { background-image: linear-gradient(var(--stonechat-color-pressed), var(--stonechat-color-pressed)); }
  .button.danger:not(.quiet):hover { background-image: linear-gradient(oklch(0 0 0 / 0.08), oklch(0 0 0 / 0.08)); }
  .button.small { min-height: 32px; padding: 2px 12px; font-size: var(--stonechat-font-size-small); }
  .button[disabled] { background: var(--stonechat-color-sunken); color: var(--stonechat-color-text-muted); box-shadow: none; cursor: default; }
  .buttons { display: flex; flex-wrap: wrap; justify-content: flex-end; gap: 8px; }
  @media (pointer: coarse) {
    .button { min-height: 44px; }
    .button.small { min-height: 36px; }
    .button.small::after { content: ""; position: absolute; inset: 50% 0 auto; height: 44px; transform: translateY(-50%); }
  }
  @media (forced-colors: active) { .button { border: 1px solid ButtonText; } }
`];

/** `.field` round an `input` or `textarea`, `.search` likewise, `.switch`, `.radio`, `.check`, `.segmented`. */
export const fields: CSSResultGroup = [search, css`
  textarea { caret-color: var(--stonechat-color-accent); }
  .field { display: flex; align-items: center; gap: 8px; min-height: var(--stonechat-size-control); padding: 0 12px; border-radius: var(--stonechat-radius-m); background: var(--stonechat-color-raised); box-shadow: inset 0 0 0 1px var(--stonechat-color-line-strong); font-size: 0.875rem; }
  .field:focus-within { box-shadow: inset 0 0 0 2px var(--stonechat-color-focus); }
  .field.error { box-shadow: inset 0 0 0 2px var(--stonechat-color-danger); }
  .field :is(input, textarea) { flex: 1; min-width: 0; width: 100%; border: 0; padding: 8px 0; background: none; outline: none; line-height: 1.25rem; color: var(--stonechat-color-text); resize: none; }
  .field-label { display: block; margin-block-end: 4px; font-size: var(--stonechat-font-size-small); line-height: 1.25rem; font-weight: var(--stonechat-weight-medium); }
  .field-hint { margin-block-start: 4px; font-size: var(--stonechat-font-size-small); line-height: var(--stonechat-line-small); color: var(--stonechat-color-text-muted); }
  .field-hint.error { color: var(--stonechat-color-danger-text); }
  .switch { position: relative; width: 38px; height: 24px; border-radius: 12px; background: var(--stonechat-color-line-strong); flex: none; appearance: none; cursor: pointer; margin: 0; transition: background-color var(--stonechat-time-quick); }
  .switch::after { content: ""; position: absolute; inset-block-start: 3px; inset-inline-start: 3px; width: 18px; height: 18px; border-radius: 50%; background: #fff; box-shadow: 0 1px 2px oklch(0 0 0 / 0.25); transition: transform var(--stonechat-time-quick); }
  .switch:is(:checked, [aria-checked="true"]) { background: var(--stonechat-color-accent); }
  .switch:is(:checked, [aria-checked="true"])::after { transform: translateX(14px); }
  .switch:is(:checked, [aria-checked="true"]):dir(rtl)::after { transform: translateX(-14px); }
  .radio, .check { appearance: none; display: grid; place-items: center; width: 18px; height: 18px; margin: 0; box-shadow: inset 0 0 0 1.5px var(--stonechat-color-line-strong); flex: none; cursor: pointer; }
  .radio { border-radius: 50%; }
  .check { border-radius: 5px; }
  .radio:checked { box-shadow: inset 0 0 0 5.5px var(--stonechat-color-accent); background: #fff; }
  .check:checked { background: var(--stonechat-color-accent); box-shadow: none; }
  .check:checked::after { content: ""; width: 9px; height: 5px; margin-block-start: -2px; border: solid var(--stonechat-color-on-accent); border-width: 0 0 1.8px 1.8px; rotate: -45deg; }
  .segmented { display: inline-flex; padding: 3px; border-radius: var(--stonechat-radius-m); background: var(--stonechat-color-sunken); font-size: var(--stonechat-font-size-small); line-height: 1.125rem; font-weight: var(--stonechat-weight-medium); color: var(--stonechat-color-text-muted); }
  .segmented > * { padding: 5px 12px; border-radius: 7px; white-space: nowrap; }
  .segmented > :is([aria-checked="true"], [aria-selected="true"], [aria-pressed="true"]) { background: var(--stonechat-color-control); color: var(--stonechat-color-text); box-shadow: var(--stonechat-shadow-bubble); }
  .choice { display: flex; align-items: center; gap: 12px; min-height: 40px; color: var(--stonechat-color-text); cursor: pointer; }
  .adding { display: flex; gap: 8px; margin-block-start: 8px; }
  .adding .field { flex: 1; }
  @media (pointer: coarse) {
    .segmented > * { position: relative; }
    .segmented > *::after { content: ""; position: absolute; inset: 50% 0 auto; height: 44px; transform: translateY(-50%); }
  }
  /* 16 px in a field, or iOS zooms the page. */
  @media (pointer: coarse), (max-width: 719px) { .field { font-size: 1rem; } }
  @media (forced-colors: active) { .switch, .radio, .check { appearance: auto; } }
`];

/** `.member`: a person in a line, 48 high. */
export const members: CSSResult = css`
  .member { display: grid; grid-template-columns: auto minmax(0, 1fr) auto; align-items: center; column-gap: 10px; width: 100%; min-height: 48px; padding: 5px 10px; border-radius: var(--stonechat-radius-m); text-decoration: none; color: inherit; }
  .member stonechat-avatar { --size: 36px; }
  @media (hover: hover) { .member:is(a, button, [tabindex]):hover { background: var(--stonechat-color-hover); } }
  .member > span { min-width: 0; }
  .member .name { font-size: 0.875rem; line-height: 1.25rem; font-weight: var(--stonechat-weight-medium); display: flex; align-items: center; gap: 6px; min-width: 0; }
  .member .sub { display: block; font-size: var(--stonechat-font-size-meta); line-height: 1rem; color: var(--stonechat-color-text-muted); }
`;

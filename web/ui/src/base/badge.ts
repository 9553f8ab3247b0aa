/** Counts. */

import { html, nothing, type TemplateResult } from "lit";
import type { Locale } from "../i18n/index.ts";

/** A count as a badge shows it: never an egg. */
export function count(n: number, locale: Locale): string {
  return n > 99 ? `${locale.number(99)}+` : locale.number(n);
}

/** How many are unread. `quiet`: of a muted conversation. Needs the styles `badges`. */
export function badge(n: number, locale: Locale, quiet = false): TemplateResult | typeof nothing {
  if (n <= 0) return nothing;
  return html`<span class="badge ${quiet ? "quiet" : ""}" part="badge">${count(n, locale)}</span>`;
}

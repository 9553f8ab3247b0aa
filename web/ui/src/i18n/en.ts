/** The catalogue of the kit: English is the source, its keys are the keys of all. */

import { base } from "./en/base.ts";
import type { chat } from "./en/chat.ts";
import type { chatLater } from "./en/chat-later.ts";
import type { later } from "./en/later.ts";
import type { panels } from "./en/panels.ts";

/** What is loaded later brings its words along (`chat/words.ts`, `base/later.ts`, `panels/words.ts`). */
export const en = { ...base } as typeof base & typeof chat & typeof chatLater & typeof later & typeof panels;

export type Key = keyof typeof en;

/** A text with `{name}` places, or one for each plural category of the number `{n}`. */
export type Text = string | { readonly [category in Intl.LDMLPluralRule]?: string };

export type Catalogue = { readonly [key in Key]: Text };

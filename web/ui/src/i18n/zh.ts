/** The Chinese catalogue. Full-width marks, 你, a space between Han and Latin or digits. */

import type { Catalogue } from "./en.ts";
import { base } from "./zh/base.ts";
import { chat } from "./zh/chat.ts";
import { chatLater } from "./zh/chat-later.ts";
import { later } from "./zh/later.ts";
import { panels } from "./zh/panels.ts";

export const zh: Catalogue = { ...base, ...chat, ...chatLater, ...later, ...panels };

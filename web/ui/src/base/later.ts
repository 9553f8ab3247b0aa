/** Gives what is loaded later its English words: they are not in the first load, as it is not. */

import { en } from "../i18n/en.ts";
import { chatLater } from "../i18n/en/chat-later.ts";
import { later } from "../i18n/en/later.ts";

Object.assign(en, later, chatLater);

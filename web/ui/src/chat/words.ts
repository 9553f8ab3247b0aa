/** Gives the conversation its English words: they come with it. */

import { en } from "../i18n/en.ts";
import { chat } from "../i18n/en/chat.ts";

Object.assign(en, chat);

/** Gives the panels their English words: they are not in the first load, as the panels are not. */

import { en } from "../i18n/en.ts";
import { panels } from "../i18n/en/panels.ts";

Object.assign(en, panels);

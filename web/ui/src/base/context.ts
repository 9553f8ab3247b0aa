/** What a provider gives to the components inside it. */

import { createContext } from "@lit/context";
import type { Account } from "@stonechat/sdk";
import type { Locale } from "../i18n/index.ts";

export const accountContext = createContext<Account | null>(Symbol("stonechat-account"));
export const localeContext = createContext<Locale>(Symbol("stonechat-locale"));

/** `@stonechat/ui`: importing it registers every component. */

export * from "./base/index.ts";
export * from "./i18n/index.ts";

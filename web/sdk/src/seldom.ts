/** What most pages never need, in one piece: of several, what two of them share would be a piece by itself. */

export * from "./account-calls.ts";
export * from "./conversation-calls.ts";
export { memoryStore } from "./store/memory.ts";
export { searchTexts } from "./store/search-texts.ts";
export { heard } from "./bot.ts";
export { cancelAgain, queueAgain, settle } from "./settle.ts";
// Named here, all else is one piece as well.
export { createClient } from "./client.ts";

/** For tests, the gallery and its pictures; no part of the kit. */
export * from "./fake.ts";
export { FakeConversationImpl } from "./fake-conversation.ts";
export * from "./world.ts";

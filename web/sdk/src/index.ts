export * from "./types.ts";
export * from "./api.ts";
export * from "./error.ts";
export { createClient } from "./client.ts";

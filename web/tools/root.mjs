import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder `web`. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));

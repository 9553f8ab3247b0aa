/** The types of content that the app declares: what is shown of messages which this client does not know otherwise. */

import { wordsOf } from "./content.ts";
import { num } from "./domain/number.ts";
import type * as v1 from "./gen/stonechat/v1/native_pb.ts";
import { preview } from "./preview.ts";
import { bytesOf } from "./text.ts";
import type { Content, ContentType } from "./types.ts";

const TYPES_MAX = 64;
const BYTES_MAX = 256;
const FIELDS_MAX = 8;

/** A text, or the names that lead to a field of the body. */
type Part = string | readonly string[];

/** What an app declares, as the server said it last. */
export interface ContentTypes {
  /** The number that the welcome names them by. */
  readonly version: number;
  readonly types: readonly ContentType[];
  /** Their texts, by the types of bodies. */
  readonly fallbacks: ReadonlyMap<string, readonly Part[]>;
}

/** A fallback text of a later version of the server that is not understood here is left out. */
export function contentTypesOf({ version, types }: v1.ContentTypes): ContentTypes {
  const known = types.slice(0, TYPES_MAX).map((it) => ({ name: it.bodyType, fallback: it.fallback }));
  const fallbacks = new Map<string, readonly Part[]>();
  for (const { name, fallback } of known) {
    const parts = parse(fallback);
    if (parts) {
      fallbacks.set(name, parts);
    }
  }
  return { version: num(version), types: known.filter((it) => fallbacks.has(it.name)), fallbacks };
}

export function emptyContentTypes(): ContentTypes {
  return { version: 0, types: [], fallbacks: new Map() };
}

/** One line of what a message says: its words, or the fallback text of a declared type. Empty for what has neither. */
export function words({ fallbacks }: ContentTypes, content: Content): string {
  if (content.kind !== "opaque") {
    return preview(wordsOf(content));
  }
  return preview(fill(fallbacks.get(content.bodyType) ?? [], content.body));
}

/** The fallback text of a declared type where the message itself is not at hand, with nothing filled in. */
export function nameOfType({ fallbacks }: ContentTypes, bodyType: string): string | null {
  const parts = fallbacks.get(bodyType);
  return parts ? preview(fill(parts, null)) : null;
}

/** Reads a fallback text such as `Order {order.number}`; null when it is none. */
function parse(text: string): Part[] | null {
  const parts: Part[] = [];
  for (const [said, name] of text.matchAll(/\{\{|\}\}|\{([^{} ]+)\}|[^{}]+|[{}]/g)) {
    const names = name?.split(".");
    if (said === "{" || said === "}" || names?.includes("")) {
      return null;
    }
    parts.push(names ?? said.replace(/^([{}])\1$/, "$1"));
  }
  const fields = parts.filter((part) => typeof part !== "string").length;
  return text.trim() && bytesOf(text) <= BYTES_MAX && fields <= FIELDS_MAX ? parts : null;
}

/** The text of a body: each field as it stands in the JSON, and nothing where it has no text, number or truth. */
function fill(parts: readonly Part[], body: Uint8Array | null): string {
  let json: unknown = null;
  try {
    json = body && JSON.parse(new TextDecoder().decode(body));
  } catch {
    // A body that is not JSON has no fields.
  }
  const field = (names: readonly string[]) => {
    const value = names.reduce<unknown>(
      (at, name) => (typeof at === "object" && at && Object.hasOwn(at, name) ? (at as Record<string, unknown>)[name] : null),
      json,
    );
    return ["string", "number", "boolean"].includes(typeof value) ? String(value) : "";
  };
  return parts.map((part) => (typeof part === "string" ? part : field(part))).join("");
}

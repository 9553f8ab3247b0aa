/** The types of content that the app declares: what is shown of messages which this client does not know otherwise. */

import { wordsOf } from "./content.ts";
import { num } from "./domain/number.ts";
import type * as v1 from "./gen/stonechat/v1/native_pb.ts";
import { preview } from "./preview.ts";
import type { Content, ContentType } from "./types.ts";

/** What an app declares, as the server said it last. */
export interface ContentTypes {
  /** The number that the welcome names them by. */
  readonly version: number;
  readonly types: readonly ContentType[];
}

export function contentTypesOf({ version, types }: v1.ContentTypes): ContentTypes {
  return { version: num(version), types: types.map(({ bodyType: name, fallback }) => ({ name, fallback })) };
}

export function emptyContentTypes(): ContentTypes {
  return { version: 0, types: [] };
}

/** One line of what a message says: its words, or the fallback text of a declared type. Empty for what has neither. */
export function words({ types }: ContentTypes, content: Content): string {
  if (content.kind !== "opaque") {
    return preview(wordsOf(content));
  }
  return preview(fill(types.find(({ name }) => name === content.bodyType)?.fallback ?? "", content.body));
}

/**
 * A fallback text such as `Order {order.number}` with what a body says: each field as it stands in the JSON, and nothing
 * where it has no text, number or truth. A brace that stands twice is one.
 */
function fill(fallback: string, body: Uint8Array): string {
  let json: unknown = null;
  try {
    json = JSON.parse(new TextDecoder().decode(body));
  } catch {
    // A body that is not JSON has no fields.
  }
  return fallback.replace(/\{\{|\}\}|\{([^{} ]+)\}/g, (all, field?: string) => {
    const value = field?.split(".").reduce<unknown>(
      (at, name) => (typeof at === "object" && at && Object.hasOwn(at, name) ? at[name as never] : null),
      json,
    );
    return field === undefined ? all[0]! : /^[snb]/.test(typeof value) ? String(value) : "";
  });
}

/** Finds addresses of the web in a text. */

import type { Entity } from "@stonechat/sdk";

/** As the server takes them: at most so many bytes of an address, and so many marks in a text. */
const ADDRESS_BYTES_MAX = 2_048;
export const ENTITIES_MAX = 200;

const ADDRESS = /\bhttps?:\/\/[^\s<>"“”«»„`\u3000-\u303f\uff00-\uff0f\uff1a-\uff1f]+/giu;
const BEHIND = /[.,;:!?'’…]$/u;
const PAIRS: Readonly<Record<string, string>> = { ")": "(", "]": "[", "}": "{" };

/** The stretches that are addresses. What people write behind one (a full stop, a closing bracket) is not part of it. */
export function findLinks(text: string): Entity[] {
  const found: Entity[] = [];
  for (const { 0: match, index } of text.matchAll(ADDRESS)) {
    const address = withoutTail(match);
    if (isAddress(address)) {
      found.push({ start: index, end: index + address.length, mark: { kind: "link", address } });
    }
  }
  return found;
}

/** The marks of a text and its addresses, where no mark says another thing; at most as many as the server takes. */
export function withLinks(text: string, entities: readonly Entity[]): readonly Entity[] {
  const own = (mark: Entity["mark"]): boolean =>
    mark.kind === "link" || mark.kind === "code" || mark.kind === "code_block" || mark.kind === "mention" ||
    mark.kind === "mention_all";
  const taken = entities.filter((entity) => own(entity.mark));
  const isFree = (link: Entity): boolean => !taken.some((entity) => entity.start < link.end && link.start < entity.end);
  const links = text.includes("://") ? findLinks(text).filter(isFree) : [];
  return links.length === 0 ? entities : [...entities, ...links].sort((a, b) => a.start - b.start).slice(0, ENTITIES_MAX);
}

function withoutTail(match: string): string {
  let address = match;
  for (;;) {
    const last = address.at(-1) ?? "";
    const opening = PAIRS[last];
    const isUnpaired = opening !== undefined && count(address, opening) < count(address, last);
    if (!BEHIND.test(address) && !isUnpaired) {
      return address;
    }
    address = address.slice(0, -1);
  }
}

function count(text: string, character: string): number {
  return text.split(character).length - 1;
}

function isAddress(address: string): boolean {
  if (new TextEncoder().encode(address).length > ADDRESS_BYTES_MAX) {
    return false;
  }
  try {
    return new URL(address).hostname !== "";
  } catch {
    return false;
  }
}

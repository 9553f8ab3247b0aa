/** A template for each item of a list, which moves with the key of its item. */

import { noChange } from "lit";
import { type ChildPart, Directive, directive } from "lit/directive.js";
import { getCommittedValue, insertPart, removePart, setChildPartValue, setCommittedValue } from "lit/directive-helpers.js";

type Items = readonly unknown[];
type Of<T> = (item: unknown, at: number) => T;

/**
 * Lit's `repeat` for lists that change a little at a time. Since lit-html 3.3.1 that one leaves a marker in the document for
 * each item that ever was (https://github.com/lit/lit/issues/5298), so that a timeline through which messages pass grows
 * without end.
 */
class Each extends Directive {
  private keys: Items = [];

  override render(items: Items, _key: Of<unknown>, template: Of<unknown>): unknown {
    return items.map(template);
  }

  override update(list: ChildPart, [items, key, template]: [Items, Of<unknown>, Of<unknown>]): unknown {
    const before = this.keys;
    const keys = (this.keys = items.map(key));
    const old = getCommittedValue(list);
    if (!Array.isArray(old)) {
      return items.map(template);
    }
    const known = new Map(before.map((of, at) => [of, old[at] as ChildPart]));
    const wanted = new Set(keys);
    known.forEach((part, of) => {
      if (!wanted.has(of)) {
        const end = part.endNode as ChildNode | null;
        removePart(part);
        end?.remove();
        known.delete(of);
      }
    });
    const standing = [...known.values()];
    const placed = new Set<ChildPart | undefined>();
    let at = 0;
    setCommittedValue(list, items.map((item, i) => {
      while (placed.has(standing[at])) {
        at += 1;
      }
      let part = known.get(keys[i]);
      if (part !== undefined && part === standing[at + 1]) {
        // The one before it goes somewhere behind: so one moves, and not all the others.
        at += 1;
      }
      if (part === undefined || part !== standing[at]) {
        part = insertPart(list, standing[at], part);
      }
      placed.add(part);
      return setChildPartValue(part, template(item, i));
    }));
    return noChange;
  }
}

export const each = directive(Each) as unknown as <T>(items: readonly T[], key: (item: T) => unknown, template: (item: T, at: number) => unknown) => unknown;

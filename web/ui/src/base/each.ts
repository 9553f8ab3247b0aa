/** Lit's `repeat`, which leaves nothing behind. */

import { type ChildPart, directive, type PartInfo } from "lit/directive.js";
import { getCommittedValue } from "lit/directive-helpers.js";
import { repeat } from "lit/directives/repeat.js";

interface Made {
  readonly _$litDirective$: new (info: PartInfo) => { render(...args: unknown[]): unknown; update(part: ChildPart, args: unknown[]): unknown };
}
const { _$litDirective$: Repeat } = repeat([], () => 0) as unknown as Made;

/**
 * What is removed from a list takes both of its markers along. Since lit-html 3.3.1 the second one stays in the document
 * (https://github.com/lit/lit/issues/5298), so that a timeline through which messages pass grows without end.
 */
class Each extends Repeat {
  override update(list: ChildPart, args: unknown[]): unknown {
    const before = getCommittedValue(list);
    const result = super.update(list, args);
    if (Array.isArray(before)) {
      const left = new Set(getCommittedValue(list) as ChildPart[]);
      (before as ChildPart[]).forEach((part) => left.has(part) || (part.endNode as ChildNode | null)?.remove());
    }
    return result;
  }
}

/** A template for each item, which moves with the key of its item. */
export const each = directive(Each as never) as typeof repeat;

/** Style by script: the policy of the pages refuses style attributes, and Lit's `styleMap` writes one at first. */

import { noChange } from "lit";
import { Directive, directive, type ElementPart } from "lit/directive.js";

class SetStyle extends Directive {
  render(_: Readonly<Record<string, string>>): unknown {
    return noChange;
  }

  override update(part: ElementPart, [properties]: [Readonly<Record<string, string>>]): unknown {
    const { style } = part.element as HTMLElement;
    for (const [name, value] of Object.entries(properties)) style.setProperty(name, value);
    return noChange;
  }
}

/** `<i ${setStyle({ width: "40%" })}>`, always with the same properties. */
export const setStyle = directive(SetStyle);

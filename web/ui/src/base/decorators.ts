/** The decorators of Lit that this kit uses, for classes as they are compiled here. Its own ones are for every other way too. */

import type { PropertyDeclaration, ReactiveElement } from "lit";

type Decorator = (prototype: object, name: string) => void;

/** Registers a component. */
export function customElement(name: string): (component: CustomElementConstructor) => void {
  return (component) => customElements.define(name, component);
}

/** What others may set: a change of it renders the component again. */
export function property(options?: PropertyDeclaration): Decorator {
  return (prototype, name) => (prototype.constructor as typeof ReactiveElement).createProperty(name, options);
}

/** What only the component itself sets. */
export function state(): Decorator {
  return property({ state: true, attribute: false });
}

/** An element that was rendered; null while there is none. */
export function query(selector: string): Decorator {
  return (prototype, name) =>
    Object.defineProperty(prototype, name, {
      get(this: ReactiveElement) {
        return this.renderRoot?.querySelector(selector) ?? null;
      },
    });
}

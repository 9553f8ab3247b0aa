/** Methods that are loaded when one of them is first called: most pages never do, and each page opens sooner for it. */

import { StonechatError } from "./error.ts";

type Calls<T> = Record<string, (self: T, ...args: never[]) => Promise<unknown>>;

/** Gives a class methods by their names. They are functions of a module, whose first argument is the object. */
export function later<T>(prototype: T, names: readonly string[], load: () => Promise<unknown>): void {
  for (const name of names) {
    const value = async function (this: T, ...args: never[]): Promise<unknown> {
      const calls = await load().catch(notLoaded);
      return (calls as Calls<T>)[name]!(this, ...args);
    };
    Object.defineProperty(prototype, name, { value });
  }
}

function notLoaded(error: unknown): never {
  throw new StonechatError("network", `a part of the SDK could not be loaded: ${String(error)}`, true);
}

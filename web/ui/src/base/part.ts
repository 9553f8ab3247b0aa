/** A part of a component that is loaded when it is first needed, and what is drawn with it is not drawn before. */

import type { ReactiveControllerHost } from "lit";

/** Who waits for longer sees the rest first. */
const SOON_MS = 1_000;

export class Part<T> {
  /** Null until it is here. */
  now: T | null = null;
  private coming: Promise<T> | null = null;
  private isLate = false;

  constructor(private readonly load: () => Promise<T>) {}

  get(): Promise<T> {
    this.coming ??= this.load().then((part) => (this.now = part), (error: unknown) => {
      this.coming = null;
      throw error;
    });
    return this.coming;
  }

  /** At once where it is here, else when it comes; `otherwise` where it does not. */
  use(act: (part: T) => void, otherwise: () => void = () => undefined): void {
    if (this.now === null) {
      this.get().then(act, otherwise);
    } else {
      act(this.now);
    }
  }

  /** For a rendering that needs it: resolves once it is here, or takes too long; then who waited renders again when it comes. */
  async soon(host: ReactiveControllerHost): Promise<void> {
    const come = this.get().then(() => this.isLate && host.requestUpdate(), () => undefined);
    if (!this.isLate) {
      await Promise.race([come, new Promise((resolve) => setTimeout(resolve, SOON_MS))]);
      this.isLate = this.now === null;
    }
  }
}

/** Focus through shadow roots. */

/** The element that has the focus, in whatever shadow root. */
export function deepActive(): HTMLElement | null {
  let active = document.activeElement;
  while (active?.shadowRoot?.activeElement) active = active.shadowRoot.activeElement;
  return active instanceof HTMLElement ? active : null;
}

/** Remembers who has the focus; call the answer to give it back, if it is still there. */
export function keepFocus(): () => void {
  const before = deepActive();
  return () => {
    if (before?.isConnected) before.focus({ preventScroll: true });
  };
}

/** The key belongs to the input method: it is being composed. */
export function isComposing(event: KeyboardEvent): boolean {
  return event.isComposing || event.keyCode === 229;
}

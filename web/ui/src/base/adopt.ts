/** Styles for what is drawn into another component's shadow root, such as a dialog. */

import type { CSSResultGroup, CSSResult } from "lit";

/** Each sheet once. The component's own stay. */
export function adopt(root: ParentNode, styles: CSSResultGroup): void {
  if (!(root instanceof ShadowRoot)) return;
  const sheets = ([styles].flat(9) as CSSResult[]).map(({ styleSheet }) => styleSheet!);
  for (const sheet of sheets) if (!root.adoptedStyleSheets.includes(sheet)) root.adoptedStyleSheets.push(sheet);
}

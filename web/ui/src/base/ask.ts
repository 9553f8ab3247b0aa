/** Asks before something is lost; the dialog is loaded when it is needed. */

import type { LitElement } from "lit";
import type { Question } from "./dialog.ts";

export async function ask(host: LitElement, question: Question): Promise<boolean> {
  const dialog = await import("./dialog.ts");
  return dialog.ask(host, question);
}

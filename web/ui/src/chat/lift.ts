/** Lifts a message over the scrim of the sheet that is about it. */

import type { StonechatMenu } from "../base/menu.ts";

const GAP_PX = 12;

/**
 * Shows a likeness of a message's bubble over the sheet, where it stands or as far above as the sheet needs; gives what
 * takes it away. The likeness is in the same root as the message, so it looks the same.
 */
export function liftOver(line: HTMLElement, sheet: StonechatMenu): () => void {
  const bubble = line.querySelector<HTMLElement>(".bubble");
  if (bubble === null) {
    return () => undefined;
  }
  const { left, top, width, height } = bubble.getBoundingClientRect();
  const room = innerHeight - sheet.offsetHeight - 2 * GAP_PX;
  const shown = Math.min(height, room);
  const place = Math.max(GAP_PX, Math.min(top, GAP_PX + room - shown));
  const own = bubble.cloneNode(true) as HTMLElement;
  const around = line.cloneNode(false) as HTMLElement;
  const likeness = document.createElement("div");
  Object.assign(own.style, { width: `${width}px`, maxWidth: "none" });
  Object.assign(around.style, { display: "contents" });
  Object.assign(likeness.style, {
    position: "fixed", inset: "auto", left: `${left}px`, top: `${place}px`, width: "auto", maxHeight: `${shown}px`, margin: "0", border: "0", padding: "0",
    overflow: height > room ? "hidden" : "visible", background: "none", color: "inherit", pointerEvents: "none",
  });
  likeness.className = "lifted";
  likeness.setAttribute("aria-hidden", "true");
  likeness.inert = true;
  likeness.popover = "manual";
  around.removeAttribute("data-key");
  around.append(own);
  likeness.append(around);
  sheet.parentNode?.append(likeness);
  likeness.showPopover();
  bubble.style.visibility = "hidden";
  if (place !== top) {
    const style = getComputedStyle(sheet);
    likeness.animate([{ transform: `translateY(${top - place}px)` }, { transform: "none" }], {
      duration: Number.parseFloat(style.getPropertyValue("--stonechat-time-gentle")) || 0,
      easing: style.getPropertyValue("--stonechat-ease-out") || "ease-out",
    });
  }
  return () => {
    likeness.remove();
    bubble.style.visibility = "";
  };
}

/** One polite live region for the whole page: what happened, said to those who do not see it. */

let region: HTMLElement | null = null;
let queue: string[] = [];
let timer: ReturnType<typeof setTimeout> | undefined;

/** How long one remark stands before the next replaces it: readers skip what comes faster. */
const PAUSE_MS = 1000;
/** What waits beyond this is not worth hearing any more. */
const WAITING_MAX = 4;

function speak(): void {
  const next = queue.shift();
  if (next === undefined) {
    timer = undefined;
    return;
  }
  if (!region?.isConnected) {
    region = document.createElement("div");
    region.setAttribute("role", "status");
    region.setAttribute("aria-live", "polite");
    region.className = "stonechat-announcer";
    Object.assign(region.style, { position: "fixed", width: "1px", height: "1px", overflow: "hidden", clipPath: "inset(50%)", whiteSpace: "nowrap" });
    document.body.append(region);
  }
  // An empty region first: the same words twice are said twice.
  region.textContent = "";
  const said = region;
  requestAnimationFrame(() => (said.textContent = next));
  timer = setTimeout(speak, PAUSE_MS);
}

/** Says a sentence, at most one a second. */
export function announce(text: string): void {
  queue.push(text);
  if (queue.length > WAITING_MAX) queue = queue.slice(-WAITING_MAX);
  if (timer === undefined) speak();
}

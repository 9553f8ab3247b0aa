/** Swiping a row on touch: towards the start mutes, further archives; towards the end reads. */

/** Moves less than this are taps, or begin a scroll. */
const SLACK_PX = 10;
const FIRST_PX = 72;
const SECOND_PX = 168;
const LONG_PRESS_MS = 500;

export type Swipe = "read" | "mute" | "archive" | null;

/** What a distance means; positive towards the end. */
export function swipeAt(distance: number): Swipe {
  if (distance > FIRST_PX) return "read";
  if (distance < -SECOND_PX) return "archive";
  return distance < -FIRST_PX ? "mute" : null;
}

export interface SwipeHost {
  /** `distance` is towards the end of the line; null ends it. */
  moved(row: HTMLElement, distance: number | null): void;
  swiped(row: HTMLElement, act: Swipe): void;
  pressed(row: HTMLElement, at: { x: number; y: number }): void;
  isRtl(): boolean;
}

/** Follows one finger from `event`, a pointerdown on a row. */
export function followFinger(host: SwipeHost, row: HTMLElement, event: PointerEvent): void {
  const start = { x: event.clientX, y: event.clientY };
  let distance = 0;
  let sideways = false;
  const press = setTimeout(() => {
    end();
    swallowClick();
    host.pressed(row, start);
  }, LONG_PRESS_MS);
  const end = (): void => {
    clearTimeout(press);
    row.removeEventListener("pointermove", move);
    row.removeEventListener("pointerup", up);
    row.removeEventListener("pointercancel", cancel);
    if (sideways) host.moved(row, null);
  };
  const move = (moved: PointerEvent): void => {
    const dx = moved.clientX - start.x;
    const dy = moved.clientY - start.y;
    if (!sideways && Math.hypot(dx, dy) < SLACK_PX) return;
    clearTimeout(press);
    if (!sideways && Math.abs(dy) >= Math.abs(dx)) return end();
    if (!sideways) row.setPointerCapture(event.pointerId);
    sideways = true;
    distance = host.isRtl() ? -dx : dx;
    host.moved(row, distance);
  };
  const up = (): void => {
    const act = sideways ? swipeAt(distance) : null;
    if (sideways) swallowClick();
    end();
    if (act) host.swiped(row, act);
  };
  const cancel = (): void => end();
  row.addEventListener("pointermove", move);
  row.addEventListener("pointerup", up);
  row.addEventListener("pointercancel", cancel);
}

/** What ends a swipe or a long press is no tap. */
function swallowClick(): void {
  const swallow = (event: Event): void => {
    event.preventDefault();
    event.stopPropagation();
  };
  addEventListener("click", swallow, { capture: true, once: true });
  setTimeout(() => removeEventListener("click", swallow, true), 400);
}

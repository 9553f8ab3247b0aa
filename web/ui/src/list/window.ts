/** Which rows of a long list are on the screen. All are of one height, so no library is needed to know. */

import type { ReactiveController } from "lit";
import type { StonechatElement } from "../base/element.ts";

/** Rows beyond each edge, so that a fast scroll shows no hole. */
const BEYOND = 8;

export class RowWindow implements ReactiveController {
  rowHeight = 68;
  from = 0;
  upto = 0;
  private scroller: HTMLElement | null = null;
  private probe: HTMLElement | null = null;
  private sizes: ResizeObserver | null = null;

  /** `find` gives the scrolling element, once it is drawn. */
  constructor(private readonly host: StonechatElement, private readonly find: () => HTMLElement | null) {
    host.addController(this);
  }

  /** For so many rows; call it in the rendering. */
  measure(count: number): void {
    const height = this.scroller?.clientHeight || 900;
    const top = Math.min(this.scroller?.scrollTop ?? 0, Math.max(0, count * this.rowHeight - height));
    this.from = Math.max(0, Math.floor(top / this.rowHeight) - BEYOND);
    this.upto = Math.min(count, Math.ceil((top + height) / this.rowHeight) + BEYOND);
  }

  hostUpdated(): void {
    const scroller = this.find();
    if (scroller !== this.scroller) {
      this.let();
      this.scroller = scroller;
      if (scroller) {
        scroller.addEventListener("scroll", this.onScroll, { passive: true });
        this.sizes = new ResizeObserver(() => this.resized());
        this.sizes.observe(scroller);
        // As high as a row: it follows the text size and the density.
        this.probe = scroller.querySelector(".probe");
        if (this.probe) this.sizes.observe(this.probe);
      }
    }
    this.resized();
  }

  hostDisconnected(): void {
    this.let();
  }

  /** Scrolls as little as shows a row whole. */
  show(index: number): void {
    const { scroller, rowHeight } = this;
    if (!scroller) return;
    const top = index * rowHeight;
    if (top < scroller.scrollTop) scroller.scrollTop = top;
    else if (top + rowHeight > scroller.scrollTop + scroller.clientHeight) scroller.scrollTop = top + rowHeight - scroller.clientHeight + 8;
  }

  toTop(): void {
    if (this.scroller) this.scroller.scrollTop = 0;
  }

  private let(): void {
    this.scroller?.removeEventListener("scroll", this.onScroll);
    this.sizes?.disconnect();
    this.sizes = null;
    this.scroller = null;
  }

  private resized(): void {
    const height = this.probe?.offsetHeight ?? 0;
    if (height > 0 && height !== this.rowHeight) {
      this.rowHeight = height;
      this.host.requestUpdate();
    } else {
      this.onScroll();
    }
  }

  private onScroll = (): void => {
    if (!this.scroller) return;
    const { scrollTop, clientHeight } = this.scroller;
    const first = Math.floor(scrollTop / this.rowHeight);
    const last = Math.ceil((scrollTop + clientHeight) / this.rowHeight);
    // Half of what is beyond the edges is used up.
    const low = first - this.from < BEYOND / 2 && this.from > 0;
    const high = this.upto - last < BEYOND / 2 && this.upto < this.count();
    if (low || high) this.host.requestUpdate();
  };

  private count(): number {
    const window = this.scroller?.querySelector<HTMLElement>(".window");
    return Number(window?.dataset.count ?? 0);
  }
}

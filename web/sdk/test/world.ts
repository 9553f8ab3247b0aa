/** A world that tests turn: a clock, and a server. */

import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import type { Clock, Connection, ConnectionEvents } from "../src/driver/ports.ts";
import { type Frame, FrameSchema } from "../src/gen/stonechat/v1/native_whole_pb.ts";

/** A clock that stands still until it is turned. */
export class TestClock implements Clock {
  now = 0;
  #timers = new Set<{ at: number; call: () => void }>();

  wallMs(): number {
    return 1_790_000_000_000 + this.now;
  }

  monotonicMs(): number {
    return this.now;
  }

  after(ms: number, call: () => void): () => void {
    const timer = { at: this.now + ms, call };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  async advance(ms: number): Promise<void> {
    const end = this.now + ms;
    for (;;) {
      await settled();
      const due = [...this.#timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (due === undefined) {
        break;
      }
      this.#timers.delete(due);
      this.now = Math.max(this.now, due.at);
      due.call();
    }
    this.now = end;
  }
}

/** Everything that waits for nothing outside has happened. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** A server that says what a test says. */
export class TestServer {
  connections: (ConnectionEvents & { closed_: boolean })[] = [];
  frames: Frame[] = [];
  acceptsAtOnce = true;

  readonly transport = (events: ConnectionEvents): Connection => {
    const connection = { ...events, closed_: false };
    this.connections.push(connection);
    if (this.acceptsAtOnce) {
      queueMicrotask(() => connection.closed_ || events.opened());
    }
    return {
      send: (bytes) => void this.frames.push(fromBinary(FrameSchema, bytes)),
      close: () => void (connection.closed_ = true),
    };
  };

  get connection() {
    return this.connections.at(-1)!;
  }

  say(frame: MessageInitShape<typeof FrameSchema>): void {
    this.connection.received(toBinary(FrameSchema, create(FrameSchema, frame)));
  }

  said<C extends Frame["body"]["case"]>(kind: C): (Extract<Frame["body"], { case: C }>["value"] & { frame: bigint })[] {
    return this.frames.filter(({ body }) => body.case === kind).map(({ id, body }) => Object.assign({}, body.value as never, { frame: id }));
  }

  /** Welcomes a device that knows everything. */
  welcome(): void {
    this.say({ id: this.said("hello").at(-1)!.frame, body: { case: "welcome", value: { version: 1, userId: "alice" } } });
  }
}

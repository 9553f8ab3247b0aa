/** Connections over WebSocket: a frame is a binary message. */

import type { Connection, ConnectionEvents, Transport } from "./ports.ts";
import { FRAME_BYTES_MAX } from "./limits.ts";

/** Node 20 has no WebSocket of its own. The name is not written out, so that no bundle for a page takes it in. */
const NODE_PACKAGE = "ws";

/** Reaches a server at an address of `ws:` or `wss:`. */
export function webSocketTransport(url: string): Transport {
  return (events) => {
    let socket: WebSocket | null = null;
    let isOver = false;
    const end = (reason: string | null): void => {
      if (isOver) {
        return;
      }
      isOver = true;
      socket?.close();
      if (reason !== null) {
        events.closed(reason);
      }
    };
    const begin = (Implementation: typeof WebSocket): void => {
      if (isOver) {
        return;
      }
      socket = new Implementation(url);
      watch(socket, () => isOver, events, end);
    };
    const native = globalThis.WebSocket;
    const load = async (): Promise<{ WebSocket: typeof WebSocket }> =>
      native ? { WebSocket: native } : import(/* @vite-ignore */ /* webpackIgnore: true */ NODE_PACKAGE);
    // A browser may refuse the address at once; whoever connects hears of it once he has the connection.
    load().then((it) => begin(it.WebSocket)).catch((error: unknown) => end(String(error)));
    const connection: Connection = {
      send(bytes) {
        if (!isOver && socket?.readyState === 1) {
          socket.send(bytes as Uint8Array<ArrayBuffer>);
        }
      },
      close: () => end(null),
    };
    return connection;
  };
}

function watch(
  socket: WebSocket,
  isOver: () => boolean,
  events: ConnectionEvents,
  end: (reason: string | null) => void,
): void {
  socket.binaryType = "arraybuffer";
  socket.onopen = () => {
    if (!isOver()) {
      events.opened();
    }
  };
  socket.onmessage = ({ data }: MessageEvent<unknown>) => {
    // A text message is for somebody else.
    if (isOver() || !(data instanceof ArrayBuffer)) {
      return;
    }
    if (data.byteLength > FRAME_BYTES_MAX) {
      return end("the server sent a frame that is too long");
    }
    events.received(new Uint8Array(data));
  };
  // What failed is not told to pages; the close behind it is what counts.
  socket.onerror = () => {};
  socket.onclose = ({ reason }) => end(reason || "the connection ended");
}

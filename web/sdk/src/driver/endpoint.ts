/** Addresses of servers. */

import { argument } from "../fail.ts";

/** The path of the WebSocket. */
const PATH = "/v1/ws";

/** An address as people write it (`https://…`, `wss://…`), as that of the WebSocket. A page may leave its own out. */
export function webSocketUrl(endpoint: string | undefined): string {
  const wrong = argument("endpoint", "is no http://, https://, ws:// or wss:// address");
  const text = endpoint ?? globalThis.location?.origin;
  if (text === undefined || !URL.canParse(text)) {
    throw wrong;
  }
  const url = new URL(text);
  const scheme = { "http:": "ws:", "ws:": "ws:", "https:": "wss:", "wss:": "wss:" }[url.protocol];
  if (scheme === undefined || url.username !== "" || url.search !== "" || url.hash !== "") {
    throw wrong;
  }
  return `${scheme}//${url.host}${url.pathname === "/" ? PATH : url.pathname}`;
}

/** The host of an address, by which what belongs to one server is told from that of another. */
export function serverName(url: string): string {
  return new URL(url).host;
}

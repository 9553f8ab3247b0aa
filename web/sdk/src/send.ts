/** A message, or a command, on its way. */

import type { CommandHandle, Outgoing, SendHandle } from "./api.ts";
import { checkContent } from "./body.ts";
import { carried, contentOf, NO_ATTRIBUTES, toBody } from "./content.ts";
import { closed } from "./core/link.ts";
import { StonechatError } from "./error.ts";
import { argument, tooLarge, whole } from "./fail.ts";
import { askDone, type Inner } from "./inner.ts";
import { until } from "./readable.ts";
import { bytesOf } from "./text.ts";
import type { Attributes, ClientMsgId, Content, ConversationId, Readable, RichText, SendState, SentMark, Seq } from "./types.ts";

/** Bytes of a body. */
const BODY_BYTES_MAX = 64 * 1024;
/** Bytes of a text: in its body there are a tag and the length before it. */
const TEXT_BYTES_MAX = BODY_BYTES_MAX - 4;
const BODY_TYPE_BYTES_MAX = 64;
const MENTIONS_MAX = 64;
const PRIORITY_MAX = 10;
const EXTENSION_BYTES_MAX = 4 * 1024;
/** The types of the protocol, whose bodies it describes. */
const KNOWN = /^(text|image|voice|video|file|location|contact_card|merged)$/;

/** A body and what it carries, checked. */
export interface Checked {
  readonly bodyType: string;
  readonly body: Uint8Array;
  readonly attributes: Attributes | null;
}

/** Checks what is to be sent by the rules of texts and limits. Throws `invalid_argument` or `too_large`. */
export function checked(what: Outgoing): Checked {
  const content: Content = what.content ?? { kind: "text", text: what.text ?? "", entities: what.entities ?? [] };
  const [bodyType, body] = checkedBody(content);
  const { replyTo, silent = false, priority = 0, extension = NO_ATTRIBUTES.extension, forwarded = null } = what;
  const entities = content.kind === "text" ? content.entities : [];
  const attributes: Attributes = {
    replyTo: replyTo ? { seq: whole("replyTo", replyTo), ordinal: 0 } : null,
    mentions: mentioned(entities),
    mentionAll: entities.some(({ mark }) => mark.kind === "mention_all"),
    silent,
    priority,
    extension,
    forwarded,
  };
  if (attributes.mentions.length > MENTIONS_MAX) {
    throw argument("mentions", `has at most ${MENTIONS_MAX} users`);
  }
  whole("forwarded", forwarded?.sentAt ?? 0);
  if (whole("priority", priority) > PRIORITY_MAX) {
    throw argument("priority", `is at most ${PRIORITY_MAX}`);
  }
  if (extension.length > EXTENSION_BYTES_MAX) {
    throw argument("extension", `has at most ${EXTENSION_BYTES_MAX} bytes`);
  }
  return { bodyType, body, attributes: carried(attributes) };
}

/** Checks a content; its type and its bytes. */
export function checkedBody(content: Content): readonly [bodyType: string, body: Uint8Array] {
  const encoded = toBody(content);
  if (encoded === null) {
    throw argument("content", "says nothing, or has a mark that cuts a character");
  }
  const [bodyType, body] = encoded;
  const length = bytesOf(bodyType);
  if (length === 0 || length > BODY_TYPE_BYTES_MAX) {
    throw argument("body_type", `has 1 to ${BODY_TYPE_BYTES_MAX} bytes`);
  }
  if (body.length > BODY_BYTES_MAX) {
    const text = bodyType === "text" ? `: a text of at most ${TEXT_BYTES_MAX} bytes` : "";
    throw tooLarge("body", `has at most ${BODY_BYTES_MAX} bytes${text}`);
  }
  const said = content.kind === "opaque" ? contentOf(bodyType, body) : content;
  if (said.kind === "opaque" && KNOWN.test(bodyType)) {
    throw argument("body", `is no ${bodyType}`);
  }
  checkContent(said);
  return encoded;
}

function mentioned(entities: RichText["entities"]): string[] {
  return [...new Set(entities.flatMap(({ mark }) => (mark.kind === "mention" ? [mark.user] : [])))];
}

/** Waits until something of the outbox does not wait any more, or the account is stopped. */
async function endOf(state: Readable<SendState>, inner: Inner): Promise<Exclude<SendState, { kind: "queued" | "sending" }>> {
  const end = await until(state, ({ kind }) => kind !== "queued" && kind !== "sending", inner.host.over);
  switch (end.kind) {
    case "failed":
      throw new StonechatError(end.code, `the server refused: ${end.code}: ${end.text}`, end.recoverable);
    case "cancelled":
      throw cancelled();
    case "queued":
    case "sending":
      throw closed();
    default:
      return end;
  }
}

function cancelled(): StonechatError {
  return new StonechatError("cancelled", "it was cancelled");
}

class OnItsWay {
  constructor(
    protected readonly inner: Inner,
    readonly id: ClientMsgId,
    readonly state: Readable<SendState>,
  ) {}

  retry(): Promise<void> {
    return askDone(this.inner, { kind: "retry", id: this.id });
  }

  async cancel(): Promise<void> {
    await askDone(this.inner, { kind: "cancel", id: this.id })
      .catch((error) => import("./seldom.ts").then((it) => it.cancelAgain(this.inner, this, error)));
  }
}

export class MessageOnItsWay extends OnItsWay implements SendHandle {
  constructor(inner: Inner, id: ClientMsgId, state: Readable<SendState>, readonly conversation: ConversationId) {
    super(inner, id, state);
  }

  get clientMsgId(): ClientMsgId {
    return this.id;
  }

  // Waited for anew each time: what failed may be tried again.
  get sent(): Promise<SentMark> {
    return endOf(this.state, this.inner).then((end) => {
      if (end.kind === "sent") {
        return end;
      }
      throw cancelled();
    });
  }
}

export class CommandOnItsWay extends OnItsWay implements CommandHandle {
  get done(): Promise<Seq> {
    return endOf(this.state, this.inner).then((end) => ("seq" in end ? end.seq : 0));
  }
}

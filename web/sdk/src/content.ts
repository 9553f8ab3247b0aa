/** What messages say: texts with marked stretches, references to uploads, places, people, and other messages. */

import { isSafeLink } from "./body.ts";
import { fromBinary, type Schema, toBinary } from "./codec.ts";
import { NO_BYTES } from "./core/wire.ts";
import { userId } from "./domain/id.ts";
import { num } from "./domain/number.ts";
import {
  type Attributes as WireAttributes, ContactCardBodySchema, type Entity as WireEntity, FileBodySchema,
  ImageBodySchema, type ImageBody, LocationBodySchema, MergedBodySchema, type MergedBody, type TextBody, TextBodySchema,
  type Upload as WireUpload, VideoBodySchema, type VideoBody, VoiceBodySchema, type VoiceBody,
} from "./gen/stonechat/v1/native_pb.ts";
import type { Attributes, Content, Entity, EntityMark, Media, MergedMessage, RichText, Upload } from "./types.ts";

type Body = readonly [bodyType: string, body: Uint8Array];
type AnyMedia = Partial<Omit<ImageBody, "$typeName"> & Omit<VoiceBody, "$typeName"> & Omit<VideoBody, "$typeName">>;

const MEDIA: Readonly<Record<string, Schema>> = {
  image: ImageBodySchema,
  voice: VoiceBodySchema,
  video: VideoBodySchema,
  file: FileBodySchema,
};

/** What a body says. One of a known type that is not in its form is shown as what it is: bytes. */
export function contentOf(bodyType: string, body: Uint8Array): Content {
  try {
    return known(bodyType, body) ?? { kind: "opaque", bodyType, body };
  } catch {
    return { kind: "opaque", bodyType, body };
  }
}

function known(bodyType: string, body: Uint8Array): Content | null {
  switch (bodyType) {
    case "text":
      return textOf(fromBinary(TextBodySchema, body));
    case "image":
    case "voice":
    case "video":
    case "file":
      return mediaOf(bodyType, fromBinary(MEDIA[bodyType]!, body) as unknown as AnyMedia);
    case "location": {
      const { latitude, longitude, name, address } = fromBinary(LocationBodySchema, body);
      return { kind: "location", latitude, longitude, name, address };
    }
    case "contact_card": {
      const card = fromBinary(ContactCardBodySchema, body);
      const user = userId(card.userId);
      return user ? { kind: "contact_card", user, displayName: card.displayName } : null;
    }
    case "merged":
      return mergedOf(fromBinary(MergedBodySchema, body));
    default:
      return null;
  }
}

/** The type and the bytes that say this; null where there is nothing to say, or a mark cuts a character. */
export function toBody(content: Content): Body | null {
  const encoded = (schema: Schema, init: object): Body => [content.kind, toBinary(schema, init)];
  switch (content.kind) {
    case "text": {
      const entities = content.entities.map((entity) => entityToWire(content.text, entity));
      return entities.includes(null) ? null : encoded(TextBodySchema, { text: content.text, entities });
    }
    case "image":
    case "voice":
    case "video":
    case "file": {
      const thumbnail = content.thumbnail ? uploadToWire(content.thumbnail) : undefined;
      return encoded(MEDIA[content.kind]!, { ...content, file: uploadToWire(content.file), thumbnail });
    }
    case "location":
      return encoded(LocationBodySchema, content);
    case "contact_card":
      return encoded(ContactCardBodySchema, { userId: content.user, displayName: content.displayName });
    case "merged": {
      const messages = content.messages.map((it) => {
        const body = toBody(it.content);
        const { author: authorId, authorName, sentAt } = it;
        return body && { authorId, authorName, sentAt: BigInt(sentAt), bodyType: body[0], body: body[1] };
      });
      return messages.includes(null) ? null : encoded(MergedBodySchema, { title: content.title, messages });
    }
    case "opaque":
      return [content.bodyType, content.body];
    case "corrupt":
    case "recalled":
      return null;
  }
}

/** The text that a list or a notification shows of it: what it says, or the words beside it. */
export function wordsOf(content: Content): string {
  switch (content.kind) {
    case "text":
      return content.text;
    case "location":
      return content.name;
    case "contact_card":
      return content.displayName;
    case "merged":
      return content.title;
    case "opaque":
    case "corrupt":
    case "recalled":
      return "";
    default:
      return content.caption;
  }
}

/** What is not in its form, or of a later version, is left out: the text is there all the same. */
function textOf({ text, entities: wire }: TextBody): RichText {
  const borders = wire.length > 0 ? bordersOf(text) : [];
  const entities = wire.flatMap((it): Entity[] => {
    const [start, end, mark] = [borders[it.offset], borders[it.offset + it.length], markOf(it.kind)];
    return start !== undefined && end !== undefined && end > start && mark ? [{ start, end, mark }] : [];
  });
  return { kind: "text", text, entities };
}

/** Where each character of a text begins, and where it ends: the wire counts Unicode characters. */
function bordersOf(text: string): number[] {
  const borders = [0];
  for (const character of text) {
    borders.push(borders.at(-1)! + character.length);
  }
  return borders;
}

function markOf(kind: WireEntity["kind"]): EntityMark | null {
  switch (kind.case) {
    case "mention": {
      const user = userId(kind.value);
      return user ? { kind: "mention", user } : null;
    }
    case "mentionAll":
      return { kind: "mention_all" };
    case "link":
      return isSafeLink(kind.value) ? { kind: "link", address: kind.value } : null;
    case "codeBlock":
      return { kind: "code_block", language: kind.value };
    case undefined:
      return null;
    default:
      return { kind: kind.case };
  }
}

function entityToWire(text: string, { start, end, mark }: Entity) {
  const borders = bordersOf(text);
  const [offset, upto] = [borders.indexOf(start), borders.indexOf(end)];
  return offset < 0 || upto < offset ? null : { offset, length: upto - offset, kind: markToWire(mark) };
}

function markToWire(mark: EntityMark) {
  switch (mark.kind) {
    case "mention":
      return { case: mark.kind, value: mark.user };
    case "mention_all":
      return { case: "mentionAll", value: true };
    case "link":
      return { case: mark.kind, value: mark.address };
    case "code_block":
      return { case: "codeBlock", value: mark.language };
    default:
      return { case: mark.kind, value: true };
  }
}

function mediaOf(kind: Media["kind"], it: AnyMedia): Media | null {
  return it.file
    ? {
        kind,
        file: uploadOf(it.file),
        thumbnail: it.thumbnail ? uploadOf(it.thumbnail) : null,
        width: it.width ?? 0,
        height: it.height ?? 0,
        durationMs: it.durationMs ?? 0,
        waveform: it.waveform ?? NO_BYTES,
        caption: it.caption ?? "",
      }
    : null;
}

function uploadOf({ uploadId: id, name, mimeType, bytes }: WireUpload): Upload {
  return { id, name, mimeType, bytes: num(bytes) };
}

function uploadToWire({ id: uploadId, name, mimeType, bytes }: Upload) {
  return { uploadId, name, mimeType, bytes: BigInt(bytes) };
}

function mergedOf(wire: MergedBody): Content | null {
  const messages = wire.messages.flatMap(({ authorId, authorName, sentAt, bodyType, body }): MergedMessage[] => {
    // One that was merged itself stays closed, so that nobody makes a device dig.
    const content = bodyType === "merged" ? ({ kind: "opaque", bodyType, body } as const) : contentOf(bodyType, body);
    const author = userId(authorId);
    return author ? [{ author, authorName, sentAt: num(sentAt), content }] : [];
  });
  return messages.length === wire.messages.length ? { kind: "merged", title: wire.title, messages } : null;
}

/** Attributes for the wire; what a reply answers is named by its event. */
export function attributesToWire({ replyTo, forwarded, ...rest }: Attributes) {
  return {
    ...rest,
    mentions: [...rest.mentions],
    replyToSeq: BigInt(replyTo?.seq ?? 0),
    replyToOrdinal: BigInt(replyTo?.ordinal ?? 0),
    forwarded: forwarded ? { authorId: forwarded.author, sentAt: BigInt(forwarded.sentAt) } : undefined,
  };
}

/** Attributes of the wire; null when there are none. What is not in its form is left out. */
export function attributesOf(wire: WireAttributes | undefined): Attributes | null {
  if (!wire) {
    return null;
  }
  const { mentionAll, silent, priority, extension, forwarded } = wire;
  const author = forwarded && userId(forwarded.authorId);
  return carried({
    replyTo: wire.replyToSeq > 0n ? { seq: num(wire.replyToSeq), ordinal: num(wire.replyToOrdinal) } : null,
    mentions: wire.mentions.filter((user) => userId(user)),
    mentionAll,
    silent,
    priority: Math.min(priority, 255),
    extension,
    forwarded: author ? { author, sentAt: num(forwarded.sentAt) } : null,
  });
}

/** Attributes as a message carries them: null for none. */
export function carried(it: Attributes): Attributes | null {
  const { replyTo, mentions, mentionAll, silent, priority, extension, forwarded } = it;
  const any = replyTo || mentions.length || mentionAll || silent || priority || extension.length || forwarded;
  return any ? it : null;
}

/** Whether a user is called, as a member who is not the author. */
export function calls(attributes: Attributes, user: string): boolean {
  return attributes.mentionAll || attributes.mentions.includes(user);
}

export const NO_ATTRIBUTES: Attributes = {
  replyTo: null, mentions: [], mentionAll: false, silent: false, priority: 0, extension: NO_BYTES, forwarded: null,
};

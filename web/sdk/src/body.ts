/** The bodies of messages whose types the protocol names: whether they are in their form. */

import { bytesOf, wrongWithMessage } from "./text.ts";
import { argument } from "./fail.ts";
import { userId } from "./domain/id.ts";
import type { Content, Entity, Upload } from "./types.ts";

const ENTITIES_MAX = 200;
const URL_BYTES_MAX = 2 * 1024;
const NAME_BYTES_MAX = 512;
const LANGUAGE_BYTES_MAX = 32;
const WAVEFORM_MAX = 256;
const MERGED_MAX = 100;

/** Whether an address is safe to be followed by a click. */
export function isSafeLink(address: string): boolean {
  return /^(https?:\/\/|mailto:|tel:)[^\p{Cc}\p{White_Space}]+$/iu.test(address) && bytesOf(address) <= URL_BYTES_MAX;
}

/** Throws `invalid_argument` for a content of a known type that is not in its form. */
export function checkContent(content: Content): void {
  const { kind } = content;
  if (kind === "text") {
    refuse("text", wrongWithMessage(content.text));
    atMost("entities", content.entities.length, ENTITIES_MAX);
    content.entities.forEach(checkEntity);
  } else if (kind === "merged") {
    checkNames({ title: content.title });
    refuse("messages", content.messages.length === 0 && "is empty");
    atMost("messages", content.messages.length, MERGED_MAX);
    for (const { author, authorName, content: said } of content.messages) {
      checkUser("author_id", author);
      checkNames({ authorName });
      // One that was merged itself stays closed.
      if (said.kind !== "merged") {
        checkContent(said);
      }
    }
  } else if (kind === "location") {
    checkDegrees("latitude", content.latitude, 90);
    checkDegrees("longitude", content.longitude, 180);
    checkNames(content);
  } else if (kind === "contact_card") {
    checkUser("user_id", content.user);
    checkNames(content);
  } else if ("file" in content) {
    [content.file, content.thumbnail ?? content.file].forEach(checkUpload);
    atMost("waveform", content.waveform.length, WAVEFORM_MAX);
    checkNames(content);
  }
}

function checkEntity({ start, end, mark }: Entity): void {
  refuse("entities", end <= start && "has a stretch that is empty");
  if (mark.kind === "mention") {
    checkUser("entities", mark.user);
  } else if (mark.kind === "link") {
    refuse("link", !isSafeLink(mark.address) && "is no address of http, https, mailto or tel");
  } else if (mark.kind === "code_block") {
    atMost("entities", bytesOf(mark.language), LANGUAGE_BYTES_MAX);
    checkNames(mark);
  }
}

function checkUpload(upload: Upload): void {
  refuse("upload_id", !/^[A-Za-z0-9._-]{1,64}$/.test(upload.id) && "is no upload");
  checkNames(upload);
}

function checkDegrees(field: string, degrees: number, most: number): void {
  refuse(field, !(Math.abs(degrees) <= most) && `has at most ${most} degrees`);
}

function checkUser(field: string, user: string): void {
  refuse(field, !userId(user) && "is no user");
}

/** Whatever is a text is a short one, without control characters. */
function checkNames(names: object): void {
  for (const [field, name] of Object.entries(names)) {
    if (typeof name === "string") {
      atMost(field, bytesOf(name), NAME_BYTES_MAX);
      refuse(field, /[^\P{Cc}\n]/u.test(name) && "has a control character");
    }
  }
}

function atMost(field: string, count: number, most: number): void {
  refuse(field, count > most && `has at most ${most}`);
}

function refuse(field: string, why: string | false | null): void {
  if (why) {
    throw argument(field, why);
  }
}

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
  switch (content.kind) {
    case "text": {
      refuse("text", wrongWithMessage(content.text));
      refuse("entities", content.entities.length > ENTITIES_MAX && `is longer than ${ENTITIES_MAX}`);
      return content.entities.forEach(checkEntity);
    }
    case "location":
      checkDegrees("latitude", content.latitude, 90);
      checkDegrees("longitude", content.longitude, 180);
      return checkNames({ name: content.name, address: content.address });
    case "contact_card":
      checkUser("user_id", content.user);
      return checkNames({ display_name: content.displayName });
    case "merged":
      checkNames({ title: content.title });
      refuse("messages", content.messages.length === 0 && "is empty");
      refuse("messages", content.messages.length > MERGED_MAX && `is longer than ${MERGED_MAX}`);
      for (const message of content.messages) {
        checkUser("author_id", message.author);
        checkNames({ author_name: message.authorName });
        // One that was merged itself stays closed.
        if (message.content.kind !== "merged") {
          checkContent(message.content);
        }
      }
      return;
    case "opaque":
    case "corrupt":
    case "recalled":
      return;
    default:
      checkUpload(content.file);
      if (content.thumbnail) {
        checkUpload(content.thumbnail);
      }
      refuse("waveform", content.waveform.length > WAVEFORM_MAX && `is longer than ${WAVEFORM_MAX}`);
      return checkNames({ caption: content.caption });
  }
}

function checkEntity({ start, end, mark }: Entity): void {
  refuse("entities", end <= start && "has a stretch that is empty or not within the text");
  if (mark.kind === "mention") {
    checkUser("entities", mark.user);
  } else if (mark.kind === "link") {
    refuse("link", !isSafeLink(mark.address) && "is not an address of http, https, mailto or tel");
  } else if (mark.kind === "code_block") {
    checkName("entities", mark.language, LANGUAGE_BYTES_MAX);
  }
}

function checkUpload({ id, name, mimeType }: Upload): void {
  refuse("upload_id", !/^[A-Za-z0-9._-]{1,64}$/.test(id) && "is not one of an upload");
  checkNames({ name, mime_type: mimeType });
}

function checkDegrees(field: string, degrees: number, most: number): void {
  refuse(field, !(Math.abs(degrees) <= most) && `is not within ${most} degrees of zero`);
}

function checkUser(field: string, user: string): void {
  refuse(field, !userId(user) && "is no user");
}

function checkNames(names: Readonly<Record<string, string>>): void {
  for (const [field, name] of Object.entries(names)) {
    checkName(field, name, NAME_BYTES_MAX);
  }
}

function checkName(field: string, name: string, max: number): void {
  refuse(field, bytesOf(name) > max && `is longer than ${max}`);
  refuse(field, /[^\P{Cc}\n]/u.test(name) && "has a control character");
}

function refuse(field: string, why: string | false | null): void {
  if (why) {
    throw argument(field, why);
  }
}

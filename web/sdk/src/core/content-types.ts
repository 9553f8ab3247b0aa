/** The types of content that the app declares: asked for when the welcome names another version of them. */

import { create, fromBinary, toBinary } from "../codec.ts";
import { contentTypesOf } from "../content-types.ts";
import { num } from "../domain/number.ts";
import { ContentTypesSchema, type ContentTypes } from "../gen/stonechat/v1/native_pb.ts";
import type { Core } from "./machine.ts";
import { putDevice } from "./sync.ts";

/** What is known of them. */
export interface Declared {
  version: number;
  /** Whether the server has others. */
  wanted: boolean;
}

export function newDeclared(): Declared {
  return { version: 0, wanted: false };
}

/** Tells what the store holds. */
export function tellContentTypes(core: Core): void {
  keepContentTypes(core, fromBinary(ContentTypesSchema, core.device.contentTypes));
}

/** Takes the version that the server has. */
export function onContentTypesVersion(core: Core, version: number): void {
  const { declared } = core;
  declared.wanted = version !== declared.version && version !== 0;
  if (version === 0 && declared.version !== 0) {
    onContentTypes(core, create(ContentTypesSchema));
  }
}

/** Whether they are to be asked for. */
export function wantsContentTypes({ declared, calls }: Core): boolean {
  return declared.wanted && !calls.isInFlight("content_types");
}

export function askContentTypes(core: Core): void {
  core.call({ kind: "content_types" }, { case: "listContentTypes", value: {} });
}

/** They are not to be had on this connection. */
export function onContentTypesRefused({ declared }: Core): void {
  declared.wanted = false;
}

export function onContentTypes(core: Core, types: ContentTypes): void {
  core.declared.wanted = false;
  keepContentTypes(core, types);
  core.device.contentTypes = toBinary(ContentTypesSchema, types);
  putDevice(core);
}

function keepContentTypes(core: Core, wire: ContentTypes): void {
  core.declared.version = num(wire.version);
  core.journal.tell({ kind: "content_types", types: contentTypesOf(wire) });
}

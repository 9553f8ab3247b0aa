/** The folders of the user: their names lie on the conversations, their order in his own profile, on all of his devices. */

import type { Account, ConversationSummary, Profile } from "@stonechat/sdk";
import { FOLDERS_FIELD, inOrder } from "./order.ts";

/** In bytes: the server's limit of a tag. */
export const FOLDER_BYTES_MAX = 64;
export const FOLDERS_MAX = 16;

/** In his order; those that only conversations know come last. */
export function foldersOf(profile: Profile | null, items: readonly ConversationSummary[]): readonly string[] {
  return inOrder(profile, new Set(items.flatMap(({ preferences }) => preferences.folders)));
}

/** Keeps the order, and folders that are still empty. */
export async function saveFolders(account: Account, names: readonly string[]): Promise<void> {
  await account.setProfile({ privateFields: { [FOLDERS_FIELD]: names.join("\n") || null } });
}

/** A name that can be one: cut at its ends, one line. Null where it cannot. */
export function folderName(text: string, taken: readonly string[]): string | null {
  const name = text.replace(/\s+/g, " ").trim();
  const fits = name !== "" && new TextEncoder().encode(name).length <= FOLDER_BYTES_MAX;
  return fits && !taken.includes(name) ? name : null;
}

/** On each conversation in it, and in the order. */
export async function renameFolder(account: Account, items: readonly ConversationSummary[], from: string, to: string | null): Promise<void> {
  const names = foldersOf(account.profile.get(), items);
  const changed = names.flatMap((name) => (name === from ? (to === null ? [] : [to]) : [name]));
  await saveFolders(account, changed);
  for (const { id, preferences } of items) {
    if (!preferences.folders.includes(from)) continue;
    const folders = preferences.folders.flatMap((name) => (name === from ? (to === null ? [] : [to]) : [name]));
    await account.conversation(id).setFolders(folders);
  }
}

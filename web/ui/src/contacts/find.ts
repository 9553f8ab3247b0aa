/** Finds whoever a whole username names, or else a whole id: an app need not give its users usernames. */

import type { Account, UserProfile } from "@stonechat/sdk";

/** Null where nobody is called so. Rejects where the server cannot be asked. */
export async function findPerson(account: Account, name: string): Promise<UserProfile | null> {
  const typed = name.trim().replace(/^@/, "");
  if (!/^[\w.@:+-]{1,64}$/.test(typed)) return null;
  const named = /^[\w.-]{2,64}$/.test(typed) ? await account.userNamed(typed.toLowerCase()) : null;
  return named ?? (await account.users([typed]))[0] ?? null;
}

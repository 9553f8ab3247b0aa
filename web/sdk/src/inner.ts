/** What an account and its conversations share. */

import type { Body, BodyInit, Command, Reply } from "./core/command.ts";
import { argument } from "./fail.ts";
import type { Host } from "./driver/host.ts";
import { userId, uuidBytes } from "./domain/id.ts";
import { StonechatError } from "./error.ts";
import type { ClientMsgId, UserId } from "./types.ts";

/** What a body of one case says. */
export type BodyOf<C extends NonNullable<Body["case"]>> = Extract<Body, { case: C }>["value"];

export interface Inner {
  readonly host: Host;
  readonly me: UserId;
  readonly device: string;
  /** The number of the app, which ids of direct conversations are made from. */
  readonly app: number;
  readonly newId: () => ClientMsgId;
  readonly fillRandom: (bytes: Uint8Array<ArrayBuffer>) => void;
}

/** The server sent what it may not send. */
export function protocol(text: string): StonechatError {
  return new StonechatError("protocol", `the server broke the protocol: ${text}`);
}

/** A new id of a command, for the wire. */
export function commandId({ newId }: Inner): Uint8Array<ArrayBuffer> {
  return uuidBytes(newId());
}

/** Asks the core, and takes the reply of this kind. */
export async function asked<K extends Reply["kind"]>(
  { host }: Inner,
  command: Command,
  kind: K,
): Promise<Extract<Reply, { kind: K }>> {
  const reply = await host.ask(command);
  if (reply.kind !== kind) {
    throw protocol(`an unexpected ${reply.kind}`);
  }
  return reply as Extract<Reply, { kind: K }>;
}

export async function askDone(inner: Inner, command: Command): Promise<void> {
  await asked(inner, command, "done");
}

/** Calls the server, and takes the answer of this case; what people are called in it is noted. */
export async function called<C extends NonNullable<Body["case"]>>(
  inner: Inner,
  body: BodyInit,
  answer: C,
): Promise<BodyOf<C>> {
  const { body: answered } = await asked(inner, { kind: "call", body }, "answer");
  if (answered.case !== answer) {
    throw protocol(`${body.case} was answered by ${answered.case}`);
  }
  if (answered.case === "users" || answered.case === "members") {
    const people = answered.case === "users" ? answered.value.users : answered.value.members;
    inner.host.views.name(people.map((one) => [one.userId, one.displayName]));
  }
  return answered.value as BodyOf<C>;
}

/** Ids of users as the wire has them. */
export function usersOf(users: readonly UserId[]): UserId[] {
  const wrong = users.find((user) => userId(user) === null);
  if (wrong !== undefined) {
    throw argument("users", `has ${JSON.stringify(wrong)}, which is no user id`);
  }
  return [...users];
}

/** All that there is, page by page; an answer without a token of a next page is the last. */
export async function pages<A extends { readonly nextPage: Uint8Array }, T>(
  page: (token: Uint8Array) => Promise<A>,
  items: (answer: A) => readonly (T | null)[],
): Promise<T[]> {
  const all: T[] = [];
  let token: Uint8Array = new Uint8Array();
  do {
    const answer = await page(token);
    all.push(...items(answer).filter((item) => item !== null));
    token = answer.nextPage;
  } while (token.length > 0);
  return all;
}

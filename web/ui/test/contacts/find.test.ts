import type { Account, UserProfile } from "@stonechat/sdk";
import { describe, expect, it } from "vitest";
import { findPerson } from "../../src/contacts/find.ts";

const person = (id: string): UserProfile =>
  ({ id, displayName: id, username: null, avatar: "", publicFields: {}, changedAt: 0, question: "" });

function account(asked: string[]): Account {
  const known = { userNamed: { bob: "u-7" } as Record<string, string>, users: ["u-7", "grace", "Grace@acme.org"] };
  return {
    userNamed: async (name: string) => (asked.push(`@${name}`), known.userNamed[name] ? person(known.userNamed[name]) : null),
    users: async (ids: readonly string[]) => (asked.push(...ids), ids.filter((id) => known.users.includes(id)).map(person)),
  } as Partial<Account> as Account;
}

describe("whoever is looked for by a whole name", () => {
  it("is found by his username, whatever its case, before anybody's id is asked for", async () => {
    const asked: string[] = [];
    expect((await findPerson(account(asked), " @Bob "))?.id).toBe("u-7");
    expect(asked).toEqual(["@bob"]);
  });

  it("is found by his id where nobody has that username, and ids keep their case", async () => {
    expect((await findPerson(account([]), "grace"))?.id).toBe("grace");
    expect((await findPerson(account([]), "Grace@acme.org"))?.id).toBe("Grace@acme.org");
    expect(await findPerson(account([]), "GRACE")).toBeNull();
  });

  it("is not asked for where nobody can be called so", async () => {
    const asked: string[] = [];
    expect(await findPerson(account(asked), "林晓梅")).toBeNull();
    expect(await findPerson(account(asked), "  ")).toBeNull();
    expect(asked).toEqual([]);
  });
});

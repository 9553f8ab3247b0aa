import { describe, expect, it } from "vitest";
import { displayName, initials, mineral, shortName, titleOf } from "../../src/base/names.ts";
import { english } from "../../src/i18n/index.ts";
import { englishWorld, fakeAccount } from "../../src/testing/index.ts";

describe("initials", () => {
  it("are those of the first two words", () => {
    expect(initials("Jonas Pereira")).toBe("JP");
    expect(initials("Printers Weld & Co")).toBe("PW");
    expect(initials("ines")).toBe("I");
    expect(initials("🍐 pear tree")).toBe("PT");
  });

  it("are the last two characters of a Han name, one where there is no room, the first of a group", () => {
    expect(initials("林晓雯")).toBe("晓雯");
    expect(initials("林晓雯", true)).toBe("雯");
    expect(initials("春季发布 · 设计组", false, true)).toBe("春季");
    expect(initials("Emma 何")).toBe("何");
  });

  it("leave the Arabic article out", () => {
    expect(initials("ليلى قاسم")).toBe("لق");
    expect(initials("فريق الترجمة")).toBe("فت");
  });

  it("are none where a name has no letters", () => {
    expect(initials("🍐")).toBe("");
  });
});

describe("the mineral of somebody", () => {
  it("is one of eight, and the same in every client", () => {
    const ids = Array.from({ length: 200 }, (_, i) => `user-${i}`);
    const minerals = ids.map(mineral);
    expect(new Set(minerals)).toEqual(new Set([1, 2, 3, 4, 5, 6, 7, 8]));
    // FNV-1a of the UTF-8 bytes, modulo 8, plus one.
    expect(mineral("")).toBe(6);
    expect(mineral("a")).toBe(5);
    expect(mineral("maya")).toBe(mineral("maya"));
  });
});

describe("names", () => {
  it("are the user's alias, else the person's own name, else the id, which is asked for once", async () => {
    const account = fakeAccount(englishWorld);
    expect(displayName(account, "kofi")).toBe("Kofi Asante");
    account.relate("kofi", { alias: "Kofi from the ferry" });
    expect(displayName(account, "kofi")).toBe("Kofi from the ferry");
    expect(displayName(account, "stranger")).toBe("stranger");
    displayName(account, "stranger");
    displayName(account, "another");
    await Promise.resolve();
    expect(account.asked.filter(({ method }) => method === "lookUp")).toEqual([{ method: "lookUp", args: [["stranger", "another"]] }]);
  });

  it("are short where everybody knows who is meant", () => {
    expect(shortName("Kofi Asante")).toBe("Kofi");
    expect(shortName("林晓雯")).toBe("林晓雯");
  });

  it("call what one writes to oneself notes", () => {
    const account = fakeAccount(englishWorld);
    const own = account.fake("d_maya").summary.get()!;
    expect(titleOf(account, own, english)).toBe("Notes to self");
    expect(titleOf(account, account.fake("g_harbour").summary.get()!, english)).toBe("Harbour signage");
  });
});

import { describe, expect, it } from "vitest";
import { byInitial, letterOf } from "../../src/list/alphabet.ts";
import { find, isWorthSearching, nameFits } from "../../src/list/find.ts";
import { folderName, foldersOf, renameFolder } from "../../src/list/folders.ts";
import { digest, held } from "../../src/list/order.ts";
import * as pinyin from "../../src/list/pinyin.ts";
import { swipeAt } from "../../src/list/swipe.ts";
import { commandOf } from "../../src/shell/keys.ts";
import { chineseWorld, englishWorld, fakeAccount, NOW, type FakeAccount } from "../../src/testing/index.ts";

const items = (account: FakeAccount) => account.conversations({ archived: "any" }).items.get();
const ids = (list: readonly { readonly id: string }[]) => list.map(({ id }) => id);

describe("tabs", () => {
  const all = items(fakeAccount(englishWorld));

  it("show what is theirs, and archived conversations nowhere else", () => {
    expect(ids(digest(all, { kind: "archived" }, NOW).shown)).toEqual(["g_old"]);
    expect(ids(digest(all, { kind: "all" }, NOW).shown)).not.toContain("g_old");
    expect(ids(digest(all, { kind: "folder", folder: "Harbour" }, NOW).shown)).toEqual(["d_ines", "g_harbour"]);
    expect(ids(digest(all, { kind: "unread" }, NOW).shown)).toEqual(["g_harbour", "g_ridge", "d_omar", "g_night"]);
  });

  it("count conversations that wait, muted and archived ones not", () => {
    const known = digest(all, { kind: "all" }, NOW);
    expect(known.waiting).toBe(3);
    expect([...known.folders].sort()).toEqual([["Family", 0], ["Harbour", 1]]);
    expect(known.hasArchived).toBe(true);
    expect(digest(all.filter(({ id }) => id !== "g_old"), { kind: "all" }, NOW).hasArchived).toBe(false);
    const loud = all.map((item) => (item.id === "g_night" ? { ...item, preferences: { ...item.preferences, mutedUntil: 0 } } : item));
    expect(digest(loud, { kind: "all" }, NOW).waiting).toBe(4);
    expect(digest(loud.map((item) => ({ ...item, preferences: { ...item.preferences, archived: true } })), { kind: "all" }, NOW).waiting).toBe(0);
  });
});

describe("the order while somebody aims", () => {
  const all = items(fakeAccount(englishWorld));

  it("stays as it was shown, without what is gone, and with what is new at the end", () => {
    const fresh = [all[2]!, all[0]!, all[3]!];
    expect(ids(held([all[0]!.id, all[1]!.id, all[2]!.id], fresh))).toEqual([all[0]!.id, all[2]!.id, all[3]!.id]);
  });

  it("shows the newest state of each", () => {
    const changed = { ...all[0]!, unread: 7 };
    expect(held([all[0]!.id], [changed])[0]).toBe(changed);
  });
});

describe("folders", () => {
  it("stand in the user's order, those that only conversations know at the end", async () => {
    const account = fakeAccount(englishWorld);
    expect(foldersOf(account.profile.get(), items(account))).toEqual(["Harbour", "Family"]);
    await account.conversation("d_omar").setFolders(["Work"]);
    expect(foldersOf(account.profile.get(), items(account))).toEqual(["Harbour", "Family", "Work"]);
  });

  it("are renamed and removed on all that lies in them", async () => {
    const account = fakeAccount(englishWorld);
    await renameFolder(account, items(account), "Harbour", "Port");
    expect(foldersOf(account.profile.get(), items(account))).toEqual(["Port", "Family"]);
    expect(account.fake("d_ines").summary.get()!.preferences.folders).toEqual(["Port"]);
    await renameFolder(account, items(account), "Port", null);
    expect(foldersOf(account.profile.get(), items(account))).toEqual(["Family"]);
  });

  it("have a name of their own of at most 64 bytes", () => {
    expect(folderName("  Work \n things ", [])).toBe("Work things");
    expect(folderName("Family", ["Family"])).toBeNull();
    expect(folderName("   ", [])).toBeNull();
    expect(folderName("家".repeat(21), [])).toBe("家".repeat(21));
    expect(folderName("家".repeat(22), [])).toBeNull();
  });
});

describe("pinyin", () => {
  it("reads names by the order of the language alone", () => {
    expect(pinyin.spell("顾明远")).toEqual({ full: "gumingyuan", initials: "gmy" });
    expect(pinyin.spell("林晓雯")).toEqual({ full: "linxiaowen", initials: "lxw" });
    expect(pinyin.spell("房东 陈阿姨")?.full).toBe("fangdongchenayi");
    expect(pinyin.spell("Maya")).toBeNull();
  });

  it("reads surnames as surnames, and only in front", () => {
    expect(pinyin.spell("曾国")?.full).toBe("zengguo");
    expect(pinyin.spell("单田")?.full).toBe("shantian");
    expect(pinyin.spell("何曾")?.full).toBe("heceng");
  });

  it("knows the surnames of most people", () => {
    const readings = "王wang 李li 张zhang 刘liu 陈chen 杨yang 黄huang 赵zhao 吴wu 周zhou 徐xu 孙sun 马ma 朱zhu 胡hu 郭guo 何he 高gao 林lin 罗luo 郑zheng 梁liang 谢xie 宋song 唐tang 许xu 韩han 冯feng 邓deng 曹cao 彭peng 沈shen 吕lv 蔡cai 魏wei 苏su";
    for (const [, han, read] of readings.matchAll(/(\p{Script=Han})([a-z]+)/gu)) expect(pinyin.syllableOf(han!)).toBe(read);
  });
});

describe("people by initial", () => {
  const people = ["Tomás", "林晓雯", "Kofi", "ليلى", "7 Bridges", "Ångström", "陈阿姨", "amara", "Лев"].map((name) => ({ name }));

  it("put Han among Latin letters by pinyin, other scripts behind, the rest last", () => {
    const groups = byInitial(people, "en", pinyin);
    expect(groups.map(({ letter }) => letter)).toEqual(["A", "C", "K", "L", "T", "Л", "ل", "#"]);
    expect(groups[0]!.people.map(({ name }) => name)).toEqual(["amara", "Ångström"]);
  });

  it("stand under their own characters until pinyin is there", () => {
    expect(letterOf("林晓雯", null)).toBe("林");
    expect(letterOf("林晓雯", pinyin)).toBe("L");
  });
});

describe("search", () => {
  it("finds conversations by title, people by name, username and pinyin, nobody twice", () => {
    const account = fakeAccount(englishWorld);
    const profiles = new Map([["xiaowen", { id: "xiaowen", displayName: "林晓雯", username: "xw88", avatar: "", publicFields: {}, changedAt: 0, question: "" }]]);
    const harbour = find(account, items(account), new Map(), "harb", null);
    expect(ids(harbour.conversations)).toEqual(["g_harbour", "c_notices"]);
    expect(find(account, items(account), new Map(), "tomas", null).people).toEqual(["tomas"]);
    expect(ids(find(account, items(account), profiles, "@xw", null).conversations)).toEqual(["d_xiaowen"]);
    expect(find(account, items(account), new Map(), "lxw", pinyin).people).toEqual([]);
    expect(ids(find(account, items(account), new Map(), "lxw", pinyin).conversations)).toEqual(["d_xiaowen"]);
  });

  it("reads Han by its start, its initials, and with spaces as one types them", () => {
    expect(nameFits("顾明远", "gum", pinyin)).toBe(true);
    expect(nameFits("顾明远", "gmy", pinyin)).toBe(true);
    expect(nameFits("顾明远", "gu ming", pinyin)).toBe(true);
    expect(nameFits("顾明远", "yuan", pinyin)).toBe(false);
    expect(nameFits("顾明远", "明", null)).toBe(true);
    expect(nameFits("顾明远", "gu", null)).toBe(false);
  });

  it("asks the store for one Han character, and for no less than two letters", () => {
    expect(isWorthSearching("a")).toBe(false);
    expect(isWorthSearching("门")).toBe(true);
    expect(isWorthSearching(" ga ")).toBe(true);
  });

  it("finds messages on the device, the newest first", async () => {
    const account = fakeAccount(chineseWorld);
    const found = await account.search({ text: "字号" });
    expect(found.map(({ conversation }) => conversation)).toEqual(["g_spring"]);
  });
});

describe("a swipe", () => {
  it("reads towards the end, mutes towards the start, archives further", () => {
    expect([swipeAt(20), swipeAt(100), swipeAt(-20), swipeAt(-100), swipeAt(-200)]).toEqual([null, "read", null, "mute", "archive"]);
  });
});

describe("keys", () => {
  const key = (init: Partial<KeyboardEvent>): KeyboardEvent =>
    ({ key: "", code: "", ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, isComposing: false, keyCode: 0, ...init }) as KeyboardEvent;

  it("go where they lead", () => {
    expect(commandOf(key({ key: "k", ctrlKey: true }), true)).toBe("go");
    expect(commandOf(key({ key: "ArrowDown", altKey: true }), true)).toBe("next");
    expect(commandOf(key({ key: "ArrowDown", altKey: true, shiftKey: true }), true)).toBe("nextUnread");
    expect(commandOf(key({ key: "F6", shiftKey: true }), true)).toBe("paneBack");
    expect(commandOf(key({ key: "˜", code: "KeyN", altKey: true }), false)).toBe("new");
  });

  it("are letters while somebody writes, and nothing while an input method composes", () => {
    expect(commandOf(key({ key: "?", shiftKey: true }), true)).toBeNull();
    expect(commandOf(key({ key: "?", shiftKey: true }), false)).toBe("keys");
    expect(commandOf(key({ key: "k", ctrlKey: true, isComposing: true }), true)).toBeNull();
    expect(commandOf(key({ key: "Process", keyCode: 229 }), true)).toBeNull();
  });
});

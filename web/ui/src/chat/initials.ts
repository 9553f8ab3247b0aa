/** The first letters of the reading of a Han name: who types "lxw" finds 林晓雯. */

/** The first character of each letter, in the order of the readings. No reading begins with i, u or v. */
const FIRST = "阿八嚓哒妸发旮哈讥咔垃痳拏噢妑七呥扨它穵夕丫帀";
const LETTERS = "abcdefghjklmnopqrstwxyz";

let order: Intl.Collator | undefined;

/** Empty for a name without Han, and where the browser does not know the order of the readings. */
export function readingInitials(name: string): string {
  const han = [...name].filter((character) => /\p{Script=Han}/u.test(character));
  if (han.length === 0) {
    return "";
  }
  order ??= new Intl.Collator("zh-CN-u-co-pinyin");
  if (order.compare("八", "阿") <= 0 || order.compare("帀", "丫") <= 0) {
    return "";
  }
  const compare = order.compare;
  return han
    .map((character) => {
      const at = [...FIRST].findLastIndex((first) => compare(first, character) <= 0);
      return LETTERS[at] ?? "";
    })
    .join("");
}

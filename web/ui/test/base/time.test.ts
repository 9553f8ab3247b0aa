import { describe, expect, it } from "vitest";
import { ago, clockTime, dayName, lastSeen, localDay, moment, rowTime } from "../../src/base/time.ts";
import { english, loadLocale, makeLocale } from "../../src/i18n/index.ts";
import { en } from "../../src/i18n/en.ts";
import { at, NOW } from "../../src/testing/world.ts";

const locale = makeLocale("en", "en-GB", en);

describe("the time of a row", () => {
  it("is the clock today, then the day, as shortly as it can be said", () => {
    expect(rowTime(at(0, "10:44"), NOW, locale)).toBe("10:44");
    expect(rowTime(at(0, "00:00"), NOW, locale)).toBe("00:00");
    expect(rowTime(at(1, "23:59"), NOW, locale)).toBe("Yesterday");
    expect(rowTime(at(4, "16:10"), NOW, locale)).toBe("Mon");
    expect(rowTime(at(6, "09:00"), NOW, locale)).toBe("Sat");
    expect(rowTime(at(7, "09:00"), NOW, locale)).toBe("20 Nov");
    expect(rowTime(at(364, "09:00"), NOW, locale)).toBe("28 Nov 2025");
  });

  it("says the clock for what a fast clock dates a moment ahead", () => {
    expect(rowTime(NOW + 120_000, NOW, locale)).toBe("10:48");
  });

  it("has no zero before the hour where people write none", () => {
    const american = makeLocale("en", "en-US", en);
    expect(rowTime(at(0, "08:05"), NOW, american)).toMatch(/^8:05\sAM$/);
    expect(rowTime(at(0, "08:05"), NOW, locale)).toBe("08:05");
  });

  it("is written as Chinese writes it", async () => {
    const chinese = await loadLocale("zh");
    expect(rowTime(at(1, "12:00"), NOW, chinese)).toBe("昨天");
    expect(rowTime(at(4, "12:00"), NOW, chinese)).toBe("周一");
    expect(rowTime(at(7, "12:00"), NOW, chinese)).toBe("11月20日");
  });
});

describe("days", () => {
  it("change at midnight of the user's own clock", () => {
    expect(localDay(at(0, "00:00")) - localDay(at(1, "23:59"))).toBe(1);
    expect(localDay(at(0, "23:59"))).toBe(localDay(at(0, "00:00")));
  });

  it("have names, with the year when it is another", () => {
    expect(dayName(localDay(NOW), NOW, locale)).toBe("Today");
    expect(dayName(localDay(NOW) - 1, NOW, locale)).toBe("Yesterday");
    expect(dayName(localDay(at(4, "12:00")), NOW, locale)).toContain("23 November");
    expect(dayName(localDay(at(4, "12:00")), NOW, locale)).not.toContain("2026");
    expect(dayName(localDay(at(364, "12:00")), NOW, locale)).toContain("2025");
  });
});

describe("moments in sentences", () => {
  it("say the clock within a day ahead, else the day too", () => {
    expect(moment(at(0, "18:00"), NOW, locale)).toBe("18:00");
    expect(moment(at(-1, "08:00"), NOW, locale)).toBe("08:00");
    expect(moment(at(-3, "08:00"), NOW, locale)).toBe("30 Nov, 08:00");
    expect(moment(at(1, "18:00"), NOW, locale)).toBe("Yesterday, 18:00");
  });

  it("say how long ago, and the day when that says more", () => {
    expect(ago(NOW - 5 * 60_000, NOW, locale)).toBe("5 min");
    expect(ago(at(0, "08:40"), NOW, locale)).toBe("2 h");
    expect(ago(at(2, "08:40"), NOW, locale)).toBe("Wed");
    expect(ago(NOW + 9000, NOW, locale)).toBe("0 min");
  });

  it("say when somebody was here, and nothing where that is not shown", () => {
    expect(lastSeen(at(0, "09:58"), NOW, locale)).toBe("seen at 09:58");
    expect(lastSeen(at(1, "09:58"), NOW, locale)).toBe("seen yesterday");
    expect(lastSeen(at(4, "09:58"), NOW, locale)).toBe("seen Mon");
    expect(lastSeen(0, NOW, locale)).toBe("");
  });

  it("follow the clock of twelve hours where the user has it", () => {
    expect(clockTime(at(0, "16:05"), makeLocale("en", "en-US", en))).toMatch(/^4:05\sPM$/);
    expect(english.language).toBe("en");
  });
});

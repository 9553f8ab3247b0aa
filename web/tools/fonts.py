#!/usr/bin/env python3
"""Cuts the fonts of the pictures down to the characters that are in them: `python3 tools/fonts.py`.

Needs fonttools and brotli (`pip install fonttools==4.68.0 brotli==1.2.1`) and Debian's fonts-inter, fonts-noto-cjk,
fonts-noto-core and fonts-noto-color-emoji. What comes out lies in e2e/fonts and is kept in the repository, so that pictures
look alike on every machine; all of it is under the SIL Open Font License.
"""

import pathlib
import re

from fontTools import subset
from fontTools.ttLib import TTFont
from fontTools.ttLib.ttCollection import TTCollection

WEB = pathlib.Path(__file__).resolve().parent.parent
OUT = WEB / "e2e" / "fonts"
OPEN = "/usr/share/fonts/opentype"
TRUE = "/usr/share/fonts/truetype/noto"

# Whose texts are in the pictures. tools/check.mjs looks into the same.
SOURCES = ["ui/src/testing", "ui/src/i18n", "messenger/src/texts", "e2e/world", "gallery/src"]

LATIN = set(range(0x20, 0x250)) | set(range(0x2000, 0x2070)) | {0x2190, 0x2191, 0x2192, 0x2193, 0x20AC, 0x2318, 0x21E7, 0x2212, 0xFFFD}


def used():
    text = ""
    for source in SOURCES:
        for path in sorted((WEB / source).rglob("*.ts")):
            text += path.read_text("utf-8")
    # What is written as an escape counts as well.
    text += "".join(chr(int(code, 16)) for code in re.findall(r"\\u\{?([0-9a-fA-F]{4,6})\}?", text))
    return {ord(c) for c in text if ord(c) >= 0x20 and not 0xD800 <= ord(c) < 0xE000}


def cut(font, name, characters, features=None):
    options = subset.Options()
    options.flavor = "woff2"
    options.layout_features = ["*"] if features is None else features
    options.name_IDs = [0, 1, 2, 13, 14]
    options.notdef_outline = True
    options.hinting = False
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=sorted(characters))
    subsetter.subset(font)
    # The same input gives the same file.
    font["head"].modified = font["head"].created
    font.recalcTimestamp = False
    font.flavor = "woff2"
    font.save(OUT / f"{name}.woff2")
    print(name, (OUT / f"{name}.woff2").stat().st_size)


def face(path, family):
    for font in TTCollection(path).fonts:
        if font["name"].getDebugName(1) == family or font["name"].getDebugName(16) == family:
            return font
    raise SystemExit(f"{path} has no {family}")


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    characters = used()
    for name in ["Regular", "Medium", "SemiBold"]:
        features = ["kern", "liga", "calt", "ccmp", "locl", "mark", "mkmk", "tnum", "case"]
        cut(TTFont(f"{OPEN}/inter/Inter-{name}.otf"), f"Inter-{name}", LATIN, features)
    han = {c for c in characters if 0x2E80 <= c < 0xA000 or 0xF900 <= c < 0xFB00 or 0xFF00 <= c < 0xFFF0}
    han |= set(range(0x3000, 0x3020)) | {0x2014, 0x2018, 0x2019, 0x201C, 0x201D, 0x2026, 0xB7}
    for name in ["Regular", "Bold"]:
        cut(face(f"{OPEN}/noto/NotoSansCJK-{name}.ttc", "Noto Sans CJK SC"), f"NotoSansSC-{name}", han)
    arabic = {c for c in range(0x600, 0x700)} | {0x200C, 0x200D, 0x200E, 0x200F, 0x2066, 0x2067, 0x2068, 0x2069}
    for name in ["Regular", "Bold"]:
        cut(TTFont(f"{TRUE}/NotoSansArabic-{name}.ttf"), f"NotoSansArabic-{name}", arabic)
    cut(face(f"{OPEN}/noto/NotoSansCJK-Regular.ttc", "Noto Sans Mono CJK SC"), "NotoSansMono-Regular", set(range(0x20, 0x7F)), ["kern"])
    emoji = {c for c in characters if c >= 0x1F000 or 0x2300 <= c < 0x2C00 or c in (0xFE0F, 0x200D, 0x20E3, 0x3030, 0x303D, 0x3297, 0x3299)}
    emoji |= {0xFE0F, 0x200D}
    cut(TTFont(f"{TRUE}/NotoColorEmoji.ttf"), "NotoColorEmoji", emoji)
    listed = "".join(chr(c) for c in sorted(han | arabic | emoji))
    (OUT / "characters.txt").write_text(listed + "\n", "utf-8")


main()

//! What a text is found by: the same in every store that searches, on a device or on a server.

use stonechat_types::text::is_invisible;
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// A text as it is searched: in small letters, without accents and vowel signs, without what cannot be seen, full and
/// half width the same, and one space where there is white space. A text is found by a part of it when the folded text
/// has the folded part: so one Chinese character is enough, and no language needs its words to be told apart.
#[must_use]
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    let shown = text.nfkd().filter(|c| !is_combining_mark(*c) && !is_invisible(*c));
    for c in shown.flat_map(char::to_lowercase).nfkd().filter(|c| !is_combining_mark(*c)) {
        if !c.is_whitespace() {
            // The sigma at the end of a word is the same letter.
            folded.push(if c == 'ς' { 'σ' } else { c });
        } else if !folded.is_empty() && !folded.ends_with(' ') {
            folded.push(' ');
        }
    }
    folded.truncate(folded.trim_end().len());
    folded
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_looks_the_same_is_found_by_the_same() {
        for (text, part) in [
            ("Café au lait", "CAFE"),
            ("Cafe\u{301}", "café"),
            ("今天天气很好", "天"),
            ("今天天气很好", "天气"),
            ("ＡＢＣ１２３", "abc1"),
            ("مَرْحَبًا بالعالم", "مرحبا"),
            ("می\u{200C}خواهم", "میخواهم"),
            ("abc\u{202E}def", "cd"),
            ("one \n\t two", "one two"),
            ("Ἀθῆναι", "αθηναι"),
            ("👩🏽\u{200D}🤝\u{200D}👨🏻 and 🇳🇱", "🇳🇱"),
            ("❤\u{FE0F}", "❤"),
            ("STRASSE Привет", "привет"),
        ] {
            assert!(fold(text).contains(&fold(part)), "{text:?} by {part:?}: {:?}, {:?}", fold(text), fold(part));
        }
        assert_eq!(fold(" \u{200B}\u{200D} "), "");
    }

    proptest! {
        #[test]
        fn folding_twice_is_folding_once(text in "\\PC{0,40}|[a-zé\u{301}\u{200D}\u{202E} 你好مر]{0,40}") {
            prop_assert_eq!(fold(&fold(&text)), fold(&text));
        }
    }
}

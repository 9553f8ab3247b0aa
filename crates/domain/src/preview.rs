//! Previews, quotes and push texts are cut by one function, at the borders of what people see as one character.

use stonechat_types::limits::{PREVIEW_BYTES_MAX, PREVIEW_GRAPHEMES_MAX};
use unicode_segmentation::UnicodeSegmentation;

/// The beginning of a text in one line: white space runs become one space; at most [`PREVIEW_GRAPHEMES_MAX`] graphemes
/// and [`PREVIEW_BYTES_MAX`] bytes, with `…` where it was cut.
#[must_use]
pub fn preview(text: &str) -> String {
    // Whole words, until one goes past the limit: a mark at the start of a word belongs to the space before it.
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
        if line.len() > PREVIEW_BYTES_MAX {
            break;
        }
    }
    let fits = |(n, (at, grapheme)): &(usize, (usize, &str))| {
        *n < PREVIEW_GRAPHEMES_MAX && at + grapheme.len() <= PREVIEW_BYTES_MAX
    };
    let end = line.grapheme_indices(true).enumerate().take_while(fits).last();
    let end = end.map_or(0, |(_, (at, grapheme))| at + grapheme.len());
    if end < line.len() {
        line.truncate(end);
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn previews_are_cut_between_characters() {
        let family = "👩‍👩‍👧";
        let cut = preview(&family.repeat(200));
        assert!(cut.ends_with('…'));
        assert_eq!(cut.trim_end_matches('…').len() % family.len(), 0);
        assert_eq!(preview("a\n\n b\t"), "a b");
        assert_eq!(preview("你好"), "你好");
        assert_eq!(preview(&"x".repeat(101)), format!("{}…", "x".repeat(100)));
        assert_eq!(preview(&format!("e{}", "\u{301}".repeat(1_000))), "…", "a tower is a character, and too large");
    }

    proptest::proptest! {
        #[test]
        fn a_preview_ends_where_a_character_does(text in "([a-z ]|[\u{301}\u{200D}\u{FE0F}\u{202E}\u{1F3FD}]|👩|🇳|🇱|你|م|\n){0,200}") {
            let cut = preview(&text);
            proptest::prop_assert!(cut.len() <= PREVIEW_BYTES_MAX + '…'.len_utf8());
            let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
            match cut.strip_suffix('…') {
                Some(start) => {
                    let borders: Vec<_> = line.grapheme_indices(true).map(|(at, _)| at).collect();
                    proptest::prop_assert!(line.starts_with(start), "{:?} of {:?}", start, line);
                    proptest::prop_assert!(start.len() == line.len() || borders.contains(&start.len()), "{:?} of {:?}", start, line);
                }
                None => proptest::prop_assert_eq!(cut, line),
            }
        }
    }
}

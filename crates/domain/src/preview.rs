//! Previews, quotes and push texts are cut by one function, at the borders of what people see as one character.

use stonechat_types::limits::{PREVIEW_BYTES_MAX, PREVIEW_GRAPHEMES_MAX};
use unicode_segmentation::UnicodeSegmentation;

/// The beginning of a text in one line: white space runs become one space; at most [`PREVIEW_GRAPHEMES_MAX`] graphemes
/// and [`PREVIEW_BYTES_MAX`] bytes, with `…` where it was cut.
#[must_use]
pub fn preview(text: &str) -> String {
    let mut out = String::new();
    let mut graphemes = 0;
    let words = text.split_whitespace();
    for (i, word) in words.enumerate() {
        let space = if i > 0 { " " } else { "" };
        for grapheme in space.graphemes(true).chain(word.graphemes(true)) {
            if graphemes == PREVIEW_GRAPHEMES_MAX || out.len() + grapheme.len() > PREVIEW_BYTES_MAX {
                out.push('…');
                return out;
            }
            out.push_str(grapheme);
            graphemes += 1;
        }
    }
    out
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
    }
}

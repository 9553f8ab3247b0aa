//! Texts of strangers, made safe for a terminal: nothing in them can move the cursor, turn the writing direction of a
//! line, or pile up marks without end.

use unicode_segmentation::UnicodeSegmentation as _;

/// Most characters of one grapheme: enough for every emoji sequence, and not for towers of accents.
const GRAPHEME_CHARS_MAX: usize = 16;

/// Columns between two tab stops.
const TAB: &str = "    ";

/// A text on one line: line breaks become `⏎`.
#[must_use]
pub fn one_line(text: &str) -> String {
    let text = text.trim_end_matches(['\n', '\r']);
    let mut line = String::with_capacity(text.len());
    for grapheme in text.graphemes(true) {
        match grapheme {
            "\n" | "\r\n" | "\r" | "\u{2028}" | "\u{2029}" | "\u{85}" => {
                line.truncate(line.trim_end_matches(' ').len());
                line.push_str(" ⏎ ");
            }
            other => push_safe(&mut line, other),
        }
    }
    line
}

/// A text as its lines, each safe.
#[must_use]
pub fn lines(text: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for grapheme in text.graphemes(true) {
        match grapheme {
            "\n" | "\r\n" | "\r" | "\u{2028}" | "\u{2029}" | "\u{85}" => lines.push(String::new()),
            other => {
                if let Some(line) = lines.last_mut() {
                    push_safe(line, other);
                }
            }
        }
    }
    while lines.len() > 1 && lines.last().is_some_and(|line| line.trim().is_empty()) {
        lines.pop();
    }
    lines
}

/// What of a pasted or typed text may stand in a composer: the rule of messages, without what hides.
#[must_use]
pub fn for_composer(text: &str) -> String {
    let breaks = text.replace("\r\n", "\n").replace('\r', "\n");
    breaks.chars().filter(|c| matches!(c, '\n' | '\t') || !(c.is_control() || is_hidden(*c))).collect()
}

fn push_safe(line: &mut String, grapheme: &str) {
    for c in grapheme.chars().filter(|c| !is_hidden(*c)).take(GRAPHEME_CHARS_MAX) {
        match c {
            '\t' => line.push_str(TAB),
            '\0'..='\u{1f}' => line.push(char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}')),
            '\u{7f}' => line.push('␡'),
            c if c.is_control() => line.push('\u{fffd}'),
            c => line.push(c),
        }
    }
}

/// Characters that change how others are shown, or are there without being seen. Joiners stay: emoji and many scripts
/// need them.
fn is_hidden(c: char) -> bool {
    matches!(
        c,
        // Embeddings, overrides and isolates of the writing direction, and its marks.
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{61c}'
        // Without width: spaces, soft hyphens, byte order marks, annotations, fillers.
        | '\u{200b}' | '\u{ad}' | '\u{2060}'..='\u{2065}' | '\u{206a}'..='\u{206f}' | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}' | '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}' | '\u{180e}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_shown_and_not_obeyed() {
        assert_eq!(one_line("a\u{1b}[31mb\u{7}\0\u{7f}\u{9b}"), "a␛[31mb␇␀␡\u{fffd}");
        assert_eq!(one_line("a\tb"), "a    b");
    }

    #[test]
    fn nothing_turns_the_direction_or_hides() {
        assert_eq!(one_line("abc\u{202e}fed\u{2066}x\u{2069}\u{200b}y\u{feff}"), "abcfedxy");
        assert_eq!(one_line("مرحبا بالعالم"), "مرحبا بالعالم");
        assert_eq!(one_line("👩\u{200d}👩\u{200d}👧"), "👩\u{200d}👩\u{200d}👧");
    }

    #[test]
    fn towers_of_marks_are_cut() {
        let tower = format!("e{}", "\u{301}".repeat(500));
        assert_eq!(one_line(&tower).chars().count(), GRAPHEME_CHARS_MAX);
    }

    #[test]
    fn lines_are_where_they_were_written() {
        assert_eq!(one_line("one \r\ntwo\n\n"), "one ⏎ two");
        assert_eq!(lines("one\r\ntwo\u{2028}three\n\n"), ["one", "two", "three"]);
        assert_eq!(lines(""), [""]);
        assert_eq!(for_composer("a\r\nb\u{1b}\u{202e}\tc"), "a\nb\tc");
    }
}

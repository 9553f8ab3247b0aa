//! A Rust source as tokens: enough to see which paths it names, without being misled by comments, strings and tests.

/// One token. The text of a literal is dropped, so nothing that stands in a string can break a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token<'a> {
    Word(&'a str),
    Mark(char),
    Literal,
}

/// A token and the line that it stands on, from 1.
pub type Placed<'a> = (Token<'a>, usize);

/// A path as written, `use` trees expanded: `use std::{fs, io}` gives `[std, fs]` and `[std, io]`.
#[derive(Debug, PartialEq, Eq)]
pub struct NamedPath<'a> {
    pub words: Vec<&'a str>,
    pub line: usize,
}

/// A source without what only tests compile, and the modules of other files that it declares for tests only.
pub struct Product<'a> {
    pub tokens: Vec<Placed<'a>>,
    pub test_modules: Vec<&'a str>,
}

/// Splits a source into tokens. Comments vanish.
pub fn lex(text: &str) -> Vec<Placed<'_>> {
    let mut lexer = Lexer { text, at: 0, line: 1 };
    let mut tokens = Vec::new();
    while let Some(token) = lexer.next_token() {
        tokens.push(token);
    }
    tokens
}

/// Drops every item under `#[cfg(test)]`, `#[cfg(all(test, …))]` or `#[test]`, and everything under `#![cfg(test)]`.
pub fn product<'a>(tokens: &[Placed<'a>]) -> Product<'a> {
    let mut product = Product { tokens: Vec::new(), test_modules: Vec::new() };
    let mut at = 0;
    while at < tokens.len() {
        if test_attribute(tokens, at, &[Token::Mark('#'), Token::Mark('!'), Token::Mark('[')]).is_some() {
            return Product { tokens: Vec::new(), test_modules: Vec::new() };
        }
        let Some(item) = test_attribute(tokens, at, &[Token::Mark('#'), Token::Mark('[')]) else {
            product.tokens.push(tokens[at]);
            at += 1;
            continue;
        };
        let end = item_end(tokens, item);
        if let [.., (Token::Word("mod"), _), (Token::Word(name), _), (Token::Mark(';'), _)] = &tokens[item..end] {
            product.test_modules.push(name);
        }
        at = end;
    }
    product
}

/// Every path of at least two words, and every `use`.
pub fn paths<'a>(tokens: &[Placed<'a>]) -> Vec<NamedPath<'a>> {
    let mut paths = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let before = at;
        match tokens[at] {
            // `impl Trait + use<'a>` is no import.
            (Token::Word("use"), _) if !matches!(tokens.get(at + 1), Some((Token::Mark('<'), _))) => {
                at = use_tree(tokens, at + 1, &[], &mut paths);
            }
            (Token::Word(word), line) => {
                let mut words = vec![word];
                at += 1;
                while let Some(next) = word_after_colons(tokens, at) {
                    words.push(next);
                    at += 3;
                }
                if words.len() > 1 {
                    paths.push(NamedPath { words, line });
                }
            }
            _ => at += 1,
        }
        debug_assert!(at > before);
    }
    paths
}

/// Reads one branch of a `use` and gives the place after it.
fn use_tree<'a>(tokens: &[Placed<'a>], mut at: usize, prefix: &[&'a str], paths: &mut Vec<NamedPath<'a>>) -> usize {
    let mut words = prefix.to_vec();
    let line = tokens.get(at).map_or(0, |(_, line)| *line);
    loop {
        match tokens.get(at).map(|(token, _)| *token) {
            Some(Token::Word("as")) => at += 2,
            Some(Token::Word("self")) if !words.is_empty() => at += 1,
            Some(Token::Word(word)) => {
                words.push(word);
                at += 1;
            }
            Some(Token::Mark(':' | '*')) => at += 1,
            Some(Token::Mark('{')) => {
                at += 1;
                while at < tokens.len() && tokens[at].0 != Token::Mark('}') {
                    at = match tokens[at].0 {
                        Token::Mark(',') => at + 1,
                        _ => use_tree(tokens, at, &words, paths).max(at + 1),
                    };
                }
                return at + 1;
            }
            _ => {
                paths.push(NamedPath { words, line });
                return at;
            }
        }
    }
}

fn word_after_colons<'a>(tokens: &[Placed<'a>], at: usize) -> Option<&'a str> {
    match tokens.get(at..at + 3)? {
        [(Token::Mark(':'), _), (Token::Mark(':'), _), (Token::Word(word), _)] => Some(word),
        _ => None,
    }
}

/// If an attribute that starts with `opening` at `at` keeps its item for tests: the place after it and after the
/// attributes that follow.
fn test_attribute(tokens: &[Placed<'_>], at: usize, opening: &[Token<'_>]) -> Option<usize> {
    let starts = |at: usize, opening: &[Token<'_>]| {
        tokens.get(at..at + opening.len()).is_some_and(|here| here.iter().map(|(token, _)| token).eq(opening))
    };
    if !starts(at, opening) {
        return None;
    }
    let mut end = group_end(tokens, at + opening.len() - 1);
    let inside: Vec<Token<'_>> = tokens[at + opening.len()..end - 1].iter().map(|(token, _)| *token).collect();
    if !for_tests_only(&inside) {
        return None;
    }
    while starts(end, &[Token::Mark('#'), Token::Mark('[')]) {
        end = group_end(tokens, end + 1);
    }
    Some(end)
}

fn for_tests_only(attribute: &[Token<'_>]) -> bool {
    use Token::{Mark, Word};
    match attribute {
        [Word("test")] | [Word("cfg"), Mark('('), Word("test"), Mark(')')] => true,
        [Word("cfg"), Mark('('), Word("all"), Mark('('), rest @ ..] => {
            // Only at the top of `all(…)`: what stands in a `not(…)` or an `any(…)` proves nothing.
            let mut depth = 0;
            rest.iter().any(|token| {
                match token {
                    Mark('(') => depth += 1,
                    Mark(')') => depth -= 1,
                    _ => {}
                }
                depth == 0 && *token == Word("test")
            })
        }
        _ => false,
    }
}

/// The place after the item that starts at `at`: after its `;` or its block; for a field, a variant or an arm of a
/// match after its comma or before the bracket that closes the list.
fn item_end(tokens: &[Placed<'_>], mut at: usize) -> usize {
    let listed = !starts_item(tokens, at);
    while at < tokens.len() {
        match tokens[at].0 {
            Token::Mark(';') => return at + 1,
            Token::Mark(',') if listed => return at + 1,
            Token::Mark('{') if !listed => return group_end(tokens, at),
            Token::Mark('(' | '[' | '{') => at = group_end(tokens, at),
            Token::Mark(')' | ']' | '}') => return at,
            _ => at += 1,
        }
    }
    at
}

fn starts_item(tokens: &[Placed<'_>], mut at: usize) -> bool {
    const KEYWORDS: [&str; 16] = [
        "async",
        "const",
        "enum",
        "extern",
        "fn",
        "impl",
        "let",
        "macro_rules",
        "mod",
        "static",
        "struct",
        "trait",
        "type",
        "union",
        "unsafe",
        "use",
    ];
    if let Some((Token::Word("pub"), _)) = tokens.get(at) {
        at += 1;
        if let Some((Token::Mark('('), _)) = tokens.get(at) {
            at = group_end(tokens, at);
        }
    }
    matches!(tokens.get(at), Some((Token::Word(word), _)) if KEYWORDS.contains(word))
}

/// The place after the bracket that closes the one at `open`.
fn group_end(tokens: &[Placed<'_>], open: usize) -> usize {
    let mut depth = 0;
    for (at, (token, _)) in tokens.iter().enumerate().skip(open) {
        match token {
            Token::Mark('(' | '[' | '{') => depth += 1,
            Token::Mark(')' | ']' | '}') => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
    }
    tokens.len()
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    line: usize,
}

impl<'a> Lexer<'a> {
    fn next_token(&mut self) -> Option<Placed<'a>> {
        self.skip_blanks_and_comments();
        let line = self.line;
        let rest = &self.text[self.at..];
        let first = rest.chars().next()?;
        if self.skip_string() {
            return Some((Token::Literal, line));
        }
        if first == '\'' {
            return Some((self.quote(), line));
        }
        if first.is_ascii_digit() {
            let length = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            self.advance(length);
            return Some((Token::Literal, line));
        }
        if first.is_alphabetic() || first == '_' {
            let raw = rest.strip_prefix("r#").unwrap_or(rest);
            let length = raw.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(raw.len());
            self.advance(rest.len() - raw.len() + length);
            return Some((Token::Word(&raw[..length]), line));
        }
        self.advance(first.len_utf8());
        Some((Token::Mark(first), line))
    }

    fn advance(&mut self, bytes: usize) {
        let end = (self.at + bytes).min(self.text.len());
        self.line += self.text[self.at..end].matches('\n').count();
        self.at = end;
    }

    fn skip_blanks_and_comments(&mut self) {
        loop {
            let rest = &self.text[self.at..];
            let blanks = rest.len() - rest.trim_start().len();
            if blanks > 0 {
                self.advance(blanks);
            } else if rest.starts_with("//") {
                self.advance(rest.find('\n').unwrap_or(rest.len()));
            } else if rest.starts_with("/*") {
                self.advance(block_comment_length(rest));
            } else {
                return;
            }
        }
    }

    /// Skips `"…"`, `b"…"`, `c"…"`, `r#"…"#` and their mixtures, and `b'…'`.
    fn skip_string(&mut self) -> bool {
        let rest = &self.text[self.at..];
        let after_prefix = rest.trim_start_matches(['b', 'c', 'r']);
        let prefix = &rest[..rest.len() - after_prefix.len()];
        if prefix.len() > 2 {
            return false;
        }
        let hashes = after_prefix.len() - after_prefix.trim_start_matches('#').len();
        let opened = &after_prefix[hashes..];
        if prefix == "b" && after_prefix.starts_with('\'') {
            self.advance(1);
            self.quote();
            return true;
        }
        if !opened.starts_with('"') || (hashes > 0 && !prefix.ends_with('r')) {
            return false;
        }
        let body = &opened[1..];
        let length = if prefix.ends_with('r') {
            let close = format!("\"{}", "#".repeat(hashes));
            body.find(&close).map_or(body.len(), |at| at + close.len())
        } else {
            quoted_length(body, '"')
        };
        self.advance(prefix.len() + hashes + 1 + length);
        true
    }

    /// A character, or the mark of a lifetime, whose name then follows as a word.
    fn quote(&mut self) -> Token<'a> {
        let body = &self.text[self.at + 1..];
        let mut chars = body.chars();
        let is_character = matches!((chars.next(), chars.next()), (Some('\\'), _) | (Some(_), Some('\'')));
        if !is_character {
            self.advance(1);
            return Token::Mark('\'');
        }
        self.advance(1 + quoted_length(body, '\''));
        Token::Literal
    }
}

/// The length up to and including the closing mark, with backslash escapes.
fn quoted_length(body: &str, close: char) -> usize {
    let mut escaped = false;
    for (at, c) in body.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == close => return at + c.len_utf8(),
            _ => {}
        }
    }
    body.len()
}

fn block_comment_length(rest: &str) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < rest.len() {
        if rest[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += rest[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<&str> {
        lex(text)
            .into_iter()
            .filter_map(|(token, _)| if let Token::Word(word) = token { Some(word) } else { None })
            .collect()
    }

    fn named(text: &str) -> Vec<String> {
        paths(&lex(text)).iter().map(|path| path.words.join("::")).collect()
    }

    #[test]
    fn comments_and_literals_name_nothing() {
        let text = r##"
            // line std::fs
            /* block /* nested */ std::fs */
            let a = "std::fs \" std::net"; let b = r#"std::fs " "#; let c = b"std::fs"; let d = br"std::fs";
            let e = '"'; let f = '\''; let g = b'"'; let h = c"std::fs"; end
        "##;
        assert_eq!(
            words(text),
            ["let", "a", "let", "b", "let", "c", "let", "d", "let", "e", "let", "f", "let", "g", "let", "h", "end"]
        );
    }

    #[test]
    fn a_lifetime_does_not_open_a_character() {
        assert_eq!(
            words("fn a<'x>(y: &'x str, z: &'static str) {}"),
            ["fn", "a", "x", "y", "x", "str", "z", "static", "str"]
        );
    }

    #[test]
    fn a_raw_word_is_a_word() {
        assert_eq!(words("r#type r#match rb br_x"), ["type", "match", "rb", "br_x"]);
    }

    #[test]
    fn lines_are_counted_through_strings_and_comments() {
        let tokens = lex("/*\n*/ \"\n\" x");
        assert_eq!(tokens.last(), Some(&(Token::Word("x"), 3)));
    }

    #[test]
    fn a_use_tree_is_expanded() {
        assert_eq!(
            named("pub use ::std::{fs::{self, File}, time::{Duration, Instant as Now}, net::*}; std::a::b(c::d)"),
            ["std::fs", "std::fs::File", "std::time::Duration", "std::time::Instant", "std::net", "std::a::b", "c::d"]
        );
    }

    #[test]
    fn what_only_tests_compile_is_dropped() {
        let text = "
            fn kept() {}
            #[cfg(test)] #[allow(x)] mod tests { use std::fs; }
            #[cfg(all(unix, test))] fn gone() -> [u8; 2] { std::fs::a() }
            #[cfg(test)] mod elsewhere;
            #[test] fn also_gone() { std::net::b() }
            #[cfg(any(test, feature = \"x\"))] use kept::a;
            #[cfg(all(unix, not(test)))] use kept::b;
            struct S { #[cfg(test)] pub(crate) calls: gone::Field, field: kept::C, #[cfg(test)] last: gone::Last }
        ";
        let tokens = lex(text);
        let product = product(&tokens);
        assert_eq!(product.test_modules, ["elsewhere"]);
        assert_eq!(
            paths(&product.tokens).iter().map(|path| path.words.join("::")).collect::<Vec<_>>(),
            ["kept::a", "kept::b", "kept::C"]
        );
    }

    #[test]
    fn a_file_for_tests_only_names_nothing() {
        assert!(product(&lex("#![cfg(test)] use std::fs;")).tokens.is_empty());
    }
}

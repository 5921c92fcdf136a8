//! The comments in which tests can name rules.
//!
//! In a file of tests (`tests.rs`, or anything below a `tests` directory) and in an inline test
//! module every comment counts; elsewhere only those inside of documentation examples.

use std::path::Path;

/// A comment: adjacent line comments are one.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Comment {
    pub(super) line: usize,
    pub(super) text: String,
}

/// The comments of a file's tests.
pub(super) fn test_comments(path: &Path, text: &str) -> Vec<Comment> {
    let is_tests = |part: &std::ffi::OsStr| part == "tests" || part == "tests.rs";
    if path.iter().any(is_tests) {
        return comments(text, 1);
    }
    let first = inline_tests(text).unwrap_or(usize::MAX);
    let mut found = Vec::new();
    let mut in_example = false;
    for (line, content) in (1..first).zip(text.lines()) {
        let content = content.trim_start();
        let doc = content
            .strip_prefix("///")
            .or_else(|| content.strip_prefix("//!"));
        let Some(doc) = doc.map(str::trim_start) else {
            in_example = false;
            continue;
        };
        if doc.starts_with("```") {
            in_example = !in_example;
        } else if in_example {
            found.extend(comments(doc, line));
        }
    }
    if first != usize::MAX {
        let tests = text.lines().skip(first - 1).collect::<Vec<_>>().join("\n");
        found.extend(comments(&tests, first));
    }
    found
}

/// The line with which the inline test module begins; test modules are last in a file.
fn inline_tests(text: &str) -> Option<usize> {
    let mut lines = (1..).zip(text.lines().map(str::trim));
    while let Some((number, line)) = lines.next() {
        let is_cfg = line.starts_with("#[cfg(test)]") || line.starts_with("#[cfg(all(test,");
        if !is_cfg {
            continue;
        }
        let item = lines.clone().map(|(_, line)| line);
        let item = item.skip_while(|line| line.is_empty() || line.starts_with("#["));
        if item
            .take(1)
            .any(|line| line.starts_with("mod ") && line.ends_with('{'))
        {
            return Some(number);
        }
    }
    None
}

/// All comments of a piece of Rust whose first line has the number `first`.
fn comments(code: &str, first: usize) -> Vec<Comment> {
    let mut found: Vec<Comment> = Vec::new();
    // The line after the last comment, if that was a line comment with nothing but space behind it.
    let mut next_line = 0;
    let mut line = first;
    let mut rest = code;
    while let Some(c) = rest.chars().next() {
        let (len, comment) = token(rest, c);
        let token = &rest[..len];
        match comment {
            Kind::Line => {
                let text = token.trim_start_matches('/').trim_start_matches('!').trim();
                match found.last_mut() {
                    Some(last) if line == next_line => {
                        last.text.push('\n');
                        last.text += text;
                    }
                    _ => found.push(Comment {
                        line,
                        text: text.to_owned(),
                    }),
                }
                next_line = line + 1;
            }
            Kind::Block => found.push(Comment {
                line,
                text: token.to_owned(),
            }),
            Kind::Code => {}
        }
        line += token.matches('\n').count();
        rest = &rest[len..];
    }
    found
}

enum Kind {
    Line,
    Block,
    Code,
}

/// The length and kind of the token that `rest` begins with; its first character is `c`.
///
/// Only what can hold or hide a comment is told apart: comments, strings and characters.
fn token(rest: &str, c: char) -> (usize, Kind) {
    let end = |len: Option<usize>| len.unwrap_or(rest.len());
    if rest.starts_with("//") {
        return (end(rest.find('\n')), Kind::Line);
    }
    if rest.starts_with("/*") {
        return (block_len(rest), Kind::Block);
    }
    if let Some((open, close)) = raw_string(rest) {
        let len = rest[open..].find(&close).map(|at| open + at + close.len());
        return (end(len), Kind::Code);
    }
    let len = match c {
        '"' => quoted_len(rest),
        '\'' if rest[1..].starts_with('\\') => end(rest
            .get(3..)
            .and_then(|rest| rest.find('\''))
            .map(|at| at + 4)),
        // `'x'` is a character; anything else is a lifetime.
        '\'' => match rest[1..].chars().next() {
            Some(inner) if rest[1 + inner.len_utf8()..].starts_with('\'') => inner.len_utf8() + 2,
            _ => 1,
        },
        _ if c.is_alphanumeric() || c == '_' => {
            end(rest.find(|c: char| !(c.is_alphanumeric() || c == '_')))
        }
        _ => c.len_utf8(),
    };
    (len, Kind::Code)
}

/// The length of a block comment, those inside included.
fn block_len(rest: &str) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < rest.len() {
        let tail = &rest[at..];
        if tail.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if tail.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                break;
            }
        } else {
            at += tail.chars().next().map_or(1, char::len_utf8);
        }
    }
    at
}

/// The length of a string with escapes.
fn quoted_len(rest: &str) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// Where the raw string begins that `rest` begins with, and what closes it.
fn raw_string(rest: &str) -> Option<(usize, String)> {
    let prefix = ["r", "br", "cr"].into_iter().find(|prefix| {
        let body = rest.strip_prefix(prefix);
        body.is_some_and(|body| body.trim_start_matches('#').starts_with('"'))
    })?;
    let open = rest.find('"')?;
    let close = format!("\"{}", "#".repeat(open - prefix.len()));
    Some((open + 1, close))
}

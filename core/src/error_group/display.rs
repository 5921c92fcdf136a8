//! The tree in lines. A note or an error of several lines keeps its indentation.

use alloc::string::String;
use alloc::vec::Vec;
use core::error::Error;
use core::fmt::{self, Write};

use super::{ErrorGroup, Node};

/// Groups deeper than this are shown as one line: nobody reads so far to the right, and since each
/// line repeats what is left of it, the text would grow with the square of the depth.
const SHOWN_DEPTH: usize = 32;

/// The tree, a line for each entry; groups that are nested more than 32 deep are shown without theirs.
impl<E: fmt::Display> fmt::Display for ErrorGroup<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.alternate() {
            tree(self, f, |error, out| write!(out, "{error:#}"))
        } else {
            tree(self, f, |error, out| write!(out, "{error}"))
        }
    }
}

/// As `Display`, with each error as its own `Debug` shows it.
impl<E: fmt::Debug> fmt::Debug for ErrorGroup<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.alternate() {
            tree(self, f, |error, out| write!(out, "{error:#?}"))
        } else {
            tree(self, f, |error, out| write!(out, "{error:?}"))
        }
    }
}

impl<E: Error + 'static> Error for ErrorGroup<E> {
    /// The first leaf: a chain has room for one. [`leaves`](ErrorGroup::leaves) gives all.
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        let (_, first) = self.leaves().next()?;
        Some(first)
    }
}

/// What is left of the entries below one that others follow, and below the last one.
const BAR: &str = "│   ";
const GAP: &str = "    ";

fn tree<E>(
    group: &ErrorGroup<E>,
    f: &mut fmt::Formatter<'_>,
    leaf: fn(&E, &mut Indented<'_, '_>) -> fmt::Result,
) -> fmt::Result {
    let mut out = Indented {
        out: f,
        indent: String::new(),
    };
    headline(group, &mut out)?;
    notes(group, &mut out)?;
    // The groups on the way down: what is left of their entries, and how long the indent is there.
    let mut open = Vec::from([(group.entries.iter(), 0)]);
    while let Some((entries, indent)) = open.last_mut() {
        out.indent.truncate(*indent);
        let Some(entry) = entries.next() else {
            open.pop();
            continue;
        };
        let is_last = entries.len() == 0;
        out.write_str(if is_last {
            "\n└── "
        } else {
            "\n├── "
        })?;
        out.indent.push_str(if is_last { GAP } else { BAR });
        write!(out, "{}: ", entry.origin)?;
        match &entry.node {
            Node::Leaf(error) => leaf(error, &mut out)?,
            Node::Group(group) => {
                headline(group, &mut out)?;
                if open.len() < SHOWN_DEPTH {
                    notes(group, &mut out)?;
                    open.push((group.entries.iter(), out.indent.len()));
                } else {
                    out.write_str(", not shown")?;
                }
            }
        }
    }
    Ok(())
}

/// The message and the number of entries.
fn headline<E>(group: &ErrorGroup<E>, out: &mut Indented<'_, '_>) -> fmt::Result {
    let count = group.len();
    let errors = if count == 1 { "error" } else { "errors" };
    match &*group.message {
        "" => write!(out, "{count} {errors}"),
        message => write!(out, "{message} ({count} {errors})"),
    }
}

fn notes<E>(group: &ErrorGroup<E>, out: &mut Indented<'_, '_>) -> fmt::Result {
    let indent = out.indent.len();
    out.indent.push_str("│ ");
    for note in &group.notes {
        write!(out, "\nnote: {note}")?;
    }
    out.indent.truncate(indent);
    Ok(())
}

/// Begins each line with `indent`.
struct Indented<'a, 'f> {
    out: &'a mut fmt::Formatter<'f>,
    indent: String,
}

impl Write for Indented<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for (i, line) in text.split('\n').enumerate() {
            if i > 0 {
                self.out.write_char('\n')?;
                self.out.write_str(&self.indent)?;
            }
            self.out.write_str(line)?;
        }
        Ok(())
    }
}

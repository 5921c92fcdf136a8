use super::Post;
use crate::Error;

/// `SELECT * FROM posts [ORDER BY id] [LIMIT n] [OFFSET n]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Query {
    limit: usize,
    offset: usize,
}

impl Query {
    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        let parse = || {
            let rest = text.strip_prefix("SELECT * FROM posts")?;
            let rest = rest.strip_prefix(" ORDER BY id").unwrap_or(rest);
            let (limit, rest) = number(rest, " LIMIT ")?;
            let (offset, rest) = number(rest, " OFFSET ")?;
            rest.is_empty().then_some(Self {
                limit: limit.unwrap_or(usize::MAX),
                offset: offset.unwrap_or(0),
            })
        };
        parse().ok_or_else(|| Error::Query(text.to_owned()))
    }

    pub(super) fn run(self, posts: &[Post]) -> &[Post] {
        let posts = &posts[self.offset.min(posts.len())..];
        &posts[..self.limit.min(posts.len())]
    }
}

/// The number after `word`, if that is there, and what follows; `None` if it is there without one.
fn number<'t>(text: &'t str, word: &str) -> Option<(Option<usize>, &'t str)> {
    let Some(text) = text.strip_prefix(word) else {
        return Some((None, text));
    };
    let end = text.find(' ').unwrap_or(text.len());
    let number = text[..end].parse().ok()?;
    Some((Some(number), &text[end..]))
}

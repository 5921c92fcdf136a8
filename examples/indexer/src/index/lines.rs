//! A file as a stream of its lines.

use std::io::{BufRead, Read as _};

use futures_util::Stream;
use withal::runtime::Runtime;
use withal::{generator, with};

use super::read::NotRead;
use super::{Job, Options};
use crate::blocking::unblock;
use crate::progress::Skip;
use crate::scopes::FileScope;
use crate::walk::FoundFile;

/// How much one blocking job reads, in bytes, give or take a line: most source files in one job, and
/// not so much that a worker holds a thread, or a reader that stops early has read much in vain.
const BLOCK: u64 = 64 << 10;

/// The lines of `file`, with their ends, so that together they are its text.
///
/// The stream holds the file open, in a scope, from its first item to its last, or until it is
/// closed. It is fused; an error is the last item.
pub(super) fn lines<'a, R: Runtime>(
    rt: &'a R,
    file: &'a FoundFile,
    job: &'a Job,
) -> impl Stream<Item = Result<String, NotRead>> + use<'a, R> {
    generator(async move |y| {
        let Options {
            files, max_bytes, ..
        } = &job.options;
        let scope = FileScope::new(rt, files, file.path.clone(), &job.ledger);
        let read = with(rt, scope, async |file| {
            let mut limit = Limit {
                max_bytes: *max_bytes,
                read: 0,
            };
            loop {
                let (file, before) = (file.clone(), limit);
                let block = unblock(rt, move |cx| {
                    // `None`: the scope has ended, so nobody is left to read it.
                    let block = file.with(|file| Block::read(file, before, || cx.is_cancelled()));
                    block.unwrap_or(Err(Skip::NotText))
                });
                let block = block.await.map_err(NotRead::Discarded)?;
                let block = block.map_err(NotRead::Skip)?;
                for line in block.lines {
                    y.yield_(line).await;
                }
                if block.is_last {
                    return Ok(());
                }
                limit = block.limit;
            }
        });
        read.await.map_err(NotRead::from)
    })
}

/// How much of a file may be read, and was.
#[derive(Clone, Copy)]
struct Limit {
    max_bytes: u64,
    read: u64,
}

/// The lines that one job reads.
struct Block {
    lines: Vec<String>,
    is_last: bool,
    limit: Limit,
}

impl Block {
    /// Reads on, until the block is full, or nobody waits for it any more: whoever closes the file
    /// waits for this.
    fn read(
        file: &mut impl BufRead,
        mut limit: Limit,
        is_cancelled: impl Fn() -> bool,
    ) -> Result<Self, Skip> {
        let end = limit.read + BLOCK;
        let mut lines = Vec::new();
        while limit.read < end && !is_cancelled() {
            let mut line = Vec::new();
            // One byte more than allowed: the file's size can change between a look at it and the
            // reading.
            let most = (limit.max_bytes - limit.read).saturating_add(1);
            let read = file.by_ref().take(most).read_until(b'\n', &mut line);
            limit.read += read.map_err(Skip::Unreadable)? as u64;
            if limit.read > limit.max_bytes {
                return Err(Skip::TooLarge {
                    limit: limit.max_bytes,
                });
            }
            if line.is_empty() {
                return Ok(Self {
                    lines,
                    is_last: true,
                    limit,
                });
            }
            if line.contains(&0) {
                return Err(Skip::NotText);
            }
            lines.push(String::from_utf8(line).map_err(|_| Skip::NotText)?);
        }
        Ok(Self {
            lines,
            is_last: false,
            limit,
        })
    }
}

#[cfg(test)]
mod tests;

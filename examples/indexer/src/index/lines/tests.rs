use std::cell::Cell;
use std::fs;
use std::io::{self, BufReader};
use std::ops::ControlFlow;
use std::pin::pin;

use futures_util::{StreamExt as _, TryStreamExt as _};
use tempfile::TempDir;
use withal::{close, for_each};
use withal_tests::Deterministic;

use super::*;
use crate::ledger::Scopes;

struct Place {
    _dir: TempDir,
    file: FoundFile,
    job: Job,
    rt: Deterministic,
}

impl Place {
    fn new(content: impl AsRef<[u8]>) -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let path = dir.path().join("file");
        fs::write(&path, content).expect("a file");
        let name = "file".into();
        Self {
            _dir: dir,
            file: FoundFile { path, name },
            job: Job::new(Options::new("".into(), "".into())),
            rt: Deterministic::new(),
        }
    }

    fn lines(&self) -> impl Stream<Item = Result<String, NotRead>> + '_ {
        lines(&self.rt, &self.file, &self.job)
    }

    fn read(&mut self, max_bytes: u64) -> Result<Vec<String>, NotRead> {
        self.job.options.max_bytes = max_bytes;
        self.rt.block_on(self.lines().try_collect())
    }

    /// Entered, completed, failed, cancelled.
    fn scopes(&self) -> [u64; 4] {
        let Scopes {
            entered,
            completed,
            failed,
            cancelled,
            ..
        } = self.job.ledger.summary().files;
        [entered, completed, failed, cancelled]
    }
}

#[test]
fn lines_keep_their_ends() {
    for (content, lines) in [
        ("", &[][..]),
        ("\n", &["\n"][..]),
        ("a\r\n\nb", &["a\r\n", "\n", "b"]),
    ] {
        let mut place = Place::new(content);
        assert_eq!(place.read(9).expect("it is text"), lines);
        assert_eq!(place.scopes(), [1, 1, 0, 0]);
    }
}

#[test]
fn a_file_of_many_blocks_comes_whole() {
    let long = "x".repeat(3 * BLOCK as usize);
    let content = format!(
        "{}{long}\n{}",
        "short\n".repeat(30_000),
        "é\n".repeat(30_000)
    );
    let mut place = Place::new(&content);
    let lines = place.read(u64::MAX).expect("it is text");
    assert_eq!(lines.len(), 60_001);
    assert!(lines.concat() == content, "another text");
    assert_eq!(place.scopes(), [1, 1, 0, 0]);
}

#[test]
fn a_file_may_be_as_large_as_is_allowed() {
    let mut place = Place::new("one\ntwo\n");
    assert_eq!(place.read(8).expect("it is not too large").len(), 2);
    for limit in [0, 3, 4, 7] {
        let error = place.read(limit).expect_err("it is too large");
        assert!(
            matches!(error, NotRead::Skip(Skip::TooLarge { limit: told }) if told == limit),
            "{error:?}"
        );
    }
    assert_eq!(place.scopes(), [5, 1, 4, 0]);
}

#[test]
fn what_is_no_text_is_the_end_and_a_failure() {
    for content in [&b"one\ncaf\xe9\nthree\n"[..], b"one\nzero\0\nthree\n"] {
        let place = Place::new(content);
        place.rt.block_on(async {
            let mut lines = pin!(place.lines());
            let error = lines.next().await.expect("an item");
            assert!(matches!(error, Err(NotRead::Skip(Skip::NotText))));
            assert!(lines.next().await.is_none());
        });
        assert_eq!(place.scopes(), [1, 0, 1, 0]);
    }
}

#[test]
fn the_file_is_open_from_the_first_item_on_until_the_stream_is_closed() {
    let place = Place::new("one\ntwo\nthree\n");
    place.rt.block_on(async {
        let mut lines = Box::pin(place.lines());
        assert_eq!(place.scopes(), [0, 0, 0, 0]);
        let line = lines.try_next().await.expect("it is text");
        assert_eq!(line.as_deref(), Some("one\n"));
        assert_eq!(place.scopes(), [1, 0, 0, 0]);
        close(lines).await;
        assert_eq!(place.scopes(), [1, 0, 0, 1]);
    });
}

#[test]
fn a_loop_that_is_left_closes_the_file() {
    let place = Place::new("one\ntwo\nthree\n");
    place.rt.block_on(async {
        let found = for_each(place.lines(), async |line| match line {
            Ok(line) if line.starts_with("tw") => ControlFlow::Break(line),
            _ => ControlFlow::Continue(()),
        });
        assert_eq!(found.await, ControlFlow::Break("two\n".to_owned()));
        assert_eq!(place.scopes(), [1, 0, 0, 1]);
    });
}

#[test]
fn a_reading_that_nobody_waits_for_ends_between_two_lines() {
    let looks = Cell::new(0);
    let limit = Limit {
        max_bytes: u64::MAX,
        read: 0,
    };
    let mut file = BufReader::new(io::repeat(b'\n'));
    let block = Block::read(&mut file, limit, || looks.replace(looks.get() + 1) == 3);
    assert_eq!(block.expect("it is text").lines, ["\n"; 3]);
}

//! The lines of a reader that gives what a test tells it to.

use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::pin::{Pin, pin};
use std::string::FromUtf8Error;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use futures_util::stream::{FusedStream as _, Stream, StreamExt as _};
use tokio::io::{AsyncBufRead, AsyncRead, ReadBuf};

use crate::lines;

/// What a reader does when it is asked for bytes. At the end of its script the file ends.
enum Step {
    Gives(&'static [u8]),
    Waits,
    Fails,
}
use Step::{Fails, Gives, Waits};

struct Script {
    steps: VecDeque<Step>,
    /// Its other holder sees when this reader is dropped.
    _alive: Arc<()>,
}

fn script<const N: usize>(steps: [Step; N]) -> (Script, Arc<()>) {
    let alive = Arc::default();
    let script = Script {
        steps: steps.into(),
        _alive: Arc::clone(&alive),
    };
    (script, alive)
}

fn is_dropped(alive: &Arc<()>) -> bool {
    Arc::strong_count(alive) == 1
}

impl AsyncBufRead for Script {
    fn poll_fill_buf(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let this = self.get_mut();
        if let Some(Waits | Fails) = this.steps.front() {
            return match this.steps.pop_front() {
                Some(Fails) => Poll::Ready(Err(ErrorKind::ConnectionReset.into())),
                _ => Poll::Pending,
            };
        }
        match this.steps.front() {
            Some(Gives(bytes)) => Poll::Ready(Ok(bytes)),
            _ => Poll::Ready(Ok(&[])),
        }
    }

    fn consume(self: Pin<&mut Self>, amount: usize) {
        let this = self.get_mut();
        if let Some(Gives(bytes)) = this.steps.front_mut() {
            *bytes = &bytes[amount..];
            if bytes.is_empty() {
                this.steps.pop_front();
            }
        }
    }
}

impl AsyncRead for Script {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        _: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        unreachable!("lines are read from the buffer")
    }
}

/// One poll of a `next`, which is then dropped.
fn next<S: Stream + Unpin>(stream: &mut S) -> Poll<Option<S::Item>> {
    let mut next = stream.next();
    pin!(&mut next).poll(&mut Context::from_waker(Waker::noop()))
}

fn line(line: &str) -> Poll<Option<Result<String, ErrorKind>>> {
    Poll::Ready(Some(Ok(line.to_owned())))
}

/// Errors can be told apart by their kind.
fn kinds(reader: Script) -> impl Stream<Item = Result<String, ErrorKind>> + Unpin {
    lines(reader).map(|line| line.map_err(|error| error.kind()))
}

const END: Poll<Option<Result<String, ErrorKind>>> = Poll::Ready(None);

// IT-10
#[test]
fn lines_come_without_their_ends_and_the_last_one_needs_none() {
    let (reader, alive) = script([
        Gives(b"a\nb\r\n\n\r\nc\rd\r\r\n"),
        Gives("\u{e9}".as_bytes()),
    ]);
    let mut lines = kinds(reader);
    for expected in ["a", "b", "", "", "c\rd\r", "\u{e9}"] {
        assert_eq!(next(&mut lines), line(expected));
    }
    assert_eq!(next(&mut lines), END);
    assert!(is_dropped(&alive), "the reader is kept after the end");
    assert_eq!(next(&mut lines), END);
}

// IT-10
#[test]
fn nothing_has_no_lines() {
    let (reader, _) = script([]);
    let mut lines = lines(reader);
    assert!(!lines.is_terminated());
    assert!(matches!(next(&mut lines), Poll::Ready(None)));
    assert!(lines.is_terminated());
}

// IT-15, IT-16: also in the middle of a character.
#[test]
fn a_step_that_is_dropped_loses_nothing_of_a_line() {
    let (reader, _) = script([
        Waits,
        Gives(b"on\xc3"),
        Waits,
        Waits,
        Gives(b"\xa9"),
        Waits,
        Gives(b"\r"),
        Waits,
        Gives(b"\ntwo"),
        Waits,
    ]);
    let mut lines = kinds(reader);
    for _ in 0..5 {
        assert_eq!(next(&mut lines), Poll::Pending);
    }
    assert_eq!(next(&mut lines), line("on\u{e9}"));
    assert_eq!(next(&mut lines), Poll::Pending);
    assert_eq!(next(&mut lines), line("two"));
    assert_eq!(next(&mut lines), END);
}

// IT-10, IT-13
#[test]
fn an_error_of_the_reader_is_the_last_item() {
    let (reader, alive) = script([Gives(b"one\ntw"), Fails, Gives(b"o\nthree\n")]);
    let mut lines = kinds(reader);
    assert_eq!(next(&mut lines), line("one"));
    let error = Poll::Ready(Some(Err(ErrorKind::ConnectionReset)));
    assert_eq!(next(&mut lines), error);
    assert!(is_dropped(&alive), "the reader is kept after an error");
    assert_eq!(next(&mut lines), END);
}

// IT-13
#[test]
fn the_bytes_of_a_line_that_is_no_text_come_back() {
    let (reader, _) = script([Gives(b"caf\xe9\r\n")]);
    let Poll::Ready(Some(Err(error))) = next(&mut lines(reader)) else {
        panic!("it is no text");
    };
    let error = error.into_inner().expect("there is more to it");
    let error = error.downcast::<FromUtf8Error>().expect("its bytes");
    assert_eq!(error.as_bytes(), b"caf\xe9");
}

// IT-10, IT-13
#[test]
fn a_line_that_is_no_text_is_an_error_and_the_last_item() {
    let (reader, alive) = script([Gives(b"one\ncaf\xe9\nthree\n")]);
    let mut lines = kinds(reader);
    assert_eq!(next(&mut lines), line("one"));
    let error = Poll::Ready(Some(Err(ErrorKind::InvalidData)));
    assert_eq!(next(&mut lines), error);
    assert!(is_dropped(&alive), "the reader is kept after an error");
    assert_eq!(next(&mut lines), END);
}

// IT-5
#[test]
fn the_reader_goes_with_its_lines() {
    let (reader, alive) = script([Gives(b"one\nt"), Waits]);
    let mut lines = lines(reader);
    assert!(matches!(next(&mut lines), Poll::Ready(Some(Ok(_)))));
    assert!(next(&mut lines).is_pending());
    assert!(!is_dropped(&alive));
    drop(lines);
    assert!(is_dropped(&alive));
}

const _: () = {
    const fn send_unpin<T: Send + Unpin>() {}
    send_unpin::<crate::Lines<io::Empty>>();
};

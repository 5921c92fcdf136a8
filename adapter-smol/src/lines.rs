//! The lines of a reader, as a stream.

use std::fmt;
use std::io::{self, ErrorKind};
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::stream::{FusedStream, Stream};
use pin_project_lite::pin_project;
use smol::io::AsyncBufRead;

/// The lines of `reader`, without their ends: `\n`, or `\r\n`. A last line without an end is given,
/// too.
///
/// The stream owns the reader, and drops it at the end, after an error, or when it is dropped itself.
/// It is fused: after the end, or an error, it gives `None`.
///
/// # Cancel safety
///
/// Dropping the future of a `next` loses nothing: what was read of a line is kept for the next one.
///
/// # Errors
///
/// An item is an error if the reader fails, which loses what was read of that line, or if a line is
/// not UTF-8 ([`InvalidData`](io::ErrorKind::InvalidData), around a
/// [`FromUtf8Error`](std::string::FromUtf8Error) that has its bytes). It is the last item.
///
/// # Complexity
///
/// One allocation for each line, of its length: a reader that never ends a line fills the memory, so
/// bound one that you do not trust.
///
/// # Examples
///
/// ```
/// use futures_util::TryStreamExt;
///
/// # smol::block_on(async {
/// let lines: Vec<String> = withal_smol::lines(&b"one\r\ntwo"[..]).try_collect().await?;
/// assert_eq!(lines, ["one", "two"]);
/// # Ok::<(), std::io::Error>(())
/// # })?;
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// Source: `std::io::BufRead::lines`; differs in that it is fused.
pub fn lines<R: AsyncBufRead>(reader: R) -> Lines<R> {
    Lines {
        reader: Some(reader),
        line: Vec::new(),
    }
}

pin_project! {
    /// The stream that [`lines`] returns.
    #[must_use = "streams do nothing unless polled"]
    pub struct Lines<R> {
        // `None`: the stream has ended.
        #[pin]
        reader: Option<R>,
        // What was read of the next line.
        line: Vec<u8>,
    }
}

impl<R: AsyncBufRead> Stream for Lines<R> {
    type Item = io::Result<String>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut this = self.project();
        let Some(reader) = this.reader.as_mut().as_pin_mut() else {
            return Poll::Ready(None);
        };
        let line = ready!(poll_line(reader, this.line, cx)).transpose();
        if !matches!(line, Some(Ok(_))) {
            this.reader.set(None);
        }
        Poll::Ready(line)
    }
}

// Written out: `smol::io::Lines` panics (in debug builds) when the reader fails in the middle of a
// line.
/// Reads on to the end of a line; `line` holds what was read of it.
fn poll_line<R: AsyncBufRead>(
    mut reader: Pin<&mut R>,
    line: &mut Vec<u8>,
    cx: &mut Context<'_>,
) -> Poll<io::Result<Option<String>>> {
    loop {
        let bytes = ready!(reader.as_mut().poll_fill_buf(cx))?;
        let end = bytes.iter().position(|byte| *byte == b'\n');
        let read = end.map_or(bytes.len(), |end| end + 1);
        line.extend_from_slice(&bytes[..read]);
        reader.as_mut().consume(read);
        if end.is_some() || read == 0 {
            break;
        }
    }
    if line.is_empty() {
        return Poll::Ready(Ok(None));
    }
    let mut line = mem::take(line);
    if line.ends_with(b"\n") {
        line.pop();
        if line.ends_with(b"\r") {
            line.pop();
        }
    }
    let line =
        String::from_utf8(line).map_err(|error| io::Error::new(ErrorKind::InvalidData, error));
    Poll::Ready(line.map(Some))
}

impl<R: AsyncBufRead> FusedStream for Lines<R> {
    fn is_terminated(&self) -> bool {
        self.reader.is_none()
    }
}

impl<R> fmt::Debug for Lines<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lines")
            .field("ended", &self.reader.is_none())
            .finish_non_exhaustive()
    }
}

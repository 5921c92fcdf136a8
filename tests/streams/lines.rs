//! The lines of a reader that gives one byte at a time, on each runtime.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_util::stream::StreamExt;
use withal_tests::probe::Failed;
use withal_tests::streams::{Feed, Item};

use crate::conforming;

/// A line for each item of a feed; waits before each byte.
struct Bytes {
    feed: Feed,
    line: Vec<u8>,
    has_waited: bool,
}

impl Bytes {
    fn of(feed: Feed) -> Self {
        Self {
            feed,
            line: Vec::new(),
            has_waited: false,
        }
    }

    /// The next byte; none at the end.
    fn poll_byte(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        if self.line.is_empty() {
            match ready!(self.feed.poll_next_unpin(cx)) {
                Some(Ok(item)) => self.line = format!("{item}\n").into_bytes(),
                Some(Err(failed)) => return Poll::Ready(Err(io::Error::other(failed))),
                None => {}
            }
        }
        if !self.line.is_empty() && !std::mem::replace(&mut self.has_waited, true) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Ok(&self.line[..self.line.len().min(1)]))
    }

    fn take(&mut self, bytes: usize) {
        self.line.drain(..bytes);
        self.has_waited = false;
    }
}

/// The item that was written as a line.
fn item(line: io::Result<String>) -> Item {
    let line = line.map_err(|error| {
        assert_eq!(error.to_string(), "the feed");
        Failed("the feed")
    });
    Ok(line?.parse().expect("a whole line"))
}

#[cfg(feature = "tokio")]
mod of_tokio {
    use tokio::io::{AsyncBufRead, AsyncRead, ReadBuf};

    use super::*;

    impl AsyncRead for Bytes {
        fn poll_read(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            buffer: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            let byte = ready!(self.poll_byte(cx))?;
            let read = byte.len();
            buffer.put_slice(byte);
            self.take(read);
            Poll::Ready(Ok(()))
        }
    }

    impl AsyncBufRead for Bytes {
        fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
            self.get_mut().poll_byte(cx)
        }

        fn consume(mut self: Pin<&mut Self>, bytes: usize) {
            self.take(bytes);
        }
    }

    conforming! {
        lines: |_rt, feed| withal::tokio::lines(Bytes::of(feed)).map(item);
    }
}

#[cfg(any(feature = "smol", feature = "async-std"))]
mod of_the_others {
    // The same traits, by two names.
    #[cfg(not(feature = "smol"))]
    use async_std::io::{BufRead as AsyncBufRead, Read as AsyncRead};
    #[cfg(feature = "smol")]
    use smol::io::{AsyncBufRead, AsyncRead};

    use super::*;

    impl AsyncRead for Bytes {
        fn poll_read(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            buffer: &mut [u8],
        ) -> Poll<io::Result<usize>> {
            let byte = ready!(self.poll_byte(cx))?;
            let read = byte.len();
            buffer[..read].copy_from_slice(byte);
            self.take(read);
            Poll::Ready(Ok(read))
        }
    }

    impl AsyncBufRead for Bytes {
        fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
            self.get_mut().poll_byte(cx)
        }

        fn consume(mut self: Pin<&mut Self>, bytes: usize) {
            self.take(bytes);
        }
    }

    #[cfg(feature = "smol")]
    conforming! {
        smol_lines: |_rt, feed| withal::smol::lines(Bytes::of(feed)).map(item);
    }

    #[cfg(feature = "async-std")]
    conforming! {
        async_std_lines: |_rt, feed| withal::async_std::lines(Bytes::of(feed)).map(item);
    }
}

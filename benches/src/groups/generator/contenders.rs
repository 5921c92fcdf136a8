//! Streams of the numbers below `$count`, each after a wait if there is one, given to `$driver`.
//!
//! Macros, as a stream of genawaiter's stack flavour cannot be returned, and so that no two cases share
//! a type: what one of them does with it would decide how it is compiled for the other.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_util::Stream;

macro_rules! withal {
    ($driver:ident, $count:expr $(, $wait:expr)?) => {
        $driver(withal::generator(async move |y| {
            for item in 0..$count {
                $($wait.await;)?
                y.yield_(item).await;
            }
        }))
    };
}

macro_rules! by_hand {
    ($driver:ident, $count:expr) => {
        $driver(contenders::Count {
            next: 0,
            end: $count,
        })
    };
    ($driver:ident, $count:expr, $wait:expr) => {
        $driver(contenders::Wait {
            make: || $wait,
            wait: None,
            numbers: contenders::Count {
                next: 0,
                end: $count,
            },
        })
    };
}

macro_rules! unfold {
    ($driver:ident, $count:expr $(, $wait:expr)?) => {
        $driver(futures_util::stream::unfold(0, move |item| async move {
            $($wait.await;)?
            (item < $count).then_some((item, item + 1))
        }))
    };
}

macro_rules! async_stream {
    ($driver:ident, $count:expr $(, $wait:expr)?) => {
        $driver(async_stream::stream! {
            for item in 0..$count {
                $($wait.await;)?
                yield item;
            }
        })
    };
}

macro_rules! async_gen {
    ($driver:ident, $count:expr $(, $wait:expr)?) => {
        $driver(async_gen::stream! {
            for item in 0..$count {
                $($wait.await;)?
                yield item;
            }
        })
    };
}

macro_rules! genawaiter_stack {
    ($driver:ident, $count:expr $(, $wait:expr)?) => {{
        genawaiter::stack::let_gen_using!(numbers, |co| async move {
            for item in 0..$count {
                $($wait.await;)?
                co.yield_(item).await;
            }
        });
        $driver(numbers)
    }};
}

macro_rules! genawaiter_rc {
    ($driver:ident, $count:expr $(, $wait:expr)?) => {
        $driver(genawaiter::rc::Gen::new(|co| async move {
            for item in 0..$count {
                $($wait.await;)?
                co.yield_(item).await;
            }
        }))
    };
}

macro_rules! genawaiter_sync {
    ($driver:ident, $count:expr $(, $wait:expr)?) => {
        $driver(genawaiter::sync::Gen::new(|co| async move {
            for item in 0..$count {
                $($wait.await;)?
                co.yield_(item).await;
            }
        }))
    };
}

macro_rules! fauxgen {
    ($driver:ident, $count:expr $(, $wait:expr)?) => {
        $driver(fauxgen::r#gen!(async |token: fauxgen::GeneratorToken<_>| {
            for item in 0..$count {
                $($wait.await;)?
                token.yield_(item).await;
            }
        }))
    };
}

macro_rules! async_fn_stream {
    ($driver:ident, $count:expr $(, $wait:expr)?) => {
        $driver(async_fn_stream::fn_stream(|emitter| async move {
            for item in 0..$count {
                $($wait.await;)?
                emitter.emit(item).await;
            }
        }))
    };
}

/// One of the above. An operation is an `item` of a stream, or a `stream`.
macro_rules! contender {
    ($name:literal, $form:ident, item, $driver:ident $(, $wait:expr)?) => {
        Contender::batch($name, |times| $form!($driver, times $(, $wait)?))
    };
    ($name:literal, $form:ident, stream, $driver:ident) => {
        Contender::new($name, || $form!($driver, 1))
    };
}

/// All of them.
macro_rules! case {
    ($name:literal, $($work:tt)+) => {
        Case::new($name)
            .with(with_bars(contender!("withal", withal, $($work)+)))
            .with(contender!("limit: hand-written poll_next", by_hand, $($work)+))
            .with(contender!("unfold (futures-util)", unfold, $($work)+))
            .with(contender!("async-stream", async_stream, $($work)+))
            .with(contender!("async-gen", async_gen, $($work)+))
            .with(contender!("genawaiter (stack)", genawaiter_stack, $($work)+))
            .with(contender!("genawaiter (rc)", genawaiter_rc, $($work)+))
            .with(contender!("genawaiter (sync)", genawaiter_sync, $($work)+))
            .with(contender!("fauxgen", fauxgen, $($work)+))
            .with(contender!("async-fn-stream", async_fn_stream, $($work)+))
    };
}

/// The least there can be.
pub(super) struct Count {
    pub(super) next: u64,
    pub(super) end: u64,
}

impl Stream for Count {
    type Item = u64;

    #[inline]
    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<u64>> {
        if self.next == self.end {
            return Poll::Ready(None);
        }
        self.next += 1;
        Poll::Ready(Some(self.next - 1))
    }
}

/// The same after a wait.
pub(super) struct Wait<M, W> {
    pub(super) make: M,
    pub(super) wait: Option<W>,
    pub(super) numbers: Count,
}

impl<M, W> Stream for Wait<M, W>
where
    M: Fn() -> W + Unpin,
    W: Future<Output = ()> + Unpin,
{
    type Item = u64;

    #[inline]
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<u64>> {
        let this = &mut *self;
        let wait = this.wait.get_or_insert_with(&this.make);
        ready!(Pin::new(wait).poll(cx));
        this.wait = None;
        Pin::new(&mut this.numbers).poll_next(cx)
    }
}

//! Closing a stream closes what is below its adapters.

#![cfg(feature = "std")]

mod common;

use std::convert::Infallible;
use std::future::ready;
use std::ops::ControlFlow;
use std::pin::pin;

use common::{Slow, Trace, drive, now};
use futures_util::{Stream, StreamExt, stream};
use withal_core::runtime::NoExecutor;
use withal_core::{close, closing, for_each, for_each_by_ref, generator, with};

struct Setup {
    rt: NoExecutor,
    trace: Trace,
}

impl Setup {
    fn new() -> Self {
        Self {
            rt: NoExecutor::new(),
            trace: Trace::default(),
        }
    }

    /// Counts from 1 to 3 in a scope, whose exit waits.
    fn source(&self, name: &'static str) -> impl Stream<Item = u32> {
        generator(async move |y| {
            let scope = with(&self.rt, Slow::new(name, &self.trace), async |()| {
                for n in 1..=3 {
                    y.yield_(n).await;
                }
                Ok::<_, Infallible>(())
            });
            scope.await.unwrap();
        })
    }

    /// What an inner source gives, in a scope around that.
    fn nested(&self, outer: &'static str, inner: &'static str) -> impl Stream<Item = u32> {
        generator(async move |y| {
            let scope = with(&self.rt, Slow::new(outer, &self.trace), async |()| {
                let mut items = pin!(self.source(inner));
                while let Some(item) = items.next().await {
                    y.yield_(item).await;
                }
                Ok::<_, Infallible>(())
            });
            scope.await.unwrap();
        })
    }

    /// The trace of a loop over `stream` that is left at the first item, by each of the ways.
    #[track_caller]
    fn assert_closes<S: Stream>(&self, stream: impl Fn() -> S, expected: &str) {
        drive(async {
            let broken = for_each(stream(), async |_| ControlFlow::Break(())).await;
            assert!(broken.is_break(), "no item");
            self.trace.push("returned".to_owned());
        });
        assert_eq!(
            self.trace.take(),
            format!("{expected} returned"),
            "for_each"
        );
        drive(async {
            let mut stream = Box::pin(stream());
            assert!(stream.next().await.is_some());
            close(stream).await;
            self.trace.push("returned".to_owned());
        });
        assert_eq!(self.trace.take(), format!("{expected} returned"), "close");
    }
}

// K1, IT-5, CO-7
#[test]
fn through_every_adapter() {
    let setup = Setup::new();
    let a = || setup.source("a");
    let closed = "+a -a";
    setup.assert_closes(|| a().map(|n| n + 1), closed);
    setup.assert_closes(|| a().filter(|n| ready(*n > 1)), closed);
    setup.assert_closes(|| a().filter_map(|n| ready((n > 1).then_some(n))), closed);
    setup.assert_closes(|| a().then(|n| ready(n + 1)), closed);
    setup.assert_closes(|| a().take_while(|n| ready(*n < 3)), closed);
    setup.assert_closes(|| a().skip_while(|n| ready(*n < 2)), closed);
    setup.assert_closes(|| a().take(2), closed);
    setup.assert_closes(|| a().skip(1), closed);
    setup.assert_closes(|| a().fuse(), closed);
    setup.assert_closes(|| a().peekable(), closed);
    setup.assert_closes(|| a().enumerate(), closed);
    setup.assert_closes(|| a().scan(0, |sum, n| ready(Some(*sum + n))), closed);
    setup.assert_closes(|| a().chunks(2), closed);
    setup.assert_closes(|| a().ready_chunks(2), closed);
    setup.assert_closes(|| a().map(ready).buffered(2), closed);
    setup.assert_closes(|| a().map(ready).buffer_unordered(2), closed);
    setup.assert_closes(|| a().chain(stream::iter([4])), closed);
    setup.assert_closes(|| a().flat_map(|n| stream::iter([n, n])), closed);
    setup.assert_closes(|| a().zip(stream::repeat(())), closed);
    setup.assert_closes(|| a().boxed_local(), closed);
    setup.assert_closes(|| a().left_stream::<stream::Empty<u32>>(), closed);
}

// K1, K4, IT-5: what one adapter holds side by side is closed in the order in which it drops it.
#[test]
fn all_the_sources_of_an_adapter() {
    let setup = Setup::new();
    let (a, b) = (|| setup.source("a"), || setup.source("b"));
    setup.assert_closes(|| a().flat_map(|_| b()), "+a +b -a -b");
    setup.assert_closes(|| a().zip(b()), "+a +b -a -b");
    setup.assert_closes(|| stream::select(b(), a()).chunks(2), "+b +a -b -a");
    let in_flight = || {
        a().map(|_| setup.source("b"))
            .map(|b| b.collect::<Vec<_>>())
    };
    setup.assert_closes(|| in_flight().buffered(1), "+a +b -b -a");
}

// K1, K2, IT-5: inner first.
#[test]
fn inner_sources_before_outer_ones() {
    let setup = Setup::new();
    setup.assert_closes(|| setup.nested("a", "b"), "+a +b -b -a");
    setup.assert_closes(
        || {
            setup
                .nested("a", "b")
                .map(|n| n * 2)
                .filter(|n| ready(n % 2 == 0))
                .then(async |n| n + 1)
                .take_while(|n| ready(*n < 99))
                .flat_map(|n| stream::iter([n, n]))
                .map(ready)
                .buffered(2)
                .fuse()
                .peekable()
                .boxed_local()
        },
        "+a +b -b -a",
    );
}

// AG-11, K1
#[test]
fn what_has_ended_is_closed_at_once() {
    let setup = Setup::new();
    drive(async {
        let mut ended = Box::pin(setup.nested("a", "b").map(|n| n).fuse());
        for_each_by_ref(&mut ended, async |_| ()).await;
        setup.trace.push("ended".to_owned());
        now(close(ended));
    });
    assert_eq!(setup.trace.take(), "+a +b -b -a ended");
    // Never polled, it has nothing open either.
    now(close(setup.nested("a", "b").peekable()));
    now(closing(setup.nested("a", "b"), async |_| ()));
    assert_eq!(setup.trace.take(), "");
}

// AG-11, K1: closed from the inside, nothing is left for the outside.
#[test]
fn a_second_close_has_nothing_to_do() {
    let setup = Setup::new();
    drive(async {
        let inner = closing(setup.source("a"), async |mut items| {
            for_each_by_ref(&mut items, async |_| ControlFlow::Break(())).await
        });
        let outer = closing(stream::once(inner), async |mut items| {
            for_each_by_ref(&mut items, async |_| ()).await;
            setup.trace.push("looped".to_owned());
        });
        outer.await;
        setup.trace.push("returned".to_owned());
    });
    assert_eq!(setup.trace.take(), "+a -a looped returned");
}

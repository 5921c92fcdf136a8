//! Loops over streams: how they end, and that they close what they loop over.

#![cfg(feature = "std")]

mod common;

use std::convert::Infallible;
use std::future::{Future, pending};
use std::num::ParseIntError;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;

use common::{Slow, Trace, drive, now, waits, yield_now};
use futures_util::{FutureExt, Stream, StreamExt, stream};
use withal_core::runtime::NoExecutor;
use withal_core::{
    await_cleanup, cancel, close, closing, for_each, for_each_by_ref, generator, with,
};

/// Counts from 1 to `last`, in a scope.
fn numbers<'a>(
    rt: &'a NoExecutor,
    name: &'static str,
    last: u32,
    trace: &'a Trace,
) -> impl Stream<Item = u32> + 'a {
    generator(async move |y| {
        let scope = with(rt, Slow::new(name, trace), async |()| {
            for n in 1..=last {
                y.yield_(n).await;
            }
            Ok::<_, Infallible>(())
        });
        scope.await.unwrap();
    })
}

/// Logs its name when it is dropped.
struct Dropped<'t>(&'static str, &'t Trace);

impl Dropped<'_> {
    fn log(&self, event: &str) {
        self.1.push(event.to_owned());
    }
}

impl Drop for Dropped<'_> {
    fn drop(&mut self) {
        self.1.push(self.0.to_owned());
    }
}

// IT-1, IT-3, IT-4
#[test]
fn a_loop_gives_the_shape_that_its_body_gives() {
    let three = || stream::iter([1, 2, 3]);
    let mut sum = 0;
    now(for_each(three(), async |n| sum += n));
    assert_eq!(sum, 6);

    let find = |wanted| {
        for_each(three(), async move |n| {
            if n == wanted {
                return ControlFlow::Break(n * 10);
            }
            ControlFlow::Continue(())
        })
    };
    assert_eq!(now(find(2)), ControlFlow::Break(20));
    assert_eq!(now(find(4)), ControlFlow::Continue(()));

    let parse = |word: &'static str| {
        for_each(stream::iter(["1", word]), async |word: &str| {
            let _number: u32 = word.parse()?;
            Ok::<(), ParseIntError>(())
        })
    };
    assert_eq!(now(parse("2")), Ok(()));
    assert!(now(parse("two")).is_err());

    let both = |wanted: &'static str| {
        for_each(stream::iter(["1", "2", "three"]), async move |word| {
            let number: u32 = word.parse()?;
            if word == wanted {
                return Ok(ControlFlow::Break(number));
            }
            Ok::<_, ParseIntError>(ControlFlow::Continue(()))
        })
    };
    assert_eq!(now(both("2")), Ok(ControlFlow::Break(2)));
    assert!(now(both("4")).is_err());

    now(for_each(stream::empty::<u32>(), async |_| panic!("never")));
}

// IT-7, IT-14: an item that looks like an end is none.
#[test]
fn items_of_any_value_are_items() {
    let mut seen = Vec::new();
    let items = [None, Some(ControlFlow::<_>::Break(1)), None];
    now(for_each(stream::iter(items), async |item| seen.push(item)));
    assert_eq!(seen, items);
}

// IT-3: an item that is an error leaves the loop by `?`.
#[test]
fn an_error_among_the_items_is_the_bodys_to_pass_on() {
    let mut sum = 0;
    let items = stream::iter([Ok(1), Ok(2), Err("torn"), Ok(4)]);
    let ended = now(for_each(items, async |item| {
        sum += item?;
        Ok(())
    }));
    assert_eq!((ended, sum), (Err("torn"), 3));
}

// IT-6
#[test]
fn the_next_item_is_asked_for_when_the_body_is_done() {
    let trace = Trace::default();
    let items = generator(async |y| {
        for n in 1..=2 {
            trace.push(format!("make{n}"));
            y.yield_(n).await;
        }
    });
    drive(for_each(items, async |n| {
        trace.push(format!("take{n}"));
        yield_now().await;
        trace.push(format!("done{n}"));
    }));
    assert_eq!(trace.take(), "make1 take1 done1 make2 take2 done2");
}

// IT-5, K1
#[test]
fn a_loop_that_returns_has_closed_its_stream() {
    let (rt, trace) = (NoExecutor::new(), Trace::default());
    drive(async {
        for_each(numbers(&rt, "a", 2, &trace), async |_| {}).await;
        trace.push("returned".to_owned());
    });
    assert_eq!(trace.take(), "+a -a returned");
    drive(async {
        let broken = for_each(numbers(&rt, "a", 2, &trace), async |n| {
            ControlFlow::Break(n)
        });
        assert_eq!(broken.await, ControlFlow::Break(1));
        trace.push("returned".to_owned());
    });
    assert_eq!(trace.take(), "+a -a returned");
    drive(async {
        let failed = for_each(numbers(&rt, "a", 2, &trace), async |_| {
            Err::<(), _>("refused")
        });
        assert_eq!(failed.await, Err("refused"));
        trace.push("returned".to_owned());
    });
    assert_eq!(trace.take(), "+a -a returned");
}

// IT-5, K11
#[test]
fn a_panic_goes_on_when_the_stream_is_closed() {
    let (rt, trace) = (NoExecutor::new(), Trace::default());
    let ended = catch_unwind(AssertUnwindSafe(|| {
        drive(for_each(numbers(&rt, "a", 2, &trace), async |n| {
            assert!(n < 2, "on purpose");
        }));
    }));
    assert!(ended.is_err());
    assert_eq!(trace.take(), "+a -a");
    let torn = stream::unfold((), |()| async { panic!("on purpose") });
    let torn = numbers(&rt, "a", 2, &trace).chain(torn);
    let ended = catch_unwind(AssertUnwindSafe(|| drive(for_each(torn, async |_| ()))));
    assert!(ended.is_err());
    assert_eq!(trace.take(), "+a -a");
}

/// A loop whose parts log when they are dropped; its body waits for ever.
fn endless(trace: &Trace) -> impl Future<Output = ()> {
    let (source, body) = (Dropped("stream", trace), Dropped("body", trace));
    let items = stream::repeat(()).inspect(move |()| source.log("item"));
    for_each(items, async move |()| {
        body.log("begun");
        let _local = Dropped("turn", trace);
        pending::<()>().await;
    })
}

// IT-5, K1: inner first.
#[test]
fn a_loop_that_is_cancelled_drops_its_body_and_then_its_stream() {
    let trace = Trace::default();
    let mut dropped = Box::pin(endless(&trace));
    waits(dropped.as_mut());
    drop(dropped);
    assert_eq!(trace.take(), "item begun turn body stream");
    let mut cancelled = Box::pin(endless(&trace));
    waits(cancelled.as_mut());
    now(cancel(cancelled));
    assert_eq!(trace.take(), "item begun turn body stream");
    drop(endless(&trace));
    assert_eq!(trace.take(), "body stream");
}

// IT-5, K1
#[test]
fn who_cancels_a_loop_waits_for_its_stream() {
    let (rt, trace) = (NoExecutor::new(), Trace::default());
    drive(async {
        let looping = for_each(numbers(&rt, "a", 2, &trace), async |_| {
            pending::<()>().await
        });
        let mut looping = Box::pin(looping);
        waits(looping.as_mut());
        cancel(looping).await;
        trace.push("returned".to_owned());
    });
    assert_eq!(trace.take(), "+a -a returned");
}

// IT-5, K1: cancelled while it closes, it hands on what it waits for.
#[test]
fn a_loop_that_is_cancelled_while_it_closes_is_closed_by_its_canceller() {
    let (rt, trace) = (NoExecutor::new(), Trace::default());
    drive(async {
        let broken = for_each(numbers(&rt, "a", 2, &trace), async |n| {
            ControlFlow::Break(n)
        });
        let mut broken = Box::pin(broken);
        waits(broken.as_mut());
        assert_eq!(trace.take(), "+a");
        cancel(broken).await;
        trace.push("returned".to_owned());
    });
    assert_eq!(trace.take(), "-a returned");
}

// IT-5, IT-8, IT-13
#[test]
fn a_loop_by_reference_leaves_its_stream_open() {
    let (rt, trace) = (NoExecutor::new(), Trace::default());
    drive(async {
        let mut items = Box::pin(numbers(&rt, "a", 3, &trace));
        let first = for_each_by_ref(&mut items, async |n| ControlFlow::Break(n));
        assert_eq!(first.await, ControlFlow::Break(1));
        trace.push("returned".to_owned());
        assert_eq!(items.next().await, Some(2));
        {
            let mut cancelled = pin!(for_each_by_ref(&mut items, async |n| {
                assert_eq!(n, 3);
                pending::<()>().await;
            }));
            waits(cancelled.as_mut());
        }
        trace.push("cancelled".to_owned());
        close(items).await;
    });
    assert_eq!(trace.take(), "+a returned cancelled -a");
}

// IT-5: what is pinned on the stack, or lent, is looped over by reference as well.
#[test]
fn a_loop_by_reference_takes_what_is_pinned() {
    let mut pinned = pin!(generator(async |y| {
        y.yield_(1).await;
        y.yield_(2).await;
    }));
    let mut sum = 0;
    now(for_each_by_ref(&mut pinned, async |n| sum += n));
    let lent = closing(generator(async |y| y.yield_(3).await), async |mut lent| {
        for_each_by_ref(&mut lent, async |n| sum += n).await;
    });
    now(lent);
    assert_eq!(sum, 6);
    let mut dynamic: Box<dyn Stream<Item = u32> + Unpin> = Box::new(stream::iter([4]));
    now(for_each_by_ref(&mut *dynamic, async |n| sum += n));
    assert_eq!(sum, 10);
}

// IT-5, K1, K11
#[test]
fn closing_closes_however_its_body_ends() {
    let (rt, trace) = (NoExecutor::new(), Trace::default());
    let items = || numbers(&rt, "a", 3, &trace);
    drive(async {
        let value = closing(items(), async |mut items| items.next().await).await;
        trace.push(format!("{value:?}"));
    });
    assert_eq!(trace.take(), "+a -a Some(1)");
    drive(async {
        let error = closing(items(), async |mut items| {
            let word = items.next().await.map_or("none", |_| "some");
            let _number: u8 = word.parse()?;
            Ok::<(), ParseIntError>(())
        })
        .await;
        trace.push(format!("{}", error.is_err()));
    });
    assert_eq!(trace.take(), "+a -a true");
    let ended = catch_unwind(AssertUnwindSafe(|| {
        drive(closing(items(), async |mut items| {
            let _ = items.next().await;
            panic!("on purpose");
        }))
    }));
    assert!(ended.is_err());
    assert_eq!(trace.take(), "+a -a");
    drive(async {
        let body = closing(items(), async |mut items| {
            let _ = items.next().await;
            pending::<()>().await;
        });
        let mut body = Box::pin(body);
        waits(body.as_mut());
        cancel(body).await;
        trace.push("returned".to_owned());
    });
    assert_eq!(trace.take(), "+a -a returned");
    drop(closing(items(), async |_| ()));
    drop(closing(items(), async |_| ()).local());
    assert_eq!(trace.take(), "");
}

// K1: a scope around the loop, or none, makes no difference to who waits.
#[test]
fn a_loop_in_a_scope_waits_itself() {
    let (rt, trace) = (NoExecutor::new(), Trace::default());
    let scope = with(&rt, Slow::new("outer", &trace), async |()| {
        let broken = for_each(numbers(&rt, "a", 2, &trace), async |n| {
            ControlFlow::Break(n)
        });
        assert_eq!(broken.await, ControlFlow::Break(1));
        trace.push("returned".to_owned());
        Ok::<_, Infallible>(())
    });
    drive(scope).unwrap();
    assert_eq!(trace.take(), "+outer +a -a returned -outer");
}

// K1: a loop that foreign code drops leaves its stream to who waits around that.
#[test]
fn a_loop_that_foreign_code_drops_is_awaited_around_it() {
    let (rt, trace) = (NoExecutor::new(), Trace::default());
    drive(async {
        let foreign = async {
            let looping = for_each(numbers(&rt, "a", 2, &trace), async |_| {
                pending::<()>().await
            });
            let mut looping = Box::pin(looping);
            waits(looping.as_mut());
            drop(looping);
            trace.push("dropped".to_owned());
        };
        await_cleanup(foreign).await;
        trace.push("returned".to_owned());
    });
    assert_eq!(trace.take(), "+a dropped -a returned");
}

// IT-10: an ended loop is not begun anew.
#[test]
fn a_loop_is_polled_to_its_end_only() {
    let mut looping = Box::pin(for_each(stream::iter([1]), async |_| ()));
    assert!(looping.as_mut().now_or_never().is_some());
    let again = catch_unwind(AssertUnwindSafe(|| looping.as_mut().now_or_never()));
    assert!(again.is_err());
    let mut closed = Box::pin(closing(stream::iter([1]), async |_| ()));
    assert!(closed.as_mut().now_or_never().is_some());
    let again = catch_unwind(AssertUnwindSafe(|| closed.as_mut().now_or_never()));
    assert!(again.is_err());
}

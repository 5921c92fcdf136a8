//! An iterator written by hand and its twin, a generator: one table for both.

mod common;

use std::fmt::Write as _;

use example_support::testing::{Lines, SECOND};
use futures_util::future::{Either, select};
use futures_util::stream::{FusedStream as _, Stream, StreamExt as _};
use iteration::Setting;
use iteration::counting::{Counter, NumberRange, range, ticker};
use withal::close;
use withal::runtime::Timer as _;
use withal_tests::Deterministic;

/// What is done with a stream, in halves of a tick.
#[derive(Clone, Copy, Debug)]
enum Do {
    /// The next number is waited for.
    Next,
    /// It is, but not for so long.
    NextAtMost(u32),
    /// Something else takes so long.
    Else(u32),
}

/// What is done, what comes of it, and when; and how many timers run then.
const TABLE: [(Do, &str); 9] = [
    (Do::Else(3), "- at 3, 0 timers"),
    (Do::Next, "1 at 5, 0 timers"),
    // A step that is dropped keeps its timer, and loses nothing.
    (Do::NextAtMost(1), "- at 6, 1 timers"),
    (Do::Next, "2 at 7, 0 timers"),
    // The time of the consumer does not count.
    (Do::Else(4), "- at 11, 0 timers"),
    (Do::Next, "3 at 13, 0 timers"),
    (Do::Next, "end at 13, 0 timers"),
    (Do::Next, "end at 13, 0 timers"),
    (Do::Else(1), "- at 14, 0 timers"),
];

/// A clock of its own.
fn setting() -> (Deterministic, Setting<Deterministic>) {
    let rt = Deterministic::new();
    let on = Lines::default().setting(&rt, SECOND);
    (rt, on)
}

/// Goes through the table with one of the twins.
fn go(rt: &Deterministic, stream: impl Stream<Item = u32>) -> Vec<String> {
    let half = SECOND / 2;
    rt.block_on(async {
        let mut stream = Box::pin(stream);
        let mut came = Vec::new();
        for (what, _) in TABLE {
            let number = match what {
                Do::Next => Some(stream.next().await),
                Do::NextAtMost(halves) => {
                    match select(rt.sleep(halves * half), stream.next()).await {
                        Either::Left(_) => None,
                        Either::Right((number, _)) => Some(number),
                    }
                }
                Do::Else(halves) => {
                    rt.sleep(halves * half).await;
                    None
                }
            };
            let mut line = match number {
                None => "-".to_owned(),
                Some(None) => "end".to_owned(),
                Some(Some(number)) => number.to_string(),
            };
            let at = rt.now().since_start().as_millis() / half.as_millis();
            let _ = write!(line, " at {at}, {} timers", rt.timers());
            came.push(line);
        }
        close(stream).await;
        came
    })
}

// AG-18, IT-10, IT-15, IT-16
#[test]
fn twins_do_the_same() {
    let expected = TABLE.map(|(_, line)| line);
    let (rt, on) = setting();
    assert_eq!(go(&rt, Counter::new(&on, 3)), expected, "the class");
    let (rt, on) = setting();
    assert_eq!(go(&rt, range(&on, 1..4)), expected, "the generator");
}

// FH-5
#[test]
fn a_drop_cancels_the_timer() {
    common::allow_unclosed();
    fn check(stream: impl Stream, rt: &Deterministic) {
        let mut stream = Box::pin(stream);
        rt.block_on(async {
            assert!(futures_util::poll!(stream.next()).is_pending());
        });
        assert_eq!(rt.timers(), 1);
        drop(stream);
        assert_eq!(rt.timers(), 0);
    }
    let (rt, on) = setting();
    check(Counter::new(&on, 3), &rt);
    check(range(&on, 0..3), &rt);
    check(ticker(&on, 3), &rt);
}

// IT-10
#[test]
fn a_ticker_keeps_time() {
    let (rt, on) = setting();
    let mut ticks = Box::pin(ticker(&on, 4));
    let mut came = Vec::new();
    rt.block_on(async {
        while let Some(tick) = ticks.next().await {
            came.push((tick, rt.now().since_start()));
            if tick == 1 {
                rt.sleep(3 * SECOND / 2).await; // The next one is late then.
            }
        }
        assert_eq!(ticks.next().await, None);
    });
    let half = SECOND / 2;
    assert_eq!(
        came,
        [(0, 2 * half), (1, 4 * half), (2, 7 * half), (3, 9 * half)]
    );
}

// IT-10
#[test]
fn a_number_range_is_inclusive_and_ends_for_ever() {
    let all = |start, last| {
        Deterministic::new().block_on(async {
            let mut numbers = NumberRange::new(start, last);
            let all: Vec<_> = numbers.by_ref().collect().await;
            assert!(numbers.is_terminated());
            assert_eq!(numbers.next().await, None);
            all
        })
    };
    assert_eq!(all(1, 5), [1, 2, 3, 4, 5]);
    assert_eq!(all(5, 1), [0; 0]);
    assert_eq!(all(u32::MAX - 1, u32::MAX), [u32::MAX - 1, u32::MAX]);
}

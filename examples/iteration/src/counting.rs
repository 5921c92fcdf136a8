//! The same numbers from a hand-written iterator and from a generator.

use std::future::Future;
use std::ops::{Range, RangeInclusive};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_util::stream::{FusedStream, Stream, StreamExt as _};
use pin_project_lite::pin_project;
use withal::generator;
use withal::runtime::{Runtime, Timer};
use withal::stream::{MissedTicks, interval_at};

use crate::Setting;

// Row S0.11.
/// Counts, and lets the other tasks run once before each number.
///
/// No runtime is asked: to give way, a future wakes itself and waits.
#[derive(Clone, Debug)]
#[must_use = "streams do nothing unless polled"]
pub struct NumberRange {
    numbers: RangeInclusive<u32>,
    has_given_way: bool,
}

impl NumberRange {
    /// Counts from `start` to `last`, which is given too.
    pub fn new(start: u32, last: u32) -> Self {
        Self {
            numbers: start..=last,
            has_given_way: false,
        }
    }
}

impl Stream for NumberRange {
    type Item = u32;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<u32>> {
        if self.numbers.is_empty() {
            return Poll::Ready(None); // for ever: there is no signal that could be misread
        }
        if !self.has_given_way {
            self.has_given_way = true;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.has_given_way = false;
        Poll::Ready(self.numbers.next())
    }
}

impl FusedStream for NumberRange {
    fn is_terminated(&self) -> bool {
        self.numbers.is_empty()
    }
}

pin_project! {
    // Row S1.1: the class.
    /// Counts, and waits for a tick before each number.
    ///
    /// What the class keeps in fields, and in which order it does things, is written out; compare
    /// [`range`].
    #[derive(Debug)]
    #[must_use = "streams do nothing unless polled"]
    pub struct Counter<R: Timer> {
        on: Setting<R>,
        numbers: RangeInclusive<u32>,
        // Armed while a number is waited for. It stays when a step is dropped: the next one goes on.
        #[pin]
        sleep: Option<R::Sleep>,
    }
}

impl<R: Runtime> Counter<R> {
    /// Counts from 1 to `stop`.
    pub fn new(on: &Setting<R>, stop: u32) -> Self {
        Self {
            on: on.clone(),
            numbers: 1..=stop,
            sleep: None,
        }
    }
}

impl<R: Runtime> Stream for Counter<R> {
    type Item = u32;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<u32>> {
        let mut this = self.project();
        if this.numbers.is_empty() {
            return Poll::Ready(None);
        }
        if this.sleep.is_none() {
            this.sleep.set(Some(this.on.rt.sleep(this.on.tick)));
        }
        if let Some(sleep) = this.sleep.as_mut().as_pin_mut() {
            ready!(sleep.poll(cx));
        }
        this.sleep.set(None);
        Poll::Ready(this.numbers.next())
    }
}

// Row S1.2: the generator.
/// Gives the numbers of a range, and waits for a tick before each.
pub fn range<R: Runtime>(on: &Setting<R>, numbers: Range<u32>) -> impl Stream<Item = u32> {
    generator(async move |y| {
        for number in numbers {
            on.tick().await;
            y.yield_(number).await;
        }
    })
}

// Row S3.3.
/// Ticks `count` times, numbered from 0; the first tick comes after a delay, as the others do.
///
/// A consumer that is late has the next tick a whole delay later, as in a loop that sleeps:
/// [`MissedTicks`] has the other ways.
pub fn ticker<R: Runtime>(on: &Setting<R>, count: usize) -> impl Stream<Item = usize> {
    let first = on.rt.deadline(on.tick);
    let ticks = interval_at(&on.rt, first, on.tick).missed_ticks(MissedTicks::Delay);
    ticks.take(count).enumerate().map(|(number, _at)| number)
}

/// Counts in all these ways.
///
/// # Cancel safety
///
/// Dropped, it drops the stream at work, and its timer.
pub async fn run<R: Runtime>(on: &Setting<R>) {
    let mut counter = std::pin::pin!(Counter::new(on, 5));
    while let Some(number) = counter.next().await {
        on.print(format_args!("class: {number}"));
    }
    let mut numbers = std::pin::pin!(range(on, 0..5));
    while let Some(number) = numbers.next().await {
        on.print(format_args!("generator: {number}"));
    }
    let mut ticks = std::pin::pin!(ticker(on, 5));
    while let Some(tick) = ticks.next().await {
        on.print(format_args!("tick {tick}"));
    }
    let count = async |name| {
        let mut numbers = NumberRange::new(1, 5);
        while let Some(number) = numbers.next().await {
            on.print(format_args!("{name} counts {number}"));
        }
    };
    futures_util::join!(count("left"), count("right"));
}

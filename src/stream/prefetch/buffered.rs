use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use futures_core::Stream;
use pin_project_lite::pin_project;

use super::buffer::{Buffer, Then};
use super::sealed::Work;
use super::woken::{SlotWaker, Woken};
use super::{Prefetch, Prefetched};
use crate::cancel::OwnsWhatItPolls;

/// Runs `body` with the outputs of the futures that `stream` gives, of which up to `n` run side by
/// side, and on while the body is busy; then closes the stream.
///
/// As [`prefetch`](super::prefetch()), with futures in place of items. The outputs come in the order
/// of the futures. A future has a place for its output from when it is begun: so those under way
/// are polled to their end whether the body takes outputs or not. The body may wait for what one of
/// them holds, such as a lock. With `StreamExt::buffered` that is a deadlock, since its futures are
/// polled only while the next output is waited for.
///
/// Futures that are under way when the body ends are dropped, before the stream. If the body drops
/// the [`Prefetched`] before its own end, no more are begun, and those under way run on.
///
/// # Cancel safety
///
/// Dropped, it drops the body, then the futures under way, then the stream, and leaves their cleanup
/// to whoever drops it. Leaked, it leaks them all, whose scopes are then never exited.
///
/// # Panics
///
/// If `n` is zero. A panic of the body, of the stream or of a future goes on, after all were dropped
/// and their cleanup has ended. If polled again after completion.
///
/// # Complexity
///
/// A few allocations, and two for each place, of `n` at most, which one future takes after the other.
/// A future is polled only when it was woken itself; finding it takes constant time.
///
/// # Examples
///
/// ```
/// use futures_util::{StreamExt, stream};
/// use withal::stream::buffered;
/// use withal::sync::Mutex;
///
/// # smol::block_on(async {
/// let total = Mutex::new(0);
/// let jobs = stream::iter(1..=4).map(async |n| {
///     *total.lock().await += n;
///     n
/// });
/// let total = &total;
/// buffered(jobs, 2, async |mut done| {
///     while let Some(n) = done.next().await {
///         // Whichever job has the lock goes on.
///         println!("{n} of {}", total.lock().await);
///     }
/// })
/// .await;
/// assert_eq!(*total.lock().await, 10);
/// # });
/// ```
#[track_caller]
pub fn buffered<S, F, B, NotAReference>(
    stream: S,
    n: usize,
    body: F,
) -> Prefetch<Jobs<S>, B, Output<S>, B::Output>
where
    S: Stream<Item: Future> + OwnsWhatItPolls<NotAReference>,
    F: FnOnce(Prefetched<Output<S>>) -> B,
    B: Future,
{
    Prefetch::new("buffered", Buffered::new(stream), n, body)
}

/// What the futures that `S` gives come to.
type Output<S> = <<S as Stream>::Item as Future>::Output;

/// Those futures at work.
type Jobs<S> = Buffered<S, <S as Stream>::Item, Output<S>>;

pin_project! {
    /// Makes the outputs of a stream of futures ahead, side by side.
    pub struct Buffered<S, F, T> {
        // In the order of their drops: what is under way comes before where it came from.
        slots: Vec<Slot<F>>,
        // For each future that was begun, the output, once it is there: from the oldest whose output
        // did not go on.
        outputs: VecDeque<Option<T>>,
        // On their way into the buffer, within a poll.
        made: VecDeque<T>,
        // The number of the oldest of `outputs`.
        oldest: usize,
        // Slots without a future.
        free: Vec<usize>,
        woken: Arc<Woken>,
        // Kept for its memory.
        batch: Vec<usize>,
        ended: bool,
        #[pin]
        stream: S,
    }
}

/// A place for a future, used by one after the other.
struct Slot<F> {
    future: Pin<Box<Option<F>>>,
    /// The future's number.
    number: usize,
    wakes: Arc<SlotWaker>,
    waker: Waker,
}

impl<S, F, T> Buffered<S, F, T> {
    fn new(stream: S) -> Self {
        Self {
            slots: Vec::new(),
            outputs: VecDeque::new(),
            made: VecDeque::new(),
            oldest: 0,
            free: Vec::new(),
            woken: Arc::default(),
            batch: Vec::new(),
            ended: false,
            stream,
        }
    }
}

impl<S, F, T> Work<T> for Buffered<S, F, T>
where
    S: Stream<Item = F>,
    F: Future<Output = T>,
{
    fn poll_work(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &Buffer<T>) {
        self.as_mut().project().woken.register(cx.waker());
        let mut room = buffer.begin_work(self.outputs.len());
        self.as_mut().poll_woken();
        let mut then = loop {
            let this = self.as_mut().project();
            if *this.ended {
                break Then::More;
            }
            if room == 0 {
                break Then::Room;
            }
            match this.stream.poll_next(cx) {
                Poll::Ready(Some(future)) => self.as_mut().start(future),
                Poll::Ready(None) => *this.ended = true,
                Poll::Pending => break Then::More,
            }
            room -= 1;
        };
        let this = self.project();
        // Those that no older one is missing of.
        while let Some(Some(_)) = this.outputs.front() {
            this.made.extend(this.outputs.pop_front().flatten());
            *this.oldest = this.oldest.wrapping_add(1);
        }
        if *this.ended && this.outputs.is_empty() {
            then = Then::End;
        }
        buffer.end_work(this.made, then, cx);
    }
}

impl<S, F: Future<Output = T>, T> Buffered<S, F, T> {
    /// Polls those that were woken before it was called.
    fn poll_woken(mut self: Pin<&mut Self>) {
        let this = self.as_mut().project();
        let mut batch = std::mem::take(this.batch);
        this.woken.take(&mut batch);
        for slot in batch.drain(..) {
            self.as_mut().poll_slot(slot);
        }
        *self.project().batch = batch;
    }

    /// Puts `future` into a slot, and polls it.
    fn start(mut self: Pin<&mut Self>, future: F) {
        let this = self.as_mut().project();
        let number = this.oldest.wrapping_add(this.outputs.len());
        this.outputs.push_back(None);
        let slot = this.free.pop().unwrap_or_else(|| {
            this.slots.push(Slot::new(this.slots.len(), this.woken));
            this.slots.len() - 1
        });
        this.slots[slot].number = number;
        this.slots[slot].future.set(Some(future));
        self.poll_slot(slot);
    }

    fn poll_slot(self: Pin<&mut Self>, index: usize) {
        let this = self.project();
        let slot = &mut this.slots[index];
        // Without a future, it was woken for one that has ended.
        let Some(future) = slot.future.as_mut().as_pin_mut() else {
            return;
        };
        slot.wakes.begin();
        let mut cx = Context::from_waker(&slot.waker);
        if let Poll::Ready(output) = future.poll(&mut cx) {
            let place = slot.number.wrapping_sub(*this.oldest);
            this.outputs[place] = Some(output);
            this.free.push(index);
            slot.wakes.end();
            slot.future.set(None);
        }
    }
}

impl<F> Slot<F> {
    fn new(index: usize, woken: &Arc<Woken>) -> Self {
        let wakes = SlotWaker::new(index, woken);
        Self {
            future: Box::pin(None),
            number: 0,
            waker: Waker::from(wakes.clone()),
            wakes,
        }
    }
}

impl<F> Drop for Slot<F> {
    fn drop(&mut self) {
        self.wakes.end();
        self.wakes.forget_task();
    }
}

impl<S, F, T> fmt::Debug for Buffered<S, F, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Buffered")
            .field("under_way", &(self.slots.len() - self.free.len()))
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}

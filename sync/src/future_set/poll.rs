//! Who is polled next, and how.

use core::future::Future;
use core::mem;
use core::pin::Pin;
use core::task::{Context, Poll};

use super::slot::SlotPtr;
use super::{FutureSet, Key, waker};

impl<F> FutureSet<F> {
    /// Polls the future in `slot`, which came out of the run queue.
    #[inline]
    pub(super) fn turn(&mut self, slot: SlotPtr) -> Option<(Key, F::Output)>
    where
        F: Future,
    {
        /// Drops a future that panicked.
        struct Guard<'a, F>(&'a mut FutureSet<F>, SlotPtr);

        impl<F> Drop for Guard<'_, F> {
            fn drop(&mut self) {
                self.0.vacate(self.1);
            }
        }

        if !slot.is_occupied() {
            self.reclaim(slot);
            return None;
        }
        slot.begin_poll();
        let guard = Guard(self, slot);
        // SAFETY: it is occupied, and the set is borrowed (3).
        let future = unsafe { &mut *slot.future::<F>() };
        // SAFETY: it is never moved (3).
        let future = unsafe { Pin::new_unchecked(future) };
        let waker = waker::lend(slot);
        let polled = future.poll(&mut Context::from_waker(&waker));
        mem::forget(guard);
        match polled {
            Poll::Ready(output) => {
                let key = slot.key();
                self.vacate(slot);
                Some((key, output))
            }
            Poll::Pending => {
                self.notice(slot);
                if slot.was_woken() {
                    self.enqueue(slot);
                }
                None
            }
        }
    }

    /// Has the task woken when there is something to do: at once, if there is already.
    pub(super) fn wait(&mut self, cx: &Context<'_>) {
        self.collect();
        if self.run.is_empty() {
            let Some(shared) = self.blocks.shared() else {
                return;
            };
            shared.register(cx.waker());
            if !shared.has_woken() {
                return;
            }
        }
        cx.waker().wake_by_ref();
    }

    pub(super) fn wake_task(&self) {
        if let Some(shared) = self.blocks.shared() {
            shared.wake_task();
        }
    }

    /// Lets the future in `slot` be polled, behind all that were woken before.
    #[inline]
    pub(super) fn enqueue(&mut self, slot: SlotPtr) {
        if slot.claim() {
            self.collect();
            self.run.append(slot);
        }
    }

    /// Moves those that were woken into the run queue, first in, first out.
    #[inline]
    pub(super) fn collect(&mut self) {
        let shared = self.blocks.shared();
        if shared.is_some_and(|shared| shared.has_woken()) {
            self.collect_woken();
        }
    }

    #[inline(never)]
    pub(super) fn collect_woken(&mut self) {
        let woken = self.blocks.shared().and_then(|shared| shared.take_woken());
        let mut next = woken;
        let mut ends: Option<(SlotPtr, SlotPtr)> = None;
        while let Some(slot) = next {
            next = slot.next();
            slot.collected();
            if slot.is_occupied() {
                slot.set_next(ends.map(|(first, _)| first));
                ends = Some((slot, ends.map_or(slot, |(_, last)| last)));
            } else {
                self.reclaim(slot);
            }
        }
        if let Some((first, last)) = ends {
            self.run.append_chain(first, last);
        }
    }
}

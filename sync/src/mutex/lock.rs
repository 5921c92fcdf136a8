use core::fmt;
use core::future::Future;
use core::marker::PhantomData;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use super::guard::Guard;
use super::{LOCKED, Mutex, WAITERS};
use crate::flavour::{Flavour, Spin, in_turn};
use crate::handle::Handle;
use crate::short_lock::Locked;
use crate::wait_queue::{Left, List, Patience, WaitOn, Waiter, Wakers};
use crate::word::RawWord;
use core::sync::atomic::Ordering;

/// The future that [`Mutex::lock`] and [`Mutex::lock_owned`] return.
#[must_use = "futures do nothing unless polled"]
pub struct Lock<H: Handle<Mutex<T, F>>, T, F: Flavour = Spin> {
    waiter: Waiter<On<H, T, F>>,
}

struct On<H, T, F> {
    mutex: H,
    _mutex: PhantomData<fn() -> (T, F)>,
}

// SAFETY: a handle keeps the mutex where it is, and that has one list.
unsafe impl<H: Handle<Mutex<T, F>>, T, F: Flavour> WaitOn for On<H, T, F> {
    type State = List<Patience>;
    type Flavour = F;
    type Parcel = Patience;

    fn locked(&self) -> &Locked<List<Patience>, F> {
        &self.mutex.get().waiters
    }

    fn list(state: &mut List<Patience>) -> &mut List<Patience> {
        state
    }

    fn pass_on(
        &self,
        waiters: &mut List<Patience>,
        left: Left<Patience>,
        wakers: &mut Wakers,
    ) -> Option<Patience> {
        let mutex = self.mutex.get();
        match left {
            // It was handed the lock.
            Left::Served(_) => wakers.push(mutex.pass(waiters)),
            Left::Waiting { roused, .. } => {
                if waiters.is_empty() {
                    mutex.word.fetch_and(!WAITERS, Ordering::Relaxed);
                } else if roused && mutex.word.load(Ordering::Relaxed) & LOCKED == 0 {
                    wakers.push(waiters.rouse());
                }
            }
        }
        None
    }
}

impl<H: Handle<Mutex<T, F>>, T, F: Flavour> Lock<H, T, F> {
    pub(crate) fn new(mutex: H) -> Self {
        Self {
            waiter: Waiter::new(On {
                mutex,
                _mutex: PhantomData,
            }),
        }
    }

    /// The same wait, from its begin.
    pub(crate) fn anew(&self) -> Self {
        Self::new(self.waiter.on().mutex.clone())
    }

    /// Waits behind the others.
    #[cold]
    fn poll_wait(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        // SAFETY: `waiter` is pinned structurally.
        let waiter = unsafe { self.map_unchecked_mut(|this| &mut this.waiter) };
        let handle = waiter.on().mutex.clone();
        let mutex = handle.get();
        if !waiter.is_queued() {
            return waiter.poll_enter(cx, |_| {
                if mutex.take_or_announce() {
                    Ok(())
                } else {
                    Err(Patience::FULL)
                }
            });
        }
        let retry = |waiters: &mut List<Patience>, roused: bool| {
            if !mutex.take_or_announce() {
                return Err(roused.then_some(Patience::SPENT));
            }
            // This one is about to be unlinked.
            if waiters.len() == 1 {
                mutex.word.fetch_and(!WAITERS, Ordering::Relaxed);
            }
            Ok(())
        };
        // Served, it was handed the lock.
        waiter.poll_served(cx, retry).map(|_| ())
    }
}

impl<H: Handle<Mutex<T, F>>, T, F: Flavour> Future for Lock<H, T, F> {
    type Output = Guard<H, T, F>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Guard<H, T, F>> {
        in_turn::<F, _>(cx, |cx| {
            let mutex = &self.waiter.on().mutex;
            if self.waiter.is_queued() || !mutex.get().try_take() {
                ready!(self.as_mut().poll_wait(cx));
            }
            Poll::Ready(Guard::new(self.waiter.on().mutex.clone()))
        })
    }
}

impl<H: Handle<Mutex<T, F>>, T, F: Flavour> fmt::Debug for Lock<H, T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lock")
            .field("waits", &self.waiter.is_queued())
            .finish_non_exhaustive()
    }
}

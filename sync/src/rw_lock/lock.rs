use core::fmt;
use core::future::Future;
use core::marker::PhantomData;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use super::RwLock;
use super::guard::{ReadGuard, WriteGuard};
use super::raw::{Access, Wants};
use crate::flavour::{Flavour, Spin, in_turn};
use crate::handle::Handle;
use crate::short_lock::Locked;
use crate::wait_queue::{Left, List, Patience, WaitOn, Waiter, Wakers};

/// The future that [`RwLock::read`] and [`RwLock::read_owned`] return.
#[must_use = "futures do nothing unless polled"]
pub struct Read<H: Handle<RwLock<T, F>>, T, F: Flavour = Spin> {
    waiter: Waiter<On<H, T, F>>,
}

/// The future that [`RwLock::write`] and [`RwLock::write_owned`] return.
#[must_use = "futures do nothing unless polled"]
pub struct Write<H: Handle<RwLock<T, F>>, T, F: Flavour = Spin> {
    waiter: Waiter<On<H, T, F>>,
}

struct On<H, T, F> {
    lock: H,
    access: Access,
    _lock: PhantomData<fn() -> (T, F)>,
}

// SAFETY: a handle keeps the lock where it is, and that has one list.
unsafe impl<H: Handle<RwLock<T, F>>, T, F: Flavour> WaitOn for On<H, T, F> {
    type State = List<Wants>;
    type Flavour = F;
    type Parcel = Wants;

    fn locked(&self) -> &Locked<List<Wants>, F> {
        &self.lock.get().raw.waiters
    }

    fn list(state: &mut List<Wants>) -> &mut List<Wants> {
        state
    }

    fn pass_on(
        &self,
        waiters: &mut List<Wants>,
        left: Left<Wants>,
        wakers: &mut Wakers,
    ) -> Option<Wants> {
        let raw = &self.lock.get().raw;
        match left {
            // It was let in. If that were not all, `settle` follows.
            Left::Served(_) => _ = raw.release_in_section(waiters, self.access, wakers),
            Left::Waiting { .. } => raw.close_ranks(waiters, wakers),
        }
        None
    }

    fn settle(&self) {
        self.lock.get().raw.admit_all();
    }
}

impl<H: Handle<RwLock<T, F>>, T, F: Flavour> Waiter<On<H, T, F>> {
    fn on_lock(lock: H, access: Access) -> Self {
        Self::new(On {
            lock,
            access,
            _lock: PhantomData,
        })
    }

    /// Takes the lock, or waits for it. Whether it got in by itself from among those that wait: a
    /// reader must then `admit_readers`.
    #[inline]
    fn poll_take(self: Pin<&mut Self>, cx: &mut Context<'_>, access: Access) -> Poll<bool> {
        in_turn::<F, _>(cx, |cx| {
            if !self.is_queued() && self.on().lock.get().raw.try_take(access) {
                return Poll::Ready(false);
            }
            self.poll_wait(cx)
        })
    }

    /// Waits behind the others.
    #[cold]
    fn poll_wait(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<bool> {
        let access = self.on().access;
        let handle = self.on().lock.clone();
        let raw = &handle.get().raw;
        if !self.is_queued() {
            return self.poll_enter(cx, |_| {
                if raw.take_or_announce(access) {
                    return Ok(false);
                }
                Err(Wants {
                    access,
                    patience: Patience::FULL,
                })
            });
        }
        let retry = |waiters: &mut List<Wants>, roused: bool| {
            if raw.take_from_line(waiters, access, roused) {
                return Ok(());
            }
            Err(roused.then_some(Wants {
                access,
                patience: Patience::SPENT,
            }))
        };
        // Served, it was let in with the others.
        self.poll_served(cx, retry).map(|got| got.is_ok())
    }
}

macro_rules! future {
    ($Future:ident, $Guard:ident) => {
        impl<H: Handle<RwLock<T, F>>, T, F: Flavour> $Future<H, T, F> {
            pub(super) fn new(lock: H) -> Self {
                Self {
                    waiter: Waiter::on_lock(lock, Access::$Future),
                }
            }

            /// The same wait, from its begin.
            pub(crate) fn anew(&self) -> Self {
                Self::new(self.waiter.on().lock.clone())
            }
        }

        impl<H: Handle<RwLock<T, F>>, T, F: Flavour> Future for $Future<H, T, F> {
            type Output = $Guard<H, T, F>;

            #[inline]
            fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
                // SAFETY: `waiter` is pinned structurally.
                let mut waiter = unsafe { self.map_unchecked_mut(|this| &mut this.waiter) };
                let by_itself = ready!(waiter.as_mut().poll_take(cx, Access::$Future));
                let guard = $Guard::new(waiter.on().lock.clone());
                if by_itself && matches!(Access::$Future, Access::Read) {
                    waiter.on().lock.get().raw.admit_readers();
                }
                Poll::Ready(guard)
            }
        }

        impl<H: Handle<RwLock<T, F>>, T, F: Flavour> fmt::Debug for $Future<H, T, F> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($Future))
                    .field("waits", &self.waiter.is_queued())
                    .finish_non_exhaustive()
            }
        }
    };
}

future!(Read, ReadGuard);
future!(Write, WriteGuard);

use core::marker::PhantomPinned;
use core::mem::{self, MaybeUninit};
use core::pin::Pin;
use core::ptr::NonNull;
use core::task::{Context, Poll, Waker};

use super::list::{Linked, List, Node, with_linked};
use super::wakers::{Wakers, until_done};
use crate::flavour::Flavour;
use crate::primitives::UnsafeCell;
use crate::short_lock::Locked;

/// A handle of a primitive, to wait on it: which state, which of the lists in there, and what to do
/// with what a dropped waiter leaves.
///
/// # Safety
///
/// For as long as the handle lives, `locked` gives the same value each time, which stays alive and
/// where it is; `list` gives the same list of it each time.
pub(crate) unsafe trait WaitOn {
    type State;
    type Flavour: Flavour;
    /// What a waiter brings along, and is given.
    type Parcel;

    fn locked(&self) -> &Locked<Self::State, Self::Flavour>;

    fn list(state: &mut Self::State) -> &mut List<Self::Parcel>;

    /// A waiter is gone. In the section that unlinked it, this passes on what it was given, and
    /// serves those for whom the way is free now. What it returns is dropped after the section.
    fn pass_on(
        &self,
        state: &mut Self::State,
        left: Left<Self::Parcel>,
        wakers: &mut Wakers,
    ) -> Option<Self::Parcel>;

    /// Called after a section in which `pass_on` ran out of room for wakers: goes on serving.
    fn settle(&self) {}
}

/// What a waiter that is dropped leaves.
pub(crate) enum Left<P> {
    /// It was not served.
    Waiting {
        /// What it had brought.
        parcel: P,
        /// Whether it had been woken to try its luck, and did not get to it.
        roused: bool,
    },
    /// It was served, and nobody will take this.
    Served(P),
}

/// A place in a primitive's wait-queue: the heart of each future that waits.
pub(crate) struct Waiter<W: WaitOn> {
    on: W,
    stage: Stage,
    /// Initialised while the stage is `Queued`.
    node: UnsafeCell<MaybeUninit<Node<W::Parcel>>>,
    _pinned: PhantomPinned,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// There is no node: it may be dropped freely.
    Idle,
    /// The node is linked; or it was served, and the parcel not taken.
    Queued,
}

// SAFETY: a node is shared with whoever serves it, under the lock, so its parcel must be `Send`;
// wakers and links may go anywhere.
unsafe impl<W: WaitOn + Send> Send for Waiter<W> where W::Parcel: Send {}
// SAFETY: what is shared by a `&Waiter` is the handle alone.
unsafe impl<W: WaitOn + Sync> Sync for Waiter<W> {}

/// What a look at the queue came to.
enum Look<T, P> {
    Got(T),
    Served(P),
    Wait,
    /// The waker must be replaced: clone it, and look again.
    Clone,
}

impl<W: WaitOn> Waiter<W> {
    pub(crate) fn new(on: W) -> Self {
        Self {
            on,
            stage: Stage::Idle,
            node: UnsafeCell::new(MaybeUninit::uninit()),
            _pinned: PhantomPinned,
        }
    }

    pub(crate) fn on(&self) -> &W {
        &self.on
    }

    pub(crate) fn is_queued(&self) -> bool {
        self.stage == Stage::Queued
    }

    /// Begins to wait, behind all others; unless `enter`, in that very section, finds that there is
    /// no need to, and gives the value. What it returns as an error is the parcel to wait with.
    ///
    /// # Panics
    ///
    /// If it waits already.
    pub(crate) fn poll_enter<T>(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        enter: impl FnOnce(&mut W::State) -> Result<T, W::Parcel>,
    ) -> Poll<T> {
        assert!(!self.is_queued(), "a waiter queues once");
        // Cloned before the section. It is dropped after it, if it is not needed.
        let mut waker = Some(cx.waker().clone());
        let node = self.node();
        // SAFETY: nothing pinned is moved.
        let this = unsafe { self.get_unchecked_mut() };
        let stage = &mut this.stage;
        this.on.locked().with(|state| {
            let parcel = match enter(state) {
                Ok(value) => return Poll::Ready(value),
                Err(parcel) => parcel,
            };
            if let Some(waker) = waker.take() {
                // SAFETY: in `Idle` there is no node in there, and nobody else knows of the place.
                unsafe { node.as_ptr().write(Node::new(parcel, waker)) };
                // SAFETY: it is new; the memory is pinned, and the drop unlinks it (2).
                unsafe { W::list(state).push_back(node) };
                *stage = Stage::Queued;
            }
            Poll::Pending
        })
    }

    /// Waits until it is served, and gives the parcel as an error; or until `retry`, in a section of
    /// its own, finds that a waiter which was not served can have what it wants all the same.
    /// `retry` learns whether it was woken to try its luck; what it returns as an error, if
    /// anything, replaces the parcel.
    ///
    /// # Panics
    ///
    /// If it does not wait.
    pub(crate) fn poll_served<T>(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut retry: impl FnMut(&mut W::State, bool) -> Result<T, Option<W::Parcel>>,
    ) -> Poll<Result<T, W::Parcel>> {
        assert!(self.is_queued(), "a waiter is queued before it is served");
        let mut fresh: Option<Waker> = None;
        loop {
            let node = self.node();
            // SAFETY: it is there while the stage is `Queued`.
            if unsafe { node.as_ref() }.is_served() {
                return Poll::Ready(Err(self.take()));
            }
            let looked = self.on.locked().with(|state| {
                // SAFETY: as above.
                if unsafe { node.as_ref() }.is_served() {
                    return Look::Served(());
                }
                // SAFETY: not served in this section, so it is linked (4).
                let roused = unsafe { with_linked(node, |linked| linked.waker.is_none()) };
                let parcel = match retry(state, roused) {
                    Ok(value) => {
                        // SAFETY: linked, as above.
                        unsafe { W::list(state).unlink(node) };
                        return Look::Got(value);
                    }
                    Err(parcel) => parcel,
                };
                let keep = |linked: &mut Linked<W::Parcel>| {
                    if let Some(parcel) = parcel {
                        linked.parcel = parcel;
                    }
                    match &linked.waker {
                        Some(waker) if waker.will_wake(cx.waker()) => Look::Wait,
                        _ if fresh.is_none() => Look::Clone,
                        _ => {
                            core::mem::swap(&mut linked.waker, &mut fresh);
                            Look::Wait
                        }
                    }
                };
                // SAFETY: linked, and this is a section (3).
                unsafe { with_linked(node, keep) }
            });
            match looked {
                Look::Got(value) => {
                    drop(self.take());
                    return Poll::Ready(Ok(value));
                }
                Look::Served(()) => return Poll::Ready(Err(self.take())),
                Look::Wait => return Poll::Pending,
                Look::Clone => fresh = Some(cx.waker().clone()),
            }
        }
    }

    #[inline]
    fn node(&self) -> NonNull<Node<W::Parcel>> {
        // SAFETY: the address of a field is not null.
        self.node
            .with_mut(|node| unsafe { NonNull::new_unchecked(node.cast()) })
    }

    /// Takes the node, which is linked no more, apart.
    fn take(self: Pin<&mut Self>) -> W::Parcel {
        let node = self.node();
        // SAFETY: what is moved is the node, which nobody knows of any more (4).
        let this = unsafe { self.get_unchecked_mut() };
        this.stage = Stage::Idle;
        // SAFETY: initialised while the stage was `Queued`, and forgotten from here on.
        let node = unsafe { node.as_ptr().read() };
        // The waker, if one is left, is dropped here, outside of a section.
        node.into_linked().parcel
    }

    /// Unlinks the node, or takes what it was served, and lets the primitive pass it on.
    #[cold]
    fn leave(&mut self) {
        let node = self.node();
        let on = &self.on;
        let stage = &mut self.stage;
        // Dropped after the wakes, which are after the sections.
        let mut rest = None;
        until_done(|wakers| {
            if *stage == Stage::Idle {
                on.settle();
                return true;
            }
            *stage = Stage::Idle;
            // Whoever drops this inside of a section that is its own must not go on: the node would
            // stay linked.
            let must_enter = AbortOnUnwind;
            rest = Some(on.locked().with(|state| {
                mem::forget(must_enter);
                // SAFETY: it was there while the stage was `Queued`.
                let served = unsafe { node.as_ref() }.is_served();
                if !served {
                    // SAFETY: not served in this section, so it is linked (4).
                    unsafe { W::list(state).unlink(node) };
                }
                // SAFETY: linked no more, so nobody else knows of it (4); and it is not read again.
                let linked = unsafe { node.as_ptr().read() }.into_linked();
                let parcel = linked.parcel;
                let left = if served {
                    Left::Served(parcel)
                } else {
                    let roused = linked.waker.is_none();
                    Left::Waiting { parcel, roused }
                };
                (linked.waker, on.pass_on(state, left, wakers))
            }));
            wakers.has_room()
        });
    }
}

/// Dropped by a panic, it panics too, which aborts.
struct AbortOnUnwind;

impl Drop for AbortOnUnwind {
    fn drop(&mut self) {
        panic!("a waiter was dropped inside of a section of its primitive");
    }
}

impl<W: WaitOn> Drop for Waiter<W> {
    #[inline]
    fn drop(&mut self) {
        if self.is_queued() {
            self.leave();
        }
    }
}

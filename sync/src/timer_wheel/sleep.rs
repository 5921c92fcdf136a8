use core::fmt;
use core::future::Future;
use core::marker::{PhantomData, PhantomPinned};
use core::mem::{self, MaybeUninit};
use core::pin::Pin;
use core::ptr::{self, NonNull};
use core::task::{Context, Poll, RawWakerVTable, Waker, ready};

use withal_core::runtime::Coop;

use super::node::{Node, with_linked};
use super::{Driver, Moment, TimerWheel};
use crate::flavour::{Flavour, Spin};
use crate::handle::Handle;
use crate::primitives::UnsafeCell;

/// The future that [`TimerWheel::sleep`] and its kin return.
#[must_use = "futures do nothing unless polled"]
pub struct Sleep<H: Handle<TimerWheel<D, F>>, D: Driver, F: Flavour = Spin> {
    wheel: H,
    deadline: Moment,
    stage: Stage,
    /// Whose waker the node was given last: known without a section.
    given: Given,
    /// Initialised while the stage is `Queued`.
    node: UnsafeCell<MaybeUninit<Node>>,
    _wheel: PhantomData<fn() -> (D, F)>,
    _pinned: PhantomPinned,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// There is no node, and the moment may have passed.
    New,
    /// There is no node. The moment lay ahead when it was counted: no need to look at the clock.
    Ahead,
    /// The node is linked, or has fired.
    Queued,
    /// The moment has passed.
    Over,
}

// SAFETY: the node is shared with whoever turns the wheel, under its lock: a handle that may go to
// another thread is one of a wheel that threads share. What `given` points to is never read.
unsafe impl<H: Handle<TimerWheel<D, F>> + Send, D: Driver, F: Flavour> Send for Sleep<H, D, F> {}
// SAFETY: what is shared by a `&Sleep` is the handle and the moment.
unsafe impl<H: Handle<TimerWheel<D, F>> + Sync, D: Driver, F: Flavour> Sync for Sleep<H, D, F> {}

impl<H: Handle<TimerWheel<D, F>>, D: Driver, F: Flavour> Sleep<H, D, F> {
    pub(super) fn until(wheel: H, deadline: Moment) -> Self {
        Self::new(wheel, deadline, Stage::New)
    }

    /// For a moment that was counted from the present.
    pub(super) fn ahead(wheel: H, deadline: Moment) -> Self {
        Self::new(wheel, deadline, Stage::Ahead)
    }

    #[inline]
    fn new(wheel: H, deadline: Moment, stage: Stage) -> Self {
        Self {
            wheel,
            deadline,
            stage,
            given: Given::NOBODY,
            node: UnsafeCell::new(MaybeUninit::uninit()),
            _wheel: PhantomData,
            _pinned: PhantomPinned,
        }
    }

    /// The moment at which it ends.
    pub fn deadline(&self) -> Moment {
        self.deadline
    }

    /// The wheel that it waits in.
    pub fn wheel(&self) -> &TimerWheel<D, F> {
        self.wheel.get()
    }

    /// Links the node, and sets the driver if this one ends before all others. It may have fired
    /// then already.
    #[inline]
    fn enter(&mut self, cx: &mut Context<'_>) {
        // Cloned before the section.
        let waker = cx.waker().clone();
        self.given = Given::to(&waker);
        let node = self.node();
        // SAFETY: before `Queued` there is no node in there, and nobody else knows of the place.
        unsafe { node.as_ptr().write(Node::new(self.deadline, waker)) };
        self.stage = Stage::Queued;
        let wheel = self.wheel.get();
        // SAFETY: it is new; the memory is pinned, and the drop unlinks it (2).
        if wheel.slots.with(|slots| unsafe { slots.insert(node) }) {
            wheel.set_earlier();
        }
    }

    /// Gives the node another waker.
    #[cold]
    fn give(&mut self, cx: &mut Context<'_>) {
        let mut waker = Some(cx.waker().clone());
        let node = self.node();
        self.wheel.get().slots.with(|_| {
            // SAFETY: this is a section: a node that is linked is touched by nobody else (3), nor is
            // one that has fired (4).
            unsafe { with_linked(node, |linked| mem::swap(&mut linked.waker, &mut waker)) };
        });
        self.given = Given::to(cx.waker());
        // The other one is dropped here, outside of the section.
    }

    #[inline]
    fn node(&self) -> NonNull<Node> {
        // SAFETY: the address of a field is not null.
        self.node
            .with_mut(|node| unsafe { NonNull::new_unchecked(node.cast()) })
    }

    #[inline]
    fn has_fired(&self) -> bool {
        // SAFETY: it is there while the stage is `Queued`, which the callers have seen.
        unsafe { self.node().as_ref() }.has_fired()
    }

    /// Forgets the node, which is linked no more, and gives what is left of its waker: all in it that
    /// needs to be dropped.
    #[inline]
    fn take(&mut self) -> Option<Waker> {
        self.stage = Stage::Over;
        // SAFETY: it is there while the stage was `Queued`, and nobody else knows of it any more (4).
        unsafe { with_linked(self.node(), |linked| linked.waker.take()) }
    }
}

impl<H: Handle<TimerWheel<D, F>>, D: Driver, F: Flavour> Future for Sleep<H, D, F> {
    type Output = ();

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        // SAFETY: nothing pinned is moved: the node stays in its place.
        let this = unsafe { self.get_unchecked_mut() };
        match this.stage {
            Stage::New => {
                let unit = ready!(F::Coop::poll_unit(cx));
                if this.deadline <= this.wheel.get().driver.now() {
                    F::Coop::spend(unit);
                    this.stage = Stage::Over;
                    return Poll::Ready(());
                }
                this.enter(cx);
            }
            Stage::Ahead => this.enter(cx),
            Stage::Queued => {
                if !this.has_fired() && !this.given.is_to(cx.waker()) {
                    this.give(cx);
                }
            }
            Stage::Over => return Poll::Ready(()),
        }
        if !this.has_fired() {
            return Poll::Pending;
        }
        drop(this.take());
        Poll::Ready(())
    }
}

impl<H: Handle<TimerWheel<D, F>>, D: Driver, F: Flavour> Drop for Sleep<H, D, F> {
    #[inline]
    fn drop(&mut self) {
        if self.stage != Stage::Queued {
            return;
        }
        if !self.has_fired() {
            let node = self.node();
            self.wheel.get().slots.with(|slots| {
                // SAFETY: it is there while the stage is `Queued`.
                if !unsafe { node.as_ref() }.has_fired() {
                    // SAFETY: not fired in this section, so it is linked here (5).
                    unsafe { slots.remove(node) };
                }
            });
        }
        // Outside of the section.
        drop(self.take());
    }
}

impl<H: Handle<TimerWheel<D, F>>, D: Driver, F: Flavour> fmt::Debug for Sleep<H, D, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sleep")
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}

/// Which waker a node holds: to be compared, never to be followed. While the node holds it, its
/// address is nobody else's.
#[derive(Clone, Copy)]
struct Given {
    data: *const (),
    vtable: Option<&'static RawWakerVTable>,
}

impl Given {
    const NOBODY: Self = Self {
        data: ptr::null(),
        vtable: None,
    };

    #[inline]
    fn to(waker: &Waker) -> Self {
        Self {
            data: waker.data(),
            vtable: Some(waker.vtable()),
        }
    }

    #[inline]
    fn is_to(&self, waker: &Waker) -> bool {
        self.data == waker.data()
            && self
                .vtable
                .is_some_and(|vtable| ptr::eq(vtable, waker.vtable()))
    }
}

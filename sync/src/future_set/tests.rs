//! What a set of futures promises, polled by hand.

mod drops;
mod places;
mod polls;
mod threads;
mod wakers;

use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};

use super::{FutureSet, Key};
use crate::tests::Task;

/// What happens to the children, in order.
#[derive(Clone, Default)]
struct Log(Rc<RefCell<Vec<(What, u32)>>>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Polled,
    Dropped,
}
use What::{Dropped, Polled};

impl Log {
    fn note(&self, what: What, name: u32) {
        self.0.borrow_mut().push((what, name));
    }

    /// All since the last call.
    fn take(&self) -> Vec<(What, u32)> {
        self.0.take()
    }

    /// The names of those that were polled since the last call.
    fn polls(&self) -> Vec<u32> {
        let all = self.take().into_iter();
        all.filter(|(what, _)| *what == Polled)
            .map(|(_, name)| name)
            .collect()
    }
}

/// A future that does as it is told.
struct Child {
    name: u32,
    log: Log,
    orders: Rc<Orders>,
}

/// What a child is to do, and the waker of its last poll.
#[derive(Default)]
struct Orders {
    is_done: Cell<bool>,
    wakes_itself: Cell<bool>,
    wakes_another: RefCell<Option<Waker>>,
    keeps_no_waker: Cell<bool>,
    panics: Cell<bool>,
    panics_when_dropped: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

impl Orders {
    fn waker(&self) -> Waker {
        self.waker.borrow().clone().unwrap()
    }

    fn wake(&self) {
        self.waker().wake();
    }

    fn finish(&self) {
        self.is_done.set(true);
        self.wake();
    }
}

impl Future for Child {
    type Output = u32;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<u32> {
        self.log.note(Polled, self.name);
        assert!(!self.orders.panics.get(), "told to");
        if self.orders.wakes_itself.get() {
            cx.waker().wake_by_ref();
        }
        if let Some(another) = &*self.orders.wakes_another.borrow() {
            another.wake_by_ref();
        }
        if self.orders.is_done.get() {
            return Poll::Ready(self.name);
        }
        if !self.orders.keeps_no_waker.get() {
            *self.orders.waker.borrow_mut() = Some(cx.waker().clone());
        }
        Poll::Pending
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.log.note(Dropped, self.name);
        assert!(!self.orders.panics_when_dropped.get(), "told to");
    }
}

/// A set, with its children's orders by their names, and its log.
#[derive(Default)]
struct Family {
    set: FutureSet<Child>,
    keys: Vec<Key>,
    children: Vec<Rc<Orders>>,
    log: Log,
}

impl Family {
    fn new(children: u32) -> Self {
        let mut family = Self::default();
        (0..children).for_each(|_| family.grow());
        family
    }

    /// One whose children were polled, and wait.
    fn waiting(children: u32) -> Self {
        let mut family = Self::new(children);
        assert!(family.poll().is_pending());
        family.log.take();
        family
    }

    /// Pushes another child.
    fn grow(&mut self) {
        let orders = Rc::new(Orders::default());
        self.keys.push(self.set.push(Child {
            name: u32::try_from(self.children.len()).unwrap(),
            log: self.log.clone(),
            orders: orders.clone(),
        }));
        self.children.push(orders);
    }

    /// Polls the set in a task that nobody looks at.
    fn poll(&mut self) -> Poll<Option<(Key, u32)>> {
        self.poll_with(Waker::noop())
    }

    fn poll_with(&mut self, waker: &Waker) -> Poll<Option<(Key, u32)>> {
        self.set.poll_next(&mut Context::from_waker(waker))
    }

    /// The name of the one that is ready.
    #[track_caller]
    fn ended(&mut self) -> u32 {
        match self.poll() {
            Poll::Ready(Some((key, name))) => {
                assert_eq!(key, self.keys[name as usize]);
                name
            }
            other => panic!("nobody is ready: {other:?}"),
        }
    }

    fn task(&mut self) -> Task<impl Future<Output = Option<(Key, u32)>>> {
        Task::new(core::future::poll_fn(|cx| self.set.poll_next(cx)))
    }
}

//! The orders in which a queue gives its items out.

use alloc::collections::{BinaryHeap, VecDeque};
use alloc::vec::Vec;
use core::cmp::Ordering;

/// In which order a queue gives its items out: [`Fifo`], [`Lifo`] or [`Priority`]. Sealed.
#[expect(private_bounds, reason = "sealed: it is called in a short section")]
pub trait Storage<T>: Store<T> {}

pub(crate) trait Store<T>: Default {
    /// An item on its way out, which knows where it stood.
    type Taken: Into<Out<T>>;

    fn len(&self) -> usize;

    fn push(&mut self, item: T);

    fn pop(&mut self) -> Option<Self::Taken>;

    /// Gives an item its place without storing it: it is handed to who waits for it.
    fn pass(&mut self, item: T) -> Self::Taken;

    /// Takes back what nobody received: it is the next to come out, or stands where it stood.
    fn put_back(&mut self, taken: Self::Taken);
}

/// An item, out of its storage.
#[derive(Debug)]
pub(crate) struct Out<T>(pub(crate) T);

/// First in, first out.
#[derive(Debug)]
pub struct Fifo<T> {
    items: VecDeque<T>,
}

impl<T> Default for Fifo<T> {
    fn default() -> Self {
        Self {
            items: VecDeque::new(),
        }
    }
}

impl<T> Storage<T> for Fifo<T> {}

impl<T> Store<T> for Fifo<T> {
    type Taken = Out<T>;

    fn len(&self) -> usize {
        self.items.len()
    }

    #[inline]
    fn push(&mut self, item: T) {
        self.items.push_back(item);
    }

    #[inline]
    fn pop(&mut self) -> Option<Out<T>> {
        self.items.pop_front().map(Out)
    }

    #[inline]
    fn pass(&mut self, item: T) -> Out<T> {
        Out(item)
    }

    fn put_back(&mut self, taken: Out<T>) {
        self.items.push_front(taken.0);
    }
}

/// Last in, first out.
#[derive(Debug)]
pub struct Lifo<T> {
    items: Vec<T>,
}

impl<T> Default for Lifo<T> {
    fn default() -> Self {
        Self { items: Vec::new() }
    }
}

impl<T> Storage<T> for Lifo<T> {}

impl<T> Store<T> for Lifo<T> {
    type Taken = Out<T>;

    fn len(&self) -> usize {
        self.items.len()
    }

    #[inline]
    fn push(&mut self, item: T) {
        self.items.push(item);
    }

    #[inline]
    fn pop(&mut self) -> Option<Out<T>> {
        self.items.pop().map(Out)
    }

    #[inline]
    fn pass(&mut self, item: T) -> Out<T> {
        Out(item)
    }

    fn put_back(&mut self, taken: Out<T>) {
        self.items.push(taken.0);
    }
}

/// The smallest first; equal ones in the order in which they came.
///
/// The items' `Ord` is called while the queue is locked: it must not use that queue, and should be
/// quick. If it panics, so does the operation; the queue can be used on, but where the item stands
/// that was on its way then, and whether it is still there, is not promised.
#[derive(Debug)]
pub struct Priority<T> {
    items: BinaryHeap<Ranked<T>>,
    next: u64,
}

impl<T: Ord> Default for Priority<T> {
    fn default() -> Self {
        Self {
            items: BinaryHeap::new(),
            next: 0,
        }
    }
}

/// An item, and how many came before it.
#[derive(Debug)]
pub(crate) struct Ranked<T> {
    item: T,
    turn: u64,
}

impl<T: Ord> Priority<T> {
    fn rank(&mut self, item: T) -> Ranked<T> {
        let turn = self.next;
        self.next += 1;
        Ranked { item, turn }
    }
}

impl<T: Ord> Storage<T> for Priority<T> {}

impl<T: Ord> Store<T> for Priority<T> {
    type Taken = Ranked<T>;

    fn len(&self) -> usize {
        self.items.len()
    }

    fn push(&mut self, item: T) {
        let ranked = self.rank(item);
        self.items.push(ranked);
    }

    fn pop(&mut self) -> Option<Ranked<T>> {
        self.items.pop()
    }

    fn pass(&mut self, item: T) -> Ranked<T> {
        self.rank(item)
    }

    fn put_back(&mut self, taken: Ranked<T>) {
        self.items.push(taken);
    }
}

impl<T> From<Ranked<T>> for Out<T> {
    fn from(ranked: Ranked<T>) -> Self {
        Self(ranked.item)
    }
}

/// The greatest of a heap comes out first: so the smallest item is the greatest rank.
impl<T: Ord> Ord for Ranked<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_item = other.item.cmp(&self.item);
        by_item.then_with(|| other.turn.cmp(&self.turn))
    }
}

impl<T: Ord> PartialOrd for Ranked<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T: Ord> PartialEq for Ranked<T> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<T: Ord> Eq for Ranked<T> {}

use core::mem::MaybeUninit;
use core::task::Waker;

/// How many wakers one section carries out: enough that a crowd needs few sections, and few enough
/// (512 bytes) for any stack.
const CAPACITY: usize = 32;

/// Wakers on their way out of a section, all woken by [`wake`](Self::wake), or when it is dropped.
///
/// # Invariants
///
/// 1. The first `len` places are initialised.
pub(crate) struct Wakers {
    places: [MaybeUninit<Waker>; CAPACITY],
    len: usize,
}

impl Wakers {
    pub(crate) const fn new() -> Self {
        Self {
            places: [const { MaybeUninit::uninit() }; CAPACITY],
            len: 0,
        }
    }

    /// Whether two more have room. If not, leave the section, wake these, and enter it again.
    pub(crate) fn has_room(&self) -> bool {
        self.len + 2 <= CAPACITY
    }

    /// Takes one along.
    ///
    /// # Panics
    ///
    /// If there is no room.
    pub(crate) fn push(&mut self, waker: Option<Waker>) {
        if let Some(waker) = waker {
            self.places[self.len].write(waker);
            self.len += 1;
        }
    }

    /// Wakes all of them, in order.
    pub(crate) fn wake(&mut self) {
        let len = core::mem::take(&mut self.len);
        // What is not woken because one panics is woken by the drop of the rest.
        let mut rest = Rest {
            places: &mut self.places[..len],
        };
        while let Some(waker) = rest.next() {
            waker.wake();
        }
    }
}

/// Enters `section` until it says that it was done, and wakes after each time whom it gave. Where a
/// waker panics, the others are served all the same.
pub(crate) fn until_done(section: impl FnMut(&mut Wakers) -> bool) {
    let mut sections = Sections {
        section,
        done: false,
    };
    sections.enter();
}

struct Sections<S: FnMut(&mut Wakers) -> bool> {
    section: S,
    done: bool,
}

impl<S: FnMut(&mut Wakers) -> bool> Sections<S> {
    fn enter(&mut self) {
        let mut wakers = Wakers::new();
        while !self.done {
            self.done = (self.section)(&mut wakers);
            wakers.wake();
        }
    }
}

impl<S: FnMut(&mut Wakers) -> bool> Drop for Sections<S> {
    fn drop(&mut self) {
        // Only if a waker has panicked. A second panic aborts, as everywhere in a drop.
        self.enter();
    }
}

impl Drop for Wakers {
    fn drop(&mut self) {
        self.wake();
    }
}

/// Initialised places that were not woken yet.
struct Rest<'a> {
    places: &'a mut [MaybeUninit<Waker>],
}

impl Rest<'_> {
    fn next(&mut self) -> Option<Waker> {
        let (first, rest) = core::mem::take(&mut self.places).split_first_mut()?;
        self.places = rest;
        // SAFETY: below `len`, so it is initialised (Wakers, 1), and it is never looked at again.
        Some(unsafe { first.assume_init_read() })
    }
}

impl Drop for Rest<'_> {
    fn drop(&mut self) {
        // A second panic aborts, as everywhere in a drop.
        while let Some(waker) = self.next() {
            waker.wake();
        }
    }
}

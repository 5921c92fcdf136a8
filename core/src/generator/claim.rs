//! Which yield may store its item.

#[cfg(test)]
mod tests;

use core::ptr;
use core::sync::atomic::{AtomicPtr, Ordering};

/// One yield gets it in each poll of the body: the first that asks. With std it has to ask on the
/// thread that polls the body.
///
/// In a poll it is the sign that nobody has it, and then the place of the yield that got it, up to the
/// next poll. A yield is pinned, so that its place tells it from others; no sign is such a place.
pub(super) struct Claim(AtomicPtr<()>);

/// Nobody has it.
#[derive(Clone, Copy)]
pub(super) struct Sign(*mut ());

impl Claim {
    /// Nobody gets it, until it is opened.
    pub(super) const fn new() -> Self {
        Self(AtomicPtr::new(ptr::null_mut()))
    }

    /// A poll of the body begins, on this thread.
    #[inline]
    pub(super) fn open(&self) -> Sign {
        let sign = Sign::here();
        self.0.store(sign.0, Ordering::Relaxed);
        sign
    }

    /// The poll has ended that began with this sign. Tells whether a yield got it; nobody else will.
    #[inline]
    pub(super) fn close(&self, sign: Sign) -> bool {
        if self.0.load(Ordering::Relaxed) != sign.0 {
            return true;
        }
        self.0.store(ptr::null_mut(), Ordering::Relaxed);
        false
    }

    /// Whether the yield at this place gets it.
    #[inline]
    pub(super) fn ask(&self, place: *const ()) -> bool {
        if cfg!(feature = "std") {
            self.ask_on_thread(Sign::here(), place)
        } else {
            self.ask_among_threads(Sign::here(), place)
        }
    }

    /// Whether the yield at this place got it in the latest poll.
    #[inline]
    pub(super) fn is_of(&self, place: *const ()) -> bool {
        ptr::eq(self.0.load(Ordering::Relaxed), place)
    }

    /// No other thread has this sign, so that nobody comes in between.
    #[inline]
    fn ask_on_thread(&self, sign: Sign, place: *const ()) -> bool {
        let free = self.0.load(Ordering::Relaxed) == sign.0;
        if free {
            self.0.store(place.cast_mut(), Ordering::Relaxed);
        }
        free
    }

    #[inline]
    fn ask_among_threads(&self, sign: Sign, place: *const ()) -> bool {
        let (free, taken) = (sign.0, place.cast_mut());
        let asked = self
            .0
            .compare_exchange(free, taken, Ordering::Relaxed, Ordering::Relaxed);
        asked.is_ok()
    }
}

impl Sign {
    /// With std, that of this thread: where its thread-local storage lies.
    #[cfg(feature = "std")]
    #[inline]
    fn here() -> Self {
        std::thread_local! {
            static HERE: u8 = const { 0 };
        }
        Self(HERE.with(|here| ptr::from_ref(here).cast_mut().cast()))
    }

    /// Without, the same for all: an odd place, where no yield is aligned.
    #[cfg(not(feature = "std"))]
    #[inline]
    fn here() -> Self {
        Self(ptr::dangling_mut::<u8>().cast())
    }
}

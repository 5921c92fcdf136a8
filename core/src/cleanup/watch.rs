use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::Ordering;

use super::ambient::ExitToken;
use crate::primitives::AtomicUsize;

/// A combinator's knowledge of the exits in progress in what it polls: those it must not drop
/// (K10). Unallocated until an exit waits.
#[derive(Default)]
pub(crate) struct Watch {
    waves: Option<Box<Waves>>,
    stopped: bool,
}

#[derive(Default)]
struct Waves(Vec<Wave>);

/// The exits that began to wait in one poll.
struct Wave {
    exits: Arc<AtomicUsize>,
    /// An exit in here is one for the combinator around this one, too.
    _outer: Option<ExitToken>,
    /// Only those that ran when the combinator was about to cancel are waited for. Otherwise
    /// scopes that are entered and exited side by side could put it off for ever.
    before_stop: bool,
}

impl Wave {
    fn is_busy(&self) -> bool {
        self.exits.load(Ordering::Acquire) > 0
    }
}

impl Watch {
    /// A poll is over, in which these exits began to wait.
    #[inline]
    pub(super) fn polled(&mut self, exits: Option<Arc<AtomicUsize>>) {
        if exits.is_some() || self.waves.is_some() {
            self.note(exits);
        }
    }

    #[cold]
    fn note(&mut self, exits: Option<Arc<AtomicUsize>>) {
        let waves = &mut self.waves.get_or_insert_default().0;
        waves.retain(Wave::is_busy);
        if let Some(exits) = exits {
            let wave = Wave {
                exits,
                _outer: None,
                before_stop: !self.stopped,
            };
            if wave.is_busy() {
                waves.push(Wave {
                    _outer: ExitToken::register(),
                    ..wave
                });
            }
        }
        if waves.is_empty() {
            self.waves = None;
        }
    }

    /// From now on the combinator wants to cancel.
    #[inline]
    pub(crate) fn stop(&mut self) {
        self.stopped = true;
    }

    /// Whether an exit is in progress that began before the [`stop`](Self::stop).
    #[inline]
    pub(crate) fn is_busy(&self) -> bool {
        self.waves
            .iter()
            .flat_map(|waves| &waves.0)
            .any(|wave| wave.before_stop && wave.is_busy())
    }

    /// The combinator has dropped what it polled.
    #[inline]
    pub(crate) fn clear(&mut self) {
        if self.waves.is_some() {
            self.forget();
        }
    }

    #[cold]
    fn forget(&mut self) {
        self.waves = None;
    }
}

/// Keeps what is hardly ever there out of the way of every combinator's drop.
impl Drop for Watch {
    #[inline]
    fn drop(&mut self) {
        self.clear();
    }
}

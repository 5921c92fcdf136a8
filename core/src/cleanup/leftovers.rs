//! What a scope or a combinator must wait for before it may end: the cleanups collected from its
//! own drops, and the children that foreign code dropped into it.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::future::Future;
use core::pin::Pin;
use core::sync::atomic::{AtomicU32, Ordering};
use core::task::{Context, Poll};
use core::time::Duration;

use super::About;
use super::ambient::{self, CollectorId, CollectorSlot, ScopeSlot};
use super::children::Tracker;
use super::hand_over::{detach, hand_over};
use super::kind::Kind;
use super::link::{AnyCleanup, AsLink, Chain, End, Link};
use super::report::{Report, report};
use super::task::CleanupTask;
use crate::panic::{Payload, catch, unwinding};
use crate::runtime::Alarm;

/// Empty, and without allocation, on the ordinary path.
pub(crate) struct Leftovers<K: Kind> {
    tracker: Tracker,
    #[cfg(feature = "std")]
    local: K::Local,
    slow: Option<Box<Slow<K>>>,
}

struct Slow<K: Kind> {
    collected: Chain<K::Link>,
    stuck: Option<Stuck>,
    budget: Option<Alarm>,
}

struct Stuck {
    alarm: Alarm,
    period: Duration,
    waited: Duration,
}

/// How long a scope waits for a cleanup before this is reported, in milliseconds; then again after
/// each such span. Ten seconds: longer than a healthy goodbye over a network takes, shorter than
/// the patience of who watches a service hang.
static REPORT_AFTER_MS: AtomicU32 = AtomicU32::new(10_000);

/// Sets how long a scope waits for the cleanup of another before that is reported as
/// [`Report::Waiting`], and after each such span again. The default is ten seconds.
pub fn report_waits_after(span: Duration) {
    let millis = u32::try_from(span.as_millis()).unwrap_or(u32::MAX).max(1);
    REPORT_AFTER_MS.store(millis, Ordering::Relaxed);
}

/// How a wait for leftovers ended.
#[derive(PartialEq, Eq)]
pub(crate) enum Waited {
    Done,
    /// The budget ran out; what is left must be given up.
    OverBudget,
}

impl<K: Kind> Leftovers<K> {
    pub(crate) fn new() -> Self {
        Self {
            tracker: Tracker::EMPTY,
            #[cfg(feature = "std")]
            local: K::Local::default(),
            slow: None,
        }
    }

    /// Calls `f`, a poll of our own, as the enclosing scope of whatever is dropped in it.
    #[inline]
    pub(crate) fn within<T>(&mut self, f: impl FnOnce() -> T) -> T {
        // The content comes back also when `f` unwinds.
        struct Within<'a, K: Kind> {
            leftovers: &'a mut Leftovers<K>,
            slot: ScopeSlot,
        }

        impl<K: Kind> Within<'_, K> {
            #[inline]
            fn swap(&mut self) {
                self.slot.close_chains();
                ambient::swap_scope(&mut self.slot);
            }
        }

        impl<K: Kind> Drop for Within<'_, K> {
            #[inline]
            fn drop(&mut self) {
                self.swap();
                self.leftovers.tracker = self.slot.tracker.take();
                #[cfg(feature = "std")]
                if let Some(local) = K::local(&mut self.leftovers.local) {
                    *local = self.slot.local.take();
                }
            }
        }

        let slot = ScopeSlot {
            present: true,
            unwinding: unwinding(),
            #[cfg(feature = "std")]
            takes_local: K::TAKES_LOCAL,
            tracker: self.tracker.take(),
            #[cfg(feature = "std")]
            local: K::local(&mut self.local).and_then(Option::take),
        };
        let mut within = Within {
            leftovers: self,
            slot,
        };
        within.swap();
        let result = f();
        drop(within);
        result
    }

    /// Whether nothing ever came: the ordinary path.
    #[inline]
    fn is_untouched(&self) -> bool {
        #[cfg(feature = "std")]
        if K::local_ref(&self.local).is_some() {
            return false;
        }
        self.tracker.is_untouched() && self.slow.is_none()
    }

    /// Calls `f`, which drops something in place, and keeps the cleanups that come out of it.
    ///
    /// # Errors
    ///
    /// What `f` panicked with. The cleanups are kept all the same.
    pub(crate) fn collect(&mut self, f: impl FnOnce()) -> Result<(), Payload> {
        let mut slot = CollectorSlot::new();
        #[cfg(feature = "std")]
        {
            slot.takes_local = K::TAKES_LOCAL;
        }
        // Without std a panic is not caught: the list is handed on while it unwinds (K11).
        struct Back<'a, K: Kind>(&'a mut Leftovers<K>, &'a mut CollectorSlot);

        impl<K: Kind> Drop for Back<'_, K> {
            fn drop(&mut self) {
                let list = core::mem::take(&mut self.1.list);
                for link in list.into_iter().filter_map(K::from_any) {
                    self.0.slow().collected.push(link);
                }
            }
        }

        let back = Back(self, &mut slot);
        let result = catch(|| ambient::swapped(back.1, |slots| &mut slots.collector, f));
        drop(back);
        result
    }

    fn slow(&mut self) -> &mut Slow<K> {
        self.slow.get_or_insert_with(|| {
            Box::new(Slow {
                collected: Chain::default(),
                stuck: None,
                budget: None,
            })
        })
    }

    pub(crate) fn is_empty(&self) -> bool {
        #[cfg(feature = "std")]
        if K::local_ref(&self.local).is_some_and(|local| !local.is_empty()) {
            return false;
        }
        self.tracker.is_empty()
            && self
                .slow
                .as_ref()
                .is_none_or(|slow| slow.collected.is_empty())
    }

    /// Drives what is left. `clock` makes alarms, where there is a clock.
    #[inline]
    pub(crate) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        about: impl Fn() -> About,
        clock: impl Fn(Duration) -> Option<Alarm>,
        budget: Option<Duration>,
    ) -> Poll<Waited> {
        if self.is_untouched() {
            return Poll::Ready(Waited::Done);
        }
        self.poll_slow(cx, about, clock, budget)
    }

    #[cold]
    fn poll_slow(
        &mut self,
        cx: &mut Context<'_>,
        about: impl Fn() -> About,
        clock: impl Fn(Duration) -> Option<Alarm>,
        budget: Option<Duration>,
    ) -> Poll<Waited> {
        let children = self.tracker.poll(cx);
        #[cfg(feature = "std")]
        let local = K::local(&mut self.local)
            .and_then(Option::as_mut)
            .map_or(Poll::Ready(()), |local| local.poll(cx));
        #[cfg(not(feature = "std"))]
        let local = Poll::Ready(());
        let collected = match &mut self.slow {
            Some(slow) => slow.collected.poll(cx, |_, _| ()),
            None => Poll::Ready(()),
        };
        if children.is_ready() && local.is_ready() && collected.is_ready() {
            if let Some(slow) = &mut self.slow {
                slow.stuck = None;
            }
            return Poll::Ready(Waited::Done);
        }
        if self.poll_stuck(cx, &clock).is_ready() {
            let waited = self
                .slow
                .as_ref()
                .and_then(|slow| slow.stuck.as_ref())
                .map_or(Duration::ZERO, |stuck| stuck.waited);
            for child in self.unfinished() {
                report(&Report::Waiting(about(), waited, child));
            }
        }
        self.poll_budget(cx, &clock, budget)
            .map(|()| Waited::OverBudget)
    }

    /// Ready once each span.
    fn poll_stuck(
        &mut self,
        cx: &mut Context<'_>,
        clock: &impl Fn(Duration) -> Option<Alarm>,
    ) -> Poll<()> {
        let period = Duration::from_millis(REPORT_AFTER_MS.load(Ordering::Relaxed).into());
        let slow = self.slow();
        // A combinator has no runtime of its own; those of the cleanups do as well.
        let clock = |period| {
            clock(period).or_else(|| slow.collected.first().and_then(|link| link.alarm(period)))
        };
        if slow.stuck.is_none() {
            slow.stuck = clock(period).map(|alarm| Stuck {
                alarm,
                period,
                waited: Duration::ZERO,
            });
        }
        let Some(stuck) = &mut slow.stuck else {
            return Poll::Pending;
        };
        let mut rang = Poll::Pending;
        while Pin::new(&mut stuck.alarm).poll(cx).is_ready() {
            rang = Poll::Ready(());
            stuck.waited += stuck.period;
            match clock(stuck.period) {
                Some(alarm) => stuck.alarm = alarm,
                None => break,
            }
        }
        rang
    }

    /// Ready once the cleanup budget, which began with the first wait, has run out.
    pub(crate) fn poll_budget(
        &mut self,
        cx: &mut Context<'_>,
        clock: &impl Fn(Duration) -> Option<Alarm>,
        budget: Option<Duration>,
    ) -> Poll<()> {
        let Some(budget) = budget else {
            return Poll::Pending;
        };
        let slow = self.slow();
        if slow.budget.is_none() {
            slow.budget = clock(budget);
        }
        match &mut slow.budget {
            Some(alarm) => Pin::new(alarm).poll(cx),
            None => Poll::Pending,
        }
    }

    /// The budget has run out and the owner moves on with a new one or none.
    pub(crate) fn reset_budget(&mut self) {
        if let Some(slow) = &mut self.slow {
            slow.budget = None;
        }
    }

    /// Which cleanups have not ended.
    pub(crate) fn unfinished(&self) -> Vec<About> {
        let mut unfinished = self.tracker.unfinished();
        #[cfg(feature = "std")]
        if let Some(local) = K::local_ref(&self.local) {
            unfinished.extend(local.unfinished());
        }
        let collected = self.slow.as_ref().and_then(|slow| slow.collected.first());
        unfinished.extend(collected.map(AsLink::about));
        unfinished
    }

    /// Stops waiting: what is left goes on by itself and is reported as over `budget`.
    pub(crate) fn give_up(&mut self, about: About, budget: Duration) {
        for child in self.unfinished() {
            report(&Report::OverBudget(about, budget, child));
        }
        self.for_each_link(detach);
        // The children learn that nobody waits for them.
        drop(self.tracker.take());
    }

    /// Hands everything on, for an owner that is being dropped itself.
    pub(crate) fn hand_on(&mut self, about: impl FnOnce() -> About, entered_under: CollectorId) {
        let tracker = self.tracker.take();
        if !tracker.is_empty() {
            let settle = Settle {
                tracker,
                about: about(),
            };
            hand_over(AnyCleanup::Send(Box::pin(settle)), entered_under);
        }
        self.for_each_link(|link| hand_over(link, entered_under));
    }

    fn for_each_link(&mut self, mut f: impl FnMut(AnyCleanup)) {
        #[cfg(feature = "std")]
        if let Some(Some(local)) = K::local(&mut self.local) {
            local
                .take()
                .into_iter()
                .for_each(|link| f(AnyCleanup::Local(link)));
        }
        if let Some(mut slow) = self.slow.take() {
            slow.collected
                .take()
                .into_iter()
                .for_each(|link| f(link.into()));
        }
    }
}

/// A net: leftovers whose owner forgot them are handed on, never lost.
impl<K: Kind> Drop for Leftovers<K> {
    #[inline]
    fn drop(&mut self) {
        if !self.is_untouched() && !self.is_empty() {
            self.for_each_link(|link| hand_over(link, CollectorId::NONE));
        }
    }
}

/// Waits for the children of an owner that was dropped.
struct Settle {
    tracker: Tracker,
    about: About,
}

impl Link for Settle {
    fn poll_link(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<End> {
        self.tracker.poll(cx).map(|()| End::Finished)
    }

    fn about(&self) -> About {
        self.about
    }

    fn spawn(&self, task: CleanupTask) {
        // The children have executors of their own; whoever waits for this link polls it.
        drop(task);
    }

    fn alarm(&self, _timeout: Duration) -> Option<Alarm> {
        None
    }

    fn unlimit(self: Pin<&mut Self>) {}
}

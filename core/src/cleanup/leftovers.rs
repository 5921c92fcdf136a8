//! What a scope or a combinator must wait for before it may end: the cleanups collected from its
//! own drops, and the children that foreign code dropped into it.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::future::Future;
use core::marker::PhantomData;
use core::pin::Pin;
use core::sync::atomic::{AtomicU32, Ordering};
use core::task::{Context, Poll, ready};
use core::time::Duration;

use super::About;
use super::ambient::{self, CollectorId, CollectorSlot, ScopeSlot};
use super::children::Tracker;
use super::hand_over::{detach, hand_over, hand_over_chain, is_awaited};
#[cfg(feature = "std")]
use super::kind::ThreadBound;
use super::kind::{Kind, Sendable};
use super::link::{AnyCleanup, AsLink, Chain, End, Link};
use super::live::ScopeId;
#[cfg(feature = "std")]
use super::local::LocalChildren;
use super::report::{Report, report};
use super::task::CleanupTask;
use super::watch::Watch;
use crate::mutants::mutant;
use crate::panic::{Payload, catch_and_then};
use crate::runtime::Alarm;

/// Empty, and without allocation, on the ordinary path.
///
/// # Invariants
///
/// 1. The content of `Leftovers<Sendable>` holds no `!Send` link. Links come in by a collector or by
///    an enclosing scope, and both take `!Send` ones only if their kind says so.
pub(crate) struct Leftovers<K: Kind> {
    content: Option<Box<Content>>,
    _kind: PhantomData<fn() -> K>,
}

// SAFETY: all of the content is `Send` but for `!Send` links, and there are none (1).
unsafe impl Send for Leftovers<Sendable> {}

/// What there is to wait for.
#[derive(Default)]
pub(crate) struct Content {
    pub(super) tracker: Tracker,
    #[cfg(feature = "std")]
    pub(super) local: LocalChildren,
    collected: Chain<AnyCleanup>,
    stuck: Option<Stuck>,
    budget: Option<Alarm>,
    /// The collector at work when a combinator first had something to wait for.
    pub(crate) under: Option<CollectorId>,
    /// What a combinator has caught, until the cleanup has ended.
    pub(crate) panic: Option<Payload>,
}

impl Content {
    /// The drop that was going on has ended: what comes next is a chain of its own (K4).
    #[cold]
    pub(super) fn close_chains(&mut self) {
        self.tracker.close_chain();
        #[cfg(feature = "std")]
        self.local.close_chain();
    }

    /// A cleanup came out of a drop of the owner's.
    pub(super) fn collect(&mut self, link: AnyCleanup) {
        self.collected.push(link);
    }

    pub(crate) fn is_empty(&self) -> bool {
        #[cfg(feature = "std")]
        if !self.local.is_empty() {
            return false;
        }
        self.tracker.is_empty() && self.collected.is_empty()
    }

    fn take_links(&mut self) -> Vec<AnyCleanup> {
        let mut links = Vec::new();
        #[cfg(feature = "std")]
        links.extend(self.local.take().into_iter().map(AnyCleanup::Local));
        links.extend(self.collected.take());
        links
    }
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

/// Calls `f`, a poll of `owner`'s own, as the enclosing scope of whatever is dropped in it, with the
/// number `id`. `leftovers` are the owner's.
///
/// # Errors
///
/// What `f` panicked with.
#[inline]
pub(crate) fn within<O, K: Kind, T>(
    owner: &mut O,
    leftovers: fn(&mut O) -> &mut Leftovers<K>,
    id: ScopeId,
    f: impl FnOnce(&mut O) -> T,
) -> Result<T, Payload> {
    let content = leftovers(owner).content.take();
    let outer = ambient::set_scope((ScopeSlot::new(K::TAKES_LOCAL, content), id));
    catch_and_then(owner, f, |owner| {
        let (scope, _) = ambient::set_scope(outer);
        leftovers(owner).restore(scope.content);
    })
}

/// Whether nothing was left so far in the scope that is being polled.
#[inline]
pub(crate) fn nothing_left() -> bool {
    ambient::scope(|scope| scope.content.is_none()).unwrap_or(false)
}

/// How a wait for leftovers ended.
#[derive(PartialEq, Eq)]
pub(crate) enum Waited {
    Done,
    /// The budget ran out; what is left must be given up.
    OverBudget,
}

impl<K: Kind> Leftovers<K> {
    #[inline]
    pub(crate) const fn new() -> Self {
        Self {
            content: None,
            _kind: PhantomData,
        }
    }

    #[inline]
    pub(crate) fn take(&mut self) -> Self {
        core::mem::replace(self, Self::new())
    }

    /// [`within`], for an owner whose other parts `f` has.
    #[inline]
    pub(crate) fn within<T>(&mut self, id: ScopeId, f: impl FnOnce() -> T) -> Result<T, Payload> {
        within(self, |leftovers| leftovers, id, |_| f())
    }

    /// Calls `f`, a poll of a combinator's: these leftovers take what is dropped in it, and `watch` is
    /// told of the exits that begin to wait.
    ///
    /// # Errors
    ///
    /// What `f` panicked with.
    #[inline]
    pub(crate) fn watched<T>(
        &mut self,
        watch: &mut Watch,
        f: impl FnOnce() -> T,
    ) -> Result<T, Payload> {
        let outer = ambient::set_combinator(K::TAKES_LOCAL, self.content.take());
        catch_and_then(
            &mut (self, watch),
            |_| f(),
            |(leftovers, watch)| {
                let (scope, watched) = ambient::exchange_combinator(outer);
                leftovers.restore(scope.content);
                watch.polled(watched.exits);
            },
        )
    }

    /// Takes those of the scope that is being polled, so that a part of it can be polled by the way
    /// of other code ([`give_enclosing`](Self::give_enclosing)).
    #[cfg(feature = "std")]
    pub(crate) fn take_enclosing() -> Self {
        Self {
            content: ambient::scope(|scope| scope.content.take()).flatten(),
            _kind: PhantomData,
        }
    }

    /// Gives back what [`take_enclosing`](Self::take_enclosing) took.
    #[cfg(feature = "std")]
    pub(crate) fn give_enclosing(&mut self) {
        if let Some(content) = self.content.take() {
            ambient::scope(|scope| scope.content = Some(content));
        }
    }

    /// The content comes back from a slot.
    #[inline]
    fn restore(&mut self, content: Option<Box<Content>>) {
        // There is nothing to drop: it is away.
        core::mem::forget(core::mem::replace(&mut self.content, content));
    }

    /// The poll ended, and what it polled goes on: nothing that was dropped in it waits for its end.
    #[inline]
    pub(crate) fn start_deferred(&mut self) {
        if let Some(content) = &mut self.content {
            content.tracker.start_deferred();
        }
    }

    /// Calls `f`, which drops something in place, and keeps the cleanups that come out of it.
    ///
    /// # Errors
    ///
    /// What `f` panicked with. The cleanups are kept all the same.
    pub(crate) fn collect(&mut self, f: impl FnOnce()) -> Result<(), Payload> {
        let slot = CollectorSlot::new(K::TAKES_LOCAL, self.content.take());
        let outer = ambient::set_collector(slot);
        // Without std a panic is not caught: what was collected is kept while it unwinds, and handed
        // on by the drop of these leftovers (K11).
        catch_and_then(
            self,
            |_| f(),
            |leftovers| leftovers.restore(ambient::set_collector(outer).content),
        )
    }

    /// What there is to wait for, or to remember meanwhile: there is nothing on the ordinary path.
    #[inline]
    pub(crate) fn content(&self) -> Option<&Content> {
        self.content.as_deref()
    }

    #[inline]
    pub(crate) fn content_mut(&mut self) -> &mut Option<Box<Content>> {
        &mut self.content
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.content
            .as_ref()
            .is_none_or(|content| content.is_empty())
    }

    /// The same, where both sorts of links are taken.
    #[cfg(feature = "std")]
    pub(super) fn into_local(mut self) -> Leftovers<ThreadBound> {
        Leftovers {
            content: self.content.take(),
            _kind: PhantomData,
        }
    }

    /// The same, of a kind that takes no `!Send` links (1).
    pub(super) fn into_sendable(mut self) -> Leftovers<Sendable> {
        assert!(!K::TAKES_LOCAL, "a link of its thread cannot be sent");
        Leftovers {
            content: self.content.take(),
            _kind: PhantomData,
        }
    }

    /// What was collected.
    pub(super) fn links(&self) -> impl Iterator<Item = &AnyCleanup> {
        self.content
            .iter()
            .flat_map(|content| content.collected.iter())
    }

    /// What was collected.
    pub(super) fn links_mut(&mut self) -> impl Iterator<Item = &mut AnyCleanup> {
        self.content
            .iter_mut()
            .flat_map(|content| content.collected.iter_mut())
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
        match &mut self.content {
            None => Poll::Ready(Waited::Done),
            Some(content) => content.poll(cx, about, clock, budget),
        }
    }

    /// Ready once the cleanup budget, which began with the first wait, has run out.
    #[inline]
    pub(crate) fn poll_budget(
        &mut self,
        cx: &mut Context<'_>,
        clock: &impl Fn(Duration) -> Option<Alarm>,
        budget: Option<Duration>,
    ) -> Poll<()> {
        match budget {
            None => Poll::Pending,
            Some(budget) => self
                .content
                .get_or_insert_default()
                .poll_budget(cx, clock, budget),
        }
    }

    /// The budget has run out and the owner moves on with a new one or none.
    pub(crate) fn reset_budget(&mut self) {
        if let Some(content) = &mut self.content {
            content.budget = None;
        }
    }

    /// Stops waiting: what is left goes on by itself and is reported as over `budget`.
    pub(crate) fn give_up(&mut self, about: About, budget: Duration) {
        let Some(mut content) = self.content.take() else {
            return;
        };
        for child in content.unfinished() {
            report(&Report::OverBudget(about, budget, child));
        }
        detach(content.take_links());
        content.tracker.start_deferred();
        // The children learn by this drop that nobody waits for them.
        drop(content);
    }

    /// Hands everything on, for an owner that is being dropped itself.
    pub(crate) fn hand_on(&mut self, about: impl FnOnce() -> About, entered_under: CollectorId) {
        let Some(mut content) = self.content.take() else {
            return;
        };
        let mut tracker = core::mem::take(&mut content.tracker);
        if !is_awaited(entered_under) {
            // The children have executors of their own, or are orphans one by one.
            tracker.start_deferred();
        } else if !tracker.is_empty() {
            let settle = Settle {
                tracker,
                about: about(),
            };
            hand_over(AnyCleanup::Send(Box::pin(settle)), entered_under);
        }
        hand_over_chain(content.take_links(), entered_under);
    }
}

impl Content {
    #[cold]
    fn poll(
        &mut self,
        cx: &mut Context<'_>,
        about: impl Fn() -> About,
        clock: impl Fn(Duration) -> Option<Alarm>,
        budget: Option<Duration>,
    ) -> Poll<Waited> {
        let children = self.tracker.poll(cx);
        #[cfg(feature = "std")]
        let local = self.local.poll(cx);
        #[cfg(not(feature = "std"))]
        let local = Poll::Ready(());
        let collected = self.collected.poll(cx, |_, _| ());
        if children.is_ready() && local.is_ready() && collected.is_ready() {
            self.stuck = None;
            return Poll::Ready(Waited::Done);
        }
        if let Poll::Ready(waited) = self.poll_stuck(cx, &clock) {
            for child in self.unfinished() {
                report(&Report::Waiting(about(), waited, child));
            }
        }
        match budget {
            None => Poll::Pending,
            Some(budget) => self
                .poll_budget(cx, &clock, budget)
                .map(|()| Waited::OverBudget),
        }
    }

    /// Ready once each span, with how long the wait has lasted.
    fn poll_stuck(
        &mut self,
        cx: &mut Context<'_>,
        clock: &impl Fn(Duration) -> Option<Alarm>,
    ) -> Poll<Duration> {
        let period = Duration::from_millis(REPORT_AFTER_MS.load(Ordering::Relaxed).into());
        let collected = &self.collected;
        // A combinator has no runtime of its own; those of the cleanups do as well.
        let clock = |period| {
            clock(period).or_else(|| collected.first().and_then(|link| link.alarm(period)))
        };
        if self.stuck.is_none() {
            self.stuck = clock(period).map(|alarm| Stuck {
                alarm,
                period,
                waited: Duration::ZERO,
            });
        }
        let Some(stuck) = &mut self.stuck else {
            return Poll::Pending;
        };
        let mut rang = Poll::Pending;
        while Pin::new(&mut stuck.alarm).poll(cx).is_ready() {
            stuck.waited += stuck.period;
            rang = Poll::Ready(stuck.waited);
            match clock(stuck.period) {
                Some(alarm) => stuck.alarm = alarm,
                None => break,
            }
        }
        rang
    }

    fn poll_budget(
        &mut self,
        cx: &mut Context<'_>,
        clock: &impl Fn(Duration) -> Option<Alarm>,
        budget: Duration,
    ) -> Poll<()> {
        if self.budget.is_none() {
            self.budget = clock(budget);
        }
        let Some(alarm) = &mut self.budget else {
            return Poll::Pending;
        };
        if mutant("budget_ignored") {
            return Poll::Pending;
        }
        ready!(Pin::new(alarm).poll(cx));
        // It must not be polled again. If there is more to wait for, that gets the same span again.
        self.budget = None;
        Poll::Ready(())
    }

    /// Which cleanups have not ended.
    fn unfinished(&self) -> Vec<About> {
        let mut unfinished = self.tracker.unfinished();
        #[cfg(feature = "std")]
        unfinished.extend(self.local.unfinished());
        unfinished.extend(self.collected.abouts());
        unfinished
    }
}

/// A net: leftovers whose owner forgot them are handed on, never lost.
impl<K: Kind> Drop for Leftovers<K> {
    #[inline]
    fn drop(&mut self) {
        if self.content.is_some() {
            self.forgotten();
        }
    }
}

impl<K: Kind> Leftovers<K> {
    #[cold]
    fn forgotten(&mut self) {
        if let Some(mut content) = self.content.take() {
            hand_over_chain(content.take_links(), CollectorId::NONE);
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
        drop(task);
    }

    /// The children have runtimes of their own; whoever waits for this link polls it.
    fn has_runtime(&self) -> bool {
        false
    }

    fn alarm(&self, _timeout: Duration) -> Option<Alarm> {
        None
    }

    fn unlimit(self: Pin<&mut Self>) {}
}

impl Drop for Settle {
    fn drop(&mut self) {
        // Nobody waits any more: what is left goes on alone.
        self.tracker.start_deferred();
    }
}

//! A link: one cleanup that left its scope's frame, and chains of them.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::pin::Pin;
use core::task::{Context, Poll, ready};
use core::time::Duration;

use super::report::{Report, report};
use super::{About, CleanupTask};
use crate::mutants::mutant;
use crate::panic::catch;
use crate::runtime::Alarm;

/// What ended scopes become when they are handed over: something that owns all it needs.
///
/// A link catches the panics of what it polls, so the links behind it always run.
pub(crate) trait Link {
    /// Runs the cleanup. Not called again after it ended.
    fn poll_link(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<End>;

    /// Which scope this is.
    fn about(&self) -> About;

    /// Starts `task` on the runtime that the scope was entered with.
    fn spawn(&self, task: CleanupTask);

    /// Whether there is such a runtime. What only waits for others has none.
    fn has_runtime(&self) -> bool {
        true
    }

    /// An alarm of that runtime, if it has a clock.
    fn alarm(&self, timeout: Duration) -> Option<Alarm>;

    /// Takes the cleanup budget off: it has run out, and the link goes on by itself.
    fn unlimit(self: Pin<&mut Self>);
}

/// A link that may move between threads.
pub(crate) type Cleanup = Pin<Box<dyn Link + Send>>;

/// A link that stays on its thread.
#[cfg(feature = "std")]
pub(crate) type LocalCleanup = Pin<Box<dyn Link>>;

/// A link of either sort.
pub(crate) enum AnyCleanup {
    Send(Cleanup),
    #[cfg(feature = "std")]
    Local(LocalCleanup),
}

impl AnyCleanup {
    pub(crate) fn get(&self) -> &dyn Link {
        match self {
            Self::Send(link) => &**link,
            #[cfg(feature = "std")]
            Self::Local(link) => &**link,
        }
    }
}

/// How a link ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Finished,
    Failed,
    Panicked,
    /// Not ended: its budget ran out, and it must go on elsewhere.
    OverBudget,
}

/// Links that run one after the other, first in, first out: inner before outer.
///
/// One link alone, which is the ordinary case, costs no allocation.
pub(crate) struct Chain<C = Cleanup> {
    /// `None` only if there is no link at all.
    first: Option<C>,
    rest: VecDeque<C>,
}

impl<C> Default for Chain<C> {
    fn default() -> Self {
        Self {
            first: None,
            rest: VecDeque::new(),
        }
    }
}

impl<C> Chain<C> {
    pub(crate) fn push(&mut self, link: C) {
        if mutant("chain_reversed") {
            if let Some(first) = self.first.replace(link) {
                self.rest.push_front(first);
            }
            return;
        }
        match &self.first {
            None => self.first = Some(link),
            Some(_) => self.rest.push_back(link),
        }
    }

    fn pop(&mut self) -> Option<C> {
        core::mem::replace(&mut self.first, self.rest.pop_front())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    pub(crate) fn first(&self) -> Option<&C> {
        self.first.as_ref()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &C> {
        self.first.iter().chain(&self.rest)
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut C> {
        self.first.iter_mut().chain(&mut self.rest)
    }

    pub(crate) fn abouts(&self) -> impl Iterator<Item = About>
    where
        C: AsLink,
    {
        self.iter().map(AsLink::about)
    }

    pub(crate) fn take(&mut self) -> Vec<C> {
        self.first
            .take()
            .into_iter()
            .chain(self.rest.drain(..))
            .collect()
    }
}

impl Chain {
    /// The first link that has a runtime.
    pub(crate) fn with_runtime(&self) -> Option<&Cleanup> {
        self.iter().find(|link| link.has_runtime())
    }
}

impl<C: Into<AnyCleanup> + AsLink> Chain<C> {
    /// Runs the links; notes how each ended. A link that is over its budget goes on by itself.
    pub(crate) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        mut ended: impl FnMut(About, End),
    ) -> Poll<()> {
        while let Some(link) = &mut self.first {
            let end = ready!(poll_caught(link.as_link(), cx));
            if end == End::Panicked && mutant("panic_ends_the_chain") {
                self.rest.clear();
            }
            if let Some(mut link) = self.pop() {
                if end == End::OverBudget {
                    link.as_link().unlimit();
                    ended(link.about(), end);
                    super::hand_over::detach([link.into()]);
                } else {
                    ended(drop_caught(link), end);
                }
            }
        }
        Poll::Ready(())
    }
}

/// Polls `link`; what panics has ended. A link catches its exit's panics by itself; this is for the
/// rest that is not ours: the runtime value, and errors with destructors.
pub(crate) fn poll_caught(mut link: Pin<&mut dyn Link>, cx: &mut Context<'_>) -> Poll<End> {
    match catch(|| link.as_mut().poll_link(cx)) {
        Ok(poll) => poll,
        Err(payload) => {
            report(&Report::ExitPanicked(link.about(), payload.message()));
            Poll::Ready(End::Panicked)
        }
    }
}

/// Drops a link that has ended.
fn drop_caught<C: AsLink>(link: C) -> About {
    let about = link.about();
    if let Err(payload) = catch(|| drop(link)) {
        report(&Report::ExitPanicked(about, payload.message()));
    }
    about
}

/// What a chain needs of its links, whichever sort they are.
pub(crate) trait AsLink {
    fn as_link(&mut self) -> Pin<&mut dyn Link>;
    fn about(&self) -> About;
    fn alarm(&self, timeout: Duration) -> Option<Alarm>;
}

impl AsLink for Cleanup {
    fn as_link(&mut self) -> Pin<&mut dyn Link> {
        self.as_mut()
    }

    fn about(&self) -> About {
        (**self).about()
    }

    fn alarm(&self, timeout: Duration) -> Option<Alarm> {
        (**self).alarm(timeout)
    }
}

impl AsLink for AnyCleanup {
    fn as_link(&mut self) -> Pin<&mut dyn Link> {
        match self {
            Self::Send(link) => link.as_mut(),
            #[cfg(feature = "std")]
            Self::Local(link) => link.as_mut(),
        }
    }

    fn about(&self) -> About {
        match self {
            Self::Send(link) => (**link).about(),
            #[cfg(feature = "std")]
            Self::Local(link) => (**link).about(),
        }
    }

    fn alarm(&self, timeout: Duration) -> Option<Alarm> {
        match self {
            Self::Send(link) => (**link).alarm(timeout),
            #[cfg(feature = "std")]
            Self::Local(link) => (**link).alarm(timeout),
        }
    }
}

#[cfg(feature = "std")]
impl AsLink for LocalCleanup {
    fn as_link(&mut self) -> Pin<&mut dyn Link> {
        self.as_mut()
    }

    fn about(&self) -> About {
        (**self).about()
    }

    fn alarm(&self, timeout: Duration) -> Option<Alarm> {
        (**self).alarm(timeout)
    }
}

impl From<Cleanup> for AnyCleanup {
    fn from(link: Cleanup) -> Self {
        Self::Send(link)
    }
}

#[cfg(feature = "std")]
impl From<LocalCleanup> for AnyCleanup {
    fn from(link: LocalCleanup) -> Self {
        Self::Local(link)
    }
}

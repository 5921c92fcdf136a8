//! Several futures side by side in one task: what joins and races are made of.
//!
//! [`join`](crate::join()), [`try_join`](crate::try_join), [`join_settled`](crate::join_settled),
//! [`race`](crate::race()) and [`race_ok`](crate::race_ok) take any [`Futures`] and return a
//! [`Together`], and so does [`either`](crate::either()). They differ in which end of a branch decides for all, and in what they make of the
//! ends: that is their [policy].

mod array;
mod crowd;
mod list;
pub mod policy;
mod run;
mod slot;
#[cfg(test)]
mod tests;
mod tuple;

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

pub use self::array::Array;
pub(crate) use self::crowd::Crowd;
pub use self::list::List;
pub use self::run::Run;
pub use self::slot::Slot;
pub use self::tuple::*;
use crate::cancel::Siblings;
use crate::runtime::TaskError;

/// Several futures: a tuple of up to twelve, an array, a `Vec` or a boxed slice. Sealed.
pub trait Futures: sealed::Futures {}

#[diagnostic::do_not_recommend]
impl<S: sealed::Futures> Futures for S {}

/// Branches that a combinator with the policy `P` can run, and what it returns then. Sealed.
#[diagnostic::on_unimplemented(
    message = "these futures do not have the outputs that `{P}` needs",
    note = "`try_join`, `join_settled` and `race_ok` take futures of `Result`s; in `try_join` and \
            `race_ok` their errors are of one type, which is `Debug`",
    note = "`race` takes futures with the same output, and so does `race_ok`"
)]
pub trait Branches<P>: sealed::Finish<P> {}

#[diagnostic::do_not_recommend]
impl<P, S: sealed::Finish<P>> Branches<P> for S {}

/// What a combinator with the policy `P` makes of the ends of the branches `S`.
pub type Output<S, P> = <S as sealed::Finish<P>>::Output;

/// The branches of the futures `S`.
pub type BranchesOf<S> = <S as sealed::Futures>::Branches;

pin_project! {
    /// The future of [`join`](crate::join()), [`try_join`](crate::try_join),
    /// [`join_settled`](crate::join_settled), [`race`](crate::race()), [`race_ok`](crate::race_ok) and
    /// [`either`](crate::either()): runs the branches `S` as the policy `P` says.
    #[must_use = "futures do nothing unless polled"]
    pub struct Together<S: sealed::Set, P> {
        // `None` only when they have moved on to `local`.
        #[pin]
        branches: Option<S>,
        run: Run,
        // `Some` from the first poll to the end.
        siblings: Option<Siblings>,
        policy: P,
    }

    impl<S: sealed::Set, P> PinnedDrop for Together<S, P> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            if let (Some(branches), Some(siblings)) = (this.branches.as_pin_mut(), &this.siblings) {
                branches.drop_apart(siblings);
            }
        }
    }
}

impl<S: sealed::Set, P: Copy> Together<S, P> {
    #[track_caller]
    pub(crate) fn new<F: Futures<Branches = S>>(name: &'static str, futures: F, policy: P) -> Self {
        let location = Location::caller();
        Self {
            branches: Some(futures.into_branches(name, location)),
            run: Run::new(name, location),
            siblings: None,
            policy,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.branches.as_ref().is_none_or(|set| set.count() == 0)
    }

    /// Waits for `!Send` cleanups too, and becomes `!Send` itself.
    pub fn local(mut self) -> Together<S::Local, P>
    where
        S: sealed::IntoLocal,
    {
        Together {
            branches: self.branches.take().map(S::into_local),
            run: self.run.clone(),
            siblings: None,
            policy: self.policy,
        }
    }
}

impl<S: sealed::Set> Together<S, policy::TryJoin> {
    /// Gives all errors, and not only the first one: those of futures that were in an exit when it came,
    /// and have then failed as well.
    pub fn grouped(mut self) -> Together<S, policy::TryJoinGrouped> {
        Together {
            branches: self.branches.take(),
            run: self.run.clone(),
            siblings: None,
            policy: policy::TryJoinGrouped,
        }
    }
}

impl<S: Branches<P>, P> Future for Together<S, P> {
    type Output = S::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<S::Output> {
        let this = self.project();
        let Some(mut branches) = this.branches.as_pin_mut() else {
            unreachable!("what has moved on to `local` is not polled");
        };
        let run = this.run;
        this.siblings.get_or_insert_with(Siblings::begin);
        let was_stopped = run.is_stopped();
        branches.as_mut().poll_each(cx, run, usize::MAX);
        if let (Some(index), false) = (run.stopped_by(), was_stopped) {
            // Those before it were polled in this turn as if they could go on.
            branches.as_mut().poll_each(cx, run, index);
        }
        if run.ended() < branches.count() {
            return Poll::Pending;
        }
        *this.siblings = None;
        let panicked = run.panicked();
        if let Some(panic) = panicked.and_then(|index| branches.as_mut().take_panic(index)) {
            panic.resume();
        }
        Poll::Ready(branches.finish(run))
    }
}

impl<S: sealed::Set, P> fmt::Debug for Together<S, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Together")
            .field("run", &self.run)
            .finish_non_exhaustive()
    }
}

/// What seals the public traits.
#[expect(unnameable_types, reason = "seals the public traits")]
mod sealed {
    use super::{Context, Location, Pin, Run, Siblings, TaskError};

    #[diagnostic::on_unimplemented(
        message = "`{Self}` is no group of futures",
        label = "expected a tuple, an array or a `Vec` of futures",
        note = "an iterator of futures is collected first: `.collect::<Vec<_>>()`"
    )]
    pub trait Futures {
        type Branches: Set;

        fn into_branches(
            self,
            name: &'static str,
            location: &'static Location<'static>,
        ) -> Self::Branches;
    }

    /// Branches that can be run under the policy `P`.
    pub trait PollEach<P>: Set {
        /// Polls those of the first `limit` that have not ended.
        fn poll_each(self: Pin<&mut Self>, cx: &mut Context<'_>, run: &mut Run, limit: usize);

        /// The panic that this branch has ended with.
        fn take_panic(self: Pin<&mut Self>, index: usize) -> Option<TaskError>;
    }

    pub trait Finish<P>: PollEach<P> {
        type Output;

        /// What has come out, now that all have ended, and none with a panic that goes on.
        fn finish(self: Pin<&mut Self>, run: &Run) -> Self::Output;
    }

    /// Branches with outputs of one type.
    pub trait Uniform {
        type Item;

        /// What this branch has ended with, if it was not taken.
        fn take(self: Pin<&mut Self>, index: usize) -> Option<Result<Self::Item, TaskError>>;
    }

    /// What does not depend on the futures.
    pub trait Set {
        /// How many there are.
        fn count(&self) -> usize;

        /// Drops all futures that have not ended, so that they clean up side by side.
        fn drop_apart(self: Pin<&mut Self>, siblings: &Siblings);
    }

    pub trait IntoLocal: Set {
        type Local: Set;

        fn into_local(self) -> Self::Local;
    }
}

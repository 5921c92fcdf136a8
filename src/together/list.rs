use std::fmt::{self, Debug};
use std::future::Future;
use std::marker::PhantomPinned;
use std::mem;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::policy::{Join, JoinSettled, Policy, TryJoin, TryJoinGrouped, outcome, success, value};
use super::sealed::{self, Finish, IntoLocal, PollEach, Set, Uniform};
use super::{Crowd, Run, Slot, TaskError};
use crate::ErrorGroup;
use crate::cancel::{Branch, KeptError, Siblings, each_pinned};
use crate::cleanup::{Kind, Sendable, ThreadBound};
use crate::join::Outcome;

/// Up to so many futures are polled in turn, all of them whenever one is woken: as many as the peers
/// (futures-util's `join_all`) poll so.
const FEW: usize = 30;

pin_project! {
    /// The branches of a vector of futures.
    #[must_use = "it does nothing unless polled"]
    pub struct List<F, T, K: Kind = Sendable> {
        name: &'static str,
        location: &'static Location<'static>,
        members: Members<F, T, K>,
        // A list that was polled is not moved to `local` any more.
        #[pin]
        _pinned: PhantomPinned,
    }
}

enum Members<F, T, K: Kind> {
    /// Not polled yet.
    Created(Vec<F>),
    Few(Pin<Box<[Slot<F, T, K>]>>),
    /// Each polled when it was woken, and no other.
    Many(Crowd<F, T, K>, Vec<Option<Result<T, KeptError>>>),
}

impl<F: Future> sealed::Futures for Vec<F> {
    type Branches = List<F, F::Output>;

    fn into_branches(
        self,
        name: &'static str,
        location: &'static Location<'static>,
    ) -> Self::Branches {
        List {
            name,
            location,
            members: Members::Created(self),
            _pinned: PhantomPinned,
        }
    }
}

impl<F: Future> sealed::Futures for Box<[F]> {
    type Branches = List<F, F::Output>;

    fn into_branches(
        self,
        name: &'static str,
        location: &'static Location<'static>,
    ) -> Self::Branches {
        self.into_vec().into_branches(name, location)
    }
}

impl<F, T, K: Kind> List<F, T, K> {
    /// The branches, which are made in the first poll.
    fn members<P: Policy<T>>(self: Pin<&mut Self>) -> &mut Members<F, T, K>
    where
        F: Future<Output = T>,
    {
        let this = self.project();
        let (name, location) = (*this.name, *this.location);
        if let Members::Created(futures) = this.members {
            let futures = mem::take(futures);
            *this.members = if futures.len() <= FEW {
                let slots = futures.into_iter();
                let slots = slots.map(|future| Slot::new(name, location, future));
                Members::Few(Box::into_pin(slots.collect()))
            } else {
                let ended = futures.iter().map(|_| None).collect();
                let mut crowd = Crowd::new(futures.len(), P::PANICS, P::decides);
                for (index, future) in futures.into_iter().enumerate() {
                    crowd.push(index, Branch::of_kind(name, location, future));
                }
                Members::Many(crowd, ended)
            };
        }
        this.members
    }

    /// What they have ended with, if it was not taken.
    fn take_all(self: Pin<&mut Self>) -> impl Iterator<Item = Option<Result<T, TaskError>>> {
        let count = self.count();
        let members = self.project().members;
        (0..count).map(|index| members.take(index))
    }
}

impl<F, T, K: Kind> Members<F, T, K> {
    fn take(&mut self, index: usize) -> Option<Result<T, TaskError>> {
        match self {
            Self::Created(_) => None,
            Self::Few(slots) => each_pinned(slots.as_mut()).nth(index)?.take(),
            Self::Many(_, ended) => {
                let ended = ended.get_mut(index)?.take()?;
                Some(ended.map_err(KeptError::into_inner))
            }
        }
    }
}

impl<F, T, K: Kind> Set for List<F, T, K> {
    fn count(&self) -> usize {
        match &self.members {
            Members::Created(futures) => futures.len(),
            Members::Few(slots) => slots.len(),
            Members::Many(_, ended) => ended.len(),
        }
    }

    fn drop_apart(self: Pin<&mut Self>, siblings: &Siblings) {
        // A crowd does so by itself.
        if let Members::Few(slots) = self.project().members {
            let mut dropping = siblings.dropping();
            each_pinned(slots.as_mut()).for_each(|slot| slot.drop_future(&mut dropping));
        }
    }
}

impl<F, T, K, P> PollEach<P> for List<F, T, K>
where
    F: Future<Output = T>,
    K: Kind,
    P: Policy<T>,
{
    fn poll_each(self: Pin<&mut Self>, cx: &mut Context<'_>, run: &mut Run, limit: usize) {
        match self.members::<P>() {
            Members::Created(_) => unreachable!("the branches were made above"),
            Members::Few(slots) => {
                for (index, slot) in each_pinned(slots.as_mut()).enumerate().take(limit) {
                    slot.poll_slot::<P>(cx, run, index);
                }
            }
            Members::Many(crowd, ended) => poll_many::<F, T, K, P>(crowd, ended, cx, run),
        }
    }

    fn take_panic(self: Pin<&mut Self>, index: usize) -> Option<TaskError> {
        self.project().members.take(index)?.err()
    }
}

/// Polls those that were woken, until none of them has ended.
fn poll_many<F, T, K, P>(
    crowd: &mut Crowd<F, T, K>,
    ended: &mut [Option<Result<T, KeptError>>],
    cx: &mut Context<'_>,
    run: &mut Run,
) where
    F: Future<Output = T>,
    K: Kind,
    P: Policy<T>,
{
    loop {
        let polled = crowd.poll_ended(cx);
        let stops = crowd.decided().filter(|_| !crowd.is_stopped());
        if let Some(index) = stops {
            crowd.stop();
            if crowd.has_panicked() {
                run.panic(index);
            } else {
                run.decide(index);
            }
        }
        match polled {
            Poll::Ready(Some((_, (index, result)))) => {
                run.end();
                match &result {
                    Ok(value) if P::decides(value) => run.decide(index),
                    Err(error) if P::PANICS && error.is_panic() => run.panic(index),
                    _ => {}
                }
                ended[index] = Some(result);
            }
            Poll::Ready(None) => return,
            // Its cleanup goes on, and those of the others begin.
            Poll::Pending if stops.is_some() => {}
            Poll::Pending => return,
        }
    }
}

impl<F, T, K: Kind> Uniform for List<F, T, K> {
    type Item = T;

    fn take(self: Pin<&mut Self>, index: usize) -> Option<Result<T, TaskError>> {
        self.project().members.take(index)
    }
}

impl<F: Future<Output = T>, T> IntoLocal for List<F, T> {
    type Local = List<F, T, ThreadBound>;

    fn into_local(self) -> Self::Local {
        let Members::Created(futures) = self.members else {
            unreachable!("what was polled is pinned, and cannot be moved to here");
        };
        List {
            name: self.name,
            location: self.location,
            members: Members::Created(futures),
            _pinned: PhantomPinned,
        }
    }
}

impl<F: Future<Output = T>, T, K: Kind> Finish<Join> for List<F, T, K> {
    type Output = Vec<T>;

    fn finish(self: Pin<&mut Self>, _: &Run) -> Vec<T> {
        self.take_all().map(value).collect()
    }
}

impl<F, T, E, K> Finish<TryJoin> for List<F, Result<T, E>, K>
where
    F: Future<Output = Result<T, E>>,
    E: Debug,
    K: Kind,
{
    type Output = Result<Vec<T>, E>;

    fn finish(self: Pin<&mut Self>, run: &Run) -> Self::Output {
        let ended = self.take_all();
        if run.decided().is_some() {
            return Err(run.first_error(ended.map(|ended| ended?.ok()?.err())));
        }
        Ok(ended.map(success).collect())
    }
}

impl<F, T, E, K> Finish<TryJoinGrouped> for List<F, Result<T, E>, K>
where
    F: Future<Output = Result<T, E>>,
    K: Kind,
{
    type Output = Result<Vec<T>, ErrorGroup<E>>;

    fn finish(self: Pin<&mut Self>, run: &Run) -> Self::Output {
        let ended = self.take_all();
        if run.decided().is_some() {
            return Err(run.group_errors(ended.map(|ended| ended?.ok()?.err())));
        }
        Ok(ended.map(success).collect())
    }
}

impl<F, T, E, K> Finish<JoinSettled> for List<F, Result<T, E>, K>
where
    F: Future<Output = Result<T, E>>,
    K: Kind,
{
    type Output = Vec<Outcome<T, E>>;

    fn finish(self: Pin<&mut Self>, _: &Run) -> Self::Output {
        self.take_all().map(outcome).collect()
    }
}

impl<F, T, K: Kind> Debug for List<F, T, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("List")
            .field("len", &self.count())
            .finish_non_exhaustive()
    }
}

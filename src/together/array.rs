use std::fmt::Debug;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::Context;

use pin_project_lite::pin_project;

use super::policy::{Join, JoinSettled, Policy, TryJoin, TryJoinGrouped};
use super::sealed::{self, Finish, IntoLocal, PollEach, Set, Uniform};
use super::{Run, Slot, TaskError};
use crate::ErrorGroup;
use crate::cancel::{Siblings, each_pinned, pinned_slice};
use crate::cleanup::{Kind, ThreadBound};
use crate::join::Outcome;

pin_project! {
    /// The branches of an array of futures.
    #[derive(Debug)]
    #[must_use = "it does nothing unless polled"]
    pub struct Array<S> {
        #[pin]
        slots: S,
    }
}

impl<F: Future, const N: usize> sealed::Futures for [F; N] {
    type Branches = Array<[Slot<F, F::Output>; N]>;

    fn into_branches(
        self,
        name: &'static str,
        location: &'static Location<'static>,
    ) -> Self::Branches {
        Array {
            slots: self.map(|future| Slot::new(name, location, future)),
        }
    }
}

impl<S, const N: usize> Array<[S; N]> {
    fn slots(self: Pin<&mut Self>) -> impl ExactSizeIterator<Item = Pin<&mut S>> {
        each_pinned(pinned_slice(self.project().slots))
    }

    /// An array of what `take` gives for each branch.
    fn each<T>(self: Pin<&mut Self>, mut take: impl FnMut(Pin<&mut S>) -> T) -> [T; N] {
        let mut slots = self.slots();
        [(); N].map(|()| match slots.next() {
            Some(slot) => take(slot),
            None => unreachable!("there are as many branches as futures"),
        })
    }
}

impl<F, T, K: Kind, const N: usize> Set for Array<[Slot<F, T, K>; N]> {
    fn count(&self) -> usize {
        N
    }

    fn drop_apart(self: Pin<&mut Self>, siblings: &Siblings) {
        let mut dropping = siblings.dropping();
        self.slots()
            .for_each(|slot| slot.drop_future(&mut dropping));
    }
}

impl<F, T, K, P, const N: usize> PollEach<P> for Array<[Slot<F, T, K>; N]>
where
    F: Future<Output = T>,
    K: Kind,
    P: Policy<T>,
{
    #[inline]
    fn poll_each(self: Pin<&mut Self>, cx: &mut Context<'_>, run: &mut Run, limit: usize) {
        for (index, slot) in self.slots().enumerate().take(limit) {
            slot.poll_slot::<P>(cx, run, index);
        }
    }

    fn take_panic(self: Pin<&mut Self>, index: usize) -> Option<TaskError> {
        self.slots().nth(index)?.take()?.err()
    }
}

impl<F, T, K: Kind, const N: usize> Uniform for Array<[Slot<F, T, K>; N]> {
    type Item = T;

    fn take(self: Pin<&mut Self>, index: usize) -> Option<Result<T, TaskError>> {
        self.slots().nth(index)?.take()
    }
}

impl<F: Future<Output = T>, T, const N: usize> IntoLocal for Array<[Slot<F, T>; N]> {
    type Local = Array<[Slot<F, T, ThreadBound>; N]>;

    fn into_local(self) -> Self::Local {
        Array {
            slots: self.slots.map(Slot::into_local),
        }
    }
}

impl<F: Future<Output = T>, T, K: Kind, const N: usize> Finish<Join> for Array<[Slot<F, T, K>; N]> {
    type Output = [T; N];

    fn finish(self: Pin<&mut Self>, _: &Run) -> [T; N] {
        self.each(Slot::take_value)
    }
}

impl<F, T, E, K, const N: usize> Finish<TryJoin> for Array<[Slot<F, Result<T, E>, K>; N]>
where
    F: Future<Output = Result<T, E>>,
    E: Debug,
    K: Kind,
{
    type Output = Result<[T; N], E>;

    fn finish(self: Pin<&mut Self>, run: &Run) -> Self::Output {
        if run.decided().is_some() {
            return Err(run.first_error(self.slots().map(Slot::take_error)));
        }
        Ok(self.each(Slot::take_success))
    }
}

impl<F, T, E, K, const N: usize> Finish<TryJoinGrouped> for Array<[Slot<F, Result<T, E>, K>; N]>
where
    F: Future<Output = Result<T, E>>,
    K: Kind,
{
    type Output = Result<[T; N], ErrorGroup<E>>;

    fn finish(self: Pin<&mut Self>, run: &Run) -> Self::Output {
        if run.decided().is_some() {
            return Err(run.group_errors(self.slots().map(Slot::take_error)));
        }
        Ok(self.each(Slot::take_success))
    }
}

impl<F, T, E, K, const N: usize> Finish<JoinSettled> for Array<[Slot<F, Result<T, E>, K>; N]>
where
    F: Future<Output = Result<T, E>>,
    K: Kind,
{
    type Output = [Outcome<T, E>; N];

    fn finish(self: Pin<&mut Self>, _: &Run) -> Self::Output {
        self.each(Slot::take_outcome)
    }
}

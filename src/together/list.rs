use std::fmt::{self, Debug};
use std::future::Future;
use std::marker::PhantomPinned;
use std::panic::Location;
use std::pin::Pin;
use std::task::Context;

use pin_project_lite::pin_project;

use super::policy::{Join, JoinSettled, Policy, TryJoin};
use super::sealed::{self, Finish, IntoLocal, PollEach, Set, Uniform};
use super::slot::first_error;
use super::{Run, Slot, TaskError};
use crate::cancel::{Siblings, each_pinned};
use crate::cleanup::{Kind, Sendable, ThreadBound};
use crate::join::Outcome;

pin_project! {
    /// The branches of a vector of futures.
    #[must_use = "it does nothing unless polled"]
    pub struct List<F, T, K: Kind = Sendable> {
        slots: Slots<F, T, K>,
        // A list that was polled is not moved to `local` any more.
        #[pin]
        _pinned: PhantomPinned,
    }
}

enum Slots<F, T, K: Kind> {
    /// Not polled yet.
    Created(Vec<Slot<F, T, K>>),
    Pinned(Pin<Box<[Slot<F, T, K>]>>),
}

impl<F: Future> sealed::Futures for Vec<F> {
    type Branches = List<F, F::Output>;

    fn into_branches(
        self,
        name: &'static str,
        location: &'static Location<'static>,
    ) -> Self::Branches {
        let slots = self
            .into_iter()
            .map(|future| Slot::new(name, location, future));
        List {
            slots: Slots::Created(slots.collect()),
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
    fn slots(self: Pin<&mut Self>) -> impl ExactSizeIterator<Item = Pin<&mut Slot<F, T, K>>> {
        let list = self.project().slots;
        if let Slots::Created(slots) = list {
            *list = Slots::Pinned(Box::into_pin(std::mem::take(slots).into_boxed_slice()));
        }
        match list {
            Slots::Pinned(slots) => each_pinned(slots.as_mut()),
            Slots::Created(_) => unreachable!("it was pinned above"),
        }
    }
}

impl<F, T, K: Kind> Set for List<F, T, K> {
    fn count(&self) -> usize {
        match &self.slots {
            Slots::Created(slots) => slots.len(),
            Slots::Pinned(slots) => slots.len(),
        }
    }

    fn drop_apart(self: Pin<&mut Self>, siblings: &Siblings) {
        let mut dropping = siblings.dropping();
        self.slots()
            .for_each(|slot| slot.drop_future(&mut dropping));
    }
}

impl<F, T, K, P> PollEach<P> for List<F, T, K>
where
    F: Future<Output = T>,
    K: Kind,
    P: Policy<T>,
{
    fn poll_each(self: Pin<&mut Self>, cx: &mut Context<'_>, run: &mut Run, limit: usize) {
        for (index, slot) in self.slots().enumerate().take(limit) {
            slot.poll_slot::<P>(cx, run, index);
        }
    }

    fn take_panic(self: Pin<&mut Self>, index: usize) -> Option<TaskError> {
        self.slots().nth(index)?.take()?.err()
    }
}

impl<F, T, K: Kind> Uniform for List<F, T, K> {
    type Item = T;

    fn take(self: Pin<&mut Self>, index: usize) -> Option<Result<T, TaskError>> {
        self.slots().nth(index)?.take()
    }
}

impl<F: Future<Output = T>, T> IntoLocal for List<F, T> {
    type Local = List<F, T, ThreadBound>;

    fn into_local(self) -> Self::Local {
        let Slots::Created(slots) = self.slots else {
            unreachable!("what was polled is pinned, and cannot be moved to here");
        };
        List {
            slots: Slots::Created(slots.into_iter().map(Slot::into_local).collect()),
            _pinned: PhantomPinned,
        }
    }
}

impl<F: Future<Output = T>, T, K: Kind> Finish<Join> for List<F, T, K> {
    type Output = Vec<T>;

    fn finish(self: Pin<&mut Self>, _: &Run) -> Vec<T> {
        self.slots().map(Slot::take_value).collect()
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
        if run.decided().is_some() {
            return Err(first_error(self.slots(), run));
        }
        Ok(self.slots().map(Slot::take_success).collect())
    }
}

impl<F, T, E, K> Finish<JoinSettled> for List<F, Result<T, E>, K>
where
    F: Future<Output = Result<T, E>>,
    K: Kind,
{
    type Output = Vec<Outcome<T, E>>;

    fn finish(self: Pin<&mut Self>, _: &Run) -> Self::Output {
        self.slots().map(Slot::take_outcome).collect()
    }
}

impl<F, T, K: Kind> Debug for List<F, T, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("List").finish_non_exhaustive()
    }
}

use std::fmt::{self, Debug};
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::policy::{Policy, outcome, success, value};
use super::run::Run;
use crate::cancel::{Branch, Dropping, KeptError};
use crate::cleanup::{Kind, Sendable, ThreadBound};
use crate::join::Outcome;
use crate::runtime::TaskError;

pin_project! {
    /// A branch, and what it has ended with.
    #[must_use = "it does nothing unless polled"]
    pub struct Slot<F, T, K: Kind = Sendable> {
        #[pin]
        branch: Branch<F, T, K>,
        result: Option<Result<T, KeptError>>,
    }
}

impl<F: Future<Output = T>, T, K: Kind> Slot<F, T, K> {
    pub(super) fn new(name: &'static str, location: &'static Location<'static>, future: F) -> Self {
        Self {
            branch: Branch::of_kind(name, location, future),
            result: None,
        }
    }

    /// Polls the branch, unless it has ended, and notes in `run` what that means for the others.
    #[inline]
    pub(super) fn poll_slot<P: Policy<T>>(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        run: &mut Run,
        index: usize,
    ) {
        let mut this = self.project();
        if this.result.is_some() {
            return;
        }
        match this.branch.as_mut().poll_branch(cx, run.is_stopped()) {
            Poll::Ready(result) => {
                run.end();
                match &result {
                    Ok(value) if P::decides(value) => run.decide(index),
                    Err(error) if P::PANICS && error.is_panic() => run.panic(index),
                    _ => {}
                }
                *this.result = Some(result.map_err(|error| this.branch.keep(error)));
            }
            // Its cleanup goes on beside that of the others.
            Poll::Pending => {
                if this.branch.value().is_some_and(P::decides) {
                    run.decide(index);
                } else if P::PANICS && this.branch.is_panicking() {
                    run.panic(index);
                }
            }
        }
    }
}

impl<F, T, K: Kind> Slot<F, T, K> {
    /// Drops the future, if it has not ended.
    pub(super) fn drop_future(self: Pin<&mut Self>, dropping: &mut Dropping<K>) {
        dropping.drop_branch(self.project().branch);
    }

    pub(super) fn take(self: Pin<&mut Self>) -> Option<Result<T, TaskError>> {
        let result = self.project().result.take()?;
        Some(result.map_err(KeptError::into_inner))
    }

    pub(super) fn take_value(self: Pin<&mut Self>) -> T {
        value(self.take())
    }
}

impl<F, T, E, K: Kind> Slot<F, Result<T, E>, K> {
    pub(super) fn take_success(self: Pin<&mut Self>) -> T {
        success(self.take())
    }

    pub(super) fn take_outcome(self: Pin<&mut Self>) -> Outcome<T, E> {
        outcome(self.take())
    }

    pub(super) fn take_error(self: Pin<&mut Self>) -> Option<E> {
        self.take()?.ok()?.err()
    }
}

impl<F: Future<Output = T>, T> Slot<F, T> {
    pub(super) fn into_local(self) -> Slot<F, T, ThreadBound> {
        Slot {
            branch: self.branch.local(),
            result: self.result,
        }
    }
}

impl<F, T, K: Kind> Debug for Slot<F, T, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slot")
            .field("branch", &self.branch)
            .field("ended", &self.result.is_some())
            .finish()
    }
}

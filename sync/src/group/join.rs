//! How a child's value gets to who awaits it.

use alloc::borrow::Cow;
use alloc::sync::Arc;
use core::fmt;
use core::future::Future;
use core::mem;
use core::panic::Location;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};

use withal_core::JoinError;
use withal_core::error_group::{Origin, Phase};

use super::control::Control;
use super::listing::Id;
use crate::flavour::Spin;
use crate::short_lock::Locked;

/// The handle of a child: a future of its value.
///
/// Awaiting it takes the value; dropping it changes nothing, the group waits for the child all the
/// same. The error of a child that fails goes to the group.
///
/// # Cancel safety
///
/// Dropped or leaked while it waits, it leaves the child as it is. Polled by reference, it may be given
/// up and awaited again.
///
/// # Errors
///
/// [`JoinError`].
///
/// # Panics
///
/// If polled again after completion.
pub struct LocalHandle<T> {
    join: Arc<Join<T>>,
    control: Arc<Control>,
    /// `None`: the group did not take it.
    id: Option<Id>,
    name: Option<Cow<'static, str>>,
    location: &'static Location<'static>,
}

impl<T> LocalHandle<T> {
    pub(super) fn new(
        join: Arc<Join<T>>,
        control: Arc<Control>,
        id: Option<Id>,
        name: Option<Cow<'static, str>>,
        location: &'static Location<'static>,
    ) -> Self {
        Self {
            join,
            control,
            id,
            name,
            location,
        }
    }

    /// Cancels the child, if it has not ended: it is dropped, and its cleanup awaited, by the group. That
    /// is no failure. To wait for it, await the handle.
    ///
    /// A scope in the child that is being exited ends first, and if the child ends by that, its value
    /// counts.
    pub fn cancel(&self) {
        if let Some(id) = self.id {
            self.control.cancel_child(id);
        }
    }

    /// Whether the child has ended, and its cleanup with it.
    pub fn is_finished(&self) -> bool {
        self.join
            .state
            .with(|state| !matches!(state, State::Running(_)))
    }

    /// The name of the child, if it has one.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Where the child was spawned.
    pub fn location(&self) -> &'static Location<'static> {
        self.location
    }
}

impl<T> LocalHandle<T> {
    /// Where an error of the child comes from.
    pub(super) fn origin(&self) -> Origin {
        origin(Phase::Task, self.name.clone(), self.location)
    }

    pub(super) fn fail_group(&self) {
        self.control.fail();
    }
}

pub(super) fn origin(
    phase: Phase,
    name: Option<Cow<'static, str>>,
    location: &'static Location<'static>,
) -> Origin {
    let origin = Origin::new(phase).at(location);
    match name {
        Some(name) => origin.named(name),
        None => origin,
    }
}

impl<T> Future for LocalHandle<T> {
    type Output = Result<T, JoinError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.join.poll(cx)
    }
}

impl<T> fmt::Debug for LocalHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalHandle")
            .field("name", &self.name)
            .field("location", &format_args!("{}", self.location))
            .field("is_finished", &self.is_finished())
            .finish_non_exhaustive()
    }
}

/// Where the value of a child is put.
pub(super) struct Join<T> {
    state: Locked<State<T>, Spin>,
}

enum State<T> {
    /// And this is who waits for it.
    Running(Option<Waker>),
    Ended(Result<T, JoinError>),
    Taken,
}

impl<T> Join<T> {
    pub(super) fn running() -> Arc<Self> {
        Arc::new(Self {
            state: Locked::new(State::Running(None)),
        })
    }

    /// Of a child that was not taken.
    pub(super) fn closed() -> Arc<Self> {
        Arc::new(Self {
            state: Locked::new(State::Ended(Err(JoinError::Closed))),
        })
    }

    fn poll(&self, cx: &mut Context<'_>) -> Poll<Result<T, JoinError>> {
        // Cloned and dropped outside of the lock.
        let mut other = None;
        loop {
            let polled = self.state.with(|state| match state {
                State::Running(known) => {
                    if !known.as_ref().is_some_and(|w| w.will_wake(cx.waker())) {
                        other.as_ref()?;
                        mem::swap(known, &mut other);
                    }
                    Some(Poll::Pending)
                }
                State::Ended(_) => Some(Poll::Ready(mem::replace(state, State::Taken))),
                State::Taken => Some(Poll::Ready(State::Taken)),
            });
            match polled {
                None => other = Some(cx.waker().clone()),
                Some(Poll::Pending) => return Poll::Pending,
                Some(Poll::Ready(State::Ended(result))) => return Poll::Ready(result),
                Some(Poll::Ready(_)) => panic!("a handle was polled after completion"),
            }
        }
    }

    fn end(&self, result: Result<T, JoinError>) {
        let before = self.state.with(|state| match state {
            State::Running(_) => Ok(mem::replace(state, State::Ended(result))),
            _ => Err(result),
        });
        if let Ok(State::Running(Some(waker))) = before {
            waker.wake();
        }
    }
}

/// The child's side. Dropped, the child was cancelled.
pub(super) struct Teller<T>(Arc<Join<T>>);

impl<T> Teller<T> {
    pub(super) fn new(join: Arc<Join<T>>) -> Self {
        Self(join)
    }

    pub(super) fn tell(&self, result: Result<T, JoinError>) {
        self.0.end(result);
    }
}

impl<T> Drop for Teller<T> {
    fn drop(&mut self) {
        self.tell(Err(JoinError::Cancelled));
    }
}

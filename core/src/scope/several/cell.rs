//! One of several scopes: its enter, and its exit, each with what it leaves behind.
//!
//! # Invariants
//!
//! 1. A cell is pinned for as long as it is used, and is `!Unpin`. The branch of an enter and the
//!    future of an exit are pinned with it: dropped in place, never moved. All else is moved freely.

use alloc::vec::Vec;
use core::fmt::Debug;
use core::future::{Future, Pending};
use core::marker::PhantomData;
use core::mem::replace;
use core::panic::Location;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use super::error::Convert;
use super::exits::report_panic;
use crate::cancel::Branch;
use crate::cleanup::ambient::enclosing;
use crate::cleanup::kind::Kind;
use crate::cleanup::leftovers::Leftovers;
use crate::cleanup::live::LiveEntry;
use crate::cleanup::scope_link::Bequest;
use crate::cleanup::side_by_side::merge;
use crate::cleanup::{About, Report, report, unwatched};
use crate::panic::Payload;
use crate::runtime::{Cleanup, TaskError};
use crate::scope::exit::{ExitSlot, Told, Why};
use crate::scope::manager::Managed;

/// `M` is the scope, `T` its resource and `E` its error; `N` is the future of its enter and `X` that of
/// its exit; `V` makes its error the group's, `L`.
pub(super) struct Cell<M, T, N, E, X, K: Kind, V, L> {
    state: State<M, T, N, E, X, K, L>,
    /// Its place in the list, where it is exited or dropped on its own: those that are all entered have
    /// one place for all.
    live: Option<LiveEntry>,
    name: &'static str,
    _convert: PhantomData<fn() -> V>,
}

enum State<M, T, N, E, X, K: Kind, L> {
    /// It enters, or is about to.
    Entering(Branch<N, Result<(M, T), E>, K>),
    FailedToEnter(E),
    PanickedEntering(TaskError),
    /// It is entered.
    In(M, T),
    /// It is entered, and its resource was swapped away: it cannot be exited.
    Bereft(M),
    /// The future is dropped inside of its last poll.
    Exiting(Option<X>, Leftovers<K>),
    /// The exit has ended; what was born in it is cleaned up.
    Settling(Leftovers<K>, Ended<L>),
    /// It was not entered, or is exited.
    Out,
}

/// How an exit ended.
pub(super) struct Ended<L> {
    /// What it was told.
    pub(super) told: Option<Told>,
    pub(super) failure: Option<Failed<L>>,
}

/// How a hook went wrong.
pub(super) enum Failed<L> {
    /// The error, to be told, and how to get it back.
    Error(Told, Unpack<L>),
    Panic(Payload),
}

pub(super) type Unpack<L> = fn(Told) -> Option<L>;

fn unpack<V: Convert<E, L>, E: Debug + Send + Sync + 'static, L>(told: Told) -> Option<L> {
    told.into_error::<E>().map(V::convert)
}

impl<M: Managed, N, X, V, L> Cell<M, M::Resource, N, M::Error, X, M::Kind, V, L>
where
    N: Future<Output = Result<(M, M::Resource), M::Error>>,
{
    /// A scope that is to be entered.
    pub(super) fn entering(
        enter: N,
        location: &'static Location<'static>,
        _exit: PhantomData<X>,
        _convert: PhantomData<V>,
    ) -> Self {
        Self::new(State::Entering(Branch::of_kind(M::name(), location, enter)))
    }
}

impl<M: Managed, X, V, L> Cell<M, M::Resource, NoEnter<M>, M::Error, X, M::Kind, V, L> {
    /// A scope that is entered.
    pub(super) fn entered(
        manager: M,
        resource: M::Resource,
        _exit: PhantomData<X>,
        _convert: PhantomData<V>,
    ) -> Self {
        Self::new(State::In(manager, resource))
    }

    /// A scope that is entered, and without its resource.
    pub(super) fn bereft(manager: M, _exit: PhantomData<X>, _convert: PhantomData<V>) -> Self {
        Self::new(State::Bereft(manager))
    }
}

type NoEnter<M> = Pending<Result<(M, <M as Managed>::Resource), <M as Managed>::Error>>;

impl<M: Managed, N, X, V, L> Cell<M, M::Resource, N, M::Error, X, M::Kind, V, L> {
    fn new(state: State<M, M::Resource, N, M::Error, X, M::Kind, L>) -> Self {
        Self {
            state,
            live: None,
            name: M::name(),
            _convert: PhantomData,
        }
    }
}

type Parts<'a, M, T, N, E, X, K, L> = (
    &'a mut State<M, T, N, E, X, K, L>,
    &'a mut Option<LiveEntry>,
);

impl<M, T, N, E, X, K: Kind, V, L> Cell<M, T, N, E, X, K, V, L> {
    fn state(self: Pin<&mut Self>) -> &mut State<M, T, N, E, X, K, L> {
        self.parts().0
    }

    fn parts(self: Pin<&mut Self>) -> Parts<'_, M, T, N, E, X, K, L> {
        // SAFETY: who calls this drops what is pinned in place (1).
        let this = unsafe { self.get_unchecked_mut() };
        (&mut this.state, &mut this.live)
    }

    /// The scope and its resource, if it is entered and its exit has not begun.
    pub(super) fn take(self: Pin<&mut Self>) -> Option<(M, T)> {
        let state = self.state();
        if !matches!(state, State::In(..)) {
            return None;
        }
        match replace(state, State::Out) {
            State::In(manager, resource) => Some((manager, resource)),
            _ => None,
        }
    }
}

impl<M, N, X, V, L> Cell<M, M::Resource, N, M::Error, X, M::Kind, V, L>
where
    M: Managed,
    X: ExitSlot<M>,
{
    /// Leaves its frame: hands over the exit, which is told `why` if it has not begun.
    pub(super) fn leave<R: Cleanup>(
        self: Pin<&mut Self>,
        why: Why,
        mut bequest: Bequest<'_, R, M::Kind>,
    ) {
        let about = bequest.about;
        let (state, live) = self.parts();
        if let Some(live) = live.take() {
            if let State::In(..) = state {
                live.dropped(why.reason().kind());
            }
            bequest.live = live;
        }
        match state {
            State::In(..) => {
                if let State::In(manager, resource) = replace(state, State::Out) {
                    manager.dropped(resource, why, bequest);
                }
            }
            State::Bereft(_) => {
                report(&Report::Abandoned(about));
                if let Err(payload) = bequest.leftovers.collect(|| *state = State::Out) {
                    report_panic(about, payload);
                }
                bequest.hand_on();
            }
            State::Exiting(exit, leftovers) => {
                let both = Vec::from([bequest.leftovers.take(), leftovers.take()]);
                bequest.leftovers = merge(both, about);
                // SAFETY: pinned structurally (1).
                let mut exit = unsafe { Pin::new_unchecked(exit) };
                let handed_over = match exit.as_mut().as_pin_mut() {
                    Some(exit) => exit.hand_over(bequest),
                    None => Err(bequest),
                };
                if let Err(mut bequest) = handed_over {
                    // It runs in this frame, so it ends here.
                    report(&Report::Abandoned(about));
                    if let Err(payload) = bequest.leftovers.collect(|| exit.set(None)) {
                        report_panic(about, payload);
                    }
                    bequest.hand_on();
                }
                *state = State::Out;
            }
            State::Settling(leftovers, ended) => {
                let both = Vec::from([bequest.leftovers.take(), leftovers.take()]);
                bequest.leftovers = merge(both, about);
                // An error reports itself.
                if let Some(Failed::Panic(payload)) = &ended.failure {
                    report(&Report::ExitPanicked(about, payload.message()));
                }
                // The error's own drop, or the payload's, may panic.
                if let Err(payload) = bequest.leftovers.collect(|| *state = State::Out) {
                    report_panic(about, payload);
                }
                bequest.hand_on();
            }
            _ => bequest.hand_on(),
        }
    }
}

/// A cell of any type, pinned.
#[expect(
    unnameable_types,
    missing_debug_implementations,
    reason = "public only in a sealed trait, which nobody can call"
)]
pub struct PinnedCell<'a, K: Kind, L>(pub(super) Pin<&'a mut dyn AnyCell<K, L>>);

/// A cell of any type.
pub(super) trait AnyCell<K: Kind, L> {
    fn name(&self) -> &'static str;

    /// Polls the enter to its end, and what it leaves; with `cancel`, towards its cancellation.
    fn poll_enter(self: Pin<&mut Self>, cx: &mut Context<'_>, cancel: bool) -> Poll<()>;

    /// Whether enter has failed or panicked, though it may still clean up.
    fn has_failed(&self) -> bool;

    /// How the enter went wrong.
    fn take_failure(self: Pin<&mut Self>, about: About) -> Option<Failed<L>>;

    /// Drops an enter that goes on; gives what is left to clean up, and the panic of a destructor. What
    /// had gone wrong is reported.
    fn leave_enter(self: Pin<&mut Self>, about: About) -> (Leftovers<K>, Option<Payload>);

    /// Whether it is entered, and its exit has not begun.
    fn is_in(&self) -> bool;

    /// Whether its exit has not ended.
    fn is_held(&self) -> bool;

    /// It is exited, or dropped, on its own from now on.
    fn single_out(self: Pin<&mut Self>, about: About);

    /// Begins the exit.
    fn start_exit(self: Pin<&mut Self>, why: Why, about: About);

    /// Polls the exit to its end, and what was born in it.
    fn poll_exit(self: Pin<&mut Self>, cx: &mut Context<'_>, about: About) -> Poll<Ended<L>>;
}

impl<M, N, X, V, L> AnyCell<M::Kind, L> for Cell<M, M::Resource, N, M::Error, X, M::Kind, V, L>
where
    M: Managed,
    M::Error: Send + Sync + 'static,
    N: Future<Output = Result<(M, M::Resource), M::Error>>,
    X: ExitSlot<M>,
    V: Convert<M::Error, L>,
{
    fn name(&self) -> &'static str {
        self.name
    }

    fn poll_enter(self: Pin<&mut Self>, cx: &mut Context<'_>, cancel: bool) -> Poll<()> {
        let state = self.state();
        let State::Entering(enter) = state else {
            return Poll::Ready(());
        };
        // SAFETY: pinned structurally (1).
        let enter = unsafe { Pin::new_unchecked(enter) };
        *state = match ready!(enter.poll_branch(cx, cancel)) {
            Ok(Ok((manager, resource))) => State::In(manager, resource),
            Ok(Err(error)) => State::FailedToEnter(error),
            Err(error) if error.is_panic() => State::PanickedEntering(error),
            Err(_) => State::Out,
        };
        Poll::Ready(())
    }

    fn has_failed(&self) -> bool {
        match &self.state {
            State::Entering(enter) => enter.is_panicking() || matches!(enter.value(), Some(Err(_))),
            State::FailedToEnter(_) | State::PanickedEntering(_) => true,
            _ => false,
        }
    }

    fn take_failure(self: Pin<&mut Self>, about: About) -> Option<Failed<L>> {
        let state = self.state();
        if !matches!(state, State::FailedToEnter(_) | State::PanickedEntering(_)) {
            return None;
        }
        match replace(state, State::Out) {
            State::FailedToEnter(error) => {
                let told = Told::shown(error, about);
                Some(Failed::Error(told, unpack::<V, M::Error, L>))
            }
            State::PanickedEntering(error) => {
                let payload = error.into_panic().ok()?;
                Some(Failed::Panic(Payload::new(payload)))
            }
            _ => None,
        }
    }

    fn leave_enter(self: Pin<&mut Self>, about: About) -> (Leftovers<M::Kind>, Option<Payload>) {
        let state = self.state();
        let mut left = (Leftovers::new(), None);
        if let State::Entering(enter) = state {
            // SAFETY: pinned structurally (1).
            let mut enter = unsafe { Pin::new_unchecked(enter) };
            left = enter.as_mut().leave();
            *state = match enter.take_value() {
                // It has entered: only what the enter had left was not over.
                Some(Ok((manager, resource))) => State::In(manager, resource),
                Some(Err(error)) => State::FailedToEnter(error),
                None => State::Out,
            };
        }
        match state {
            State::FailedToEnter(error) => report(&Report::ErrorLost(about, error)),
            State::PanickedEntering(error) => {
                report(&Report::PanicLost(
                    about,
                    error.message().unwrap_or_default(),
                ));
            }
            _ => return left,
        }
        let (leftovers, panic) = &mut left;
        match leftovers.collect(|| *state = State::Out) {
            Ok(()) => {}
            Err(payload) if panic.is_none() => *panic = Some(payload),
            Err(payload) => report_panic(about, payload),
        }
        left
    }

    fn is_in(&self) -> bool {
        matches!(self.state, State::In(..))
    }

    fn is_held(&self) -> bool {
        matches!(
            self.state,
            State::In(..) | State::Bereft(_) | State::Exiting(..) | State::Settling(..)
        )
    }

    fn single_out(self: Pin<&mut Self>, about: About) {
        let (state, live) = self.parts();
        if let State::In(..) = state {
            *live = Some(LiveEntry::enter(|| about));
        }
    }

    fn start_exit(mut self: Pin<&mut Self>, why: Why, about: About) {
        if let Some(live) = &self.live {
            live.exiting(why.reason().kind());
        }
        if let Some((manager, resource)) = self.as_mut().take() {
            let mut exit = X::start(manager, resource, why);
            exit.place(|| about);
            *self.state() = State::Exiting(Some(exit), Leftovers::new());
        }
    }

    fn poll_exit(self: Pin<&mut Self>, cx: &mut Context<'_>, about: About) -> Poll<Ended<L>> {
        let (state, live) = self.parts();
        if let State::Bereft(_) = state {
            report(&Report::Abandoned(about));
            let mut leftovers = Leftovers::new();
            let dropped = leftovers.collect(|| *state = State::Out);
            let ended = Ended {
                told: None,
                failure: dropped.err().map(Failed::Panic),
            };
            *state = State::Settling(leftovers, ended);
        }
        if let State::Exiting(exit, leftovers) = state {
            // SAFETY: pinned structurally (1).
            let mut exit = unsafe { Pin::new_unchecked(exit) };
            let id = live.as_ref().map_or_else(enclosing, LiveEntry::id);
            let polled = leftovers.within(id, || {
                let Some(running) = exit.as_mut().as_pin_mut() else {
                    return Poll::Pending;
                };
                let ended = ready!(unwatched(|| running.poll(cx)));
                // What the drop leaves is a child like any other.
                exit.set(None);
                Poll::Ready(ended)
            });
            let ended = match polled {
                Ok(Poll::Pending) => {
                    leftovers.start_deferred();
                    return Poll::Pending;
                }
                Ok(Poll::Ready((Ok(()), told))) => Ended {
                    told,
                    failure: None,
                },
                Ok(Poll::Ready((Err(error), told))) => {
                    let error = Told::shown(error, about);
                    let failure = Some(Failed::Error(error, unpack::<V, M::Error, L>));
                    Ended { told, failure }
                }
                Err(payload) => {
                    if let Err(second) = leftovers.collect(|| exit.set(None)) {
                        report_panic(about, second);
                    }
                    let failure = Some(Failed::Panic(payload));
                    Ended {
                        told: None,
                        failure,
                    }
                }
            };
            let leftovers = leftovers.take();
            *state = State::Settling(leftovers, ended);
        }
        let State::Settling(leftovers, _) = state else {
            panic!("the exit of a scope was polled before it began, or after its end");
        };
        // There is no runtime at hand; the cleanups' own have clocks for reports.
        let _done = ready!(leftovers.poll(cx, || about, |_| None, None));
        *live = None;
        match replace(state, State::Out) {
            State::Settling(_, ended) => Poll::Ready(ended),
            _ => unreachable!("it settles"),
        }
    }
}

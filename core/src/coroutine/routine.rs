use core::fmt;
use core::future::Future;
use core::panic::Location;
use core::pin::Pin;
use core::task::{Context, Poll};

use super::desk::Desk;
use super::interrupt::Interrupt;
use super::yielder::Yielder;
use crate::cleanup::Subject;
use crate::cleanup::live::LiveBody;

/// The body of a coroutine, made or not: what a [`Coroutine`](super::Coroutine) that
/// [`coroutine`](super::coroutine()) returns has for `S`.
///
/// # Invariants
///
/// 1. The body's future is pinned structurally: dropped in place, never moved.
pub struct Routine<F, B> {
    stage: Stage<F, B>,
}

enum Stage<F, B> {
    /// `None` from when the body is made to when it is put here.
    Created(Option<(F, &'static Location<'static>)>),
    Begun(B),
}

type End<T, E> = Result<T, Interrupt<E>>;
type Polls<T, E, S> = fn(Pin<&mut S>, &mut Context<'_>) -> Poll<End<T, E>>;

/// How a routine `S` is run. Held as values: a bound would relate `S` to what goes in and out, which
/// the compiler cannot prove where it has forgotten lifetimes.
pub(super) struct Run<Y, R, E, T, S> {
    /// Makes the body, in its place. Not for a second time, nor after a panic of the first.
    ///
    /// # Safety
    ///
    /// The desk stays where it is for as long as the routine, and nobody has a reference to it that
    /// excludes others while that is polled or dropped.
    pub(super) begin: unsafe fn(&mut S, *const Desk<Y, R, E>, &mut LiveBody),
    /// Polls the body, which was begun.
    pub(super) poll: Polls<T, E, S>,
}

impl<F, B> Routine<F, B> {
    pub(super) const fn new(body: F, location: &'static Location<'static>) -> Self {
        Self {
            stage: Stage::Created(Some((body, location))),
        }
    }

    pub(super) const fn run<'g, Y, R, E, T>() -> Run<Y, R, E, T, Self>
    where
        F: FnOnce(Yielder<'g, Y, R, E>) -> B,
        B: Future<Output = End<T, E>>,
        Y: 'g,
        R: 'g,
        E: 'g,
    {
        Run {
            begin: Self::begin,
            poll: Self::poll,
        }
    }

    /// # Safety
    ///
    /// As said at [`Run`].
    unsafe fn begin<'g, Y, R, E>(&mut self, desk: *const Desk<Y, R, E>, live: &mut LiveBody)
    where
        F: FnOnce(Yielder<'g, Y, R, E>) -> B,
        Y: 'g,
        R: 'g,
        E: 'g,
    {
        let Stage::Created(maker) = &mut self.stage else {
            unreachable!("it was begun");
        };
        let Some((make, location)) = maker.take() else {
            unreachable!("its making has panicked");
        };
        // SAFETY: the caller sees to it. The body cannot keep the yielder, as `coroutine` takes only
        // bodies that accept one of any lifetime.
        let yielder = Yielder::new(unsafe { &*desk });
        self.stage = Stage::Begun(make(yielder));
        live.begin::<F>(Subject::Coroutine, location);
    }

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<B::Output>
    where
        B: Future,
    {
        // SAFETY: the body's future is not moved (1).
        let this = unsafe { self.get_unchecked_mut() };
        let Stage::Begun(body) = &mut this.stage else {
            unreachable!("it was not begun");
        };
        // SAFETY: pinned structurally (1).
        unsafe { Pin::new_unchecked(body) }.poll(cx)
    }
}

impl<F, B> fmt::Debug for Routine<F, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Routine").finish_non_exhaustive()
    }
}

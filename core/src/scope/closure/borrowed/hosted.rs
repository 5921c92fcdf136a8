//! The body of a frame that lends a reference: polled and dropped inside of the lending.
//!
//! The numbers are those of the invariants of [`slot`](super::slot).

#![expect(
    unnameable_types,
    missing_debug_implementations,
    reason = "public only in the type of a future that nobody writes"
)]

use alloc::boxed::Box;
use core::future::Future;
use core::mem::{self, ManuallyDrop};
use core::pin::Pin;
use core::ptr::NonNull;
use core::task::{Context, Poll, Waker};

use super::policy::BodyFailure;
use super::slot::{Call, Polled};
use super::{ForLt, Host};
use crate::body::Body;
use crate::cleanup::ambient::{enclosing, is_collected};
use crate::cleanup::kind::Kind;
use crate::cleanup::leftovers::Leftovers;
use crate::cleanup::live::ScopeId;
use crate::cleanup::{About, CollectorId, Report, report};
use crate::panic::{Payload, catch};
use crate::runtime::Cleanup;

/// What a hosted body is made from.
pub struct Visitor<'r, R, F> {
    pub(in crate::scope) rt: &'r R,
    pub(in crate::scope) body: F,
    pub(in crate::scope) about: About,
}

/// A body that runs inside of its frame's lending. It is the future that the scope polls, in place of
/// the body's own: it polls the frame.
pub struct Hosted<'r, R: Cleanup, D: Host, F, B, T, K: Kind> {
    rt: &'r R,
    frame: &'r mut D,
    polled: Polled,
    running: Running<F, B, T, K>,
    was_woken: bool,
}

/// What a [`Call`] points to.
struct Running<F, B, T, K: Kind> {
    about: About,
    stage: Stage<F, B>,
    ended: Option<Result<T, Payload>>,
    /// Those of the scope, while the frame is polled.
    leftovers: Leftovers<K>,
    id: ScopeId,
    is_reached: bool,
}

enum Stage<F, B> {
    /// `None` from when it is called to when its future is put here.
    Created(Option<Maker<F, B>>),
    /// In a box of its own (3). Leaked unless it is dropped by [`end`](Stage::end) (2).
    Begun(ManuallyDrop<Pin<Box<B>>>),
    Over,
}

struct Maker<F, B> {
    body: F,
    /// Calls it with the resource that is lent.
    begin: Begin<F, B>,
}

/// # Safety
///
/// What is returned is polled and dropped only inside of polls and drops of the lending of the
/// resource.
type Begin<F, B> = unsafe fn(F, NonNull<()>) -> Pin<Box<B>>;

/// # Safety
///
/// As [`Begin`], and the resource is an `L::Of`.
unsafe fn begin<'r, L, F>(
    body: F,
    resource: NonNull<()>,
) -> Pin<Box<<F as Body<&'r mut L::Of<'r>>>::Fut>>
where
    L: ForLt,
    F: Body<&'r mut L::Of<'r>>,
{
    // SAFETY: the caller's duty: nobody else has it while the future is polled or dropped. The
    // future cannot keep it, nor anything of it, as `with_borrowing` takes only bodies that accept a
    // resource of any lifetimes.
    let resource = unsafe { resource.cast::<L::Of<'r>>().as_mut() };
    Box::pin(body(resource))
}

impl<'r, R, D, F, B, T, K> Hosted<'r, R, D, F, B, T, K>
where
    R: Cleanup,
    D: Host,
    B: Future<Output = T>,
    K: Kind,
{
    pub(in crate::scope) fn new<L>(visitor: Visitor<'r, R, F>, frame: &'r mut D) -> Self
    where
        L: ForLt,
        F: Body<&'r mut L::Of<'r>, Fut = B>,
    {
        Self {
            rt: visitor.rt,
            frame,
            polled: polled::<F, B, T, K>,
            running: Running {
                about: visitor.about,
                stage: Stage::Created(Some(Maker {
                    body: visitor.body,
                    begin: begin::<'r, L, F>,
                })),
                ended: None,
                leftovers: Leftovers::new(),
                id: ScopeId::NONE,
                is_reached: false,
            },
            was_woken: false,
        }
    }
}

// Nothing in it is pinned but what is in a box.
impl<R: Cleanup, D: Host, F, B, T, K: Kind> Unpin for Hosted<'_, R, D, F, B, T, K> {}

impl<R, D, F, B, T, E, K> Future for Hosted<'_, R, D, F, B, Result<T, E>, K>
where
    R: Cleanup,
    D: Host,
    K: Kind,
{
    type Output = Result<T, BodyFailure<E>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        this.running.id = enclosing();
        this.poll_frame(cx);
        if this.must_be_woken() {
            this.frame.slot().wake();
            this.poll_frame(cx);
        }
        match this.running.ended.take() {
            Some(Ok(result)) => Poll::Ready(result.map_err(BodyFailure::Failed)),
            Some(Err(payload)) => payload.resume(),
            None if this.is_withdrawn() => {
                this.leave();
                Poll::Ready(Err(BodyFailure::Withdrawn))
            }
            None => Poll::Pending,
        }
    }
}

impl<R, D, F, B, T, K> Hosted<'_, R, D, F, B, T, K>
where
    R: Cleanup,
    D: Host,
    K: Kind,
{
    /// Polls the frame, and the body inside of it. What the frame enters is no part of the scope's body:
    /// it ends in the scope's exit. What the frame drops is waited for like the body's.
    fn poll_frame(&mut self, cx: &mut Context<'_>) {
        let mut beside = Leftovers::<K>::new();
        self.running.leftovers = Leftovers::take_enclosing();
        let driven = beside.within(ScopeId::NONE, || self.drive(self.polled, cx));
        self.running.leftovers.give_enclosing();
        beside.start_deferred();
        let about = self.running.about;
        beside.hand_on(|| about, CollectorId::NONE);
        if let Err(payload) = driven {
            payload.resume();
        }
    }

    /// Polls the frame, with a call to the lending in it.
    fn drive(&mut self, polled: Polled, cx: &mut Context<'_>) {
        let running = NonNull::from(&mut self.running).cast();
        let call = Call::new(running, polled, dropped::<F, B, T, K>);
        // The call ends with this poll, and nobody here touches what it points to until then (4).
        self.frame.poll(call, cx);
    }

    /// Whether the frame seems to poll only what was woken. Asked once: it may also be busy elsewhere.
    fn must_be_woken(&mut self) -> bool {
        let missed = matches!(self.running.stage, Stage::Created(_)) && !self.running.is_reached;
        missed && !self.frame.has_ended() && !mem::replace(&mut self.was_woken, true)
    }

    fn is_withdrawn(&self) -> bool {
        matches!(self.running.stage, Stage::Over)
            || self.frame.has_ended()
            || !self.frame.slot().is_lent()
    }

    /// The lending is not reached any more, so a body that has begun can only be leaked (2).
    fn leave(&mut self) {
        if let Stage::Begun(_leaked) = mem::replace(&mut self.running.stage, Stage::Over) {
            report(&Report::BodyLeaked(self.running.about));
        }
    }
}

/// The scope is dropped, or its body has ended.
impl<R: Cleanup, D: Host, F, B, T, K: Kind> Drop for Hosted<'_, R, D, F, B, T, K> {
    fn drop(&mut self) {
        if !matches!(self.running.stage, Stage::Begun(_)) {
            return;
        }
        let rt = self.rt;
        // The frame is not in its task here (K7). A runtime that panics there keeps nothing from
        // being told.
        let driven = catch(|| {
            rt.in_context(|| {
                let cx = &mut Context::from_waker(Waker::noop());
                self.drive(polled_to_drop::<F, B, T, K>, cx);
                if let Stage::Begun(_) = self.running.stage {
                    self.frame.slot().wake();
                    self.drive(polled_to_drop::<F, B, T, K>, cx);
                }
            });
        });
        self.leave();
        match (self.running.ended.take(), driven) {
            (Some(Err(body)), Err(beside)) => {
                report(&Report::PanicLost(self.running.about, beside.message()));
                body.resume()
            }
            (Some(Err(payload)), Ok(())) | (_, Err(payload)) => payload.resume(),
            _ => {}
        }
    }
}

impl<F, B> Stage<F, B> {
    /// Drops what it holds.
    ///
    /// # Safety
    ///
    /// Called in a poll or a drop of the lending, unless the body has not begun.
    unsafe fn end(&mut self) {
        if let Self::Begun(body) = mem::replace(self, Self::Over) {
            drop(ManuallyDrop::into_inner(body));
        }
    }
}

impl<F, B, T, K: Kind> Running<F, B, T, K> {
    /// Drops the body. What comes out of it belongs to the scope, unless somebody collects it.
    ///
    /// # Safety
    ///
    /// Called in a poll or a drop of the lending.
    unsafe fn drop_body(&mut self) {
        let stage = &mut self.stage;
        // SAFETY: the caller's duty.
        let end = || unsafe { stage.end() };
        let dropped = if is_collected(CollectorId::NONE) {
            catch(end)
        } else {
            self.leftovers.collect(end)
        };
        if let Err(payload) = dropped {
            self.ended = Some(Err(payload));
        }
    }
}

impl<F, B: Future, K: Kind> Running<F, B, B::Output, K> {
    /// # Safety
    ///
    /// Called in a poll of the lending of `resource`, which is the body's.
    unsafe fn poll_body(&mut self, resource: NonNull<()>, cx: &mut Context<'_>) {
        let Self { stage, ended, .. } = self;
        let polled = self.leftovers.within(self.id, || {
            if let Stage::Created(maker) = stage {
                let Some(Maker { body, begin }) = maker.take() else {
                    return;
                };
                // SAFETY: what is returned stays here (2); the resource is the one that the body is
                // made for, as both are of the same slot (7).
                let body = unsafe { begin(body, resource) };
                *stage = Stage::Begun(ManuallyDrop::new(body));
            }
            if let Stage::Begun(body) = stage {
                if let Poll::Ready(output) = body.as_mut().poll(cx) {
                    *ended = Some(Ok(output));
                    // What the drop leaves is a child like any other.
                    // SAFETY: the caller polls the lending.
                    unsafe { stage.end() };
                }
            }
        });
        let Err(payload) = polled else {
            return;
        };
        self.ended = None;
        // SAFETY: the caller polls the lending.
        unsafe { self.drop_body() };
        if let Some(Err(second)) = self.ended.replace(Err(payload)) {
            report(&Report::PanicLost(self.about, second.message()));
        }
    }
}

/// See [`Polled`].
unsafe fn polled<F, B, T, K>(running: NonNull<()>, resource: NonNull<()>, cx: &mut Context<'_>)
where
    B: Future<Output = T>,
    K: Kind,
{
    // SAFETY: the call points to it, and nobody else touches it meanwhile (4, 6).
    let running = unsafe { running.cast::<Running<F, B, T, K>>().as_mut() };
    running.is_reached = true;
    // SAFETY: the caller polls the lending.
    unsafe { running.poll_body(resource, cx) };
}

/// See [`Polled`]: instead of being polled, the body is dropped.
unsafe fn polled_to_drop<F, B, T, K: Kind>(
    running: NonNull<()>,
    _resource: NonNull<()>,
    _cx: &mut Context<'_>,
) {
    // SAFETY: the caller polls the lending, inside of which the body may be dropped (2).
    unsafe { dropped::<F, B, T, K>(running) };
}

/// See [`Dropped`].
unsafe fn dropped<F, B, T, K: Kind>(running: NonNull<()>) {
    // SAFETY: the call points to it, and nobody else touches it meanwhile (4, 6).
    let running = unsafe { running.cast::<Running<F, B, T, K>>().as_mut() };
    // SAFETY: the caller polls or drops the lending.
    unsafe { running.drop_body() };
}

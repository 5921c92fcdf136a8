//! The loop itself.
//!
//! # Invariants
//!
//! 1. The future in `turn` borrows `body`, which stays where it is (the struct is `!Unpin`) and to
//!    which no other reference is made until `turn` is empty. `turn` is dropped before `body`.
//! 2. `turn` and `source` are pinned structurally: dropped in place, never moved.
//! 3. `G` is the future that a call of `body` by value returns, and `turn` the one that a call by
//!    reference returns: the same code, which keeps the same values over an `.await`. They differ in
//!    what `body` has captured: the one owns it, the other borrows it from `body`.
//!
//! On 3: nobody can implement `AsyncFnMut` by hand, so both futures come out of one async closure. For a
//! plain closure that returns a future the two are one type; boxes and references pass the call on.

use core::cell::UnsafeCell;
use core::future::Future;
use core::marker::{PhantomData, PhantomPinned};
use core::ops::ControlFlow;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use super::flow::Flow;
use super::source::Source;

/// An async closure (or `async fn`) that can be the body of a loop over items of type `A`.
///
/// The functions that loop bound their body by `AsyncFnMut` besides. There is nothing to implement by
/// hand: this names the future of a call by value, by which a loop tells whether it is `Send`. A
/// function that takes a body and hands it on asks for both.
///
/// # Examples
///
/// ```
/// use futures_core::Stream;
/// use withal_core::for_each;
/// use withal_core::iter::LoopBody;
///
/// async fn each_line<S, F>(lines: S, body: F)
/// where
///     S: Stream<Item = String>,
///     F: AsyncFnMut(String) + LoopBody<String>,
/// {
///     for_each(lines, body).await;
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the body of a loop",
    label = "expected an async closure `async |item| {{ … }}` or an `async fn` item",
    note = "for a boxed or borrowed body, call it inside: `async |item| body(item).await`"
)]
pub trait LoopBody<A> {
    /// The future of a call by value.
    type Fut: Future;
}

#[diagnostic::do_not_recommend]
impl<A, F, Fut> LoopBody<A> for F
where
    F: FnOnce(A) -> Fut,
    Fut: Future,
{
    type Fut = Fut;
}

/// Takes items out of `source`, and runs `body` with each of them.
///
/// No bound relates two of its parameters, and no lifetime is one: the compiler forgets lifetimes where
/// it looks whether a task is `Send`, and could not prove it of a loop over borrowed items.
pub(super) struct Turns<S, F, C: Call, G> {
    // In the order in which they are dropped: inner first.
    turn: Option<C::Fut>,
    body: UnsafeCell<F>,
    source: S,
    call: C,
    _by_value: PhantomData<fn() -> G>,
    _pinned: PhantomPinned,
}

// SAFETY: a `Send` source, and a `Send` body, which goes where its future goes. What that keeps beside
// what it borrows from the body is what `G` keeps (3), and is `Send`; what it borrows is used by it
// alone until it is gone (1), on one thread at a time. `C` has no content, and items are not kept.
unsafe impl<S: Send, F: Send, C: Call, G: Send> Send for Turns<S, F, C, G> {}

/// A call of a body by reference: gives a name to the future that this returns.
#[expect(unnameable_types, reason = "only a loop has use for it")]
pub trait Call: sealed::Sealed {
    /// The type of the body.
    type Body;
    /// What it is called with.
    type Item;
    /// What it returns.
    type Fut;

    /// Calls the body.
    ///
    /// # Safety
    ///
    /// `body` leads to a body, which stays where it is, and to which nothing else refers, until what this
    /// returns is dropped.
    unsafe fn call(&self, body: *mut Self::Body, item: Self::Item) -> Self::Fut;
}

/// By a function without content, so that it is called directly.
struct By<'f, F, A, N, C>(C, PhantomData<fn(&'f mut F, A) -> N>);

mod sealed {
    #[expect(unnameable_types, reason = "seals the public trait")]
    pub trait Sealed {}
}

impl<F, A, N, C> sealed::Sealed for By<'_, F, A, N, C> {}

impl<'f, F, A, N, C> Call for By<'f, F, A, N, C>
where
    C: Fn(&'f mut F, A) -> N,
{
    type Body = F;
    type Item = A;
    type Fut = N;

    #[inline]
    unsafe fn call(&self, body: *mut F, item: A) -> N {
        // SAFETY: the caller's duty. The body cannot keep the reference: it accepts one of any
        // lifetime, so nothing that outlives the future has room for it.
        let body = unsafe { &mut *body };
        (self.0)(body, item)
    }
}

/// Begins one turn. The future that this returns is the one of the call, under a name.
#[inline]
fn call<'f, F, A, X>(body: &'f mut F, item: A) -> impl Future<Output = X> + use<'f, F, A, X>
where
    F: AsyncFnMut(A) -> X + 'f,
{
    body(item)
}

/// A loop that has not begun.
#[inline]
pub(super) fn turns<'f, S, F, X, G>(
    source: S,
    body: F,
) -> Turns<
    S,
    F,
    impl Call<Body = F, Item = S::Element, Fut: Future<Output = X>> + use<'f, S, F, X, G>,
    G,
>
where
    S: Source,
    F: AsyncFnMut(S::Element) -> X + LoopBody<S::Element, Fut = G> + 'f,
{
    Turns {
        turn: None,
        body: UnsafeCell::new(body),
        source,
        call: By(call::<'f, F, S::Element, X>, PhantomData),
        _by_value: PhantomData,
        _pinned: PhantomPinned,
    }
}

impl<S, F, X, C, G> Future for Turns<S, F, C, G>
where
    S: Source,
    C: Call<Body = F, Item = S::Element, Fut: Future<Output = X>>,
    X: Flow,
{
    type Output = X::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<X::Output> {
        // SAFETY: `turn` and `source` are not moved (2), nor is `body` (1).
        let this = unsafe { self.get_unchecked_mut() };
        loop {
            if let Some(turn) = &mut this.turn {
                // SAFETY: pinned structurally (2).
                let flow = ready!(unsafe { Pin::new_unchecked(turn) }.poll(cx));
                this.turn = None;
                if let ControlFlow::Break(output) = flow.leaves() {
                    return Poll::Ready(output);
                }
            }
            // SAFETY: pinned structurally (2).
            let source = unsafe { Pin::new_unchecked(&mut this.source) };
            let Some(item) = ready!(source.poll_next(cx)) else {
                return Poll::Ready(X::ran_out());
            };
            // SAFETY: there is no turn, so nothing refers to the body, which stays where it is until
            // the turn that this begins is gone (1).
            this.turn = Some(unsafe { this.call.call(this.body.get(), item) });
        }
    }
}

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
//! On 3: that a type is called both ways is known to the compiler alone, as `AsyncFnMut` cannot be
//! implemented by hand. For a plain closure that returns a future, the two are one type.

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
/// No bound relates two of its parameters: the compiler forgets lifetimes where it looks whether a
/// task is `Send`, and could not prove it of a loop over borrowed items.
pub(super) struct Turns<'f, S: Source, F: 'f, N, G> {
    // In the order in which they are dropped: inner first.
    turn: Option<N>,
    body: UnsafeCell<F>,
    source: S,
    call: fn(&'f mut F, S::Element) -> N,
    _by_value: PhantomData<fn() -> G>,
    _pinned: PhantomPinned,
}

// SAFETY: a `Send` source, and a `Send` body, which goes where its future goes. The future is `N`:
// what it keeps beside what it borrows from the body is what `G` keeps (3), and is `Send`; what it
// borrows is used by it alone until it is gone (1), on one thread at a time. Items are not kept.
unsafe impl<S: Source + Send, F: Send, N, G: Send> Send for Turns<'_, S, F, N, G> {}

/// Begins one turn. The future that this returns is the one of the call, under a name.
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
) -> Turns<'f, S, F, impl Future<Output = X> + use<'f, S, F, X, G>, G>
where
    S: Source,
    F: AsyncFnMut(S::Element) -> X + LoopBody<S::Element, Fut = G> + 'f,
{
    Turns {
        turn: None,
        body: UnsafeCell::new(body),
        source,
        call: call::<'f, F, S::Element, X>,
        _by_value: PhantomData,
        _pinned: PhantomPinned,
    }
}

impl<S, F, X, N, G> Future for Turns<'_, S, F, N, G>
where
    S: Source,
    N: Future<Output = X>,
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
            // the turn that this begins is gone (1). That cannot keep the reference: the body accepts
            // one of any lifetime, so nothing that outlives the turn has room for it.
            let body = unsafe { &mut *this.body.get() };
            this.turn = Some((this.call)(body, item));
        }
    }
}

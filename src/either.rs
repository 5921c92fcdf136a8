use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use crate::cancel::Cancellable;
use crate::cleanup::{Kind, Sendable, ThreadBound};

/// Runs both futures until one ends, then cancels the other and waits for its cleanup.
///
/// In each poll `left` comes first, and wins a tie. A scope in the loser whose body has ended is
/// exited first; the loser's output is dropped, if it comes to one by that.
///
/// # Cancel safety
///
/// Dropped, it hands the cleanup of both to whoever drops it.
///
/// # Panics
///
/// A panic of either future goes on after that one's cleanup; the other is then dropped. If polled
/// again after completion.
///
/// # Complexity
///
/// No allocation, unless there is something to wait for.
///
/// # Examples
///
/// ```
/// use withal::{Either, either};
///
/// # futures_util::FutureExt::now_or_never(async {
/// let winner = either(async { "here" }, std::future::pending::<()>()).await;
/// assert_eq!(winner, Either::Left("here"));
/// # }).unwrap();
/// ```
#[track_caller]
pub fn either<A: Future, B: Future>(left: A, right: B) -> EitherOf<A, B> {
    EitherOf {
        left: Cancellable::new("either", left),
        right: Cancellable::new("either", right),
        winner: None,
        loser_ended: false,
    }
}

pin_project! {
    /// The future that [`either`] returns.
    #[must_use = "futures do nothing unless polled"]
    pub struct EitherOf<A: Future, B: Future, K: Kind = Sendable> {
        #[pin]
        left: Cancellable<A, K>,
        #[pin]
        right: Cancellable<B, K>,
        winner: Option<Either<A::Output, B::Output>>,
        loser_ended: bool,
    }
}

/// The output of one of two futures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "two futures, one winner")]
pub enum Either<A, B> {
    /// The first one's.
    Left(A),
    /// The second one's.
    Right(B),
}

impl<T> Either<T, T> {
    /// The output, whichever it is.
    pub fn into_inner(self) -> T {
        match self {
            Self::Left(output) | Self::Right(output) => output,
        }
    }
}

impl<A: Future, B: Future> EitherOf<A, B> {
    /// Waits for `!Send` cleanups too, and becomes `!Send` itself.
    pub fn local(self) -> EitherOf<A, B, ThreadBound> {
        EitherOf {
            left: self.left.local(),
            right: self.right.local(),
            winner: self.winner,
            loser_ended: self.loser_ended,
        }
    }
}

impl<A: Future, B: Future, K: Kind> Future for EitherOf<A, B, K> {
    type Output = Either<A::Output, B::Output>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if this.winner.is_none() {
            if let Poll::Ready(output) = this.left.as_mut().poll(cx) {
                *this.winner = Some(Either::Left(output));
                this.right.as_mut().stop();
            } else {
                let output = ready!(this.right.as_mut().poll(cx));
                *this.winner = Some(Either::Right(output));
                this.left.as_mut().stop();
            }
        }
        // Winner and loser clean up side by side.
        let (left, right) = match this.winner {
            Some(Either::Left(_)) => (
                this.left.poll_cancel(cx),
                poll_loser(this.right, cx, this.loser_ended),
            ),
            _ => (
                poll_loser(this.left, cx, this.loser_ended),
                this.right.poll_cancel(cx),
            ),
        };
        ready!(left);
        ready!(right);
        match this.winner.take() {
            Some(winner) => Poll::Ready(winner),
            None => panic!("`either` was polled after completion"),
        }
    }
}

/// Lets an exit in progress end (K10), then cancels.
fn poll_loser<F: Future, K: Kind>(
    mut loser: Pin<&mut Cancellable<F, K>>,
    cx: &mut Context<'_>,
    ended: &mut bool,
) -> Poll<()> {
    if !*ended && loser.is_exiting() {
        *ended = loser.as_mut().poll(cx).is_ready();
        if !*ended && loser.is_exiting() {
            return Poll::Pending;
        }
    }
    loser.poll_cancel(cx)
}

impl<A: Future, B: Future, K: Kind> fmt::Debug for EitherOf<A, B, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EitherOf")
            .field("left", &self.left)
            .field("right", &self.right)
            .field("decided", &self.winner.is_some())
            .finish()
    }
}

use core::future::poll_fn;
use core::task::Poll;
use core::time::Duration;

use super::{Attempts, Retrying};
use crate::mutants::mutant;
use crate::scope::manager::Manager;

/// How attempts are made.
///
/// The closures stand beside what calls them. A bound that says that they can be called so would relate
/// them to the scope: the compiler forgets lifetimes where it looks whether a task is `Send`, and could
/// not prove it of those that borrow.
pub(super) struct Plan<R, D, F, M: Manager, W, H> {
    pub(super) rt: R,
    pub(super) delays: D,
    pub(super) attempts: usize,
    pub(super) make: (F, fn(&mut F) -> M),
    pub(super) when: (W, Ask<W, M::Error>),
    pub(super) on_retry: (H, Tell<H, M::Error>),
}

pub(super) type Ask<W, X> = fn(&mut W, &X) -> bool;
pub(super) type Tell<H, X> = fn(&mut H, Retrying<'_, X>);

impl<R, D: Iterator<Item = Duration>, F, M: Manager, W, H> Plan<R, D, F, M, W, H> {
    pub(super) fn make_one(&mut self) -> M {
        let (make, call) = &mut self.make;
        call(make)
    }

    /// How long to wait for the next attempt, if there is to be one.
    pub(super) fn next_delay(&mut self, failed: &mut Attempts<M::Error>) -> Option<Duration> {
        let (when, ask) = &mut self.when;
        if !ask(when, failed.last()) && !mutant("retries_whatever_failed") {
            failed.refuse();
            return None;
        }
        let attempt = failed.count();
        if attempt >= self.attempts {
            return None;
        }
        let delay = self.delays.next()?;
        let (on_retry, tell) = &mut self.on_retry;
        tell(
            on_retry,
            Retrying {
                error: failed.last(),
                attempt,
                delay,
            },
        );
        Some(delay)
    }
}

/// Lets others have a turn, and be the ones that cancel this: attempts that never wait would run on
/// for ever.
pub(super) async fn give_way() {
    let mut gave_way = false;
    poll_fn(|cx| {
        if gave_way {
            return Poll::Ready(());
        }
        gave_way = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

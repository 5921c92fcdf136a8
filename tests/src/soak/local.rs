//! Scopes and blocks that stay on their thread.

use std::future::Future;
use std::pin::Pin;
use std::thread;

use withal::await_cleanup as await_cleanup_of;
use withal::cancel::{AwaitCleanup, Cancel, OwnsWhatItPolls};
use withal::cleanup::ThreadBound;
use withal::runtime::Timer;
use withal::{Either, Local, Timeout};

use super::cast::{Cast, Fault};
use super::script::Id;

#[path = "actor.rs"]
#[expect(
    clippy::duplicate_mod,
    reason = "the same code, for scopes that may move and for those that may not"
)]
mod actor;
#[path = "play.rs"]
#[expect(
    clippy::duplicate_mod,
    reason = "the same code, for scopes that may move and for those that may not"
)]
pub(super) mod play;
#[path = "stops.rs"]
#[expect(
    clippy::duplicate_mod,
    reason = "the same code, for scopes that may move and for those that may not"
)]
mod stops;

use withal::LocalScope as Hooks;
use withal::scope::scope_fn_local as scope_fn;

/// A block that is being played.
pub(super) type Block<'a> = Pin<Box<dyn Future<Output = Result<(), Fault>> + 'a>>;

fn manager<S>(scope: S) -> Local<S> {
    Local(scope)
}

fn await_cleanup<F: Future>(future: F) -> AwaitCleanup<F, ThreadBound> {
    await_cleanup_of(future).local()
}

fn either<A: Future, B: Future>(
    left: A,
    right: B,
) -> impl Future<Output = Either<A::Output, B::Output>> {
    withal::either(left, right).local()
}

fn timeout<R: Timer, F: Future>(
    rt: &R,
    timeout: std::time::Duration,
    future: F,
) -> Timeout<'_, R, F, F::Output, ThreadBound> {
    withal::timeout(rt, timeout, future).local()
}

fn cancel(future: Block<'_>) -> Cancel<Block<'_>, ThreadBound> {
    withal::cancel(future).local()
}

fn close<S, N>(stream: S) -> Cancel<S, ThreadBound>
where
    S: futures_util::Stream + OwnsWhatItPolls<N>,
{
    withal::close(stream).local()
}

fn shield<R>(_: &Cast<R>, _: Id) -> Block<'_> {
    unreachable!("settled: a shield takes what may move between threads")
}

async fn task<R>(_: &Cast<R>, _: Id, _: u64) -> Option<thread::Result<Result<(), Fault>>> {
    unreachable!("settled: a task takes what may move between threads")
}

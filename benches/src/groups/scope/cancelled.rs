//! A scope that is dropped in its body, until its exit has run: collected by one of our
//! combinators, handed over to an executor, or thrown at one by a guard's `Drop`.

use std::future::{Future, pending, ready};
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_dropper_simple::{AsyncDrop, AsyncDropper};
use async_trait::async_trait;
use smol::Executor;
use tokio::runtime::{Builder, Runtime};
use withal::runtime::Cleanup;
use withal::tokio::TokioRuntime;
use withal::{ExitReason, HandOver, Scope, await_cleanup, cancel, race, timeout, with};

use super::work::{Failed, RT, work};
use crate::now::{now, poll};
use crate::{Bar, Case, Contender};

/// What is spawned from a `Drop` is waited for after so many drops, which is kind to those who
/// spawn: they pay for a part of a wait. What is collected is waited for each time.
const BATCH: u64 = 1;

const SPAWNED: &str = "spawn from Drop (Tokio current-thread)";

pub(super) fn case() -> Case {
    Case::new("cancelled in the body")
        .with(Contender::new("withal (race)", || now(collected())).bar(Bar::Times(0.25, SPAWNED)))
        .with(Contender::new("withal (cancel a box)", || now(cancelled())))
        .with(Contender::new(
            "withal (await_cleanup, foreign drop)",
            || now(awaited()),
        ))
        .with(on(
            current_thread(),
            "withal (timeout, Tokio current-thread)",
            timed_out,
        ))
        .with(on(
            current_thread(),
            "withal (foreign drop, Tokio current-thread)",
            handed_over,
        ))
        .with(on(current_thread(), SPAWNED, spawned_on_tokio))
        .with(on(
            multi_thread(),
            "spawn from Drop (Tokio multi-thread)",
            async |times| {
                // On a worker: from outside, each spawn would wake another thread.
                tokio::spawn(spawned_on_tokio(times))
                    .await
                    .expect("it does not panic");
            },
        ))
        .with(Contender::batch("spawn from Drop (smol)", |times| {
            smol::block_on(SMOL.run(spawned_on_smol(times)));
        }))
        .with(on(
            multi_thread(),
            "async-dropper-simple (Tokio multi-thread)",
            dropped,
        ))
}

/// A race that its scope loses: one poll, in which the scope is entered, dropped and exited.
pub(crate) fn collected() -> impl Future<Output = ()> {
    async {
        race(held(&RT), ready(())).await;
    }
}

/// A box, since what was polled cannot be moved into `cancel`.
async fn cancelled() {
    let mut scope = Box::pin(held(&RT));
    assert!(poll(scope.as_mut()).is_pending());
    cancel(scope).await;
}

async fn awaited() {
    await_cleanup(async { drop_in_body(held(&RT)) }).await;
}

async fn timed_out(times: u64) {
    let rt = TokioRuntime::current().expect("this is Tokio");
    for _ in 0..times {
        let ended = timeout(&rt, Duration::ZERO, held(&rt)).await;
        assert!(ended.is_err(), "the body never ends");
    }
}

async fn handed_over(times: u64) {
    let rt = TokioRuntime::current().expect("this is Tokio");
    in_batches(times, || drop_in_body(held(&rt)), tokio::task::yield_now).await;
}

async fn spawned_on_tokio(times: u64) {
    let drop = || drop_in_body(guarded(SpawnsOnTokio));
    in_batches(times, drop, tokio::task::yield_now).await;
}

async fn spawned_on_smol(times: u64) {
    let drop = || drop_in_body(guarded(SpawnsOnSmol));
    in_batches(times, drop, smol::future::yield_now).await;
}

async fn dropped(times: u64) {
    for _ in 0..times {
        drop_in_body(guarded(AsyncDropper::new(Dropped)));
    }
}

/// Counts the exits. Only one contender runs at a time.
static EXITED: AtomicU64 = AtomicU64::new(0);

fn exit() {
    EXITED.fetch_add(1, Ordering::Release);
}

/// Calls `drop` so many times, and waits until as many exits have run.
async fn in_batches<Y: Future>(times: u64, drop: impl Fn(), yield_now: impl Fn() -> Y) {
    let mut left = times;
    while left > 0 {
        let batch = left.min(BATCH);
        left -= batch;
        let all = EXITED.load(Ordering::Acquire) + batch;
        (0..batch).for_each(|_| drop());
        while EXITED.load(Ordering::Acquire) < all {
            yield_now().await;
        }
    }
}

/// Polls what does not end, and drops it.
fn drop_in_body(future: impl Future) {
    assert!(poll(pin!(future)).is_pending(), "the body never ends");
}

/// A scope with a body that never ends.
fn held(rt: &impl Cleanup) -> impl Future<Output = ()> {
    async {
        let ended = with(rt, Counted, async |resource| {
            work(resource);
            pending::<Result<(), Failed>>().await
        });
        // It has no end to look at.
        let _never = ended.await;
    }
}

/// A guard in a body that never ends.
async fn guarded<G>(guard: G) {
    let _guard = guard;
    work(&mut 1);
    pending().await
}

struct Counted;

impl Scope for Counted {
    type Resource = u64;
    type Error = Failed;
    type OnDrop = HandOver;

    async fn enter(&mut self) -> Result<u64, Failed> {
        Ok(1)
    }

    async fn exit(self, _: u64, _: ExitReason<'_>) -> Result<(), Failed> {
        exit();
        Ok(())
    }
}

struct SpawnsOnTokio;

impl Drop for SpawnsOnTokio {
    fn drop(&mut self) {
        tokio::spawn(async { exit() });
    }
}

/// An executor of its own, run by the thread that spawns: the global one would pass each task to
/// another thread.
static SMOL: Executor<'_> = Executor::new();

struct SpawnsOnSmol;

impl Drop for SpawnsOnSmol {
    fn drop(&mut self) {
        SMOL.spawn(async { exit() }).detach();
    }
}

#[derive(Default)]
struct Dropped;

#[async_trait]
impl AsyncDrop for Dropped {
    async fn async_drop(&mut self) {
        exit();
    }
}

fn on(tokio: Runtime, name: &str, run: impl AsyncFn(u64) + 'static) -> Contender {
    Contender::batch(name, move |times| tokio.block_on(run(times)))
}

fn current_thread() -> Runtime {
    let runtime = Builder::new_current_thread().enable_time().build();
    runtime.expect("a runtime starts")
}

fn multi_thread() -> Runtime {
    let runtime = Builder::new_multi_thread().enable_time().build();
    runtime.expect("a runtime starts")
}

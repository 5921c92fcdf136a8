//! A scope that is dropped in its body, until its exit has run: collected by one of our
//! combinators, handed over to an executor, or thrown at one by a guard's `Drop`.

use std::future::{Future, Ready, pending, ready};
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use async_dropper_simple::{AsyncDrop, AsyncDropper};
use async_trait::async_trait;
use smol::Executor;
use tokio::runtime::{Builder, Runtime};
use withal::cleanup::CleanupTask;
use withal::runtime::{Cleanup, RuntimeId, Timer};
use withal::smol::SmolRuntime;
use withal::tokio::TokioRuntime;
use withal::{ExitReason, HandOver, Scope, await_cleanup, cancel, either, timeout, with};

use super::work::{Failed, RT, work};
use crate::now::{now, poll};
use crate::{Bar, Case, Contender};

const SPAWNED: &str = "spawn from Drop (Tokio current-thread)";

pub(super) fn case() -> Case {
    Case::new("cancelled in the body")
        .with(Contender::new("withal (race)", || now(collected())).bar(Bar::Times(0.25, SPAWNED)))
        .with(Contender::new("withal (cancel a box)", || now(cancelled())))
        .with(Contender::new(
            "withal (await_cleanup, foreign drop)",
            || now(awaited()),
        ))
        .with(Contender::new("withal (timeout)", || now(timed_out())))
        .with(on(
            current_thread(),
            "withal (foreign drop, Tokio current-thread)",
            handed_to_tokio,
        ))
        .with(on_worker(
            "withal (foreign drop, Tokio multi-thread)",
            handed_to_tokio,
        ))
        .with(on_smol("withal (foreign drop, smol)", handed_to_smol))
        .with(on(current_thread(), SPAWNED, spawned_on_tokio))
        .with(on_worker(
            "spawn from Drop (Tokio multi-thread)",
            spawned_on_tokio,
        ))
        .with(on_smol("spawn from Drop (smol)", spawned_on_smol))
        .with(on(
            multi_thread(),
            "async-dropper-simple (Tokio multi-thread)",
            dropped,
        ))
}

/// A race that its scope loses: one poll, in which the scope is entered, dropped and exited.
pub(crate) async fn collected() {
    either(held(&RT), ready(())).await;
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

async fn timed_out() {
    let ended = timeout(&AtOnce, Duration::from_secs(1), held(&AtOnce)).await;
    assert!(ended.is_err(), "the body never ends");
}

async fn handed_to_tokio(times: u64) {
    let rt = TokioRuntime::current().expect("this is Tokio");
    each(times, || drop_in_body(held(&rt)), tokio::task::yield_now).await;
}

async fn handed_to_smol(times: u64) {
    let rt = SmolRuntime::new(&SMOL);
    each(times, || drop_in_body(held(&rt)), smol::future::yield_now).await;
}

async fn spawned_on_tokio(times: u64) {
    let drop = || drop_in_body(guarded(SpawnsOnTokio));
    each(times, drop, tokio::task::yield_now).await;
}

async fn spawned_on_smol(times: u64) {
    let drop = || drop_in_body(guarded(SpawnsOnSmol));
    each(times, drop, smol::future::yield_now).await;
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

/// Calls `drop` so many times, and waits each time until the exit has run.
async fn each<Y: Future>(times: u64, drop: impl Fn(), yield_now: impl Fn() -> Y) {
    for _ in 0..times {
        let before = EXITED.load(Ordering::Acquire);
        drop();
        while EXITED.load(Ordering::Acquire) == before {
            yield_now().await;
        }
    }
}

/// Polls what does not end, and drops it.
fn drop_in_body(future: impl Future) {
    assert!(poll(pin!(future)).is_pending(), "the body never ends");
}

/// A scope with a body that never ends.
async fn held(rt: &impl Cleanup) {
    let ended = with(rt, Counted, async |resource| {
        work(resource);
        pending::<Result<(), Failed>>().await
    });
    // It has no end to look at.
    let _never = ended.await;
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

/// A clock on which all time is over: what is measured is the timeout, not a runtime's timer.
#[derive(Clone)]
struct AtOnce;

impl Cleanup for AtOnce {
    fn id(&self) -> RuntimeId {
        RT.id()
    }

    fn spawn_cleanup(&self, task: CleanupTask) {
        RT.spawn_cleanup(task);
    }
}

impl Timer for AtOnce {
    type Instant = Duration;
    type Sleep = Ready<()>;

    fn now(&self) -> Duration {
        Duration::MAX
    }

    fn deadline(&self, timeout: Duration) -> Duration {
        timeout
    }

    fn elapsed(&self, earlier: Duration, later: Duration) -> Duration {
        later.saturating_sub(earlier)
    }

    fn sleep_until(&self, _: Duration) -> Ready<()> {
        ready(())
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
static SMOL: LazyLock<Arc<Executor<'_>>> = LazyLock::new(Arc::default);

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

/// In the task that Tokio blocks on.
fn on(tokio: Runtime, name: &str, run: impl AsyncFn(u64) + 'static) -> Contender {
    Contender::batch(name, move |times| tokio.block_on(run(times)))
}

/// On a worker of Tokio: from outside, each spawn would wake another thread.
fn on_worker<F>(name: &str, run: impl Fn(u64) -> F + 'static) -> Contender
where
    F: Future<Output = ()> + Send + 'static,
{
    let tokio = multi_thread();
    Contender::batch(name, move |times| {
        let ended = tokio.block_on(tokio.spawn(run(times)));
        ended.expect("it does not panic");
    })
}

fn on_smol(name: &str, run: impl AsyncFn(u64) + 'static) -> Contender {
    Contender::batch(name, move |times| smol::block_on(SMOL.run(run(times))))
}

fn current_thread() -> Runtime {
    let runtime = Builder::new_current_thread().enable_time().build();
    runtime.expect("a runtime starts")
}

fn multi_thread() -> Runtime {
    let runtime = Builder::new_multi_thread().enable_time().build();
    runtime.expect("a runtime starts")
}

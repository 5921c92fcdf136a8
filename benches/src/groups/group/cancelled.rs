//! Scopes that are cancelled in their bodies, many at once, until all exits have run: a chain, in which
//! they are entered one in the other, and siblings.
//!
//! Peers have no exit that is awaited. The nearest are guards that spawn theirs when they are dropped; how
//! these end is looked for with a counter, and in which order is the executor's.

use std::convert::Infallible;
use std::future::{Future, pending, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::Poll;

use futures_util::stream::FuturesUnordered;
use tokio::runtime::{Builder, Runtime};
use tokio::task::{JoinSet, yield_now};
use withal::runtime::{Cleanup, NoExecutor};
use withal::tokio::TokioRuntime;
use withal::{ExitReason, HandOver, Scope, TaskGroup, cancel, join, task_group, with};
use withal_sync::group::local_group;

use super::children::succeeds;
use crate::{Bar, Case, Contender};

pub(super) const NESTED: u32 = 1_000;
pub(super) const SIBLINGS: u32 = 10_000;

const SPAWNS: &str = "guards that spawn";
const UNORDERED: &str = "FuturesUnordered of guards that spawn";
const JOIN_SET: &str = "JoinSet of guards that spawn";

/// What exits that are awaited may take, in times of such that are not.
const BAR: f64 = 1.1;

pub(super) fn cases() -> [Case; 2] {
    [
        Case::new("a chain of 1,000 scopes, cancelled, Tokio current-thread")
            .with(on(NESTED, "withal", chain).bar(Bar::Times(BAR, SPAWNS)))
            .with(on(NESTED, SPAWNS, chain_of_guards))
            .with(on(
                NESTED,
                "limit: guards without an exit",
                chain_of_bare_guards,
            )),
        Case::new("10,000 sibling scopes, cancelled, Tokio current-thread")
            .with(on(SIBLINGS, "withal (join)", joined).bar(Bar::Times(BAR, UNORDERED)))
            .with(on(SIBLINGS, "withal (local_group)", in_one_task).bar(Bar::Times(BAR, UNORDERED)))
            .with(on(SIBLINGS, "withal (task_group)", spawned).bar(Bar::Times(BAR, JOIN_SET)))
            .with(on(SIBLINGS, UNORDERED, unordered_guards))
            .with(on(SIBLINGS, JOIN_SET, set_of_guards))
            .with(on(
                SIBLINGS,
                "limit: JoinSet of guards without an exit",
                set_of_bare_guards,
            )),
    ]
}

/// In the task that Tokio blocks on.
fn on(parts: u32, name: &'static str, operation: impl AsyncFn() + 'static) -> Contender {
    let runtime = current_thread();
    let contender = Contender::batch(name, move |times| {
        runtime.block_on(async {
            for _ in 0..times {
                start();
                operation().await;
            }
        });
    });
    contender.each_of(parts.into())
}

fn current_thread() -> Runtime {
    let runtime = Builder::new_current_thread().enable_time().build();
    runtime.expect("a runtime starts")
}

/// How many scopes and guards have begun and ended. Only one contender runs at a time.
static BEGUN: AtomicU32 = AtomicU32::new(0);
static ENDED: AtomicU32 = AtomicU32::new(0);

fn start() {
    BEGUN.store(0, Ordering::Relaxed);
    ENDED.store(0, Ordering::Relaxed);
}

fn begin() {
    BEGUN.fetch_add(1, Ordering::Relaxed);
}

fn end() {
    ENDED.fetch_add(1, Ordering::Relaxed);
}

fn check(counter: &AtomicU32, all: u32) {
    assert_eq!(counter.load(Ordering::Relaxed), all);
}

/// Lets others run until all have counted.
async fn until(counter: &AtomicU32, all: u32) {
    while counter.load(Ordering::Relaxed) < all {
        yield_now().await;
    }
}

struct Counted;

impl Scope for Counted {
    type Resource = ();
    type Error = Infallible;
    type OnDrop = HandOver;

    async fn enter(&mut self) -> Result<(), Infallible> {
        begin();
        Ok(())
    }

    async fn exit(self, (): (), _: ExitReason<'_>) -> Result<(), Infallible> {
        end();
        Ok(())
    }
}

/// A scope with a body that never ends.
async fn held(rt: &impl Cleanup) {
    let ended = with(rt, Counted, async |_| {
        pending::<Result<(), Infallible>>().await
    });
    // It has no end to look at.
    let _never = ended.await;
}

/// A guard whose exit, if it has one, runs in a task of its own.
struct Guard {
    spawns: bool,
}

impl Drop for Guard {
    fn drop(&mut self) {
        if self.spawns {
            tokio::spawn(async { end() });
        } else {
            end();
        }
    }
}

/// A guard in a body that never ends.
async fn guarded(spawns: bool) {
    begin();
    let _guard = Guard { spawns };
    pending().await
}

type Boxed = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Polls `future` once, which does not end it.
async fn begun<F: Future>(mut future: Pin<&mut F>) {
    poll_fn(|cx| {
        assert!(future.as_mut().poll(cx).is_pending(), "it never ends");
        Poll::Ready(())
    })
    .await;
}

static RT: NoExecutor = NoExecutor::new();

fn scopes(left: u32) -> Boxed {
    Box::pin(async move {
        let ended = with(&RT, Counted, async |_| {
            match left {
                1 => pending().await,
                _ => scopes(left - 1).await,
            }
            Ok::<_, Infallible>(())
        });
        let _never = ended.await;
    })
}

fn guards(left: u32, spawns: bool) -> Boxed {
    Box::pin(async move {
        begin();
        let _guard = Guard { spawns };
        match left {
            1 => pending().await,
            _ => guards(left - 1, spawns).await,
        }
    })
}

async fn chain() {
    let mut scopes = Box::pin(scopes(NESTED));
    begun(scopes.as_mut()).await;
    check(&BEGUN, NESTED);
    cancel(scopes).await;
    check(&ENDED, NESTED);
}

async fn chain_of_guards() {
    let mut guards = guards(NESTED, true);
    begun(Pin::new(&mut guards)).await;
    check(&BEGUN, NESTED);
    drop(guards);
    until(&ENDED, NESTED).await;
}

async fn chain_of_bare_guards() {
    let mut guards = guards(NESTED, false);
    begun(Pin::new(&mut guards)).await;
    check(&BEGUN, NESTED);
    drop(guards);
    check(&ENDED, NESTED);
}

async fn joined() {
    let all: Vec<_> = (0..SIBLINGS).map(|_| held(&RT)).collect();
    let mut all = Box::pin(join(all));
    begun(all.as_mut()).await;
    check(&BEGUN, SIBLINGS);
    cancel(all).await;
    check(&ENDED, SIBLINGS);
}

async fn in_one_task() {
    let ended = local_group(async |group| {
        for _ in 0..SIBLINGS {
            drop(group.spawn(succeeds(held(&RT))));
        }
        until(&BEGUN, SIBLINGS).await;
        group.cancel();
        Ok::<_, Infallible>(())
    });
    ended.await.expect("no child fails");
    check(&ENDED, SIBLINGS);
}

async fn spawned() {
    let rt = &TokioRuntime::current().expect("this is Tokio");
    let ended = task_group(rt, async |group: TaskGroup<TokioRuntime, Infallible>| {
        for _ in 0..SIBLINGS {
            drop(group.spawn(succeeds(held(&RT))));
        }
        until(&BEGUN, SIBLINGS).await;
        group.cancel();
        Ok(())
    });
    ended.await.expect("no child fails");
    check(&ENDED, SIBLINGS);
}

async fn unordered_guards() {
    let all: FuturesUnordered<_> = (0..SIBLINGS).map(|_| guarded(true)).collect();
    let mut all = Box::pin(futures_util::stream::StreamExt::into_future(all));
    while BEGUN.load(Ordering::Relaxed) < SIBLINGS {
        begun(all.as_mut()).await;
    }
    drop(all);
    until(&ENDED, SIBLINGS).await;
}

async fn set_of_guards() {
    let mut set: JoinSet<_> = (0..SIBLINGS).map(|_| guarded(true)).collect();
    until(&BEGUN, SIBLINGS).await;
    set.shutdown().await;
    until(&ENDED, SIBLINGS).await;
}

async fn set_of_bare_guards() {
    let mut set: JoinSet<_> = (0..SIBLINGS).map(|_| guarded(false)).collect();
    until(&BEGUN, SIBLINGS).await;
    set.shutdown().await;
    check(&ENDED, SIBLINGS);
}

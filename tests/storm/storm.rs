//! The program, generic over the runtime.

use std::convert::Infallible;
use std::fmt;
use std::future::pending;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::{self, BoxFuture, select};
use withal::cleanup::drain;
use withal::runtime::{Cleanup, Runtime, Spawn};
use withal::sync::{CancelToken, Event};
use withal::{
    Either, ErrorGroup, ExitReason, HandOver, Scope, TaskGroup, await_cleanup, either, task_group,
    with,
};
use withal_tests::log::PATIENCE;
use withal_tests::poll::yields;

use crate::{SLACK, heap, tasks};

/// How the root is cancelled.
#[derive(Clone, Copy, Debug)]
enum Way {
    /// By its own handle.
    Group,
    /// By the token above it.
    Token,
    /// As the loser of a race: dropped by our combinator.
    Either,
    /// Dropped by foreign code, with a combinator of ours around it.
    Foreign,
}

const WAYS: [Way; 4] = [Way::Group, Way::Token, Way::Either, Way::Foreign];

/// How deep the scopes of a task nest.
const DEPTH: usize = 3;

/// Storms in every way, and looks at the heap. `rest` lets an executor put its things away.
pub(crate) async fn storms(name: &str, rt: &impl Runtime, rest: impl AsyncFn()) {
    // What is kept for good is there after the first of each.
    for way in WAYS {
        storm(rt, way).await;
    }
    rest().await;
    let before = heap::live();
    for way in WAYS {
        storm(rt, way).await;
    }
    rest().await;
    let more = heap::live() - before;
    println!(
        "{name}: live heap {more:+} bytes after {} storms",
        WAYS.len()
    );
    assert!(
        more.abs() <= SLACK,
        "{name}: the live heap changed by {more} bytes"
    );
}

async fn storm<R: Runtime>(rt: &R, way: Way) {
    let count = Arc::new(Count::default());
    let token = CancelToken::new();
    let root = task_group(rt, async |root| {
        for _ in 0..GROUPS {
            let (rt, count) = (rt.clone(), count.clone());
            drop(root.spawn_group(async move { branch(&rt, &count).await }));
        }
        count.all_entered.wait().await;
        match way {
            Way::Group => drop(root.cancel()),
            Way::Token => drop(token.cancel()),
            Way::Either | Way::Foreign => {}
        }
        pending::<Result<(), Fault>>().await
    })
    .parent(&token);
    let all_entered = count.all_entered.wait();
    let ended: Option<Result<(), ErrorGroup<Fault>>> = match way {
        Way::Group | Way::Token => Some(root.await),
        Way::Either => match either(root, all_entered).await {
            Either::Left(ended) => Some(ended),
            Either::Right(()) => None,
        },
        Way::Foreign => {
            let foreign = async {
                match select(Box::pin(root), pin!(all_entered)).await {
                    future::Either::Left((ended, _)) => Some(ended),
                    future::Either::Right(_) => None,
                }
            };
            await_cleanup(foreign).await
        }
    };
    if let Some(ended) = ended {
        assert!(
            ended.is_err_and(|errors| errors.is_empty()),
            "{way:?}: nothing failed"
        );
    }
    let exits = count.exited.load(Ordering::SeqCst);
    assert_eq!(exits, scopes(), "{way:?}: exits when the root had returned");
    assert_eq!(count.out_of_order.load(Ordering::SeqCst), 0, "{way:?}");
    // Executors may not know yet that the last tasks have ended.
    assert!(drain(rt, PATIENCE).await.is_clean(), "{way:?}");
}

/// How many groups there are below the root.
const GROUPS: usize = 100;

fn tasks_of_a_group() -> usize {
    tasks().div_ceil(GROUPS)
}

/// How many scopes are entered in all: those of the tasks, and one around each group.
fn scopes() -> usize {
    GROUPS * (tasks_of_a_group() * DEPTH + 1)
}

/// A group of tasks, in a scope that must outlive them.
async fn branch<R: Spawn + Cleanup>(rt: &R, count: &Arc<Count>) -> Result<(), ErrorGroup<Fault>> {
    let around = Counted::new(count, None);
    let inside = around.inside.clone();
    let ended = with(rt, around, async |()| {
        task_group(rt, async |group: TaskGroup<R, Fault>| {
            for _ in 0..tasks_of_a_group() {
                let (rt, count, inside) = (rt.clone(), count.clone(), inside.clone());
                drop(group.spawn(async move { nested(&rt, &count, inside, DEPTH).await }));
            }
            Ok(())
        })
        .await
    });
    ended.await.map_err(|error| match error {
        withal::ScopeError::Body(errors) => errors,
        other => unreachable!("{other:?}: neither enter nor exit fails"),
    })
}

/// Scopes in scopes, `depth` of them; the innermost never ends by itself.
fn nested<'a, R: Cleanup>(
    rt: &'a R,
    count: &'a Arc<Count>,
    around: Arc<AtomicUsize>,
    depth: usize,
) -> BoxFuture<'a, Result<(), Fault>> {
    Box::pin(async move {
        if depth == 0 {
            return pending().await;
        }
        let scope = Counted::new(count, Some(around));
        let inside = scope.inside.clone();
        let ended = with(rt, scope, async |_| {
            nested(rt, count, inside, depth - 1).await
        });
        ended.await.map_err(|_| Fault)
    })
}

#[derive(Default)]
struct Count {
    entered: AtomicUsize,
    exited: AtomicUsize,
    out_of_order: AtomicUsize,
    all_entered: Event,
}

/// A scope that counts, and whose exit waits.
struct Counted {
    count: Arc<Count>,
    /// How many scopes are open right inside of this one.
    inside: Arc<AtomicUsize>,
    /// The same of the scope around it.
    around: Option<Arc<AtomicUsize>>,
}

impl Counted {
    fn new(count: &Arc<Count>, around: Option<Arc<AtomicUsize>>) -> Self {
        Self {
            count: count.clone(),
            inside: Arc::default(),
            around,
        }
    }
}

impl Scope for Counted {
    type Resource = ();
    type Error = Infallible;
    type OnDrop = HandOver;

    async fn enter(&mut self) -> Result<(), Infallible> {
        if let Some(around) = &self.around {
            around.fetch_add(1, Ordering::SeqCst);
        }
        if self.count.entered.fetch_add(1, Ordering::SeqCst) + 1 == scopes() {
            self.count.all_entered.set();
        }
        Ok(())
    }

    async fn exit(self, (): (), _: ExitReason<'_>) -> Result<(), Infallible> {
        if self.inside.load(Ordering::SeqCst) > 0 {
            self.count.out_of_order.fetch_add(1, Ordering::SeqCst);
        }
        yields(1).await;
        if let Some(around) = &self.around {
            around.fetch_sub(1, Ordering::SeqCst);
        }
        self.count.exited.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

#[derive(Clone, Copy, Debug)]
struct Fault;

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("failed")
    }
}

impl std::error::Error for Fault {}

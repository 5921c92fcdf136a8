//! What runs children in tasks of their own. Each makes a group of so many of them, and adds up what they
//! give; where outputs are not looked at, the name says so.

use std::convert::Infallible;
use std::future::Future;
use std::hint::black_box;
use std::rc::Rc;

use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::task::JoinSet;
use tokio_util::task::TaskTracker;
use withal::runtime::{Cleanup, Spawn};
use withal::smol::SmolRuntime;
use withal::tokio::TokioRuntime;
use withal::{TaskGroup, spawn, task_group};

use super::children::{self, succeeds};
use crate::executor::{Executor, Home, Task};
use crate::{Bar, Case, Contender};

/// Runs so many groups of so many children, one after the other, in the task that it gives.
type Groups = fn(u64, u32) -> Task;

/// One way to run a group, by what its children do.
struct Subject {
    name: &'static str,
    /// What it may take, in times of the fastest peer.
    bar: Option<f64>,
    ready: Groups,
    yields: Groups,
}

macro_rules! subject {
    ($name:literal, $bar:expr, $group:ident($($rt:expr)?)) => {
        Subject {
            name: $name,
            bar: $bar,
            ready: |times, children| subject!(times, $group($($rt,)? children, children::ready)),
            yields: |times, children| subject!(times, $group($($rt,)? children, children::yields)),
        }
    };
    ($times:ident, $group:expr) => {
        Box::pin(async move {
            for _ in 0..$times {
                $group.await;
            }
        })
    };
}

/// What may be had over the tasks themselves.
const BAR: Option<f64> = Some(1.1);

const ON_TOKIO: &[Subject] = &[
    subject!("withal (task_group)", BAR, grouped(&tokio())),
    subject!("withal (task_group, no outputs)", BAR, unheard(&tokio())),
    subject!("withal (spawn)", BAR, owned(&tokio())),
    subject!("Tokio (Vec<JoinHandle>)", None, join_handles()),
    subject!("Tokio (JoinSet)", None, join_set()),
    subject!("tokio-util (TaskTracker, no outputs)", None, tracked()),
];

const ON_SMOL: &[Subject] = &[
    subject!("withal (task_group)", BAR, grouped(&SmolRuntime::global())),
    subject!(
        "withal (task_group, no outputs)",
        BAR,
        unheard(&SmolRuntime::global())
    ),
    subject!("withal (spawn)", BAR, owned(&SmolRuntime::global())),
    subject!("async-executor (Vec<Task>)", None, tasks()),
    subject!(
        "async-executor (FuturesUnordered<Task>)",
        None,
        unordered_tasks()
    ),
];

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    let tokio = Executor::all().into_iter();
    for executor in tokio.filter(|executor| executor.home() == Home::Tokio) {
        let (place, threaded) = (executor.to_string(), executor.is_threaded());
        let run: Rc<dyn Fn(Task)> = Rc::new(move |task| executor.run([vec![task], vec![]]));
        cases.extend(on(&place, threaded, &run, ON_TOKIO));
    }
    let smol: Rc<dyn Fn(Task)> = Rc::new(|task| smol::block_on(smol::spawn(task)));
    cases.extend(on("smol's global executor", true, &smol, ON_SMOL));
    cases
}

/// A way to use the children, and what a contender does in it.
type Shape = (&'static str, fn(&Subject) -> Groups);

/// The cases of one executor, whose `run` runs a task to its end.
fn on(place: &str, threaded: bool, run: &Rc<dyn Fn(Task)>, subjects: &[Subject]) -> Vec<Case> {
    let shapes: [Shape; 2] = [
        ("ready at once", |it| it.ready),
        ("yield once", |it| it.yields),
    ];
    let mut cases = Vec::new();
    for (shape, groups) in shapes {
        for children in [10, 1_000, 100_000] {
            let name = format!("spawned, {children} children, {shape}, {place}");
            let contenders = subjects.iter().map(|subject| {
                let (groups, run) = (groups(subject), run.clone());
                let contender = Contender::batch(subject.name, move |times| {
                    run(groups(times, black_box(children)));
                });
                let contender = contender.each_of(children.into());
                match subject.bar {
                    Some(bar) => contender.bar(Bar::Fastest(bar)),
                    None => contender,
                }
            });
            cases.push(contenders.fold(Case::new(name).threaded(threaded), Case::with));
        }
    }
    cases
}

fn tokio() -> TokioRuntime {
    TokioRuntime::current().expect("this is Tokio")
}

/// That every child ran, once.
fn check(children: u32, sum: u32) {
    let all = u64::from(children) * u64::from(children - 1) / 2;
    assert_eq!(sum, all as u32, "a child is missing");
}

async fn grouped<R, F>(rt: &R, children: u32, child: impl Fn(u32) -> F + Copy)
where
    R: Spawn + Cleanup,
    F: Future<Output = u32> + Send + 'static,
{
    let sum = task_group(rt, async move |group: TaskGroup<R, Infallible>| {
        let handles: Vec<_> = (0..children)
            .map(|number| group.spawn(succeeds(child(number))))
            .collect();
        let mut sum = 0_u32;
        for handle in handles {
            sum = sum.wrapping_add(handle.await.expect("no child panics"));
        }
        Ok(sum)
    });
    check(children, sum.await.expect("no child fails"));
}

async fn unheard<R, F>(rt: &R, children: u32, child: impl Fn(u32) -> F + Copy)
where
    R: Spawn + Cleanup,
    F: Future<Output = u32> + Send + 'static,
{
    let ended = task_group(rt, async move |group: TaskGroup<R, Infallible>| {
        for number in 0..children {
            drop(group.spawn(succeeds(child(number))));
        }
        Ok(())
    });
    ended.await.expect("no child fails");
}

async fn owned<R, F>(rt: &R, children: u32, child: impl Fn(u32) -> F)
where
    R: Spawn + Cleanup,
    F: Future<Output = u32> + Send + 'static,
{
    let tasks: Vec<_> = (0..children)
        .map(|number| spawn(rt, child(number)))
        .collect();
    let mut sum = 0_u32;
    for task in tasks {
        sum = sum.wrapping_add(task.await.expect("no child panics"));
    }
    check(children, sum);
}

async fn join_handles<F>(children: u32, child: impl Fn(u32) -> F)
where
    F: Future<Output = u32> + Send + 'static,
{
    let handles: Vec<_> = (0..children)
        .map(|number| tokio::spawn(child(number)))
        .collect();
    let mut sum = 0_u32;
    for handle in handles {
        sum = sum.wrapping_add(handle.await.expect("no child panics"));
    }
    check(children, sum);
}

async fn join_set<F>(children: u32, child: impl Fn(u32) -> F)
where
    F: Future<Output = u32> + Send + 'static,
{
    let mut set: JoinSet<_> = (0..children).map(child).collect();
    let mut sum = 0_u32;
    while let Some(number) = set.join_next().await {
        sum = sum.wrapping_add(number.expect("no child panics"));
    }
    check(children, sum);
}

async fn tracked<F>(children: u32, child: impl Fn(u32) -> F)
where
    F: Future<Output = u32> + Send + 'static,
{
    let tracker = TaskTracker::new();
    for number in 0..children {
        drop(tracker.spawn(child(number)));
    }
    tracker.close();
    tracker.wait().await;
}

async fn tasks<F>(children: u32, child: impl Fn(u32) -> F)
where
    F: Future<Output = u32> + Send + 'static,
{
    let tasks: Vec<_> = (0..children)
        .map(|number| smol::spawn(child(number)))
        .collect();
    let mut sum = 0_u32;
    for task in tasks {
        sum = sum.wrapping_add(task.await);
    }
    check(children, sum);
}

async fn unordered_tasks<F>(children: u32, child: impl Fn(u32) -> F)
where
    F: Future<Output = u32> + Send + 'static,
{
    let tasks: FuturesUnordered<_> = (0..children)
        .map(|number| smol::spawn(child(number)))
        .collect();
    let sum = tasks.fold(0, async |sum: u32, number| sum.wrapping_add(number));
    check(children, sum.await);
}

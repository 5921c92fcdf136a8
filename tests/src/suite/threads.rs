//! Many cleanups, and many threads. `WITHAL_STRESS` multiplies the rounds.

use std::cell::Cell;
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use withal::runtime::Runtime;
use withal::{ExitReason, HandOver, Scope, with};

use crate::foreign::{begun, gives_up};
use crate::log::{patience, within_patience};
use crate::poll::yields;
use crate::{Log, stress};

/// The table of these cases, given to the macro `$make`.
#[doc(hidden)]
#[macro_export]
macro_rules! threads_cases {
    ($make:ident $with:tt $of:tt) => {
        $crate::$make! { $with $of threads:
            no_wake_is_lost_between_executor_and_scope,
            a_lifespan_of_many_children_stays_small,
            many_children_end_together,
            many_children_end_one_by_one,
            many_threads_drop_into_one_executor,
        }
    };
}

type Never = Result<(), String>;

/// Counts entered and exited; waits in its exit as it is told to.
struct Count {
    entered: Arc<AtomicUsize>,
    exited: Arc<AtomicUsize>,
    exit: Wait,
}

enum Wait {
    Yields(usize),
    For(Log),
    Turn(Log, usize),
}

impl Scope for Count {
    type Resource = ();
    type Error = String;
    type OnDrop = HandOver;

    async fn enter(&mut self) -> Result<(), String> {
        self.entered.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    async fn exit(self, (): (), _reason: ExitReason<'_>) -> Result<(), String> {
        match self.exit {
            Wait::Yields(times) => yields(times).await,
            Wait::For(log) => log.when(|events| !events.is_empty()).await,
            Wait::Turn(log, number) => log.when(|events| events.len() > number).await,
        }
        self.exited.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

#[derive(Clone, Default)]
struct Counts {
    entered: Arc<AtomicUsize>,
    exited: Arc<AtomicUsize>,
}

impl Counts {
    fn scope(&self, exit: Wait) -> Count {
        Count {
            entered: self.entered.clone(),
            exited: self.exited.clone(),
            exit,
        }
    }

    fn entered(&self) -> usize {
        self.entered.load(Ordering::SeqCst)
    }

    fn exited(&self) -> usize {
        self.exited.load(Ordering::SeqCst)
    }
}

// K3, K6: the executor and the scope that exits at once drive the same cleanup; nobody sleeps for
// ever. A timer that is polled beside it would hide a lost wake, so the limit is looked at afterwards.
pub async fn no_wake_is_lost_between_executor_and_scope(rt: &impl Runtime) {
    let counts = Counts::default();
    let rounds = stress(300);
    let began = Instant::now();
    let all = async {
        for round in 0..rounds {
            let a = with(rt, counts.scope(Wait::Yields(0)), async |_| {
                let b = counts.scope(Wait::Yields(round % 4));
                gives_up(1, with(rt, b, async |_| pending::<Never>().await)).await;
                Ok::<_, String>(())
            });
            a.await.unwrap();
            assert_eq!(counts.exited(), 2 * (round + 1), "exited before its child");
        }
    };
    within_patience(rt, all, || format!("{} rounds", counts.exited() / 2)).await;
    assert!(began.elapsed() < patience() / 2, "a timer had to wake it");
    assert_eq!(counts.entered(), 2 * rounds);
}

// K3: what has ended is forgotten at once, however long the scope around it lives.
pub async fn a_lifespan_of_many_children_stays_small(rt: &impl Runtime) {
    let counts = Counts::default();
    let many = stress(2_000);
    let lifespan = with(rt, counts.scope(Wait::Yields(0)), async |_| {
        for _ in 0..many {
            let child = counts.scope(Wait::Yields(1));
            gives_up(1, with(rt, child, async |_| pending::<Never>().await)).await;
        }
        // The executor ends them while the body goes on.
        let ended = async {
            while counts.exited() < many {
                yields(1).await;
                rt.sleep(Duration::from_millis(1)).await;
            }
        };
        within_patience(rt, ended, || format!("{} of {many}", counts.exited())).await;
        Ok::<_, String>(())
    });
    lifespan.await.unwrap();
    assert_eq!((counts.entered(), counts.exited()), (many + 1, many + 1));
}

/// A scope waits for `many` children, which are let go when it waits for all of them.
async fn ends_with(rt: &impl Runtime, many: usize, one_by_one: bool) {
    let (counts, log, all_dropped) = (Counts::default(), Log::new(), Cell::new(false));
    let lifespan = with(rt, counts.scope(Wait::Yields(0)), async |_| {
        for number in 0..many {
            let child = counts.scope(if one_by_one {
                Wait::Turn(log.clone(), number)
            } else {
                Wait::For(log.clone())
            });
            gives_up(1, with(rt, child, async |_| pending::<Never>().await)).await;
        }
        all_dropped.set(true);
        Ok::<_, String>(())
    });
    let go = async {
        while !all_dropped.get() {
            yields(1).await;
        }
        for number in 0..if one_by_one { many } else { 1 } {
            log.push(number);
            yields(1).await;
        }
    };
    let both = async { futures_util::join!(lifespan, go) };
    let (lifespan, ()) = within_patience(rt, both, || format!("{} exited", counts.exited())).await;
    lifespan.unwrap();
    assert_eq!((counts.entered(), counts.exited()), (many + 1, many + 1));
}

// K3, ATTACK E
pub async fn many_children_end_together(rt: &impl Runtime) {
    ends_with(rt, stress(4_000), false).await;
}

// K3
pub async fn many_children_end_one_by_one(rt: &impl Runtime) {
    ends_with(rt, stress(200), true).await;
}

// K2, K6: dropped on many threads at once, each is run once.
pub async fn many_threads_drop_into_one_executor(rt: &impl Runtime) {
    let counts = Counts::default();
    let (threads, each) = (4, stress(250));
    let workers: Vec<_> = (0..threads)
        .map(|_| {
            let (rt, counts) = (rt.clone(), counts.clone());
            thread::spawn(move || {
                for number in 0..each {
                    let scope = counts.scope(Wait::Yields(number % 3));
                    drop(begun(with(&rt, scope, async |_| pending::<Never>().await)));
                }
            })
        })
        .collect();
    for worker in workers {
        worker.join().unwrap();
    }
    let ended = async {
        while counts.exited() < threads * each {
            rt.sleep(Duration::from_millis(1)).await;
        }
    };
    within_patience(rt, ended, || format!("{} exited", counts.exited())).await;
    assert_eq!(
        (counts.entered(), counts.exited()),
        (threads * each, threads * each)
    );
}

//! The pool of a closed set of objects, at work in the tasks of a runtime.
//!
//! What it promises poll by poll is proven where it is, in `sync/`.

use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::{Either, select};
use withal::runtime::Runtime;
use withal::{ScopeError, cancel, timeout, with};
use withal_sync::Pool;

use crate::foreign::{begun, gives_up_at_times};
use crate::log::within_patience;
use crate::poll::yields;
use crate::stress;

/// The table of these cases, given to the macro `$make`.
#[doc(hidden)]
#[macro_export]
macro_rules! pools_cases {
    ($make:ident $with:tt $of:tt) => {
        $crate::$make! { $with $of pools:
            tasks_that_give_up_lose_no_object,
            a_pool_keeps_its_count_while_objects_come_and_go,
            a_pool_is_closed_under_its_users,
            an_object_is_lent_to_a_body_that_borrows,
            a_lease_comes_back_from_a_body_that_is_cancelled,
            a_lease_comes_back_from_a_task_that_panics,
            a_take_that_ran_out_of_time_leaves_the_object_to_others,
            a_fair_pool_gives_each_task_its_turn,
        }
    };
}

/// Waits for `future`, which must end.
async fn ends<F: Future>(rt: &impl Runtime, what: &str, future: F) -> F::Output {
    within_patience(rt, future, || what.to_owned()).await
}

/// Notices who has it beside another one, and counts itself.
struct Object {
    taken: AtomicBool,
    alive: Arc<AtomicUsize>,
}

impl Object {
    fn new(alive: &Arc<AtomicUsize>) -> Self {
        alive.fetch_add(1, Ordering::SeqCst);
        Self {
            taken: AtomicBool::new(false),
            alive: alive.clone(),
        }
    }

    async fn used(&self, polls: usize) {
        assert!(!self.taken.swap(true, Ordering::SeqCst), "lent twice");
        yields(polls).await;
        self.taken.store(false, Ordering::SeqCst);
    }
}

impl Drop for Object {
    fn drop(&mut self) {
        self.alive.fetch_sub(1, Ordering::SeqCst);
    }
}

fn both<T>(objects: impl Fn() -> Vec<T>) -> [Arc<Pool<T>>; 2] {
    [
        Arc::new(Pool::new(objects())),
        Arc::new(Pool::fair(objects())),
    ]
}

/// Everything is back, and nobody waits.
fn is_at_rest<T>(pool: &Pool<T>, objects: usize) {
    let now = pool.statistics();
    assert_eq!(
        (now.size, now.idle),
        (objects, objects),
        "an object is lost"
    );
    assert_eq!((now.leased, now.waiting), (0, 0));
}

// PL-1, PL-3, PL-4
pub async fn tasks_that_give_up_lose_no_object(rt: &impl Runtime) {
    const OBJECTS: usize = 2;
    let alive = Arc::default();
    for pool in both(|| (0..OBJECTS).map(|_| Object::new(&alive)).collect()) {
        let rounds = stress(100);
        let tasks = (0..5).map(|task| {
            let pool = pool.clone();
            rt.spawn(async move {
                for turn in task..task + rounds {
                    if let Some(lease) = gives_up_at_times(turn, pool.take()).await {
                        lease.unwrap().used(turn % 2).await;
                    }
                }
            })
        });
        let tasks: Vec<_> = tasks.collect();
        for task in tasks {
            ends(rt, "a task sleeps on", task).await.unwrap();
        }
        is_at_rest(&pool, OBJECTS);
    }
    assert_eq!(alive.load(Ordering::SeqCst), 0);
}

// PL-4, PL-7, PL-8, PL-9
pub async fn a_pool_keeps_its_count_while_objects_come_and_go(rt: &impl Runtime) {
    for make in [Pool::new, Pool::fair] {
        let alive = Arc::default();
        let pool = Arc::new(make([Object::new(&alive)]));
        let rounds = stress(50);
        let tasks = (0..4).map(|task| {
            let (pool, alive) = (pool.clone(), Arc::clone(&alive));
            rt.spawn(async move {
                for turn in task..task + rounds {
                    let Some(lease) = gives_up_at_times(turn, pool.take_owned()).await else {
                        continue;
                    };
                    let lease = lease.unwrap();
                    lease.used(turn % 2).await;
                    match turn % 5 {
                        // There is one in its place.
                        0 => {
                            drop(lease.detach());
                            let new = Object::new(&alive);
                            assert!(pool.add(new).is_ok());
                        }
                        1 => lease.release_last(),
                        2 => {
                            let new = Object::new(&alive);
                            assert!(pool.add_last(new).is_ok());
                            drop(lease.detach());
                        }
                        3 => {
                            drop(lease);
                            pool.retain(|object| !*object.taken.get_mut());
                        }
                        _ => drop(lease),
                    }
                }
            })
        });
        let tasks: Vec<_> = tasks.collect();
        for task in tasks {
            ends(rt, "a task sleeps on", task).await.unwrap();
        }
        is_at_rest(&pool, 1);
        assert_eq!(alive.load(Ordering::SeqCst), 1);
    }
}

// PL-10, PL-11
pub async fn a_pool_is_closed_under_its_users(rt: &impl Runtime) {
    for pool in both(|| vec![1, 2, 3]) {
        let inside = Arc::new(AtomicUsize::new(0));
        let tasks = (0..6).map(|task| {
            let (pool, inside) = (pool.clone(), inside.clone());
            rt.spawn(async move {
                while let Ok(lease) = pool.take().await {
                    inside.fetch_add(1, Ordering::SeqCst);
                    yields(task % 3 + 1).await;
                    inside.fetch_sub(1, Ordering::SeqCst);
                    drop(lease);
                    yields(1).await;
                }
            })
        });
        let tasks: Vec<_> = tasks.collect();
        yields(10).await;
        assert!(pool.close());
        ends(rt, "a lease does not come back", pool.closed()).await;
        assert_eq!(inside.load(Ordering::SeqCst), 0);
        for task in tasks {
            ends(rt, "a task sleeps on", task).await.unwrap();
        }
        is_at_rest(&pool, 3);
    }
}

// PL-13, CM-15: in a task that may be sent to another thread at each await.
pub async fn an_object_is_lent_to_a_body_that_borrows(rt: &impl Runtime) {
    let pool = Arc::new(Pool::new([String::from("one"), String::from("two")]));
    let task = {
        let (rt, pool) = (rt.clone(), pool.clone());
        rt.clone().spawn(async move {
            let mut seen = String::new();
            let local = String::from("local");
            let name: &str = &local;
            let borrowed = with(&rt, pool.take(), async |object| {
                yields(1).await;
                seen.push_str(object);
                object.push_str(name);
                Ok::<&str, Infallible>(name)
            });
            assert_eq!(borrowed.await.unwrap(), "local");
            let owned = with(&rt, pool.take_owned(), async |object| {
                let text: &str = object;
                yields(1).await;
                seen.push_str(text);
                Err::<(), usize>(name.len())
            });
            assert!(matches!(owned.await, Err(ScopeError::Body(5))));
            seen
        })
    };
    let seen = ends(rt, "the bodies", task).await.unwrap();
    assert_eq!(seen, "twotwolocal");
    is_at_rest(&pool, 2);
}

// PL-5, PL-13, A-3
pub async fn a_lease_comes_back_from_a_body_that_is_cancelled(rt: &impl Runtime) {
    let pool = Arc::new(Pool::new([1]));
    // By one of ours, which waits; by foreign code; and where it is in line.
    let mut held = Box::pin(with(rt, pool.take_owned(), async |_| {
        pending::<Result<(), Infallible>>().await
    }));
    assert!(futures_util::poll!(held.as_mut()).is_pending());
    let in_line = begun(with(rt, pool.take(), async |_| Ok::<_, Infallible>(())));
    assert_eq!(pool.statistics().waiting, 1);
    drop(in_line);
    ends(rt, "the cancellation", cancel(held)).await;
    is_at_rest(&pool, 1);
    let held = begun(with(rt, pool.take(), async |_| {
        pending::<Result<(), Infallible>>().await
    }));
    assert_eq!(pool.statistics().leased, 1);
    drop(held);
    is_at_rest(&pool, 1);
}

// PL-5
pub async fn a_lease_comes_back_from_a_task_that_panics(rt: &impl Runtime) {
    let pool = Arc::new(Pool::new([1]));
    let task = {
        let pool = pool.clone();
        rt.spawn(async move {
            let mut lease = pool.take().await.unwrap();
            *lease = 7;
            yields(1).await;
            std::panic::panic_any("the task");
        })
    };
    assert!(ends(rt, "the task", task).await.is_err());
    let lease = ends(rt, "the lease does not come back", pool.take()).await;
    assert_eq!(*lease.unwrap(), 7);
}

// PL-4, TO-3
pub async fn a_take_that_ran_out_of_time_leaves_the_object_to_others(rt: &impl Runtime) {
    for pool in both(|| vec![1]) {
        let lease = pool.try_take().unwrap();
        let brief = timeout(rt, Duration::from_millis(1), pool.take()).await;
        assert!(brief.is_err());
        let (late, other) = (pool.take(), pool.take());
        futures_util::pin_mut!(late, other);
        // In line before the other, and dropped while the object comes to it.
        assert!(futures_util::poll!(late.as_mut()).is_pending());
        let Either::Right(((), _)) = select(other.as_mut(), Box::pin(yields(1))).await else {
            panic!("the object is leased");
        };
        drop(lease);
        late.set(pool.take());
        assert!(ends(rt, "the other one", other).await.is_ok());
        is_at_rest(&pool, 1);
    }
}

// PL-2: nobody overtakes, so nobody is more than a round ahead.
pub async fn a_fair_pool_gives_each_task_its_turn(rt: &impl Runtime) {
    const TASKS: usize = 4;
    const TURNS: usize = 20;
    let pool = Arc::new(Pool::fair([[0; TASKS]]));
    let hold = pool.take().await.unwrap();
    let tasks = (0..TASKS).map(|task| {
        let pool = pool.clone();
        // In line before anybody has had a turn.
        let mut next = begun(pool.take_owned());
        rt.spawn(async move {
            for _ in 0..TURNS {
                let mut turns = next.await.unwrap();
                turns[task] += 1;
                let done = turns.iter().filter(|turns| **turns == TURNS).count();
                let ahead = turns[task] - turns.iter().min().unwrap();
                assert!(ahead <= 1 || done > 0, "{turns:?}");
                yields(1).await;
                drop(turns);
                next = Box::pin(pool.take_owned());
            }
        })
    });
    let tasks: Vec<_> = tasks.collect();
    drop(hold);
    for task in tasks {
        ends(rt, "a turn", task).await.unwrap();
    }
}

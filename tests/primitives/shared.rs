//! One primitive, and several executors at once.

#![cfg(all(feature = "tokio", feature = "smol"))]

use std::sync::Arc;
use std::thread;

use async_executor::Executor;
use withal::tokio::TokioMain;
use withal_sync::{Condition, Event, Mutex, Pool, Queue, Semaphore};
use withal_tests::foreign::block_on;
use withal_tests::poll::ByHand;

use crate::turn;

const ROUNDS: u32 = 2_000;

/// Runs what `work` gives on Tokio, on smol and on a plain thread at once, and waits for all three.
fn everywhere<F: Future<Output = ()> + Send + 'static>(work: impl Fn(u32) -> F) {
    let main = TokioMain::multi_thread().unwrap();
    let (on_tokio, on_smol, on_a_thread) = (work(0), work(1), work(2));
    let thread = thread::spawn(|| block_on(on_a_thread));
    let on_smol = smol::spawn(on_smol);
    main.block_on(async {
        tokio::spawn(on_tokio).await.unwrap();
    });
    block_on(on_smol);
    thread.join().unwrap();
}

//
#[test]
fn a_queue_is_shared_by_two_executors_and_a_thread() {
    let _turn = turn();
    let there = Arc::new(Queue::bounded(2));
    let back = Arc::new(Queue::bounded(2));
    // Each takes what any of the others pushed.
    everywhere(|of| {
        let (there, back) = (there.clone(), back.clone());
        async move {
            for n in 0..ROUNDS {
                there.push((of, n)).await.unwrap();
                back.push(there.pop().await.unwrap()).await.unwrap();
                back.pop().await.unwrap();
            }
        }
    });
    assert_eq!(there.statistics().unfinished, 3 * ROUNDS as usize);
    assert!(there.is_empty() && back.is_empty());
}

//
#[test]
fn a_mutex_and_a_semaphore_are_shared_by_two_executors_and_a_thread() {
    let _turn = turn();
    for mutex in [Mutex::new(0), Mutex::fair(0)] {
        let (mutex, semaphore) = (Arc::new(mutex), Arc::new(Semaphore::new(1)));
        everywhere(|_| {
            let (mutex, semaphore) = (mutex.clone(), semaphore.clone());
            async move {
                for _ in 0..ROUNDS {
                    let _permit = semaphore.acquire().await.unwrap();
                    let mut count = mutex.lock().await;
                    let seen = *count;
                    // The others run meanwhile, and wait.
                    withal_tests::poll::yields(1).await;
                    *count = seen + 1;
                }
            }
        });
        assert_eq!(*mutex.try_lock().unwrap(), 3 * ROUNDS);
        assert_eq!(semaphore.available_permits(), 1);
    }
}

// A-15, EV-2, CV-3, CV-4: a baton that goes round.
#[test]
fn a_condition_and_an_event_are_shared_by_two_executors_and_a_thread() {
    let _turn = turn();
    let shared = Arc::new((Mutex::new(0), Condition::new(), Event::new()));
    everywhere(|of| {
        let shared = shared.clone();
        async move {
            let (turns, changed, over) = &*shared;
            for _ in 0..ROUNDS {
                let turns = turns.lock().await;
                let mut turns = changed.wait_until(turns, |turns| *turns % 3 == of).await;
                *turns += 1;
                changed.notify_all();
                if *turns == 3 * ROUNDS {
                    over.set();
                }
            }
            over.wait().await;
        }
    });
    assert_eq!(*shared.0.try_lock().unwrap(), 3 * ROUNDS);
}

// A-15, PL-1, PL-3
#[test]
fn a_pool_is_shared_by_two_executors_and_a_thread() {
    let _turn = turn();
    for pool in [Pool::new([0, 0]), Pool::fair([0, 0])] {
        let pool = Arc::new(pool);
        everywhere(|_| {
            let pool = pool.clone();
            async move {
                for _ in 0..ROUNDS {
                    let mut count = pool.take().await.unwrap();
                    let seen = *count;
                    withal_tests::poll::yields(1).await;
                    *count = seen + 1;
                }
            }
        });
        assert_eq!(pool.statistics().idle, 2);
        let counted: u32 = std::iter::from_fn(|| pool.remove()).sum();
        assert_eq!(counted, 3 * ROUNDS);
    }
}

type Shared = (Queue<u32>, Mutex<()>, Semaphore, Pool<u32>);

/// Waits for everything; what it is given it keeps for ever.
async fn greedy(shared: Arc<Shared>, began: Arc<Semaphore>) {
    let (queue, mutex, semaphore, pool) = &*shared;
    let mut pop = std::pin::pin!(queue.pop());
    let mut lock = std::pin::pin!(mutex.lock());
    let mut acquire = std::pin::pin!(semaphore.acquire());
    let mut take = std::pin::pin!(pool.take());
    assert!(futures_util::poll!(pop.as_mut()).is_pending());
    assert!(futures_util::poll!(lock.as_mut()).is_pending());
    assert!(futures_util::poll!(acquire.as_mut()).is_pending());
    assert!(futures_util::poll!(take.as_mut()).is_pending());
    began.add_permits(1);
    std::future::pending::<()>().await;
}

/// Holds against it a runtime that `begin` gives its tasks, and `end` drops with them: first while
/// they wait, then with what they were given in their hands.
fn outlives<R>(begin: impl Fn(Vec<futures_util::future::BoxFuture<'static, ()>>) -> R) {
    let _turn = turn();
    for served in [false, true] {
        let pool = Pool::fair([7]);
        let shared = Arc::new((Queue::bounded(1), Mutex::fair(()), Semaphore::new(0), pool));
        let began = Arc::new(Semaphore::new(0));
        let guard = shared.1.try_lock().unwrap();
        let lease = shared.3.try_take().unwrap();
        let tasks = (0..2).map(|_| -> futures_util::future::BoxFuture<'static, ()> {
            Box::pin(greedy(shared.clone(), began.clone()))
        });
        let runtime = begin(tasks.collect());
        drop(block_on(began.acquire_many(2)));
        // Behind those of that runtime.
        let (queue, mutex, semaphore, pool) = &*shared;
        let mut pop = ByHand::waiting(queue.pop());
        let mut lock = ByHand::waiting(mutex.lock());
        let mut acquire = ByHand::waiting(semaphore.acquire());
        let mut take = ByHand::waiting(pool.take());
        if served {
            queue.try_push(7).unwrap();
            semaphore.add_permits(1);
            drop((guard, lease));
            assert!(!pop.woken() && !lock.woken() && !acquire.woken() && !take.woken());
            drop(runtime);
        } else {
            drop(runtime);
            assert_eq!(queue.statistics().waiting_poppers, 1);
            assert_eq!((mutex.waiting(), semaphore.waiting()), (1, 1));
            assert_eq!(pool.statistics().waiting, 1);
            queue.try_push(7).unwrap();
            semaphore.add_permits(1);
            drop((guard, lease));
        }
        assert_eq!(pop.ready(), Some(7));
        drop(lock.ready());
        drop(acquire.ready());
        assert_eq!(*take.ready().unwrap(), 7);
    }
}

// LK-4, SE-5, PL-4
#[test]
fn a_tokio_runtime_is_dropped_under_tasks_that_wait() {
    outlives(|tasks| {
        let runtime = tokio::runtime::Builder::new_multi_thread().build().unwrap();
        for task in tasks {
            runtime.spawn(task);
        }
        runtime
    });
}

// LK-4, SE-5, PL-4
#[test]
fn an_executor_of_smol_is_dropped_under_tasks_that_wait() {
    outlives(|tasks| {
        let executor = Executor::new();
        for task in tasks {
            executor.spawn(task).detach();
        }
        while executor.try_tick() {}
        executor
    });
}

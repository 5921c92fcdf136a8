//! The primitives at work in the tasks of a runtime, with its clock.
//!
//! What they promise poll by poll is proven where they are, in `sync/`.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use futures_util::StreamExt;
use withal::runtime::Runtime;
use withal::timeout;
use withal_sync::{Condition, Event, Mutex, PriorityQueue, Queue, Semaphore};

use crate::foreign::gives_up_at_times;
use crate::log::within_patience;
use crate::poll::yields;
use crate::stress;

/// The table of these cases, given to the macro `$make`.
#[doc(hidden)]
#[macro_export]
macro_rules! primitives_cases {
    ($make:ident $with:tt $of:tt) => {
        $crate::$make! { $with $of primitives:
            a_join_waits_for_what_workers_have_in_hand,
            a_job_whose_task_panics_is_done,
            streams_share_a_queue_until_it_is_drained,
            a_mutex_loses_no_update_when_tasks_give_up,
            an_event_lets_tasks_and_threads_go,
            a_condition_passes_items_between_tasks,
            a_wait_on_a_condition_ends_in_time,
            a_closed_semaphore_ends_all_that_wait,
            a_primitive_outlives_a_task_that_panics_with_it,
        }
    };
}

/// Waits for `future`, which must end.
async fn ends<F: Future>(rt: &impl Runtime, what: &str, future: F) -> F::Output {
    within_patience(rt, future, || what.to_owned()).await
}

//
pub async fn a_join_waits_for_what_workers_have_in_hand(rt: &impl Runtime) {
    let queue = Arc::new(PriorityQueue::unbounded());
    let done = Arc::new(Mutex::new(0));
    for n in 0..20 {
        queue.try_push(n).unwrap();
    }
    let workers = (0..3).map(|_| {
        let (queue, done) = (queue.clone(), done.clone());
        rt.spawn(async move {
            while let Some(job) = queue.pop_job().await {
                yields(*job % 3).await;
                *done.lock().await += 1;
                drop(job);
            }
        })
    });
    let workers: Vec<_> = workers.collect();
    ends(rt, "the join", queue.join()).await;
    assert_eq!(*done.lock().await, 20);
    queue.close();
    for worker in workers {
        ends(rt, "a worker", worker).await.unwrap();
    }
}

//
pub async fn a_job_whose_task_panics_is_done(rt: &impl Runtime) {
    let queue = Arc::new(Queue::bounded(1));
    queue.push(7).await.unwrap();
    let job = queue.pop_job_owned().await.unwrap();
    let task = rt.spawn(async move {
        let _job = job;
        std::panic::panic_any("the work");
    });
    assert!(task.await.is_err());
    ends(rt, "the join", queue.join()).await;
}

//
pub async fn streams_share_a_queue_until_it_is_drained(rt: &impl Runtime) {
    let queue = Arc::new(Queue::bounded(2));
    let readers = (0..3).map(|_| rt.spawn(queue.stream_owned().collect::<Vec<u32>>()));
    let readers: Vec<_> = readers.collect();
    for item in 0..50 {
        queue.push(item).await.unwrap();
    }
    queue.close();
    let mut all = Vec::new();
    for reader in readers {
        let read = ends(rt, "a stream", reader).await.unwrap();
        assert!(read.is_sorted(), "each has its items in order");
        all.extend(read);
    }
    all.sort_unstable();
    assert_eq!(all, (0..50).collect::<Vec<_>>());
}

// LK-3, LK-4, LK-5, LK-8
pub async fn a_mutex_loses_no_update_when_tasks_give_up(rt: &impl Runtime) {
    for mutex in [Mutex::new(0), Mutex::fair(0)] {
        let mutex = Arc::new(mutex);
        let rounds = stress(100);
        let tasks = (0..4).map(|task| {
            let mutex = mutex.clone();
            rt.spawn(async move {
                let mut updates = 0;
                for turn in task..task + rounds {
                    if let Some(mut count) = gives_up_at_times(turn, mutex.lock()).await {
                        let seen = *count;
                        yields(turn % 2).await;
                        *count = seen + 1;
                        updates += 1;
                    }
                }
                updates
            })
        });
        let mut updates = 0;
        for task in tasks.collect::<Vec<_>>() {
            updates += ends(rt, "a task", task).await.unwrap();
        }
        assert_eq!(*mutex.try_lock().unwrap(), updates);
    }
}

// EV-2, EV-3, A-15
pub async fn an_event_lets_tasks_and_threads_go(rt: &impl Runtime) {
    let (event, waiting) = (Arc::new(Event::new()), Arc::new(Semaphore::new(0)));
    let tasks = (0..3).map(|_| {
        let (event, waiting) = (event.clone(), waiting.clone());
        rt.spawn(async move {
            let mut wait = std::pin::pin!(event.wait());
            assert!(futures_util::poll!(wait.as_mut()).is_pending());
            waiting.add_permits(1);
            wait.await;
        })
    });
    let tasks: Vec<_> = tasks.collect();
    let all_wait = ends(rt, "the tasks", waiting.acquire_many(3)).await;
    assert_eq!(all_wait.unwrap().permits(), 3);
    let pulses = event.clone();
    thread::spawn(move || pulses.pulse()).join().unwrap();
    for task in tasks {
        ends(rt, "a task", task).await.unwrap();
    }
    assert!(!event.is_set());
}

// CV-2, CV-3, CV-4, CV-6, CV-8
pub async fn a_condition_passes_items_between_tasks(rt: &impl Runtime) {
    struct Shelf {
        items: Mutex<Vec<u32>>,
        filled: Condition,
    }
    let shelf = Arc::new(Shelf {
        items: Mutex::new(Vec::new()),
        filled: Condition::new(),
    });
    let takers = (0..3).map(|taker| {
        let shelf = shelf.clone();
        rt.spawn(async move {
            let mut taken = Vec::new();
            for turn in taker.. {
                if taken.len() == 20 {
                    break;
                }
                let take = async {
                    let items = shelf.items.lock().await;
                    let mut items = shelf
                        .filled
                        .wait_until(items, |items| !items.is_empty())
                        .await;
                    items.pop()
                };
                // With its notification, it may be.
                taken.extend(gives_up_at_times(turn, take).await.flatten());
                yields(1).await;
            }
            taken
        })
    });
    let takers: Vec<_> = takers.collect();
    for item in 0..60 {
        shelf.items.lock().await.push(item);
        shelf.filled.notify_one();
        yields(1).await;
    }
    let mut all = Vec::new();
    for taker in takers {
        all.extend(ends(rt, "a taker", taker).await.unwrap());
    }
    all.sort_unstable();
    assert_eq!(all, (0..60).collect::<Vec<_>>());
}

// CV-9
pub async fn a_wait_on_a_condition_ends_in_time(rt: &impl Runtime) {
    let (mutex, condition) = (Mutex::new(()), Condition::new());
    let soon = Duration::from_millis(1);
    let wait = condition.wait_timeout(rt, mutex.lock().await, soon);
    let (guard, timed_out) = ends(rt, "the timeout", wait).await;
    assert!(timed_out.0 && mutex.is_locked());
    let late = Duration::from_secs(3600);
    let wait = condition.wait_timeout(rt, guard, late);
    let notify = async {
        while !condition.notify_one() {
            yields(1).await;
        }
    };
    let both = futures_util::future::join(wait, notify);
    let ((_guard, timed_out), ()) = ends(rt, "the notification", both).await;
    assert!(!timed_out.0 && mutex.is_locked());
}

// SE-10, Q-13
pub async fn a_closed_semaphore_ends_all_that_wait(rt: &impl Runtime) {
    let semaphore = Arc::new(Semaphore::new(0));
    let soon = Duration::from_millis(1);
    assert!(timeout(rt, soon, semaphore.acquire()).await.is_err());
    assert_eq!(semaphore.waiting(), 0);
    let tasks = (0..5).map(|_| {
        let semaphore = semaphore.clone();
        rt.spawn(async move { semaphore.acquire().await.is_err() })
    });
    let tasks: Vec<_> = tasks.collect();
    yields(3).await;
    semaphore.close();
    for task in tasks {
        assert!(ends(rt, "a task", task).await.unwrap(), "it got a permit");
    }
}

// A-15, LK-8, SE-9, Q-9: what the task had is free again, and its places are empty.
pub async fn a_primitive_outlives_a_task_that_panics_with_it(rt: &impl Runtime) {
    let queue = Arc::new(Queue::<u32>::bounded(1));
    let (mutex, semaphore) = (Arc::new(Mutex::new(0)), Arc::new(Semaphore::new(1)));
    let (own_queue, own_mutex, own_semaphore) = (queue.clone(), mutex.clone(), semaphore.clone());
    let task = rt.spawn(async move {
        let mut guard = own_mutex.lock().await;
        *guard = 7;
        let _permit = own_semaphore.acquire().await;
        // Two that wait when the frame unwinds.
        let mut pop = std::pin::pin!(own_queue.pop());
        let mut next = std::pin::pin!(own_semaphore.acquire());
        assert!(futures_util::poll!(pop.as_mut()).is_pending());
        assert!(futures_util::poll!(next.as_mut()).is_pending());
        std::panic::panic_any("the task");
    });
    assert!(ends(rt, "the task", task).await.is_err());
    assert_eq!(*mutex.try_lock().unwrap(), 7);
    assert_eq!((semaphore.available_permits(), semaphore.waiting()), (1, 0));
    assert_eq!(queue.statistics().waiting_poppers, 0);
    queue.try_push(1).unwrap();
    assert_eq!(queue.try_pop(), Ok(1));
}

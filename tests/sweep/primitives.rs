//! The primitives, used by several tasks in every order of their polls, each of which is cancelled
//! at each point.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use withal_sync::{Condition, Event, Mutex, Pool, Queue, Semaphore};
use withal_tests::broken;
use withal_tests::foreign::OnDrop;
use withal_tests::sweep::{Followed, Interleave, Violation, checkpoint};
use withal_tests::{Deterministic, QueueUnderTest, SemaphoreUnderTest};

/// A queue, and how many items went in and came out.
struct Used<Q> {
    queue: Q,
    came_out: AtomicUsize,
    /// For sure; and those that were on their way as well.
    went_in: [AtomicUsize; 2],
}

impl<Q: QueueUnderTest> Used<Q> {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            queue: Q::bounded(1),
            came_out: AtomicUsize::new(0),
            went_in: Default::default(),
        })
    }

    /// Closes the queue when it is dropped, also before its first poll, so that the others end.
    fn closing(used: Arc<Self>, work: impl Future<Output = ()>) -> impl Future<Output = ()> {
        let closes = OnDrop::new(move || used.queue.close());
        async move {
            let _closes = closes;
            work.await;
        }
    }

    fn push(_: Followed<Deterministic>, used: Arc<Self>) -> impl Future<Output = ()> {
        let closes = used.clone();
        let work = async move {
            for item in 0..2 {
                used.went_in[1].fetch_add(1, Ordering::SeqCst);
                if used.queue.push(item).await.is_err() {
                    used.went_in[1].fetch_sub(1, Ordering::SeqCst);
                    return;
                }
                used.went_in[0].fetch_add(1, Ordering::SeqCst);
            }
        };
        Self::closing(closes, work)
    }

    fn pop(_: Followed<Deterministic>, used: Arc<Self>) -> impl Future<Output = ()> {
        let closes = used.clone();
        let work = async move {
            while used.queue.pop().await.is_some() {
                used.came_out.fetch_add(1, Ordering::SeqCst);
            }
        };
        Self::closing(closes, work)
    }

    /// What went in came out, or comes out now.
    fn holds(&self) {
        while self.queue.try_pop().is_some() {
            self.came_out.fetch_add(1, Ordering::SeqCst);
        }
        let came_out = self.came_out.load(Ordering::SeqCst);
        let [surely, maybe] = [0, 1].map(|n| self.went_in[n].load(Ordering::SeqCst));
        assert!(surely <= came_out, "an item is lost");
        assert!(came_out <= maybe, "an item came twice");
    }

    fn interleaved() -> Interleave<Arc<Self>> {
        Interleave::new(Self::new)
            .task(Self::push)
            .task(Self::pop)
            .task(Self::pop)
            .invariant(|used| used.holds())
            .polls(9)
    }
}

//
#[test]
fn a_queue_loses_nothing_and_strands_nobody() {
    let done = Used::<Queue<u32>>::interleaved().run();
    assert!(done.schedules > 100, "{done}");
    let done = Used::<broken::queues::Sound>::interleaved().run();
    assert!(done.schedules > 100, "{done}");
}

#[test]
fn a_queue_that_loses_items_on_cancel_is_found() {
    let error = Used::<broken::queues::LosesItems>::interleaved().try_run();
    let text = error.unwrap_err().to_string();
    assert!(text.contains("an item is lost"), "{text}");
}

#[test]
fn a_queue_that_loses_wakes_is_found() {
    let error = Used::<broken::queues::ClosesQuietly>::interleaved().try_run();
    assert_eq!(error.unwrap_err().violation, Violation::Stalled);
}

// reserved places among pushes.
#[test]
fn reserved_places_are_filled_or_given_up() {
    let done = Interleave::new(|| Arc::new(Queue::bounded(1)))
        .task(async |_, queue: Arc<Queue<u32>>| {
            let slot = queue.reserve().await.unwrap();
            checkpoint().await;
            slot.push(1).unwrap();
        })
        .task(async |_, queue| {
            // Takes what there is, and more than one may push.
            let _ = queue.try_pop();
            checkpoint().await;
            let _ = queue.try_pop();
        })
        .task(async |_, queue| {
            let waiting = queue.clone();
            let _room = OnDrop::new(move || {
                let _ = waiting.try_pop();
            });
            let pushed = queue.push(2);
            futures_util::pin_mut!(pushed);
            let _ = futures_util::poll!(pushed.as_mut());
            checkpoint().await;
        })
        .invariant(|queue| {
            let now = queue.statistics();
            assert_eq!((now.reserved, now.waiting_pushers), (0, 0));
        })
        .polls(9)
        .run();
    assert!(done.schedules > 100, "{done}");
}

//
#[test]
fn who_joins_is_let_go_when_the_last_job_is_done() {
    let setup = || {
        let queue = Arc::new(Queue::bounded(2));
        queue.try_push(1).unwrap();
        queue.try_push(2).unwrap();
        queue.close();
        queue
    };
    let work = async |_, queue: Arc<Queue<u32>>| {
        while let Some(_job) = queue.pop_job().await {
            checkpoint().await;
        }
    };
    let done = Interleave::new(setup)
        .task(work)
        .task(work)
        .task(async |_, queue| queue.join().await)
        .invariant(|queue| {
            assert_eq!(queue.statistics().unfinished, 0);
            assert_eq!(queue.statistics().joining, 0);
        })
        .run();
    assert!(done.schedules > 100, "{done}");
}

/// Three users of a semaphore.
fn permits<S: SemaphoreUnderTest>() -> Interleave<Arc<S>> {
    async fn used<S: SemaphoreUnderTest>(_: Followed<Deterministic>, semaphore: Arc<S>) {
        let _permit = semaphore.acquire().await;
        checkpoint().await;
    }
    Interleave::new(|| Arc::new(S::new(1)))
        .task(used)
        .task(used)
        .task(used)
        .invariant(|semaphore| assert!(semaphore.try_acquire().is_some(), "a permit is lost"))
}

// SE-3, SE-5, A-10
#[test]
fn a_semaphore_loses_no_permit_and_strands_nobody() {
    let done = permits::<Semaphore>().run();
    assert!(done.schedules > 100, "{done}");
}

// SE-5
#[test]
fn a_semaphore_that_leaks_permits_on_cancel_is_found() {
    let error = permits::<broken::semaphores::LeaksPermits>().try_run();
    let text = error.unwrap_err().to_string();
    assert!(text.contains("a permit is lost"), "{text}");
}

// SE-10
#[test]
fn whoever_acquires_many_strands_nobody() {
    let acquire = |permits| {
        move |_: Followed<Deterministic>, semaphore: Arc<Semaphore>| async move {
            let _permits = semaphore.acquire_many(permits).await.unwrap();
            checkpoint().await;
        }
    };
    let done = Interleave::new(|| Arc::new(Semaphore::new(2)))
        .task(acquire(1))
        .task(acquire(2))
        .task(acquire(1))
        .invariant(|semaphore| assert_eq!(semaphore.available_permits(), 2))
        .run();
    assert!(done.schedules > 100, "{done}");
}

// LK-3, LK-4, LK-5
#[test]
fn a_mutex_is_free_in_the_end() {
    for fair in [false, true] {
        let setup = move || Arc::new(if fair { Mutex::fair(0) } else { Mutex::new(0) });
        let lock = async |_, mutex: Arc<Mutex<u32>>| {
            let mut count = mutex.lock().await;
            let seen = *count;
            checkpoint().await;
            *count = seen + 1;
        };
        let done = Interleave::new(setup)
            .task(lock)
            .task(lock)
            .task(lock)
            .invariant(|mutex| {
                let count = mutex.try_lock().expect("it is free");
                assert!(*count == 2 || *count == 3, "an update is lost");
            })
            .run();
        assert!(done.schedules > 100, "{done}");
    }
}

// PL-1, PL-3, PL-4
#[test]
fn a_pool_loses_no_object_and_strands_nobody() {
    for fair in [false, true] {
        let objects = 0..2;
        let setup = move || {
            let make = if fair { Pool::fair } else { Pool::new };
            Arc::new(make(objects.clone()))
        };
        let take = async |_, pool: Arc<Pool<u32>>| {
            let mut count = pool.take().await.unwrap();
            let seen = *count;
            checkpoint().await;
            *count = seen + 1;
        };
        let done = Interleave::new(setup)
            .task(take)
            .task(take)
            .task(take)
            .invariant(|pool| {
                let now = pool.statistics();
                assert_eq!((now.size, now.idle, now.waiting), (2, 2, 0));
                let counts = [(); 2].map(|()| pool.try_take().unwrap());
                let counted = *counts[0] + *counts[1];
                // One of the three may be cancelled; the second object began with one.
                assert!((3..=4).contains(&counted), "an update is lost");
            })
            .run();
        assert!(done.schedules > 100, "{done}");
    }
}

// PL-4, PL-7, PL-10, PL-11: objects come and go, and the pool is closed by whoever ends.
#[test]
fn a_pool_that_is_changed_and_closed_strands_nobody() {
    for fair in [false, true] {
        let setup = move || {
            let make = if fair { Pool::fair } else { Pool::new };
            Arc::new(make([0]))
        };
        let take = |_: Followed<Deterministic>, pool: Arc<Pool<u32>>| {
            // Also where it is cancelled.
            let closing = pool.clone();
            let closes = OnDrop::new(move || {
                closing.close();
            });
            async move {
                let _closes = closes;
                if let Ok(lease) = pool.take().await {
                    checkpoint().await;
                    let _ = pool.add(lease.detach());
                }
            }
        };
        let done = Interleave::new(setup)
            .task(take)
            .task(take)
            .task(async |_, pool: Arc<Pool<u32>>| {
                pool.closed().await;
                assert_eq!(pool.statistics().leased, 0);
            })
            .invariant(|pool| {
                let now = pool.statistics();
                assert!(now.closed);
                assert_eq!((now.leased, now.waiting), (0, 0));
            })
            .run();
        assert!(done.schedules > 100, "{done}");
    }
}

// EV-2, EV-5
#[test]
fn an_event_lets_all_go() {
    let wait = async |_, event: Arc<Event>| event.wait().await;
    let done = Interleave::new(|| Arc::new(Event::new()))
        .task(wait)
        .task(wait)
        .task(|_, event: Arc<Event>| {
            // Also where it is cancelled.
            let sets = OnDrop::new(move || {
                event.set();
            });
            async move {
                let _sets = sets;
                checkpoint().await;
            }
        })
        .invariant(|event| assert_eq!(event.waiting(), 0))
        .run();
    assert!(done.schedules > 50, "{done}");
}

// CV-2, CV-4, CV-5, CV-6, CV-8
#[test]
fn a_condition_passes_a_notification_on() {
    let setup = || Arc::new((Mutex::new(2), Condition::new()));
    let take = async |_, shared: Arc<(Mutex<u32>, Condition)>| {
        let (coins, changed) = &*shared;
        let coins = coins.lock().await;
        let mut coins = changed.wait_until(coins, |coins| *coins > 2).await;
        *coins -= 1;
    };
    let done = Interleave::new(setup)
        .task(take)
        .task(take)
        .task(|_, shared: Arc<(Mutex<u32>, Condition)>| {
            // Also where it is cancelled.
            let puts = OnDrop::new(move || {
                *shared.0.try_lock().expect("nobody holds it over an await") += 2;
                shared.1.notify(2);
            });
            async move {
                let _puts = puts;
                checkpoint().await;
            }
        })
        .invariant(|shared| {
            let coins = *shared.0.try_lock().expect("it is free");
            assert!(coins == 2 || coins == 3, "{coins} coins");
            assert_eq!(shared.1.waiting(), 0);
        })
        .run();
    assert!(done.schedules > 50, "{done}");
}

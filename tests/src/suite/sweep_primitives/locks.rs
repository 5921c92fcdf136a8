use std::num::NonZeroUsize;
use std::time::Duration;

use futures_util::future::{FutureExt, join};
use withal::runtime::Runtime;
use withal_sync::{Barrier, Condition, Event, Latch, Limiter, Mutex, Pool, RwLock, Semaphore};

use super::{Scenario, sweep};
use crate::poll::yields;
use crate::sweep::PollTimer;

/// What tasks wait for one after the other.
struct Locks {
    mutex: Mutex<u32>,
    fair: Mutex<u32>,
    semaphore: Semaphore,
    event: Event,
    condition: Condition,
    latch: Latch,
    barrier: Barrier,
    rw_lock: RwLock<u32>,
    limiter: Limiter<u32>,
    pool: Pool<u32>,
    fair_pool: Pool<u32>,
}

const PERMITS: usize = 3;

impl Locks {
    fn new() -> Self {
        Self {
            mutex: Mutex::new(0),
            fair: Mutex::fair(0),
            semaphore: Semaphore::new(PERMITS),
            event: Event::new(),
            condition: Condition::new(),
            latch: Latch::new(),
            barrier: Barrier::new(NonZeroUsize::MIN.saturating_add(1)),
            rw_lock: RwLock::new(0),
            limiter: Limiter::new(1),
            pool: Pool::new([1, 2]),
            fair_pool: Pool::fair([1, 2]),
        }
    }

    /// Everything is free, and nobody waits.
    fn hold(&self) {
        for mutex in [&self.mutex, &self.fair] {
            assert_eq!((mutex.is_locked(), mutex.waiting()), (false, 0));
            assert!(mutex.try_lock().is_ok());
        }
        assert_eq!(self.semaphore.available_permits(), PERMITS);
        let waiting = [
            self.semaphore.waiting(),
            self.event.waiting(),
            self.condition.waiting(),
            self.latch.waiting(),
            self.barrier.waiting(),
            self.rw_lock.waiting(),
            self.limiter.waiting(),
        ];
        assert_eq!(waiting, [0; 7]);
        assert!(self.rw_lock.try_write().is_ok());
        assert_eq!(self.limiter.borrowed(), 0);
        for pool in [&self.pool, &self.fair_pool] {
            let now = pool.statistics();
            assert_eq!((now.size, now.idle, now.waiting), (2, 2, 0));
        }
    }
}

async fn lock(mutex: &Mutex<u32>) {
    for _ in 0..2 {
        let mut count = mutex.lock().await;
        yields(1).await;
        *count += 1;
    }
}

async fn lease(pool: &Pool<u32>) {
    for _ in 0..2 {
        let _object = pool.take().await;
        yields(1).await;
    }
}

/// Takes one, puts another one in its place, and waits for one again.
async fn exchange(pool: &Pool<u32>) {
    if let Ok(object) = pool.take().await {
        yields(1).await;
        let put = pool.add_last(object.detach());
        assert!(put.is_ok());
    }
    pool.retain(|_| true);
    lease(pool).await;
}

// LK-4, LK-5, SE-5, SE-10, EV-5, EV-6, CV-5, CV-6, CV-8, CV-9, BA-5, CS-12, PL-4, PL-7, PL-9, A-3,
//
pub async fn each_operation_of_a_lock<R: Runtime>(rt: &R) {
    let scenarios: &[Scenario<Locks>] = &[
        ("lock", |locks| {
            async move {
                join(lock(&locks.mutex), lock(&locks.mutex)).await;
                join(lock(&locks.fair), lock(&locks.fair)).await;
            }
            .boxed()
        }),
        ("acquire and acquire_many", |locks| {
            async move {
                let acquire = async |permits| {
                    for _ in 0..2 {
                        let _permits = locks.semaphore.acquire_many(permits).await;
                        yields(1).await;
                    }
                };
                join(acquire(2), join(acquire(3), acquire(1))).await;
            }
            .boxed()
        }),
        ("read and write", |locks| {
            async move {
                let read = async || {
                    let _guard = locks.rw_lock.read().await;
                    yields(1).await;
                };
                let write = async || {
                    *locks.rw_lock.write().await += 1;
                    let _guard = locks.rw_lock.write().await;
                    yields(1).await;
                };
                join(join(read(), write()), join(write(), read())).await;
            }
            .boxed()
        }),
        ("acquire of a limiter", |locks| {
            async move {
                let borrow = async |key| {
                    let _token = locks.limiter.acquire(key).await;
                    yields(1).await;
                };
                join(borrow(1), join(borrow(2), borrow(3))).await;
            }
            .boxed()
        }),
        ("take", |locks| {
            async move {
                for pool in [&locks.pool, &locks.fair_pool] {
                    join(
                        join(lease(pool), lease(pool)),
                        join(lease(pool), exchange(pool)),
                    )
                    .await;
                }
            }
            .boxed()
        }),
        ("latch wait", |locks| {
            async move {
                let opens = async {
                    yields(1).await;
                    locks.latch.open();
                };
                join(join(locks.latch.wait(), locks.latch.wait()), opens).await;
            }
            .boxed()
        }),
        ("barrier wait", |locks| {
            async move {
                let rounds = async |before| {
                    for _ in 0..2 {
                        yields(before).await;
                        assert!(locks.barrier.wait().await.is_ok());
                    }
                };
                join(rounds(0), rounds(1)).await;
            }
            .boxed()
        }),
        ("event wait", |locks| {
            async move {
                let sets = async {
                    yields(1).await;
                    locks.event.set();
                };
                join(join(locks.event.wait(), locks.event.wait()), sets).await;
            }
            .boxed()
        }),
        ("condition wait and wait_until", |locks| {
            async move {
                let waits = async {
                    let guard = locks.mutex.lock().await;
                    let guard = locks.condition.wait(guard).await;
                    yields(1).await;
                    let until = locks.condition.wait_until(guard, |count| *count == 2);
                    drop(until.await);
                };
                let notifies = async {
                    yields(1).await;
                    for _ in 0..2 {
                        let mut count = locks.mutex.lock().await;
                        *count += 1;
                        locks.condition.notify_one();
                        yields(1).await;
                    }
                };
                join(waits, notifies).await;
            }
            .boxed()
        }),
        ("condition wait_timeout", |locks| {
            async move {
                let time = Duration::from_nanos(2);
                let waits = async {
                    let guard = locks.mutex.lock().await;
                    let wait = locks.condition.wait_timeout(&PollTimer, guard, time);
                    let (_guard, timed_out) = wait.await;
                    assert!(timed_out.0);
                    yields(1).await;
                };
                // Its timer counts polls, so somebody has to make them.
                join(waits, yields(5)).await;
            }
            .boxed()
        }),
    ];
    sweep(rt, Locks::new, Locks::hold, scenarios).await;
}

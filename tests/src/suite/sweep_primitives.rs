//! Every operation that waits, cancelled after every number of polls, in every way: nothing is lost.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt, join};
use futures_util::stream::StreamExt;
use withal::runtime::Runtime;
use withal_sync::{
    Barrier, Channel, Condition, Event, Latch, Limiter, Mutex, Queue, Receiver, RwLock, Semaphore,
    Sender,
};

use crate::poll::yields;
use crate::sweep::{Followed, PollTimer, Real, Sweep};

/// The table of these cases, given to the macro `$make`.
#[doc(hidden)]
#[macro_export]
macro_rules! sweep_primitives_cases {
    ($make:ident $with:tt $of:tt) => {
        $crate::$make! { $with $of sweep_primitives:
            each_operation_of_a_queue,
            each_operation_of_a_channel,
            each_operation_of_a_lock,
        }
    };
}

/// What several tasks do to a state, and a name for it.
type Scenario<S> = (&'static str, fn(Arc<S>) -> BoxFuture<'static, ()>);

/// Sweeps on `rt` what two tasks do to a state, which must hold afterwards.
async fn sweep<R: Runtime, S: Send + Sync + 'static>(
    rt: &R,
    setup: fn() -> S,
    holds: fn(&S),
    scenarios: &[Scenario<S>],
) {
    for (name, scenario) in scenarios {
        let sweep: Sweep<Arc<S>, Real<R>> = Sweep::on(rt, move || Arc::new(setup()));
        let sweep = sweep.invariant(move |state| holds(state));
        let swept = sweep.sweep(|_: Followed<R>, state| scenario(state)).await;
        let swept = swept.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(swept.polls > 1, "{name} did not wait: {swept}");
    }
}

/// A queue, and who has its items.
struct Items {
    queue: Queue<Item>,
    alive: Arc<AtomicUsize>,
    /// Those that came out, and are not reported as done.
    came_out: AtomicUsize,
}

/// Counts itself.
struct Item(Arc<AtomicUsize>);

impl Drop for Item {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Items {
    fn new() -> Self {
        Self {
            queue: Queue::bounded(1),
            alive: Arc::default(),
            came_out: AtomicUsize::new(0),
        }
    }

    fn item(&self) -> Item {
        self.alive.fetch_add(1, Ordering::SeqCst);
        Item(self.alive.clone())
    }

    async fn push(&self, times: usize) {
        for _ in 0..times {
            yields(1).await;
            assert!(self.queue.push(self.item()).await.is_ok());
        }
    }

    fn took(&self, item: Option<Item>) {
        let came = usize::from(item.is_some());
        self.came_out.fetch_add(came, Ordering::SeqCst);
    }

    /// Each item that went in came out, or is stored; no place and nobody is left.
    fn hold(&self) {
        let now = self.queue.statistics();
        let waiting = now.waiting_poppers + now.waiting_pushers + now.joining;
        assert_eq!((waiting, now.reserved), (0, 0), "{now:?}");
        let came_out = self.came_out.load(Ordering::SeqCst);
        assert_eq!(now.unfinished, came_out + now.stored, "{now:?}");
        let alive = self.alive.load(Ordering::SeqCst);
        assert_eq!(alive, now.stored, "items are leaked: {now:?}");
        assert!(now.peak <= 1, "{now:?}");
    }
}

//
pub async fn each_operation_of_a_queue<R: Runtime>(rt: &R) {
    let scenarios: &[Scenario<Items>] = &[
        ("push and pop", |items| {
            async move {
                let pops = async {
                    for _ in 0..3 {
                        items.took(items.queue.pop().await);
                        yields(2).await;
                    }
                };
                join(items.push(3), pops).await;
            }
            .boxed()
        }),
        ("reserve", |items| {
            async move {
                let reserves = async {
                    for _ in 0..2 {
                        let slot = items.queue.reserve().await.unwrap();
                        yields(1).await;
                        assert!(slot.push(items.item()).is_ok());
                    }
                };
                let pops = async {
                    for _ in 0..3 {
                        items.took(items.queue.pop().await);
                    }
                };
                join(join(reserves, items.push(1)), pops).await;
            }
            .boxed()
        }),
        ("pop_job and join", |items| {
            async move {
                let jobs = async {
                    for _ in 0..2 {
                        let _job = items.queue.pop_job().await;
                        yields(1).await;
                    }
                };
                let joins = async {
                    items.push(2).await;
                    items.queue.join().await;
                };
                join(jobs, joins).await;
            }
            .boxed()
        }),
        ("stream", |items| {
            async move {
                let fills = async {
                    items.push(2).await;
                    items.queue.close();
                };
                let reads = async {
                    let mut stream = std::pin::pin!(items.queue.stream());
                    while let Some(item) = stream.next().await {
                        items.took(Some(item));
                        yields(1).await;
                    }
                };
                join(fills, reads).await;
            }
            .boxed()
        }),
    ];
    sweep(rt, Items::new, Items::hold, scenarios).await;
}

/// A rendezvous, whose handles stay.
struct Passed {
    sender: Sender<Item>,
    receiver: Receiver<Item>,
    alive: Arc<AtomicUsize>,
}

impl Passed {
    fn new() -> Self {
        let (sender, receiver) = Channel::bounded(0);
        Self {
            sender,
            receiver,
            alive: Arc::default(),
        }
    }

    async fn send(&self, times: usize) {
        for _ in 0..times {
            self.alive.fetch_add(1, Ordering::SeqCst);
            let sent = self.sender.send(Item(self.alive.clone())).await;
            assert!(sent.is_ok());
            yields(1).await;
        }
    }

    /// Each value was received, or was dropped with its send, or came back; nobody is left.
    fn hold(&self) {
        let now = self.sender.statistics();
        assert_eq!((now.waiting_senders, now.waiting_receivers), (0, 0));
        assert_eq!((now.senders, now.receivers), (1, 1));
        let alive = self.alive.load(Ordering::SeqCst);
        assert_eq!(alive, now.buffered, "values are leaked: {now:?}");
    }
}

// CH-1, CH-2, CH-4, CH-5, CH-10, A-3
pub async fn each_operation_of_a_channel<R: Runtime>(rt: &R) {
    let scenarios: &[Scenario<Passed>] = &[
        ("send and recv", |passed| {
            async move {
                let receives = async {
                    for _ in 0..3 {
                        yields(1).await;
                        drop(passed.receiver.recv().await);
                    }
                };
                join(join(passed.send(2), passed.send(1)), receives).await;
            }
            .boxed()
        }),
        ("a stream", |passed| {
            async move {
                let receives = async {
                    let mut receiver = passed.receiver.clone();
                    for _ in 0..2 {
                        drop(receiver.next().await);
                        yields(1).await;
                    }
                };
                join(passed.send(2), receives).await;
            }
            .boxed()
        }),
        ("owned operations", |passed| {
            async move {
                let send = passed.sender.clone().send_owned(Item(passed.alive.clone()));
                passed.alive.fetch_add(1, Ordering::SeqCst);
                drop(join(send, passed.receiver.recv_owned()).await);
            }
            .boxed()
        }),
    ];
    sweep(rt, Passed::new, Passed::hold, scenarios).await;
}

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
    }
}

async fn lock(mutex: &Mutex<u32>) {
    for _ in 0..2 {
        let mut count = mutex.lock().await;
        yields(1).await;
        *count += 1;
    }
}

// LK-4, LK-5, SE-5, SE-10, EV-5, EV-6, CV-5, CV-6, CV-8, CV-9, BA-5, CS-12, A-3, A-10
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

//! Loads: tasks that use one primitive and give up at random, and what must hold afterwards.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use futures_util::future::{BoxFuture, FutureExt};
use withal_sync::channel::{Channel, Receiver, Sender};
use withal_sync::flavour::Flavour;
use withal_sync::mutex::Mutex;
use withal_sync::pool::Pool;
use withal_sync::queue::{Fifo, Queue};
use withal_sync::rw_lock::RwLock;
use withal_sync::semaphore::Semaphore;
use withal_tests::foreign::gives_up_at_times;
use withal_tests::poll::yields;

pub(crate) type Task = BoxFuture<'static, ()>;

pub(crate) struct Load {
    pub(crate) name: &'static str,
    pub(crate) tasks: Vec<Task>,
    /// Operations so far: whoever watches sees whether they go on.
    pub(crate) progress: Arc<AtomicU64>,
    /// What must hold when all tasks have ended.
    pub(crate) holds: Box<dyn FnOnce() + Send>,
}

/// Tasks on each side of a queue, and half of all elsewhere.
const TASKS: u64 = 8;

/// Everything that there is, in the flavour `F`, for so many operations each.
pub(crate) fn all<F: Flavour>() -> [fn(u64) -> Load; 9]
where
    Queue<Item, Fifo<Item>, F>: Send + Sync,
    Sender<Item, F>: Send + Sync,
    Receiver<Item, F>: Send + Sync,
    Semaphore<F>: Send + Sync,
    Mutex<u64, F>: Send + Sync,
    RwLock<[u64; 2], F>: Send + Sync,
    Pool<u64, F>: Send + Sync,
{
    [
        queue::<F>,
        channel::<F>,
        semaphore::<F>,
        |operations| mutex::<F>("mutex", Mutex::new(0), operations),
        |operations| mutex::<F>("fair mutex", Mutex::fair(0), operations),
        |operations| rw_lock::<F>("read-write lock", RwLock::new([0; 2]), operations),
        |operations| rw_lock::<F>("fair read-write lock", RwLock::fair([0; 2]), operations),
        |operations| pool::<F>("pool", Pool::new([0; 3]), operations),
        |operations| pool::<F>("fair pool", Pool::fair([0; 3]), operations),
    ]
}

/// What becomes of the items of a queue.
#[derive(Default)]
pub(crate) struct Fates {
    made: AtomicU64,
    alive: AtomicU64,
    /// In the hands of consumers.
    came_out: AtomicU64,
    /// Back, since the queue was closed.
    returned: AtomicU64,
    /// Whose push said so.
    went_in: AtomicU64,
    /// Whose push was dropped, and may have let it in before; and pops that were dropped.
    given_up: AtomicU64,
}

impl Fates {
    /// Made, alive, out, back, and in.
    fn counts(&self) -> [u64; 5] {
        let counts = [
            &self.made,
            &self.alive,
            &self.came_out,
            &self.returned,
            &self.went_in,
        ];
        counts.map(|count| count.load(Ordering::Relaxed))
    }
}

pub(crate) struct Item(Arc<Fates>);

impl Item {
    /// A new one, and how many there were before.
    fn new(fates: &Arc<Fates>) -> (Self, u64) {
        let before = fates.made.fetch_add(1, Ordering::Relaxed);
        fates.alive.fetch_add(1, Ordering::Relaxed);
        (Self(fates.clone()), before)
    }
}

impl Drop for Item {
    fn drop(&mut self) {
        self.0.alive.fetch_sub(1, Ordering::Relaxed);
    }
}

// items in are items out; what did not go in came back, or was
// dropped with its push.
fn queue<F: Flavour>(operations: u64) -> Load
where
    Queue<Item, Fifo<Item>, F>: Send + Sync,
{
    let queue = Arc::new(Queue::<_, Fifo<_>, F>::bounded(16));
    let (fates, progress) = (Arc::new(Fates::default()), Arc::<AtomicU64>::default());
    let each = operations / TASKS;
    // The last ones get theirs back.
    let closes_at = operations * 9 / 10;
    let producers = (0..TASKS).map(|_| {
        let (queue, fates, progress) = (queue.clone(), fates.clone(), progress.clone());
        async move {
            for _ in 0..each {
                let (item, before) = Item::new(&fates);
                if before == closes_at {
                    queue.close();
                }
                let push = queue.push(item);
                match gives_up_at_times(fastrand::usize(..), push).await {
                    Some(Ok(())) => &fates.went_in,
                    Some(Err(_item)) => &fates.returned,
                    None => &fates.given_up,
                }
                .fetch_add(1, Ordering::Relaxed);
                progress.fetch_add(1, Ordering::Relaxed);
            }
        }
        .boxed()
    });
    let consumers = (0..TASKS).map(|_| {
        let (queue, fates, progress) = (queue.clone(), fates.clone(), progress.clone());
        async move {
            loop {
                match gives_up_at_times(fastrand::usize(..), queue.pop()).await {
                    Some(Some(_item)) => &fates.came_out,
                    Some(None) => break,
                    None => &fates.given_up,
                }
                .fetch_add(1, Ordering::Relaxed);
                progress.fetch_add(1, Ordering::Relaxed);
            }
        }
        .boxed()
    });
    let tasks = producers.chain(consumers).collect();
    let holds = move || {
        let now = queue.statistics();
        let waiting = now.waiting_poppers + now.waiting_pushers;
        assert_eq!((now.stored, now.reserved, waiting), (0, 0, 0), "{now:?}");
        let [made, alive, came_out, returned, went_in] = fates.counts();
        assert_eq!(alive, 0, "items are leaked");
        assert!(
            came_out > closes_at / 3 && returned > 0,
            "{came_out} of {made}, {returned} back"
        );
        // Nobody reported one as done, so this counts what went in.
        assert_eq!(now.unfinished as u64, came_out, "in and out");
        assert!(
            went_in <= came_out,
            "{went_in} went in, {came_out} came out"
        );
        // One that was given up, and let in before, is among those that came out.
        assert!(
            came_out + returned <= made,
            "{came_out} + {returned} of {made}"
        );
        assert!(now.peak <= 16, "{now:?}");
    };
    Load {
        name: "queue",
        tasks,
        progress,
        holds: Box::new(holds),
    }
}

// CH-2, CH-4, CH-5, CH-6: what is sent is received, from hand to hand; the end comes by itself, and
// for everybody.
fn channel<F: Flavour>(operations: u64) -> Load
where
    Sender<Item, F>: Send + Sync,
    Receiver<Item, F>: Send + Sync,
{
    let (sender, receiver) = Channel::<_, F>::bounded(0);
    let (fates, progress) = (Arc::new(Fates::default()), Arc::<AtomicU64>::default());
    let watch = receiver.clone();
    let tasks = TASKS as usize;
    let senders = sender.into_clones(tasks).map(|sender| {
        let (fates, progress) = (fates.clone(), progress.clone());
        async move {
            for _ in 0..operations / TASKS {
                let send = sender.send(Item::new(&fates).0);
                match gives_up_at_times(fastrand::usize(..), send).await {
                    Some(Ok(())) => &fates.went_in,
                    Some(Err(_item)) => &fates.returned,
                    None => &fates.given_up,
                }
                .fetch_add(1, Ordering::Relaxed);
                progress.fetch_add(1, Ordering::Relaxed);
            }
        }
        .boxed()
    });
    let receivers = receiver.into_clones(tasks).map(|receiver| {
        let (fates, progress) = (fates.clone(), progress.clone());
        async move {
            loop {
                match gives_up_at_times(fastrand::usize(..), receiver.recv()).await {
                    Some(Some(_item)) => &fates.came_out,
                    Some(None) => break,
                    None => &fates.given_up,
                }
                .fetch_add(1, Ordering::Relaxed);
                progress.fetch_add(1, Ordering::Relaxed);
            }
        }
        .boxed()
    });
    let tasks = senders.chain(receivers).collect();
    let holds = move || {
        let now = watch.statistics();
        assert_eq!((now.senders, now.receivers, now.buffered), (0, 1, 0));
        assert_eq!((now.waiting_senders, now.waiting_receivers), (0, 0));
        let [made, alive, came_out, returned, went_in] = fates.counts();
        assert_eq!((alive, returned), (0, 0), "leaked, or back");
        assert!(
            went_in <= came_out && came_out <= made,
            "{went_in} sent, {came_out} received of {made}"
        );
        assert!(came_out > made / 3, "{came_out} of {made}");
    };
    Load {
        name: "channel",
        tasks,
        progress,
        holds: Box::new(holds),
    }
}

// SE-2, SE-5, SE-10: never more out than there are, and all back in the end.
fn semaphore<F: Flavour>(operations: u64) -> Load
where
    Semaphore<F>: Send + Sync,
{
    const PERMITS: usize = 5;
    let semaphore = Arc::new(Semaphore::<F>::new(PERMITS));
    let (out, progress) = (Arc::<AtomicUsize>::default(), Arc::<AtomicU64>::default());
    let tasks = (0..2 * TASKS).map(|_| {
        let (semaphore, out, progress) = (semaphore.clone(), out.clone(), progress.clone());
        async move {
            for _ in 0..operations / (2 * TASKS) {
                let many = fastrand::usize(1..4);
                let acquire = semaphore.acquire_many(many);
                if let Some(permits) = gives_up_at_times(fastrand::usize(..), acquire).await {
                    let before = out.fetch_add(many, Ordering::Relaxed);
                    assert!(before + many <= PERMITS, "{before} out, and {many} more");
                    yields(fastrand::usize(..2)).await;
                    out.fetch_sub(many, Ordering::Relaxed);
                    drop(permits);
                }
                progress.fetch_add(1, Ordering::Relaxed);
            }
        }
        .boxed()
    });
    let tasks = tasks.collect();
    let holds = move || {
        assert_eq!(semaphore.available_permits(), PERMITS);
        assert_eq!(semaphore.waiting(), 0);
    };
    Load {
        name: "semaphore",
        tasks,
        progress,
        holds: Box::new(holds),
    }
}

// LK-2, LK-4, LK-5: no update is lost, and it is free in the end.
fn mutex<F: Flavour>(name: &'static str, mutex: Mutex<u64, F>, operations: u64) -> Load
where
    Mutex<u64, F>: Send + Sync,
{
    let mutex = Arc::new(mutex);
    let (updates, progress) = (Arc::<AtomicU64>::default(), Arc::<AtomicU64>::default());
    let tasks = (0..2 * TASKS).map(|_| {
        let (mutex, updates, progress) = (mutex.clone(), updates.clone(), progress.clone());
        async move {
            for _ in 0..operations / (2 * TASKS) {
                let lock = mutex.lock();
                if let Some(mut count) = gives_up_at_times(fastrand::usize(..), lock).await {
                    let seen = *count;
                    yields(fastrand::usize(..2)).await;
                    *count = seen + 1;
                    updates.fetch_add(1, Ordering::Relaxed);
                }
                progress.fetch_add(1, Ordering::Relaxed);
            }
        }
        .boxed()
    });
    let tasks = tasks.collect();
    let holds = move || {
        assert_eq!(mutex.waiting(), 0);
        let count = mutex.try_lock().expect("it is free");
        assert_eq!(*count, updates.load(Ordering::Relaxed));
    };
    Load {
        name,
        tasks,
        progress,
        holds: Box::new(holds),
    }
}

// RW-1, LK-4, LK-5: nobody reads what is half written, no update is lost, and it is free in the end.
fn rw_lock<F: Flavour>(name: &'static str, lock: RwLock<[u64; 2], F>, operations: u64) -> Load
where
    RwLock<[u64; 2], F>: Send + Sync,
{
    let lock = Arc::new(lock);
    let (updates, progress) = (Arc::<AtomicU64>::default(), Arc::<AtomicU64>::default());
    let tasks = (0..2 * TASKS).map(|_| {
        let (lock, updates, progress) = (lock.clone(), updates.clone(), progress.clone());
        async move {
            for _ in 0..operations / (2 * TASKS) {
                let (turn, waits) = (fastrand::usize(..), fastrand::usize(..2));
                if fastrand::u8(..4) > 0 {
                    if let Some(value) = gives_up_at_times(turn, lock.read()).await {
                        yields(waits).await;
                        assert_eq!(value[0], value[1], "half written");
                    }
                } else if let Some(mut value) = gives_up_at_times(turn, lock.write()).await {
                    value[0] += 1;
                    yields(waits).await;
                    value[1] += 1;
                    updates.fetch_add(1, Ordering::Relaxed);
                }
                progress.fetch_add(1, Ordering::Relaxed);
            }
        }
        .boxed()
    });
    let tasks = tasks.collect();
    let holds = move || {
        assert_eq!((lock.waiting(), lock.readers()), (0, 0));
        let value = lock.try_write().expect("it is free");
        assert_eq!(*value, [updates.load(Ordering::Relaxed); 2]);
    };
    Load {
        name,
        tasks,
        progress,
        holds: Box::new(holds),
    }
}

// PL-1, PL-3, PL-4, PL-7, PL-8: no update is lost, though objects join and leave; all are back.
fn pool<F: Flavour>(name: &'static str, pool: Pool<u64, F>, operations: u64) -> Load
where
    Pool<u64, F>: Send + Sync,
{
    let size = pool.statistics().size;
    let pool = Arc::new(pool);
    let (updates, progress) = (Arc::<AtomicU64>::default(), Arc::<AtomicU64>::default());
    let tasks = (0..2 * TASKS).map(|_| {
        let (pool, updates, progress) = (pool.clone(), updates.clone(), progress.clone());
        async move {
            for _ in 0..operations / (2 * TASKS) {
                let take = pool.take();
                if let Some(lease) = gives_up_at_times(fastrand::usize(..), take).await {
                    let mut count = lease.expect("it is open");
                    let seen = *count;
                    yields(fastrand::usize(..2)).await;
                    *count = seen + 1;
                    updates.fetch_add(1, Ordering::Relaxed);
                    match fastrand::usize(..8) {
                        0 => pool.add(count.detach()).expect("it is open"),
                        1 => pool.add_last(count.detach()).expect("it is open"),
                        2 => count.release_last(),
                        _ => drop(count),
                    }
                }
                progress.fetch_add(1, Ordering::Relaxed);
            }
        }
        .boxed()
    });
    let tasks = tasks.collect();
    let holds = move || {
        let now = pool.statistics();
        assert_eq!((now.size, now.idle, now.waiting), (size, size, 0));
        let counted: u64 = std::iter::from_fn(|| pool.remove()).sum();
        assert_eq!(counted, updates.load(Ordering::Relaxed));
    };
    Load {
        name,
        tasks,
        progress,
        holds: Box::new(holds),
    }
}

//! The pools, each of [`OBJECTS`](super::OBJECTS) counters.

use std::convert::Infallible;
use std::future::Future;
use std::hint::black_box;
use std::ops::{Deref, DerefMut};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use withal::smol::SmolRuntime;
use withal_sync::flavour::Std;
use withal_sync::single_thread;

use super::OBJECTS;
use crate::executor::{Home, Yield};
use crate::groups::lock::contenders::{AsyncLock, Lock, LockSubject};
use crate::now::now;

/// Ours first. A case takes those that are bound to its executor or to none.
pub(super) const POOLS: &[LockSubject] = &[
    LockSubject::of::<Withal>(),
    LockSubject::of::<BoundToTokio>(),
    LockSubject::of::<BoundToSmol>(),
    LockSubject::of::<WithStdsLock>(),
    LockSubject::of::<Fair>(),
    LockSubject::of::<Managed>(),
    LockSubject::of::<WithLimits>(),
    LockSubject::of::<DeadpoolManaged>(),
    LockSubject::of::<DeadpoolUnmanaged>(),
    LockSubject::of::<Bb8>(),
    LockSubject::of::<Mobc>(),
    LockSubject::of::<HandMade>(),
    LockSubject::of::<AsyncChannel>(),
];

/// Those that cannot be polled by hand where nobody waits: they look at the clock of their runtime,
/// spawn on it, or take turns by it.
pub(super) const ON_A_RUNTIME: &[(&str, Alone)] = &[
    (Managed::NAME, managed_alone),
    (WithLimits::NAME, |times| {
        smol::block_on(alone::<WithLimits>(times));
    }),
    (Bb8::NAME, |times| on_tokio(alone::<Bb8>(times))),
    (Mobc::NAME, |times| on_tokio(alone::<Mobc>(times))),
];

/// One task takes and gives back so many times.
type Alone = fn(u64);

pub(super) fn managed_alone(times: u64) {
    smol::block_on(alone::<Managed>(times));
}

fn on_tokio(work: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build();
    runtime.expect("a runtime starts").block_on(work);
}

async fn alone<L: Lock>(times: u64) {
    let lock = L::new();
    for _ in 0..times {
        black_box(lock.add().await);
    }
}

/// With the one that stays on its thread, and so is no [`Lock`].
pub(super) fn take_on_one_thread(times: u64) {
    let pool = single_thread::Pool::new([0_u64; OBJECTS]);
    for _ in 0..times {
        let mut object = now(pool.take()).expect("it is open");
        *object += 1;
        black_box(*object);
    }
}

/// Several objects are out at once, so the sum of all is an atomic.
macro_rules! pool {
    (
        $pool:ident, $name:literal, $bound_to:expr, $type:ty, $new:expr,
        |$it:ident| $take:expr
    ) => {
        struct $pool {
            pool: $type,
            sum: AtomicU64,
        }

        impl Lock for $pool {
            const NAME: &'static str = $name;
            const BOUND_TO: Option<Home> = $bound_to;

            fn new() -> Self {
                Self {
                    pool: $new,
                    sum: AtomicU64::new(0),
                }
            }

            async fn add(&self) -> u64 {
                let $it = &self.pool;
                let mut object = $take;
                *object += 1;
                self.sum.fetch_add(1, Ordering::Relaxed) + 1
            }
        }

        impl AsyncLock for $pool {
            async fn add_and_yield(&self) -> u64 {
                let $it = &self.pool;
                let mut object = $take;
                *object += 1;
                Yield::default().await;
                self.sum.fetch_add(1, Ordering::Relaxed) + 1
            }
        }
    };
}

pool!(
    Withal,
    "withal",
    None,
    withal_sync::Pool<u64>,
    withal_sync::Pool::new([0; OBJECTS]),
    |it| it.take().await.expect("it is open")
);
pool!(
    BoundToTokio,
    "withal (bound)",
    Some(Home::Tokio),
    withal::tokio::Pool<u64>,
    withal::tokio::Pool::new([0; OBJECTS]),
    |it| it.take().await.expect("it is open")
);
pool!(
    BoundToSmol,
    "withal (bound)",
    Some(Home::Smol),
    withal::smol::Pool<u64>,
    withal::smol::Pool::new([0; OBJECTS]),
    |it| it.take().await.expect("it is open")
);
pool!(
    WithStdsLock,
    "withal (std's lock)",
    None,
    withal_sync::pool::Pool<u64, Std>,
    withal_sync::pool::Pool::new([0; OBJECTS]),
    |it| it.take().await.expect("it is open")
);
pool!(
    Fair,
    "withal (fair)",
    None,
    withal_sync::Pool<u64>,
    withal_sync::Pool::fair([0; OBJECTS]),
    |it| it.take().await.expect("it is open")
);
pool!(
    Managed,
    "withal (managed)",
    None,
    withal::Pool<SmolRuntime, Counters>,
    managed().build(),
    |it| it.take().await.expect("it is open")
);
pool!(
    WithLimits,
    "withal (managed, with limits)",
    None,
    withal::Pool<SmolRuntime, Counters>,
    {
        let limits = managed().idle_timeout(LONG).max_lifetime(LONG);
        limits.take_timeout(LONG).build()
    },
    |it| it.take().await.expect("it is open")
);
pool!(
    DeadpoolManaged,
    "deadpool (managed)",
    None,
    deadpool::managed::Pool<Counters>,
    {
        let pool = deadpool::managed::Pool::builder(Counters).max_size(OBJECTS);
        pool.build().expect("no timeouts, no runtime")
    },
    |it| it.get().await.expect("it is open")
);
pool!(
    DeadpoolUnmanaged,
    "deadpool (unmanaged)",
    None,
    deadpool::unmanaged::Pool<u64>,
    deadpool::unmanaged::Pool::from(vec![0; OBJECTS]),
    |it| it.get().await.expect("it is open")
);
pool!(
    Bb8,
    "bb8",
    Some(Home::Tokio),
    bb8::Pool<Counters>,
    {
        let objects = u32::try_from(OBJECTS).expect("a few");
        let pool = bb8::Pool::builder()
            .max_size(objects)
            .test_on_check_out(false);
        pool.max_lifetime(None)
            .idle_timeout(None)
            .build_unchecked(Counters)
    },
    |it| it.get().await.expect("it is open")
);
pool!(
    Mobc,
    "mobc",
    Some(Home::Tokio),
    mobc::Pool<Counters>,
    {
        let pool = mobc::Pool::builder().max_open(OBJECTS as u64);
        pool.max_idle(OBJECTS as u64)
            .test_on_check_out(false)
            .build(Counters)
    },
    |it| it.get().await.expect("it is open")
);
pool!(
    HandMade,
    "semaphore and Vec",
    None,
    HandMadePool,
    HandMadePool::new(),
    |it| it.take().await
);
pool!(
    AsyncChannel,
    "async-channel",
    None,
    ChannelPool,
    ChannelPool::new(),
    |it| it.take().await
);

/// A limit that is never reached.
const LONG: Duration = Duration::from_secs(3600);

/// Its runtime is asked for nothing but the time.
fn managed() -> withal::pool::PoolBuilder<SmolRuntime, Counters> {
    withal::Pool::builder(&SmolRuntime::global(), Counters).max(OBJECTS)
}

/// Makes counters, for the pools that make what they lend.
struct Counters;

impl withal::pool::PoolManager for Counters {
    type Object = u64;
    type Error = Infallible;

    async fn create(&self) -> Result<u64, Infallible> {
        Ok(0)
    }
}

impl deadpool::managed::Manager for Counters {
    type Type = u64;
    type Error = Infallible;

    async fn create(&self) -> Result<u64, Infallible> {
        Ok(0)
    }

    async fn recycle(
        &self,
        _: &mut u64,
        _: &deadpool::managed::Metrics,
    ) -> deadpool::managed::RecycleResult<Infallible> {
        Ok(())
    }
}

impl bb8::ManageConnection for Counters {
    type Connection = u64;
    type Error = Infallible;

    async fn connect(&self) -> Result<u64, Infallible> {
        Ok(0)
    }

    async fn is_valid(&self, _: &mut u64) -> Result<(), Infallible> {
        Ok(())
    }

    fn has_broken(&self, _: &mut u64) -> bool {
        false
    }
}

#[async_trait::async_trait]
impl mobc::Manager for Counters {
    type Connection = u64;
    type Error = Infallible;

    async fn connect(&self) -> Result<u64, Infallible> {
        Ok(0)
    }

    async fn check(&self, connection: u64) -> Result<u64, Infallible> {
        Ok(connection)
    }
}

/// What people write by hand: Tokio's semaphore beside a `Vec`.
struct HandMadePool {
    permits: tokio::sync::Semaphore,
    idle: Mutex<Vec<u64>>,
}

/// An object of one of the pools that are made here, with its way back.
struct Taken<'p, P: GiveBack> {
    from: &'p P,
    object: u64,
    _permit: Option<tokio::sync::SemaphorePermit<'p>>,
}

trait GiveBack {
    fn give_back(&self, object: u64);
}

impl HandMadePool {
    fn new() -> Self {
        Self {
            permits: tokio::sync::Semaphore::new(OBJECTS),
            idle: Mutex::new(vec![0; OBJECTS]),
        }
    }

    async fn take(&self) -> Taken<'_, Self> {
        let permit = self.permits.acquire().await.expect("it is open");
        let object = self.idle.lock().expect("no panic").pop();
        Taken {
            from: self,
            object: object.expect("as many as permits"),
            _permit: Some(permit),
        }
    }
}

impl GiveBack for HandMadePool {
    fn give_back(&self, object: u64) {
        self.idle.lock().expect("no panic").push(object);
    }
}

/// A channel full of objects.
struct ChannelPool(async_channel::Sender<u64>, async_channel::Receiver<u64>);

impl ChannelPool {
    fn new() -> Self {
        let (idle, take) = async_channel::bounded(OBJECTS);
        (0..OBJECTS).for_each(|_| idle.try_send(0).expect("there is room"));
        Self(idle, take)
    }

    async fn take(&self) -> Taken<'_, Self> {
        Taken {
            from: self,
            object: self.1.recv().await.expect("it is open"),
            _permit: None,
        }
    }
}

impl GiveBack for ChannelPool {
    fn give_back(&self, object: u64) {
        self.0.try_send(object).expect("there is room");
    }
}

impl<P: GiveBack> Deref for Taken<'_, P> {
    type Target = u64;

    fn deref(&self) -> &u64 {
        &self.object
    }
}

impl<P: GiveBack> DerefMut for Taken<'_, P> {
    fn deref_mut(&mut self) -> &mut u64 {
        &mut self.object
    }
}

// The permit goes after it.
impl<P: GiveBack> Drop for Taken<'_, P> {
    fn drop(&mut self) {
        self.from.give_back(self.object);
    }
}

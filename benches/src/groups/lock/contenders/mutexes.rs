use std::convert::Infallible;
use std::hint::black_box;

use withal::runtime::NoExecutor;
use withal::with;
use withal_sync::flavour::Std;
use withal_sync::{mutex, single_thread};

use super::{AsyncLock, Home, Lock, LockSubject};
use crate::executor::Yield;
use crate::now::now;

/// Ours first. A case takes those that are bound to its executor or to none.
pub(in super::super) const MUTEXES: &[LockSubject] = &[
    LockSubject::of::<Withal>(),
    LockSubject::of::<Fair>(),
    LockSubject::of::<BoundToTokio>(),
    LockSubject::of::<BoundToSmol>(),
    LockSubject::of::<WithStdsLock>(),
    LockSubject::of::<Maitake>(),
    LockSubject::of::<Tokio>(),
    LockSubject::of::<AsyncLocks>(),
    LockSubject::of::<FuturesUtil>(),
    LockSubject::of::<Mea>(),
    LockSubject::limit::<StdLimit>(),
    LockSubject::limit::<ParkingLot>(),
];

macro_rules! mutex {
    ($lock:ident, $name:literal, $bound_to:expr, $type:ty, $new:ident) => {
        struct $lock($type);

        impl Lock for $lock {
            const NAME: &'static str = $name;
            const BOUND_TO: Option<Home> = $bound_to;

            fn new() -> Self {
                Self(<$type>::$new(0))
            }

            async fn add(&self) -> u64 {
                let mut sum = self.0.lock().await;
                *sum += 1;
                *sum
            }
        }

        impl AsyncLock for $lock {
            async fn add_and_yield(&self) -> u64 {
                let mut sum = self.0.lock().await;
                Yield::default().await;
                *sum += 1;
                *sum
            }
        }
    };
}

type OfStd = mutex::Mutex<u64, Std>;
type OfTokio = withal::tokio::Mutex<u64>;
type OfSmol = withal::smol::Mutex<u64>;

mutex!(Withal, "withal", None, withal_sync::Mutex<u64>, new);
mutex!(Fair, "withal (fair)", None, withal_sync::Mutex<u64>, fair);
mutex!(
    BoundToTokio,
    "withal (bound)",
    Some(Home::Tokio),
    OfTokio,
    new
);
mutex!(BoundToSmol, "withal (bound)", Some(Home::Smol), OfSmol, new);
mutex!(WithStdsLock, "withal (std's lock)", None, OfStd, new);
mutex!(Maitake, "maitake-sync", None, maitake_sync::Mutex<u64>, new);
mutex!(Tokio, "tokio", None, tokio::sync::Mutex<u64>, new);
mutex!(AsyncLocks, "async-lock", None, async_lock::Mutex<u64>, new);
mutex!(
    FuturesUtil,
    "futures-util",
    None,
    futures_util::lock::Mutex<u64>,
    new
);
mutex!(Mea, "mea", None, mea::mutex::Mutex<u64>, new);

struct StdLimit(std::sync::Mutex<u64>);

impl Lock for StdLimit {
    const NAME: &'static str = "limit: std's mutex, blocking";

    fn new() -> Self {
        Self(std::sync::Mutex::new(0))
    }

    async fn add(&self) -> u64 {
        let mut sum = self.0.lock().expect("no section panics");
        *sum += 1;
        *sum
    }
}

struct ParkingLot(parking_lot::Mutex<u64>);

impl Lock for ParkingLot {
    const NAME: &'static str = "limit: parking_lot's mutex, blocking";

    fn new() -> Self {
        Self(parking_lot::Mutex::new(0))
    }

    async fn add(&self) -> u64 {
        let mut sum = self.0.lock();
        *sum += 1;
        *sum
    }
}

/// The work of [`alone`](crate::groups::lock::shapes::alone), with the one that stays on its thread
/// and so is no [`Lock`].
pub(in super::super) fn lock_on_one_thread(times: u64) {
    let mutex = single_thread::Mutex::new(0_u64);
    for _ in 0..times {
        let mut sum = now(mutex.lock());
        *sum += 1;
        black_box(*sum);
    }
}

/// The same work, in scopes that hold the lock.
pub(in super::super) fn lock_for_a_body(times: u64) {
    let rt = NoExecutor::new();
    let mutex = withal_sync::Mutex::new(0_u64);
    for _ in 0..times {
        let added = now(with(&rt, mutex.lock(), async |sum| {
            **sum += 1;
            Ok::<_, Infallible>(**sum)
        }));
        black_box(added.is_ok());
    }
}

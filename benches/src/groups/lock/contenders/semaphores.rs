use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};

use withal_sync::flavour::Std;
use withal_sync::{semaphore, single_thread};

use super::{AsyncLock, Home, Lock, LockSubject};
use crate::executor::Yield;
use crate::now::now;

/// Ours first. A case takes those that are bound to its executor or to none.
pub(in super::super) const SEMAPHORES: &[LockSubject] = &[
    LockSubject::of::<Withal>(),
    LockSubject::of::<BoundToTokio>(),
    LockSubject::of::<BoundToSmol>(),
    LockSubject::of::<WithStdsLock>(),
    LockSubject::of::<Maitake>(),
    LockSubject::of::<AsyncLocks>(),
    LockSubject::of::<Tokio>(),
    LockSubject::of::<Mea>(),
];

/// How many permits each has.
pub(in super::super) const PERMITS: usize = 4;

/// Several are inside at once, so the sum is an atomic.
macro_rules! semaphore {
    ($lock:ident, $name:literal, $bound_to:expr, $type:ty, |$semaphore:ident| $acquire:expr) => {
        struct $lock {
            semaphore: $type,
            sum: AtomicU64,
        }

        impl Lock for $lock {
            const NAME: &'static str = $name;
            const BOUND_TO: Option<Home> = $bound_to;

            fn new() -> Self {
                Self {
                    semaphore: <$type>::new(PERMITS),
                    sum: AtomicU64::new(0),
                }
            }

            async fn add(&self) -> u64 {
                let $semaphore = &self.semaphore;
                let _permit = $acquire.await;
                self.sum.fetch_add(1, Ordering::Relaxed) + 1
            }
        }

        impl AsyncLock for $lock {
            async fn add_and_yield(&self) -> u64 {
                let $semaphore = &self.semaphore;
                let _permit = $acquire.await;
                Yield::default().await;
                self.sum.fetch_add(1, Ordering::Relaxed) + 1
            }
        }
    };
}

type OfStd = semaphore::Semaphore<Std>;

semaphore!(Withal, "withal", None, withal_sync::Semaphore, |it| it
    .acquire());
semaphore!(
    BoundToTokio,
    "withal (bound)",
    Some(Home::Tokio),
    withal::tokio::Semaphore,
    |it| it.acquire()
);
semaphore!(
    BoundToSmol,
    "withal (bound)",
    Some(Home::Smol),
    withal::smol::Semaphore,
    |it| it.acquire()
);
semaphore!(WithStdsLock, "withal (std's lock)", None, OfStd, |it| it
    .acquire());
semaphore!(
    Maitake,
    "maitake-sync",
    None,
    maitake_sync::Semaphore,
    |it| it.acquire(1)
);
semaphore!(
    AsyncLocks,
    "async-lock",
    None,
    async_lock::Semaphore,
    |it| it.acquire()
);
semaphore!(Tokio, "tokio", None, tokio::sync::Semaphore, |it| it
    .acquire());
semaphore!(Mea, "mea", None, mea::semaphore::Semaphore, |it| it
    .acquire(1));

/// The work of [`alone`](crate::groups::lock::shapes::alone), with the one that stays on its thread
/// and so is no [`Lock`].
pub(in super::super) fn acquire_on_one_thread(times: u64) {
    let semaphore = single_thread::Semaphore::new(PERMITS);
    let mut sum = 0_u64;
    for _ in 0..times {
        let _permit = now(semaphore.acquire());
        sum += 1;
        black_box(sum);
    }
}

//! A pool whose manager fails, hangs and panics at random, whose objects break, and whose users are
//! cancelled in every way.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::panic::panic_any;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use withal::pool::Lease;
use withal::runtime::Runtime;
use withal::{Either, Pool, cancel, either, timeout, with};

use super::pool::ends;
use crate::foreign::gives_up;
use crate::poll::{caught, poll_now, yields};
use crate::pooled::Items;
use crate::{Log, stress};

/// The table of these cases, given to the macro `$make`.
#[doc(hidden)]
#[macro_export]
macro_rules! pool_storm_cases {
    ($make:ident $with:tt $of:tt) => {
        $crate::$make! { $with $of pool_storm:
            whatever_happens_to_a_pool_nothing_is_lost_and_nobody_stranded,
            whatever_happens_to_a_fair_pool_nothing_is_lost_and_nobody_stranded,
        }
    };
}

// PL-20, PL-21, PL-22, PL-23, PL-24, PL-25, PL-26, PL-31, PL-34
pub async fn whatever_happens_to_a_pool_nothing_is_lost_and_nobody_stranded<R: Runtime>(rt: &R) {
    storm(rt, 1, false).await;
}

// PL-20, PL-34
pub async fn whatever_happens_to_a_fair_pool_nothing_is_lost_and_nobody_stranded<R: Runtime>(
    rt: &R,
) {
    storm(rt, 2, true).await;
}

const TASKS: u64 = 64;

/// What panics say that belong to the storm.
const EXPECTED: [&str; 5] = ["create", "check", "reset", "destroy", "the body"];

/// What is leased at the moment.
type Held = Arc<Mutex<BTreeSet<u32>>>;

async fn storm<R: Runtime>(rt: &R, seed: u64, fair: bool) {
    let log = Log::new();
    let items = Items::random(&log, seed);
    let builder = Pool::builder(rt, items.clone())
        .max(8)
        .hook_timeout(Duration::from_millis(2))
        .take_timeout(Duration::from_millis(20));
    let pool = if fair { builder.strict_fair() } else { builder }.build();
    let held = Held::default();
    let tasks = (0..TASKS).map(|task| {
        let (rt, pool, held) = (rt.clone(), pool.clone(), held.clone());
        rt.clone().spawn(async move {
            let mut random = fastrand::Rng::with_seed(seed << 32 | task);
            for _ in 0..stress(8) {
                // What panics in a hook, panics here.
                if let Err(text) = caught(turn(&rt, &pool, &held, &mut random)).await {
                    assert!(EXPECTED.contains(&&*text), "{text}");
                }
            }
        })
    });
    let tasks: Vec<_> = tasks.collect();
    for ended in ends(rt, &log, join_all(tasks)).await {
        ended.unwrap();
    }
    items.calm();
    // Everybody who comes is served, with all there is to serve.
    let all = join_all((0..TASKS).map(async |_| {
        let lease = pool.take_timeout(Duration::MAX).await.unwrap();
        yields(1).await;
        lease.release().await;
    }));
    ends(rt, &log, all).await;
    let report = ends(rt, &log, pool.close()).await;
    assert!(report.still_out.is_empty(), "{report}");
    items.assert_nothing_left(&pool.statistics());
    assert!(held.lock().unwrap().is_empty());
}

async fn turn<R: Runtime>(rt: &R, pool: &Pool<R, Items>, held: &Held, random: &mut fastrand::Rng) {
    let polls = random.usize(..6);
    let work = Work {
        waits: random.usize(..3),
        ends: random.u8(..8),
        held,
    };
    match random.u8(..7) {
        0 => work.run(pool.take().await.ok()).await,
        1 => {
            gives_up(polls, async { work.run(pool.take().await.ok()).await }).await;
        }
        2 => {
            let limit = Duration::from_micros(random.u64(..2000));
            let used = timeout(rt, limit, async { work.run(pool.take().await.ok()).await });
            let _ = used.await;
        }
        3 => {
            let mut used = Box::pin(async { work.run(pool.take().await.ok()).await });
            if (0..polls).all(|_| poll_now(used.as_mut()).is_pending()) {
                cancel(used).await;
            }
        }
        4 => {
            let used = either(yields(polls), async {
                work.run(pool.take().await.ok()).await;
            });
            if let Either::Right(()) = used.await {}
        }
        5 => {
            let used = with(rt, pool.lease(), async |lease| {
                work.hold(lease).await;
                Ok::<_, Infallible>(())
            });
            let _ = used.await;
        }
        _ => {
            let used = with(rt, pool.lease(), async |lease| {
                work.hold(lease).await;
                Ok::<_, Infallible>(())
            });
            gives_up(polls, used).await;
        }
    }
}

struct Work<'h> {
    waits: usize,
    ends: u8,
    held: &'h Held,
}

/// Notes that an object is leased.
struct Holds<'h>(&'h Held, u32);

impl<'h> Holds<'h> {
    fn new(held: &'h Held, number: u32) -> Self {
        let new = lock(held).insert(number);
        assert!(new, "{number} is leased twice");
        Self(held, number)
    }
}

impl Drop for Holds<'_> {
    fn drop(&mut self) {
        lock(self.0).remove(&self.1);
    }
}

fn lock(held: &Held) -> std::sync::MutexGuard<'_, BTreeSet<u32>> {
    held.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Work<'_> {
    async fn run<R: Runtime>(&self, lease: Option<Lease<R, Items>>) {
        let Some(mut lease) = lease else {
            return;
        };
        self.hold(&mut lease).await;
        match self.ends {
            0 => lease.release().await,
            1 => drop(lease.detach()),
            _ => drop(lease),
        }
    }

    async fn hold<R: Runtime>(&self, lease: &mut Lease<R, Items>) {
        assert!(!lease.broken, "{} is broken, and was lent", lease.number);
        let _holds = Holds::new(self.held, lease.number);
        let mut exchange = lease.exchange();
        // Whoever gets it after a cancellation in here would see that.
        exchange.broken = true;
        yields(self.waits).await;
        exchange.broken = false;
        if self.ends != 2 {
            exchange.complete();
        }
        match self.ends {
            3 => lease.mark_broken(),
            4 => lease.broken = true,
            5 => panic_any("the body"),
            _ => {}
        }
    }
}

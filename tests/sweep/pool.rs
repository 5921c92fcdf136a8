//! A pool with a manager: cancelled at every poll, on two runtimes, and on one that is gone.

mod by_hand;
mod limits;
mod model;

use std::convert::Infallible;
use std::time::Duration;

use withal::cleanup::drain;
use withal::runtime::Runtime;
use withal::{Pool, join, timeout, with};
use withal_tests::foreign::block_on;
use withal_tests::poll::yields;
use withal_tests::pooled::{Does, Item, Items};
use withal_tests::sweep::{Ending, Followed, Sweep, Swept};
use withal_tests::{Deterministic, Log};

type Rt = Followed<Deterministic>;

/// Hooks that wait in all of their ways.
fn items() -> Items {
    let items = Items::new(&Log::new());
    items.create_does(Does::Yield(1)).check_does(Does::Yield(1));
    items
        .reset_does(Does::Yield(1))
        .destroy_does(Does::Yield(1));
    items
}

/// Whoever cancels has waited until nothing is left, and each object was destroyed in order.
fn swept<F: Future<Output = ()>>(scenario: impl Fn(Rt, Items) -> F) -> Swept {
    Sweep::new(items)
        .invariant_of(|items, ending| {
            if !items.alive().is_empty() {
                // The runtime is gone; what it should have run is for whoever drains.
                let rt = Deterministic::new();
                rt.block_on(drain(&rt, Duration::from_secs(1)));
            }
            assert_eq!(items.alive(), []);
            if *ending != Ending::Panicked {
                assert_eq!(items.unannounced(), 0);
            }
        })
        .run(scenario)
}

async fn uses<R: Runtime>(pool: &Pool<R, Items>) {
    let mut lease = pool.take().await.unwrap();
    let exchange = lease.exchange();
    yields(1).await;
    exchange.complete();
    drop(lease);
    pool.take().await.unwrap().release().await;
}

// PL-21, PL-22, PL-23, PL-25, PL-31, PL-33, CM-17, K1, K2
#[test]
fn a_pool_that_is_cancelled_at_any_poll_destroys_what_it_has() {
    let swept = swept(async |rt: Rt, items: Items| {
        let pool = Pool::builder(&rt, items).max(2).build();
        uses(&pool).await;
        let used = with(&rt, pool.lease(), async |lease| {
            yields(1).await;
            lease.mark_broken();
            Ok::<_, Infallible>(())
        });
        used.await.unwrap();
        assert!(pool.close().await.is_clean());
    });
    assert!(swept.polls > 8, "{swept}");
}

// PL-4, PL-21, PL-23: one place, and three who want it.
#[test]
fn those_who_wait_for_one_place_are_cancelled_together() {
    for strict in [false, true] {
        let swept = swept(|rt, items| async move {
            let builder = Pool::builder(&rt, items).max(1);
            let builder = if strict {
                builder.strict_fair()
            } else {
                builder
            };
            let pool = builder.build();
            join((uses(&pool), uses(&pool), uses(&pool))).await;
            assert_eq!(pool.statistics().size, 1);
        });
        assert!(swept.polls > 8, "{swept}");
    }
}

// PL-29, PL-30, PL-31, PL-33
#[test]
fn what_changes_a_pool_is_cancelled_at_any_poll() {
    let swept = swept(async |rt: Rt, items: Items| {
        let scope = Pool::builder(&rt, items.clone()).max(4).min_idle(2).scope();
        let scoped = with(&rt, scope, async |pool| {
            pool.fill(4).await.unwrap();
            pool.resize(3).await;
            pool.retain(|item: &mut Item| item.number > 1).await;
            let used = join((uses(pool), pool.resize(1), uses(pool)));
            used.await;
            Ok::<_, Infallible>(())
        });
        scoped.await.unwrap();
    });
    assert!(swept.polls > 8, "{swept}");
    assert!(swept.scopes > 0, "{swept}");
}

// PL-26: a hook that hangs ends by the clock.
#[test]
fn a_take_that_replaces_what_hangs_is_cancelled_at_any_poll() {
    let swept = swept(async |rt: Rt, items: Items| {
        let pool = Pool::builder(&rt, items.clone()).max(1);
        let pool = pool.hook_timeout(Duration::from_millis(1)).build();
        pool.fill(1).await.unwrap();
        items.check_does(Does::Hang);
        let lease = pool.take().await.unwrap();
        assert_eq!(lease.number, 2);
        items.reset_does(Does::Hang);
        lease.release().await;
        assert!(pool.close().await.is_clean());
    });
    assert!(swept.polls > 4, "{swept}");
}

// PL-23, PL-33, K3, K6
#[test]
fn a_pool_goes_on_without_its_executor() {
    const LIMIT: Duration = Duration::from_secs(1);
    let (mut contexts, mut stuck) = (0, 0);
    for polls in 0..30 {
        let rt = Deterministic::builder().shut_down_after(polls).build();
        let items = items();
        rt.block_on(async {
            let pool = Pool::builder(&rt, items.clone()).max(2).build();
            // Who waits for a place may wait for what nobody runs any more.
            let used = timeout(&rt, LIMIT, join((uses(&pool), uses(&pool))));
            stuck += usize::from(used.await.is_err());
            drop(pool);
            drain(&rt, Duration::from_secs(1)).await;
        });
        assert_eq!((items.alive(), items.unannounced()), (vec![], 0));
        contexts += rt.contexts();
    }
    assert!(contexts > 0 && stuck < 30, "{contexts} {stuck}");
}

// PL-23, K5, K7
#[test]
fn a_lease_is_reset_by_the_runtime_of_its_pool() {
    let (own, other) = (Deterministic::new(), Deterministic::new());
    let items = items();
    let pool = Pool::builder(&own, items).max(1).build();
    other.block_on(async { drop(pool.take().await) });
    assert_eq!((pool.statistics().idle, other.spawned()), (0, 0));
    own.run_until_stalled();
    assert_eq!((pool.statistics().idle, own.spawned()), (1, 1));
    block_on(pool.close());
}

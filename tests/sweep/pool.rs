//! A pool with a manager: cancelled at every poll, on a clock by hand, on two runtimes, and on one
//! that is gone.

use std::convert::Infallible;
use std::mem::forget;
use std::rc::Rc;
use std::time::Duration;

use withal::cleanup::drain;
use withal::pool::PoolError;
use withal::runtime::{Runtime, Spawn as _, Timer as _};
use withal::{Pool, join, timeout, with};
use withal_tests::foreign::{begun, block_on};
use withal_tests::poll::{ByHand, yields};
use withal_tests::pooled::{Does, Item, Items, PlainItems};
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

// PL-28
#[test]
fn what_was_idle_for_too_long_is_not_taken() {
    let rt = Deterministic::new();
    let log = Log::new();
    let pool = Pool::builder(&rt, Items::new(&log)).max(2);
    let pool = pool.idle_timeout(Duration::from_secs(60)).build();
    rt.block_on(async {
        pool.fill(2).await.unwrap();
        rt.sleep(Duration::from_secs(59)).await;
        pool.take().await.unwrap().release().await;
        rt.sleep(Duration::from_secs(1)).await;
        assert_eq!(
            pool.try_take().unwrap().number,
            2,
            "it was used a second ago"
        );
    });
    rt.run_until_stalled();
    rt.block_on(async {
        rt.sleep(Duration::from_secs(60)).await;
        assert_eq!(pool.take().await.unwrap().number, 3);
        assert_eq!(
            pool.statistics().destroyed.idle_timeout,
            1,
            "the other one lies below"
        );
    });
    log.assert("+1 +2 ?2 ~2 ~2 -2:IdleTimeout +3");
}

// PL-28
#[test]
fn what_is_too_old_is_not_taken() {
    let rt = Deterministic::new();
    let pool = Pool::builder(&rt, PlainItems(items())).max(1);
    let pool = pool.max_lifetime(Duration::from_secs(60)).build();
    rt.block_on(async {
        for number in [1, 1, 2, 2] {
            assert_eq!(pool.take().await.unwrap().number, number);
            rt.sleep(Duration::from_secs(30)).await;
        }
        assert_eq!(pool.try_take().unwrap_err().to_string(), {
            let none = withal::pool::TryTakeError::NoneIdle;
            none.to_string()
        });
    });
    assert_eq!(pool.statistics().destroyed.max_lifetime, 2);
}

// PL-22, PL-28
#[test]
fn what_was_just_used_need_not_be_checked() {
    let rt = Deterministic::new();
    let log = Log::new();
    let pool = Pool::builder(&rt, Items::new(&log)).max(1);
    let pool = pool.check_after_idle(Duration::from_secs(10)).build();
    rt.block_on(async {
        pool.take().await.unwrap().release().await;
        pool.take().await.unwrap().release().await;
        rt.sleep(Duration::from_secs(10)).await;
        pool.take().await.unwrap().release().await;
    });
    log.assert("+1 ~1 ~1 ?1 ~1");
    assert_eq!(rt.timers(), 0);
}

// PL-28, PL-30, PL-33
#[test]
fn a_pool_that_is_maintained_keeps_its_limits_while_nobody_takes() {
    let rt = Deterministic::new();
    let items = Items::new(&Log::new());
    let pool = Pool::builder(&rt, items.clone()).max(4).min_idle(1);
    let pool = pool.idle_timeout(Duration::from_secs(60)).build();
    let maintain = rt.spawn(pool.maintain());
    rt.block_on(async {
        rt.sleep(Duration::from_secs(1)).await;
        assert_eq!(pool.statistics().idle, 1);
        pool.fill(3).await.unwrap();
        rt.sleep(Duration::from_secs(90)).await;
        let now = pool.statistics();
        assert_eq!((now.idle, now.destroyed.idle_timeout), (1, 3), "{now:?}");
        // An object that cannot be made is tried again.
        items.create_does(Does::Fail);
        rt.sleep(Duration::from_secs(90)).await;
        assert_eq!(pool.statistics().idle, 0);
        items.create_does(Does::End);
        rt.sleep(Duration::from_secs(30)).await;
        assert_eq!(pool.statistics().idle, 1);
        pool.close().await;
        maintain.await.unwrap();
    });
    assert_eq!(rt.timers(), 0);
}

// PL-4, PL-20
#[test]
fn a_take_that_was_woken_and_dropped_wakes_the_next() {
    for strict in [false, true] {
        let rt = Deterministic::new();
        let builder = Pool::builder(&rt, PlainItems(items())).max(1);
        let builder = if strict {
            builder.strict_fair()
        } else {
            builder
        };
        let pool = builder.build();
        let lease = block_on(pool.take()).unwrap();
        let first = ByHand::waiting(pool.take());
        let mut second = ByHand::waiting(pool.take());
        drop(pool.take());
        drop(lease);
        assert!(first.woken() && !second.woken());
        drop(first);
        assert!(second.woken());
        assert_eq!(second.ready().unwrap().number, 1);
        assert_eq!(pool.statistics().waiting, 0);
    }
}

// PL-23, PL-32
#[test]
fn a_lease_that_is_leaked_keeps_its_place() {
    let rt = Deterministic::new();
    let pool = Pool::builder(&rt, PlainItems(items())).max(2).build();
    forget(block_on(pool.take()).unwrap());
    forget(begun(async {
        let _lease = pool.take().await;
        std::future::pending::<()>().await;
    }));
    assert_eq!(pool.statistics().leased, 2);
    let close = pool.close_within(Duration::from_secs(1));
    assert_eq!(rt.block_on(close).still_out.len(), 2);
}

// PL-31: an object that was on its way to a take that is dropped.
#[test]
fn what_a_dropped_take_was_handed_is_closed_too() {
    let rt = Deterministic::new();
    let items = items();
    let pool = Pool::builder(&rt, items.clone()).max(1).strict_fair();
    let pool = pool.build();
    rt.block_on(pool.fill(1)).unwrap();
    let lease = pool.try_take().unwrap();
    let take = ByHand::waiting(pool.take());
    rt.block_on(lease.release());
    assert!(take.woken());
    let mut close = ByHand::waiting(pool.close());
    drop(take);
    assert!(rt.block_on(close.when_ready()).is_clean());
    items.assert_nothing_left(&pool.statistics());
}

// PL-23: what its body holds need not be `Send`.
#[test]
fn a_lease_may_be_held_by_what_stays_on_its_thread() {
    let rt = Deterministic::new();
    let pool = Pool::builder(&rt, items()).build();
    let text = String::from("borrowed");
    let used = with(&rt, pool.lease(), async |lease| {
        let (local, part) = (Rc::new(lease.number), &text[..6]);
        yields(1).await;
        Ok::<_, Infallible>((*local, part))
    });
    assert_eq!(rt.block_on(used).unwrap(), (1, "borrow"));
    rt.block_on(pool.close());
}

// PL-20, PL-24, PL-29, PL-31, PL-34: random operations, one after the other, beside a model.
#[test]
fn a_pool_does_what_its_model_does() {
    for seed in 0..300 {
        let rt = Deterministic::new();
        rt.block_on(follow_model(&rt, seed));
    }
}

/// The idle ones, the next one last; the leased ones; and how many there may be.
#[derive(Debug, Default)]
struct Model {
    idle: Vec<u32>,
    leased: Vec<u32>,
    max: usize,
    made: u32,
}

async fn follow_model(rt: &Deterministic, seed: u64) {
    let mut random = fastrand::Rng::with_seed(seed);
    let items = Items::new(&Log::new());
    let mut model = Model {
        max: random.usize(..4),
        ..Model::default()
    };
    let pool = Pool::builder(rt, items.clone()).max(model.max).build();
    let mut leases = Vec::new();
    for step in 0..random.usize(10..40) {
        let some = (!leases.is_empty()).then(|| random.usize(..leases.len()));
        match (random.u8(..10), some) {
            (0..4, _) => {
                let taken = ByHand::new(pool.take()).poll();
                let expected = if model.leased.len() >= model.max {
                    None
                } else {
                    Some(model.idle.pop().unwrap_or_else(|| {
                        model.made += 1;
                        model.made
                    }))
                };
                let taken = match taken {
                    std::task::Poll::Ready(taken) => Some(taken.unwrap()),
                    std::task::Poll::Pending => None,
                };
                let number = taken.as_ref().map(|lease| lease.number);
                assert_eq!(number, expected, "seed {seed}, step {step}: {model:?}");
                model.leased.extend(number);
                leases.extend(taken);
            }
            (how @ 4..8, Some(at)) => {
                let mut lease = leases.swap_remove(at);
                let number = model.leased.swap_remove(at);
                let stays = model.leased.len() < model.max && how < 6;
                match how {
                    4 | 5 => lease.release().await,
                    6 => {
                        lease.mark_broken();
                        lease.release().await;
                    }
                    _ => drop(lease.detach()),
                }
                if stays {
                    model.idle.push(number);
                }
            }
            (8, _) => {
                model.max = random.usize(..4);
                let room = model.max.saturating_sub(model.leased.len());
                let gone = model.idle.len().saturating_sub(room);
                model.idle.drain(..gone);
                pool.resize(model.max).await;
            }
            (9, _) => {
                let odd = random.u32(..2);
                pool.retain(|item| item.number % 2 == odd).await;
                model.idle.retain(|number| number % 2 == odd);
            }
            _ => {}
        }
        let now = pool.statistics();
        let expected = (model.idle.len(), model.leased.len(), model.max);
        let is = (now.idle, now.leased, now.max);
        assert_eq!(is, expected, "seed {seed}, step {step}: {now:?}");
        let alive = u64::try_from(now.size).unwrap();
        let gone = now.destroyed.total() + now.detached;
        assert_eq!(now.created, alive + gone, "seed {seed}, step {step}");
    }
    drop(leases);
    assert!(pool.close().await.is_clean());
    assert_eq!(pool.take().await.unwrap_err(), PoolError::Closed);
    items.assert_nothing_left(&pool.statistics());
}

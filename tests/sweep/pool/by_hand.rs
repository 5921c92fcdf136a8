//! Pools polled by hand: what is dropped, leaked, panics, or comes late.

use std::convert::Infallible;
use std::mem::forget;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use withal::cleanup::drain;
use withal::{Pool, PoolManager, join, with};
use withal_tests::Deterministic;
use withal_tests::foreign::{begun, block_on};
use withal_tests::poll::{ByHand, caught, yields};
use withal_tests::pooled::PlainItems;

use super::items;

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

/// Objects that panic where they are told to.
struct Touchy(Arc<AtomicBool>);

impl Drop for Touchy {
    fn drop(&mut self) {
        assert!(!self.0.swap(false, Ordering::Relaxed), "a destructor");
    }
}

struct Touchies {
    in_drop: Arc<AtomicBool>,
    in_hook: AtomicBool,
}

impl PoolManager for Touchies {
    type Object = Touchy;
    type Error = Infallible;

    async fn create(&self) -> Result<Touchy, Infallible> {
        Ok(Touchy(self.in_drop.clone()))
    }

    fn is_broken(&self, _: &mut Touchy) -> bool {
        assert!(!self.in_hook.swap(false, Ordering::Relaxed), "a hook");
        false
    }
}

// PL-24, PL-34, K11: whatever is the user's may panic, and the place is free.
#[test]
fn a_panic_while_an_object_goes_back_loses_no_place() {
    let rt = Deterministic::new();
    let manager = Touchies {
        in_drop: Arc::default(),
        in_hook: AtomicBool::new(true),
    };
    let pool = Pool::builder(&rt, manager).max(1).build();
    let lease = block_on(pool.take()).unwrap();
    let panicked = block_on(caught(async move { drop(lease) }));
    assert_eq!(panicked.unwrap_err(), "a hook");
    assert_eq!(pool.statistics().destroyed.without_hook, 1);
    let mut lease = block_on(pool.take()).unwrap();
    lease.mark_broken();
    let mut waits = ByHand::waiting(pool.take());
    pool.manager().in_drop.store(true, Ordering::Relaxed);
    let panicked = block_on(caught(async move { drop(lease) }));
    assert_eq!(panicked.unwrap_err(), "a destructor");
    assert!(waits.woken());
    drop(waits.ready().unwrap());
    let now = pool.statistics();
    assert_eq!((now.created, now.destroyed.total(), now.size), (3, 2, 1));
    // And in an object that is detached, it is the user's alone.
    let object = block_on(pool.take()).unwrap().detach();
    pool.manager().in_drop.store(true, Ordering::Relaxed);
    let panicked = block_on(caught(async move { drop(object) }));
    assert_eq!(panicked.unwrap_err(), "a destructor");
    assert!(block_on(pool.close()).is_clean());
}

// PL-31, PL-32
#[test]
fn a_pool_that_two_close_is_closed_for_both() {
    let rt = Deterministic::new();
    let items = items();
    let pool = Pool::builder(&rt, items.clone()).max(4).build();
    rt.block_on(async {
        pool.fill(2).await.unwrap();
        let lease = pool.take().await.unwrap();
        let late = async {
            yields(3).await;
            lease.release().await;
        };
        let (first, second, ()) = join((pool.close(), pool.close(), late)).await;
        assert!(first.is_clean() && second.is_clean());
    });
    items.assert_nothing_left(&pool.statistics());
}

// PL-23, PL-33: what is idle when its pool and its runtime are gone waits for a drain.
#[test]
fn a_pool_may_outlive_its_runtime() {
    let rt = Deterministic::new();
    let items = items();
    let pool = Pool::builder(&rt, items.clone()).max(2).build();
    rt.block_on(pool.fill(2)).unwrap();
    let lease = pool.try_take().unwrap();
    drop(rt);
    drop(lease);
    drop(pool);
    let other = Deterministic::new();
    other.block_on(drain(&other, Duration::from_secs(1)));
    assert_eq!((items.alive(), items.unannounced()), (vec![], 0));
}

// PL-20, PL-23: a hook may use the pool, and so may who is asked about its objects.
#[test]
fn a_pool_may_be_used_while_it_is_looked_through() {
    let rt = Deterministic::new();
    let pool = Pool::builder(&rt, PlainItems(items())).max(3).build();
    rt.block_on(async {
        pool.fill(3).await.unwrap();
        let gone = pool.retain(|item| {
            let other = pool.try_take().map(|lease| lease.number);
            other.is_ok_and(|other| other != item.number)
        });
        assert_eq!(gone.await, 0);
        assert_eq!(pool.statistics().idle, 3);
    });
}

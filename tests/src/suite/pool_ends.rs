//! A pool that is filled, resized, looked after and closed.

use std::convert::Infallible;
use std::mem::forget;
use std::time::Duration;

use withal::pool::{PoolError, PoolScopeError, create_with};
use withal::runtime::Runtime;
use withal::scope::ExitError;
use withal::{Pool, PoolManager, ScopeError, cancel, with};

use super::pool::{ends, items};
use crate::foreign::gives_up;
use crate::poll::{ByHand, caught, poll_now, yields};
use crate::pooled::{Does, Item, ItemError, Items, PlainItems};

/// The table of these cases, given to the macro `$make`.
#[doc(hidden)]
#[macro_export]
macro_rules! pool_ends_cases {
    ($make:ident $with:tt $of:tt) => {
        $crate::$make! { $with $of pool_ends:
            a_fill_makes_objects_side_by_side,
            a_fill_that_fails_leaves_nothing,
            a_fill_that_is_cancelled_leaves_nothing,
            a_detached_object_makes_room,
            a_pool_that_shrinks_destroys_what_is_idle_and_waits_for_the_rest,
            a_pool_that_grows_serves_who_waits,
            what_is_not_retained_is_destroyed,
            a_panic_in_retain_changes_nothing,
            a_close_refuses_who_waits_and_waits_for_leases,
            a_close_ends_what_is_being_made,
            a_close_within_a_grace_tells_who_is_late,
            a_close_tells_what_was_not_destroyed,
            a_close_that_is_cancelled_is_a_close_all_the_same,
            the_last_handle_closes_the_pool,
            a_scope_fills_a_pool_and_closes_it,
            a_scope_that_cannot_be_filled_leaves_nothing,
            a_pool_may_be_made_of_a_closure,
        }
    };
}

/// The numbers of what is idle, the next one first.
async fn idle<R: Runtime, M: PoolManager<Object = Item>>(pool: &Pool<R, M>) -> Vec<u32> {
    let leases: Vec<_> = std::iter::from_fn(|| pool.try_take().ok()).collect();
    let numbers = leases.iter().map(|lease| lease.number).collect();
    // In their order again.
    for lease in leases.into_iter().rev() {
        lease.release().await;
    }
    numbers
}

// PL-30
pub async fn a_fill_makes_objects_side_by_side(rt: &impl Runtime) {
    let (log, items) = items();
    items.create_does(Does::Yield(3));
    let pool = Pool::builder(rt, items).max(3).build();
    let mut fill = ByHand::waiting(pool.fill(9));
    let creating = pool.statistics();
    assert_eq!((creating.leased, creating.size), (3, 0));
    ends(rt, &log, fill.when_ready()).await.unwrap();
    log.assert("+1 +2 +3");
    assert_eq!(pool.statistics().idle, 3);
    pool.fill(2).await.unwrap();
    assert_eq!(pool.statistics().created, 3, "there are enough");
}

// PL-30
pub async fn a_fill_that_fails_leaves_nothing(rt: &impl Runtime) {
    let (log, items) = items();
    let pool = Pool::builder(rt, Second(items.clone())).max(3).build();
    let filled = ends(rt, &log, pool.fill(3)).await;
    assert_eq!(filled, Err(PoolError::Create(ItemError("second"))));
    assert_eq!(items.alive(), [], "{}", log.trace());
    assert_eq!(pool.statistics().destroyed.unwanted, 1);
    assert_eq!((pool.statistics().leased, pool.statistics().size), (0, 0));
}

/// Of which every second one cannot be made.
struct Second(Items);

impl PoolManager for Second {
    type Object = Item;
    type Error = ItemError;

    async fn create(&self) -> Result<Item, ItemError> {
        if self.0.made() % 2 == 1 {
            yields(1).await;
            return Err(ItemError("second"));
        }
        self.0.create().await
    }
}

// PL-30, K1
pub async fn a_fill_that_is_cancelled_leaves_nothing(rt: &impl Runtime) {
    let (log, items) = items();
    items
        .create_does(Does::Yield(2))
        .destroy_does(Does::Yield(2));
    for polls in 0..4 {
        let pool = Pool::builder(rt, items.clone()).max(3).build();
        let mut fill = Box::pin(pool.fill(3));
        let ended = (0..polls).any(|_| poll_now(fill.as_mut()).is_ready());
        if !ended {
            cancel(fill).await;
            assert_eq!(items.alive(), [], "{}", log.trace());
        }
        pool.close().await;
        assert_eq!(
            (items.alive(), items.unannounced()),
            (vec![], 0),
            "{}",
            log.trace()
        );
    }
}

// PL-29
pub async fn a_detached_object_makes_room(rt: &impl Runtime) {
    let (log, items) = items();
    let pool = Pool::builder(rt, items.clone()).max(1).build();
    let lease = pool.take().await.unwrap();
    let mut next = ByHand::waiting(pool.take());
    let item = lease.detach();
    assert_eq!(ends(rt, &log, next.when_ready()).await.unwrap().number, 2);
    assert_eq!(item.number, 1);
    assert_eq!(pool.statistics().detached, 1);
    drop((item, next));
    ends(rt, &log, pool.close()).await;
    items.assert_nothing_left(&pool.statistics());
}

// PL-29
pub async fn a_pool_that_shrinks_destroys_what_is_idle_and_waits_for_the_rest(rt: &impl Runtime) {
    let (log, items) = items();
    items.destroy_does(Does::Yield(1));
    let pool = Pool::builder(rt, items).max(4).build();
    let leases = [pool.take().await, pool.take().await, pool.take().await];
    let [a, b, c] = leases.map(Result::unwrap);
    c.release().await;
    pool.resize(1).await;
    log.assert("+1 +2 +3 ~3 -3:Unwanted");
    assert_eq!((pool.statistics().max, pool.statistics().size), (1, 2));
    let mut next = ByHand::waiting(pool.take());
    a.release().await;
    assert!(!next.woken(), "that was the place too many");
    b.release().await;
    let last = ends(rt, &log, next.when_ready()).await.unwrap();
    assert_eq!(last.number, 2);
    last.release().await;
    drop(next);
    // None at all, and one again.
    pool.resize(0).await;
    let mut next = ByHand::waiting(pool.take());
    pool.resize(1).await;
    assert_eq!(ends(rt, &log, next.when_ready()).await.unwrap().number, 4);
}

// PL-29
pub async fn a_pool_that_grows_serves_who_waits(rt: &impl Runtime) {
    let (log, items) = items();
    let pool = Pool::builder(rt, items).max(0).build();
    let mut waits = ByHand::waiting(pool.take());
    pool.resize(2).await;
    assert!(waits.woken());
    assert_eq!(ends(rt, &log, waits.when_ready()).await.unwrap().number, 1);
    assert_eq!(pool.statistics().max, 2);
}

// PL-29
pub async fn what_is_not_retained_is_destroyed(rt: &impl Runtime) {
    let (log, items) = items();
    items.destroy_does(Does::Yield(1));
    let pool = Pool::builder(rt, items).max(4).build();
    pool.fill(4).await.unwrap();
    let leased = pool.try_take().unwrap();
    let top = leased.number;
    let mut seen = Vec::new();
    let gone = pool.retain(|item| {
        seen.push(item.number);
        item.number % 2 == 1
    });
    let gone = gone.await;
    assert_eq!(seen.len(), 3);
    assert!(!seen.contains(&top), "{seen:?}");
    seen.retain(|number| number % 2 == 0);
    assert_eq!(gone, seen.len());
    assert_eq!(log.count("-"), gone);
    assert_eq!(pool.statistics().idle, 3 - gone);
}

// PL-29
pub async fn a_panic_in_retain_changes_nothing(rt: &impl Runtime) {
    let (log, items) = items();
    let pool = Pool::builder(rt, PlainItems(items)).max(3).build();
    pool.fill(3).await.unwrap();
    let mut looked = 0;
    let retained = caught(pool.retain(|_| {
        looked += 1;
        assert!(looked < 2, "the second one");
        false
    }));
    assert_eq!(retained.await.unwrap_err(), "the second one");
    assert_eq!(pool.statistics().idle, 3, "{}", log.trace());
    assert_eq!(idle(&pool).await.len(), 3);
}

// PL-31
pub async fn a_close_refuses_who_waits_and_waits_for_leases(rt: &impl Runtime) {
    let (log, items) = items();
    items.destroy_does(Does::Yield(1));
    let pool = Pool::builder(rt, items.clone()).max(2).build();
    let (idle, leased) = (pool.take().await.unwrap(), pool.take().await.unwrap());
    let mut waits = ByHand::waiting(pool.take());
    let mut close = ByHand::waiting(pool.close());
    assert!(pool.is_closed() && waits.woken());
    assert_eq!(waits.ready().unwrap_err(), PoolError::Closed);
    assert_eq!(pool.take().await.unwrap_err(), PoolError::Closed);
    assert_eq!(pool.fill(1).await.unwrap_err(), PoolError::Closed);
    idle.release().await;
    assert!(close.poll().is_pending(), "one is out");
    leased.release().await;
    assert!(ends(rt, &log, close.when_ready()).await.is_clean());
    // Nobody will take them: so they are not reset.
    log.assert("+1 +2 -1:Closed -2:Closed");
    items.assert_nothing_left(&pool.statistics());
    assert!(pool.close().await.is_clean(), "to close again is nothing");
}

// PL-31, PL-21
pub async fn a_close_ends_what_is_being_made(rt: &impl Runtime) {
    let (log, items) = items();
    items.create_does(Does::Hang);
    let pool = Pool::builder(rt, items).max(2).build();
    let mut take = ByHand::waiting(pool.take());
    let mut close = ByHand::waiting(pool.close());
    assert!(take.woken());
    assert_eq!(take.ready().unwrap_err(), PoolError::Closed);
    assert!(ends(rt, &log, close.when_ready()).await.is_clean());
}

// PL-32
pub async fn a_close_within_a_grace_tells_who_is_late(rt: &impl Runtime) {
    let (log, items) = items();
    let pool = Pool::builder(rt, items.clone()).max(3).build();
    let (late, line) = (pool.take().await.unwrap(), line!());
    let leaked = pool.take().await.unwrap();
    let report = pool.close_within(Duration::from_millis(2));
    let report = ends(rt, &log, report).await;
    assert!(!report.is_clean());
    let lines: Vec<_> = report.still_out.iter().map(|at| at.line()).collect();
    assert_eq!(lines, [line, line + 1]);
    assert!(report.still_out[0].file().ends_with("pool_ends.rs"));
    assert!(report.to_string().contains("still out"), "{report}");
    late.release().await;
    log.assert("+1 +2 -1:Closed");
    forget(leaked);
    let report = pool.close_within(Duration::from_millis(1));
    assert_eq!(ends(rt, &log, report).await.still_out.len(), 1);
}

// PL-32
pub async fn a_close_tells_what_was_not_destroyed(rt: &impl Runtime) {
    let (log, items) = items();
    let pool = Pool::builder(rt, items.clone()).max(2).build();
    pool.fill(2).await.unwrap();
    items.destroy_does(Does::Fail);
    let report = ends(rt, &log, pool.close()).await;
    assert_eq!(report.errors, [ItemError("destroy"); 2]);
    assert!(report.still_out.is_empty());
    assert_eq!(pool.statistics().destroyed.closed, 2, "all the same");
}

// PL-31
pub async fn a_close_that_is_cancelled_is_a_close_all_the_same(rt: &impl Runtime) {
    let (log, items) = items();
    items.destroy_does(Does::Yield(3));
    for polls in 1..5 {
        let pool = Pool::builder(rt, items.clone()).max(3).build();
        pool.fill(2).await.unwrap();
        let leased = pool.take().await.unwrap();
        gives_up(polls, pool.close()).await;
        assert_eq!(pool.take().await.unwrap_err(), PoolError::Closed);
        drop(leased);
        assert!(ends(rt, &log, pool.close()).await.is_clean());
        assert_eq!(
            (items.alive(), items.unannounced()),
            (vec![], 0),
            "{}",
            log.trace()
        );
    }
}

// PL-33, K3
pub async fn the_last_handle_closes_the_pool(rt: &impl Runtime) {
    let (log, items) = items();
    items.destroy_does(Does::Yield(2));
    let scoped = with(rt, crate::Act::new(&log, "a"), async |()| {
        let pool = Pool::builder(rt, items.clone()).max(2).build();
        pool.fill(2).await.unwrap();
        let lease = pool.take().await.unwrap();
        let maintain = ByHand::waiting(pool.maintain());
        let other = pool.clone();
        drop(pool);
        assert!(!other.is_closed());
        drop(other);
        assert!(maintain.woken(), "it does not keep the pool open");
        log.push("dropped");
        lease.release().await;
        Ok::<_, Infallible>(())
    });
    ends(rt, &log, scoped).await.unwrap();
    // Before the exit of the scope around.
    assert_eq!(items.alive(), []);
    assert_eq!(log.count("-"), 3, "{}", log.trace());
    assert_eq!(log.events().last().map(String::as_str), Some("-a"));
}

// PL-33
pub async fn a_scope_fills_a_pool_and_closes_it(rt: &impl Runtime) {
    let (log, items) = items();
    items.destroy_does(Does::Yield(1));
    let scope = Pool::builder(rt, items.clone()).max(4).min_idle(2).scope();
    let scoped = with(rt, scope, async |pool| {
        assert_eq!(pool.statistics().idle, 2);
        pool.take().await.unwrap().release().await;
        Ok::<_, Infallible>(pool.clone())
    });
    let pool = ends(rt, &log, scoped).await.unwrap();
    items.assert_nothing_left(&pool.statistics());
    // One that stays out for too long.
    let scope = Pool::builder(rt, items.clone()).scope();
    let scope = scope.grace(Duration::from_millis(1));
    let scoped = with(rt, scope, async |pool| {
        forget(pool.take().await.unwrap());
        Ok::<_, Infallible>(())
    });
    let late = match ends(rt, &log, scoped).await {
        Err(ScopeError::Exit {
            error: ExitError::Failed(PoolScopeError::NotClean(report)),
            ..
        }) => report.still_out.len(),
        other => panic!("{other:?}"),
    };
    assert_eq!(late, 1);
}

// PL-33, CM-3
pub async fn a_scope_that_cannot_be_filled_leaves_nothing(rt: &impl Runtime) {
    let (log, items) = items();
    let scope = Pool::builder(rt, Second(items.clone())).min_idle(2).scope();
    let scoped = with(rt, scope, async |_| -> Result<(), Infallible> {
        unreachable!("it is not entered")
    });
    let failed = ends(rt, &log, scoped).await.unwrap_err();
    let expected = PoolScopeError::Fill(PoolError::Create(ItemError("second")));
    assert!(matches!(failed, ScopeError::Enter(error) if error == expected));
    assert_eq!(items.alive(), []);
}

// PL-20
pub async fn a_pool_may_be_made_of_a_closure(rt: &impl Runtime) {
    let make = create_with(async || Ok::<_, Infallible>(String::from("made")));
    let pool = Pool::builder(rt, make).max(1).strict_fair().build();
    pool.take().await.unwrap().push_str(", used");
    assert_eq!(*pool.take().await.unwrap(), "made, used");
}

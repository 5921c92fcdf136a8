//! A pool of objects that a manager makes: taking them, and giving them back.

use std::convert::Infallible;
use std::mem::ManuallyDrop;
use std::panic::panic_any;
use std::time::Duration;

use withal::pool::{PoolError, TakeStage, TryTakeError};
use withal::runtime::Runtime;
use withal::{Pool, cancel, timeout, with};

use crate::foreign::gives_up;
use crate::log::within_patience;
use crate::poll::{ByHand, caught, poll_now, yields};
use crate::pooled::{Does, ItemError, Items, PlainItems};
use crate::{Act, Log};

/// The table of these cases, given to the macro `$make`.
#[doc(hidden)]
#[macro_export]
macro_rules! pool_cases {
    ($make:ident $with:tt $of:tt) => {
        $crate::$make! { $with $of pool:
            an_object_is_made_when_it_is_needed_and_used_again,
            what_needs_no_waiting_goes_back_in_the_drop,
            whoever_drops_a_lease_waits_for_its_reset,
            a_lease_that_foreign_code_drops_is_reset_behind_it,
            a_lease_may_be_released_and_waited_for,
            a_scope_waits_until_its_object_is_back,
            a_lease_may_go_to_another_task,
            broken_objects_never_go_back,
            a_panic_breaks_what_nobody_resets,
            an_exchange_that_is_not_completed_breaks_its_object,
            a_create_that_fails_fails_one_take,
            a_create_that_is_cancelled_gives_its_place_to_the_next,
            an_object_that_fails_its_check_is_replaced,
            a_check_that_is_cancelled_breaks_its_object,
            what_hangs_in_a_hook_does_not_keep_its_place,
            a_take_that_takes_too_long_says_what_it_did,
            an_idle_object_can_be_taken_at_once,
            a_release_that_is_cancelled_loses_nothing,
        }
    };
}

pub(super) async fn ends<F: Future>(rt: &impl Runtime, log: &Log, future: F) -> F::Output {
    within_patience(rt, future, || log.trace()).await
}

pub(super) fn items() -> (Log, Items) {
    let log = Log::new();
    let items = Items::new(&log);
    (log, items)
}

// PL-20, PL-23
pub async fn an_object_is_made_when_it_is_needed_and_used_again(rt: &impl Runtime) {
    let (log, items) = items();
    let pool = Pool::builder(rt, items).max(2).build();
    assert_eq!(pool.statistics().size, 0, "nothing is made before");
    let first = pool.take().await.unwrap();
    let second = pool.take().await.unwrap();
    assert_eq!((first.number, second.number), (1, 2));
    let mut third = ByHand::waiting(pool.take());
    let now = pool.statistics();
    assert_eq!((now.leased, now.waiting, now.waits), (2, 1, 1));
    second.release().await;
    assert_eq!(ends(rt, &log, third.when_ready()).await.unwrap().number, 2);
    first.release().await;
    // Last in, first out.
    ends(rt, &log, async {
        assert_eq!(pool.take().await.unwrap().number, 1);
    })
    .await;
    drop(third);
}

// PL-23
pub async fn what_needs_no_waiting_goes_back_in_the_drop(rt: &impl Runtime) {
    let (_, items) = items();
    let pool = Pool::builder(rt, PlainItems(items)).max(1).build();
    let lease = pool.take().await.unwrap();
    assert_eq!(pool.statistics().idle, 0);
    drop(lease);
    assert_eq!((pool.statistics().idle, pool.statistics().leased), (1, 0));
    let broken = pool.take().await.map(|mut lease| lease.mark_broken());
    assert_eq!(broken, Ok(()));
    assert_eq!((pool.statistics().size, pool.statistics().leased), (0, 0));
}

// PL-23, K2
pub async fn whoever_drops_a_lease_waits_for_its_reset(rt: &impl Runtime) {
    let (log, items) = items();
    items.reset_does(Does::Yield(2));
    let pool = Pool::builder(rt, items).max(1).build();
    let mut used = Box::pin(async {
        let _lease = pool.take().await.unwrap();
        std::future::pending::<()>().await;
    });
    assert!(poll_now(used.as_mut()).is_pending());
    cancel(used).await;
    log.assert("+1 ~1");
    assert_eq!(pool.statistics().idle, 1);
    // And before the exit of the scope around.
    let scoped = with(rt, Act::new(&log, "a"), async |()| {
        let _lease = pool.take().await;
        Ok::<_, Infallible>(())
    });
    ends(rt, &log, scoped).await.unwrap();
    log.assert("+1 ~1 +a ?1 ~1 -a");
}

// PL-23, K2, K3
pub async fn a_lease_that_foreign_code_drops_is_reset_behind_it(rt: &impl Runtime) {
    let (log, items) = items();
    items.reset_does(Does::Yield(3));
    let pool = Pool::builder(rt, items).max(1).build();
    gives_up(1, async {
        let _lease = pool.take().await;
        yields(9).await;
    })
    .await;
    // Nobody gets it before.
    let again = ends(rt, &log, pool.take()).await.unwrap();
    assert_eq!(again.number, 1);
    log.assert("+1 ~1 ?1");
}

// PL-23
pub async fn a_lease_may_be_released_and_waited_for(rt: &impl Runtime) {
    let (log, items) = items();
    items
        .reset_does(Does::Yield(2))
        .destroy_does(Does::Yield(2));
    let pool = Pool::builder(rt, items).max(1).build();
    pool.take().await.unwrap().release().await;
    log.assert("+1 ~1");
    let mut lease = pool.take().await.unwrap();
    lease.mark_broken();
    assert!(lease.is_broken());
    lease.release().await;
    log.assert("+1 ~1 ?1 -1:Broken");
    assert_eq!(pool.statistics().leased, 0);
}

// PL-23, CM-5
pub async fn a_scope_waits_until_its_object_is_back(rt: &impl Runtime) {
    let (log, items) = items();
    items.reset_does(Does::Yield(2));
    let pool = Pool::builder(rt, items).max(1).build();
    let number = with(rt, pool.lease(), async |lease| {
        yields(1).await;
        Ok::<_, Infallible>(lease.number)
    });
    assert_eq!(number.await.unwrap(), 1);
    log.assert("+1 ~1");
    let failed = with(rt, pool.lease(), async |lease| {
        lease.mark_broken();
        Err::<(), _>("the body")
    });
    assert_eq!(failed.await.unwrap_err().into_body(), Ok("the body"));
    log.assert("+1 ~1 ?1 -1:Broken");
    // A scope that is cancelled is waited for.
    let mut scoped = Box::pin(with(rt, pool.lease(), async |_| {
        std::future::pending::<Result<(), Infallible>>().await
    }));
    assert!(poll_now(scoped.as_mut()).is_pending());
    cancel(scoped).await;
    assert_eq!(pool.statistics().idle, 1);
}

// PL-23, K7
pub async fn a_lease_may_go_to_another_task(rt: &impl Runtime) {
    let (log, items) = items();
    items.reset_does(Does::Yield(1));
    let pool = Pool::builder(rt, items).max(1).build();
    let lease = pool.take().await.unwrap();
    let task = rt.spawn(async move {
        yields(2).await;
        lease.number
    });
    assert_eq!(ends(rt, &log, task).await.unwrap(), 1);
    assert_eq!(ends(rt, &log, pool.take()).await.unwrap().number, 1);
}

// PL-24
pub async fn broken_objects_never_go_back(rt: &impl Runtime) {
    let (log, items) = items();
    let pool = Pool::builder(rt, items.clone()).max(1).build();
    pool.take().await.unwrap().mark_broken();
    let mut lease = ends(rt, &log, pool.take()).await.unwrap();
    assert_eq!(lease.number, 2);
    // As its manager sees it.
    lease.broken = true;
    lease.release().await;
    items.reset_does(Does::Fail);
    let lease = ends(rt, &log, pool.take()).await.unwrap();
    assert_eq!(lease.number, 3);
    lease.release().await;
    log.seen(rt, r#"-3:ResetFailed(ItemError("reset"))"#).await;
    let destroyed = pool.statistics().destroyed;
    assert_eq!((destroyed.broken, destroyed.reset_failed), (2, 1));
    assert_eq!(items.alive(), []);
}

// PL-24, K11
pub async fn a_panic_breaks_what_nobody_resets(rt: &impl Runtime) {
    let (log, items) = items();
    let plain = Pool::builder(rt, PlainItems(items.clone())).build();
    let reset = Pool::builder(rt, items).build();
    let (held, lent) = (plain.take(), plain.lease());
    let used = caught(async {
        let _lease = held.await;
        panic_any("the body")
    });
    assert_eq!(used.await, Err::<(), _>("the body".into()));
    assert_eq!(plain.statistics().destroyed.broken, 1);
    let used = with(rt, lent, async |_| -> Result<(), Infallible> {
        panic_any("the body")
    });
    assert_eq!(caught(used).await.unwrap_err(), "the body");
    assert_eq!(plain.statistics().destroyed.broken, 2);
    // A reset decides.
    let used = with(rt, reset.lease(), async |_| -> Result<(), Infallible> {
        panic_any("the body")
    });
    assert_eq!(caught(used).await.unwrap_err(), "the body");
    assert_eq!(reset.statistics().idle, 1);
    log.assert("+1 +2 +3 ~3");
}

// PL-25
pub async fn an_exchange_that_is_not_completed_breaks_its_object(rt: &impl Runtime) {
    let (log, items) = items();
    let pool = Pool::builder(rt, items).max(1).build();
    let mut lease = pool.take().await.unwrap();
    let mut exchange = lease.exchange();
    exchange.broken = false;
    exchange.complete();
    assert!(!lease.is_broken());
    lease.release().await;
    // Cancelled in the middle, by a timeout.
    let asked = timeout(rt, Duration::from_millis(1), async {
        let mut lease = pool.take().await.unwrap();
        let exchange = lease.exchange();
        std::future::pending::<()>().await;
        exchange.complete();
    });
    asked.await.unwrap_err();
    log.assert("+1 ~1 ?1 -1:Unfinished");
    // A later one that is completed changes nothing about that.
    let mut lease = pool.take().await.unwrap();
    drop(lease.exchange());
    lease.exchange().complete();
    assert!(lease.is_broken());
    lease.release().await;
    log.assert("+1 ~1 ?1 -1:Unfinished +2 -2:Unfinished");
    let mut lease = pool.take().await.unwrap();
    let _leaked = ManuallyDrop::new(lease.exchange());
    assert!(lease.is_broken(), "leaked is not completed");
    lease.release().await;
}

// PL-21
pub async fn a_create_that_fails_fails_one_take(rt: &impl Runtime) {
    let (log, items) = items();
    items.create_does(Does::Fail);
    let pool = Pool::builder(rt, items.clone()).max(1).build();
    let failed = PoolError::Create(ItemError("create"));
    assert_eq!(pool.take().await.unwrap_err(), failed);
    // With somebody who waits behind it.
    items.create_does(Does::Yield(1));
    let mut first = ByHand::waiting(pool.take());
    let mut second = ByHand::waiting(pool.take());
    items.create_does(Does::Panic);
    first.ready().unwrap().mark_broken();
    let taken = ends(rt, &log, caught(second.when_ready())).await;
    assert_eq!(taken.unwrap_err(), "create", "it has the place, and tries");
    drop((first, second));
    items.create_does(Does::End);
    let lease = ends(rt, &log, pool.take()).await.unwrap();
    assert_eq!(lease.number, 2);
    lease.release().await;
    let now = pool.statistics();
    assert_eq!((now.created, now.leased, now.waiting), (2, 0, 0));
}

// PL-21, CM-19
pub async fn a_create_that_is_cancelled_gives_its_place_to_the_next(rt: &impl Runtime) {
    let (log, items) = items();
    items.create_does(Does::Hang);
    let pool = Pool::builder(rt, items.clone()).max(1).build();
    let mut hangs = Box::pin(pool.take());
    assert!(poll_now(hangs.as_mut()).is_pending());
    let mut next = ByHand::waiting(pool.take());
    items.create_does(Does::End);
    cancel(hangs).await;
    assert!(next.woken());
    assert_eq!(ends(rt, &log, next.when_ready()).await.unwrap().number, 1);
}

// PL-22
pub async fn an_object_that_fails_its_check_is_replaced(rt: &impl Runtime) {
    let (log, items) = items();
    let pool = Pool::builder(rt, items.clone()).max(1).build();
    pool.take().await.unwrap().release().await;
    items.check_does(Does::Fail).destroy_does(Does::Yield(1));
    let lease = ends(rt, &log, pool.take()).await.unwrap();
    assert_eq!(lease.number, 2);
    log.assert(r#"+1 ~1 -1:CheckFailed(ItemError("check")) +2"#);
    assert_eq!(pool.statistics().destroyed.check_failed, 1);
}

// PL-22, CM-19
pub async fn a_check_that_is_cancelled_breaks_its_object(rt: &impl Runtime) {
    let (log, items) = items();
    let pool = Pool::builder(rt, items.clone()).max(1).build();
    pool.take().await.unwrap().release().await;
    items
        .check_does(Does::Yield(9))
        .destroy_does(Does::Yield(2));
    let mut checked = Box::pin(pool.take());
    assert!(poll_now(checked.as_mut()).is_pending());
    cancel(checked).await;
    log.assert("+1 ~1 -1:CheckCancelled");
    assert_eq!(ends(rt, &log, pool.take()).await.unwrap().number, 2);
}

// PL-26
pub async fn what_hangs_in_a_hook_does_not_keep_its_place(rt: &impl Runtime) {
    let (log, items) = items();
    let pool = Pool::builder(rt, items.clone()).max(1);
    let pool = pool.hook_timeout(Duration::from_millis(5)).build();
    let lease = pool.take().await.unwrap();
    items.reset_does(Does::Hang).destroy_does(Does::Hang);
    drop(lease);
    let lease = ends(rt, &log, pool.take()).await.unwrap();
    assert_eq!(lease.number, 2);
    items.calm();
    lease.release().await;
    items.check_does(Does::Hang);
    assert_eq!(ends(rt, &log, pool.take()).await.unwrap().number, 3);
    assert_eq!(pool.statistics().destroyed.hook_elapsed, 2);
}

// PL-27
pub async fn a_take_that_takes_too_long_says_what_it_did(rt: &impl Runtime) {
    let (log, items) = items();
    let limit = Duration::from_millis(2);
    let pool = Pool::builder(rt, items.clone()).max(1);
    let pool = pool.take_timeout(limit).build();
    let elapsed = |stage| PoolError::Elapsed {
        timeout: limit,
        stage,
    };
    items.create_does(Does::Hang);
    let taken = ends(rt, &log, pool.take()).await;
    assert_eq!(taken.unwrap_err(), elapsed(TakeStage::Creating));
    items.calm();
    let lease = pool.take().await.unwrap();
    let taken = ends(rt, &log, pool.take()).await;
    assert_eq!(taken.unwrap_err(), elapsed(TakeStage::Waiting));
    lease.release().await;
    items.check_does(Does::Hang);
    let taken = ends(rt, &log, pool.take()).await;
    assert_eq!(taken.unwrap_err(), elapsed(TakeStage::Checking));
    let taken = ends(rt, &log, pool.take_timeout(Duration::MAX)).await;
    assert_eq!(taken.unwrap().number, 2);
}

// PL-27, PL-20
pub async fn an_idle_object_can_be_taken_at_once(rt: &impl Runtime) {
    let (log, items) = items();
    let pool = Pool::builder(rt, items).max(1).build();
    assert_eq!(pool.try_take().unwrap_err(), TryTakeError::NoneIdle);
    pool.take().await.unwrap().release().await;
    let lease = pool.try_take().unwrap();
    assert_eq!(pool.try_take().unwrap_err(), TryTakeError::NoneIdle);
    lease.release().await;
    log.assert("+1 ~1 ~1");
    pool.close().await;
    assert_eq!(pool.try_take().unwrap_err(), TryTakeError::Closed);
}

// PL-23: where putting back is a wait, this is what loses the resource.
pub async fn a_release_that_is_cancelled_loses_nothing(rt: &impl Runtime) {
    let (log, items) = items();
    items.reset_does(Does::Yield(4));
    let pool = Pool::builder(rt, items.clone()).max(1).build();
    for polls in 0..6 {
        let lease = ends(rt, &log, pool.take()).await.unwrap();
        gives_up(polls, lease.release()).await;
        let used = with(rt, pool.lease(), async |_| Ok::<_, Infallible>(()));
        ends(rt, &log, gives_up(polls, used)).await;
    }
    let lease = ends(rt, &log, pool.take()).await.unwrap();
    assert_eq!(lease.number, 1, "{}", log.trace());
}

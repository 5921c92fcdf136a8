//! Limits on how long objects are idle and live, on a clock by hand.

use std::time::Duration;

use withal::Pool;
use withal::pool::TryTakeError;
use withal::runtime::{Spawn as _, Timer as _};
use withal_tests::pooled::{Does, Items, PlainItems};
use withal_tests::{Deterministic, Log};

use super::items;

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
        assert_eq!(pool.try_take().unwrap_err(), TryTakeError::NoneIdle);
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

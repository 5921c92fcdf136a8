//! Blocking work: its awaiter cancelled, or its executor gone, at every poll.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use withal::cleanup::drain;
use withal::runtime::Runtime;
use withal::sync::Semaphore;
use withal::{unblock, with};
use withal_tests::poll::yields;
use withal_tests::sweep::{Followed, Sweep};
use withal_tests::{Deterministic, LeakCheck, Log, Probe, laws};

fn probe(log: &Log, name: &str) -> Probe {
    Probe::new(log, name)
        .enter_yields(1)
        .exit_yields(1)
        .reasons()
}

/// Works in a scope: once with a limit, and in a scope inside such that whoever cancels waits.
async fn works(rt: &impl Runtime, log: &Log) {
    let threads = Arc::new(Semaphore::new(1));
    let scoped = with(rt, probe(log, "a"), async |_| {
        let held = threads.clone();
        let limited = unblock(rt, move |_| assert_eq!(held.available_permits(), 0));
        // What the executor discards is an error.
        let _ended = limited.limit(threads.acquire_owned()).await;
        yields(1).await;
        let b = with(rt, probe(log, "a/b"), async |_| {
            let _ended = unblock(rt, |_| 7).wait_on_cancel().await;
            log.push(".a/b");
            Ok::<_, Infallible>(())
        });
        b.await.unwrap();
        log.push(".a");
        Ok::<_, Infallible>(())
    });
    scoped.await.unwrap();
    assert_eq!(threads.available_permits(), 1);
}

// TC-8, TC-10, CM-17, A-3, K1, K2
#[test]
fn an_awaiter_that_is_cancelled_at_any_poll_leaves_nothing_behind() {
    let swept = Sweep::new(Log::new)
        .invariant_of(laws::hold)
        .run(async |rt: Followed<Deterministic>, log| works(&rt, &log).await);
    assert!(swept.polls > 6, "{swept}");
    assert!(swept.scopes > swept.runs, "{swept}");
}

// TC-9, K6
#[test]
fn an_executor_that_goes_at_any_poll_hangs_nobody() {
    let mut ended = 0;
    for polls in 0..20 {
        let rt = Deterministic::builder().shut_down_after(polls).build();
        let (leaks, log) = (LeakCheck::new(&rt), Log::new());
        rt.block_on(async {
            works(&rt, &log).await;
            drain(&rt, Duration::from_secs(1)).await;
        });
        leaks.finish();
        assert_eq!(laws::check(&log.events()), Ok(()));
        ended += usize::from(log.has(".a"));
    }
    assert_eq!(ended, 20);
}

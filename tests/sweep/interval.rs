//! Ticks, whose consumer is cancelled, or gives up a step, at every poll.

use std::convert::Infallible;
use std::pin::pin;
use std::time::Duration;

use futures_util::stream::StreamExt as _;
use withal::runtime::{Runtime, Timer};
use withal::stream::interval;
use withal::{timeout, with};
use withal_tests::poll::yields;
use withal_tests::sweep::{Followed, Sweep};
use withal_tests::{Deterministic, Log, Probe, laws};

const PERIOD: Duration = Duration::from_secs(1);

async fn five(rt: &impl Runtime, log: &Log) {
    let probe = Probe::new(log, "a").enter_yields(1).exit_yields(2);
    let ticking = with(rt, probe, async |_| {
        let start = rt.now();
        let mut ticks = pin!(interval(rt, PERIOD));
        for number in 0..5 {
            let due = ticks.next().await.expect("it has no end");
            assert_eq!(rt.elapsed(start, due), number * PERIOD);
            yields(1).await;
        }
        Ok::<_, Infallible>(())
    });
    ticking.await.unwrap();
}

// IT-15, CM-17, A-3, K1
#[test]
fn a_consumer_that_is_cancelled_at_any_poll_leaves_nothing_behind() {
    let swept = Sweep::new(Log::new)
        .invariant_of(laws::hold)
        .run(async |rt: Followed<Deterministic>, log| five(&rt, &log).await);
    assert!(swept.polls > 8, "{swept}");
    assert!(swept.scopes > swept.runs, "{swept}");
}

// IT-15, IT-16
#[test]
fn a_step_that_is_given_up_loses_no_tick() {
    let rt = Deterministic::new();
    rt.block_on(async {
        let start = rt.now();
        let mut ticks = pin!(interval(&rt, PERIOD));
        let (mut seen, mut given_up) = (0, 0);
        while seen < 5 {
            match timeout(&rt, PERIOD / 4, ticks.next()).await {
                Ok(due) => {
                    assert_eq!(rt.elapsed(start, due.unwrap()), seen * PERIOD);
                    seen += 1;
                }
                Err(_elapsed) => given_up += 1,
            }
        }
        assert!(given_up >= 12, "{given_up}");
    });
}

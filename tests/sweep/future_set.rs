//! Futures with scopes in one set: cancelled, or made to panic, at every poll.

use std::convert::Infallible;

use futures_util::stream::StreamExt as _;
use withal::with;
use withal_sync::future_set::FutureSet;
use withal_tests::poll::yields;
use withal_tests::probe::Failed;
use withal_tests::sweep::{Followed, Sweep};
use withal_tests::{Deterministic, Log, Probe, laws};

type Rt = Followed<Deterministic>;

fn probe(log: &Log, name: &str) -> Probe {
    Probe::new(log, name)
        .enter_yields(1)
        .exit_yields(2)
        .reasons()
}

async fn child(rt: &Rt, log: &Log, name: &str, polls: usize) -> usize {
    let scoped = with(rt, probe(log, name), async |_| {
        yields(polls).await;
        log.push(format_args!(".{name}"));
        Ok::<_, Failed>(polls)
    });
    scoped.await.unwrap()
}

async fn all(rt: &Rt, log: &Log) {
    let scoped = with(rt, probe(log, "a"), async |_| {
        let children = [("a/x", 3), ("a/y", 1), ("a/z", 2)];
        let mut set: FutureSet<_> = children
            .map(|(name, polls)| child(rt, log, name, polls))
            .into_iter()
            .collect();
        let mut ended = Vec::new();
        while let Some((_, polls)) = set.next().await {
            ended.push(polls);
            if ended.len() == 1 {
                set.push(child(rt, log, "a/w", 1));
            }
        }
        assert_eq!(ended, [1, 2, 3, 1]);
        log.push(".a");
        Ok::<_, Infallible>(())
    });
    scoped.await.unwrap();
}

// CM-17, A-3, K1, K2, K10
#[test]
fn a_set_that_is_cancelled_at_any_poll_leaves_nothing_behind() {
    let swept = Sweep::new(Log::new)
        .invariant_of(laws::hold)
        .run(async |rt: Rt, log| all(&rt, &log).await);
    assert!(swept.polls > 8, "{swept}");
    assert!(swept.scopes > swept.runs, "{swept}");
}

//! A group in one task: cancelled at every poll, while its children run, fail and clean up.

use std::convert::Infallible;
use std::future::pending;

use withal::cancel;
use withal::runtime::Runtime;
use withal::with;
use withal_sync::group::local_group;
use withal_tests::poll::yields;
use withal_tests::probe::Failed;
use withal_tests::sweep::{Followed, Sweep};
use withal_tests::{Deterministic, Log, Probe, laws};

fn probe(log: &Log, name: &str) -> Probe {
    Probe::new(log, name)
        .enter_yields(1)
        .exit_yields(2)
        .reasons()
}

/// Waits in the scope `name`.
async fn waits<R: Runtime>(rt: &R, log: &Log, name: &str) -> Result<(), Failed> {
    let ended = with(rt, probe(log, name), async |_| {
        yields(2).await;
        log.push(format_args!(".{name}"));
        Ok::<_, Infallible>(())
    });
    ended.await.map_err(|_| Failed("it never fails"))
}

/// Fails in the scope `name`, where it has waited.
async fn fails<R: Runtime>(rt: &R, log: &Log, name: &str) -> Result<(), Failed> {
    let ended = with(rt, probe(log, name), async |_| {
        yields(1).await;
        log.push(format_args!("!{name}"));
        Err::<(), _>(Failed("as it is told to"))
    });
    ended.await.map_err(|_| Failed("a child"))
}

// TG-3, TG-10, TG-14, CM-17, A-3, K1, K2
#[test]
fn a_group_that_is_cancelled_at_any_poll_leaves_nothing_behind() {
    let scenario = async |rt: Followed<Deterministic>, log: Log| {
        let (rt, log) = (&rt, &log);
        let scoped = with(rt, probe(log, "a"), async |_| {
            let group = local_group(async |group| {
                let siblings = group.clone();
                group.spawn(async move {
                    siblings.spawn(waits(rt, log, "a/c"));
                    waits(rt, log, "a/b").await
                });
                let handle = group.spawn(waits(rt, log, "a/d"));
                waits(rt, log, "a/e").await?;
                handle.await.unwrap();
                Ok::<_, Failed>(1)
            });
            assert_eq!(group.limit(2).await.unwrap(), 1);
            log.push(".a");
            Ok::<_, Infallible>(())
        });
        scoped.await.unwrap();
    };
    let swept = Sweep::new(Log::new).invariant_of(laws::hold).run(scenario);
    assert!(swept.polls > 8, "{swept}");
    assert!(swept.scopes > 3 * swept.runs, "{swept}");
}

// TG-4, TG-6, TG-9, TG-10, CM-17, A-3, K10
#[test]
fn a_group_that_fails_is_cancelled_at_any_poll() {
    let scenario = async |rt: Followed<Deterministic>, log: Log| {
        let (rt, log) = (&rt, &log);
        let scoped = with(rt, probe(log, "a"), async |_| {
            let group = local_group(async |group| {
                group.spawn(fails(rt, log, "a/b"));
                group.spawn(async move {
                    waits(rt, log, "a/c").await?;
                    pending::<Result<(), Failed>>().await
                });
                group.spawn_group(local_group(async move |inner| {
                    inner.spawn(fails(rt, log, "a/d"));
                    waits(rt, log, "a/e").await
                }));
                waits(rt, log, "a/f").await?;
                pending::<Result<(), Failed>>().await
            });
            let errors = group.await.unwrap_err();
            assert!(errors.into_leaves().all(|error| error == Failed("a child")));
            log.push(".a");
            Ok::<_, Infallible>(())
        });
        scoped.await.unwrap();
    };
    let swept = Sweep::new(Log::new).invariant_of(laws::hold).run(scenario);
    assert!(swept.polls > 4, "{swept}");
}

// TG-20, TG-24, CM-17, A-3, K1, K10
#[test]
fn children_that_start_and_are_cancelled_at_any_poll() {
    let scenario = async |rt: Followed<Deterministic>, log: Log| {
        let (rt, log) = (&rt, &log);
        let group = local_group(async |group| {
            let start = group.start(async |started| {
                let ended = with(rt, probe(log, "b"), async |_| {
                    yields(1).await;
                    started.send(7).ok();
                    pending::<Result<(), Infallible>>().await
                });
                ended.await.map_err(|_| Failed("it never fails"))
            });
            let (seven, _child) = start.await.unwrap();
            assert_eq!(seven, 7);
            cancel(Box::pin(group.start(async |started| {
                waits(rt, log, "c").await?;
                started.send(()).ok();
                Ok(())
            })))
            .await;
            waits(rt, log, "d").await?;
            group.cancel();
            Ok(())
        });
        group.await.unwrap();
    };
    let swept = Sweep::new(Log::new).invariant_of(laws::hold).run(scenario);
    assert!(swept.polls > 6, "{swept}");
}

// TG-19, K6: the runtime goes, at any poll.
#[test]
fn a_group_goes_on_where_its_runtime_has_gone() {
    for polls in 0..30 {
        let rt = Deterministic::builder().shut_down_after(polls).build();
        let log = Log::new();
        rt.block_on(async {
            let group = local_group(async |group| {
                let handle = group.spawn(waits(&rt, &log, "b"));
                group.spawn(waits(&rt, &log, "c"));
                waits(&rt, &log, "d").await?;
                handle.await.unwrap();
                Ok::<_, Failed>(())
            });
            group.await.unwrap();
        });
        assert_eq!(laws::check(&log.events()), Ok(()));
        assert_eq!(log.count("-"), 3);
    }
}

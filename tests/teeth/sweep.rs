//! The sweep has teeth, too: it notices combinators and scopes that are broken.

use std::cell::RefCell;

use withal::runtime::Runtime;
use withal::{enter_in, with};
use withal_tests::broken::combinators::{Careless, Forgetful, Hasty};
use withal_tests::broken::scopes::ExitsTwice;
use withal_tests::poll::yields;
use withal_tests::probe::Failed;
use withal_tests::sweep::{Cancel, How, Way, sweep};
use withal_tests::{Harness, Log, Probe, Scopes};

use crate::Sound;

/// Two scopes in one another. Their exits wait for the word, so that no executor can have run them
/// by the time a broken combinator has returned.
async fn held_scopes<R: Runtime>(rt: R, log: Log) {
    let held = |name| {
        Probe::new(&log, name)
            .exit_waits_for("go")
            .exit_yields(0)
            .reasons()
    };
    let log = &log;
    with(&rt, held("a"), async |_| {
        with(&rt, held("a/b"), async |_| {
            yields(2).await;
            log.push(".a/b");
            log.push("go");
            Ok::<_, Failed>(())
        })
        .await
        .unwrap();
        log.push(".a");
        Ok::<_, Failed>(())
    })
    .await
    .unwrap();
}

/// What the sweep says of `way`.
fn swept(way: impl Cancel<<Sound as Harness>::Runtime>) -> String {
    Sound::run(async |rt| {
        let last = RefCell::new(Log::new());
        let scenario = |rt, log: Log| {
            last.replace(log.clone());
            held_scopes(rt, log)
        };
        let error = sweep(rt, &[way], scenario).await.unwrap_err();
        // Nothing is left behind for others.
        last.into_inner().push("go");
        error
    })
}

//
#[test]
fn a_combinator_that_does_not_collect_is_noticed() {
    let error = swept(Careless);
    assert!(error.contains("exited 0 times"), "{error}");
}

//
#[test]
fn a_combinator_that_does_not_wait_is_noticed() {
    let error = swept(Hasty);
    assert!(error.contains("exited 0 times"), "{error}");
}

// A-3, CM-17
#[test]
fn a_combinator_that_forgets_is_noticed() {
    let error = swept(Forgetful);
    assert!(error.contains("exited 0 times"), "{error}");
}

//
#[test]
fn a_frame_that_is_taken_apart_from_the_wrong_end_is_noticed() {
    Sound::run(async |rt| {
        let scenario = async |rt, log: Log| {
            let outer = enter_in(&rt, Probe::new(&log, "a")).await.unwrap();
            let inner = enter_in(&rt, Probe::new(&log, "a/b")).await.unwrap();
            yields(1).await;
            outer.exit(Ok::<_, Failed>(())).await.unwrap();
            inner.exit(Ok::<_, Failed>(())).await.unwrap();
        };
        let swept = sweep(rt, &[Way::from(How::Cancel)], scenario).await;
        let error = swept.unwrap_err();
        assert!(error.contains("a exited before a/b"), "{error}");
    });
}

// A-3, CM-17
#[test]
fn a_scope_that_is_exited_twice_is_noticed() {
    Sound::run(async |rt| {
        let scenario = async |rt, log: Log| {
            let body = async {
                yields(1).await;
                log.push(".a");
                Ok(7)
            };
            ExitsTwice::with(&rt, Probe::new(&log, "a"), body)
                .await
                .unwrap();
        };
        for way in Way::waiting(rt) {
            let error = sweep(rt, &[way], &scenario).await.unwrap_err();
            assert!(error.contains("a exited 2 times"), "{error}");
        }
    });
}

//! The soak notices what is broken, each time by a script that is small.

use std::mem::forget;
use std::time::Duration;

use withal::cleanup::CleanupTask;
use withal::runtime::{Cleanup, NoExecutor, RuntimeId};
use withal_tests::foreign::block_on;
use withal_tests::soak::{Broken, Failure, Soak};

use crate::turn;

/// Enough to meet anything.
const SCOPES: u64 = 200_000;

/// Soaks it until it fails.
fn failure<R: Cleanup>(rt: R, executor: bool, broken: Option<Broken>) -> Box<Failure> {
    let _turn = turn();
    let soak = Soak {
        rt,
        start: None,
        executor,
        broken,
        patience: Duration::from_millis(200),
    };
    block_on(soak.run(1, SCOPES)).expect_err("it is broken")
}

fn broken(broken: Broken) -> Box<Failure> {
    failure(NoExecutor::new(), false, Some(broken))
}

#[track_caller]
fn assert_small(failure: &Failure, steps: usize, what: &str) {
    assert!(failure.what.contains(what), "{failure}");
    assert!(failure.steps <= steps, "{failure}");
}

// CM-17
#[test]
fn an_exit_that_happens_twice_is_noticed() {
    assert_small(&broken(Broken::ExitsTwice), 3, "happened twice");
}

// A-1, CM-6
#[test]
fn a_wrong_reason_is_noticed() {
    let wrong = "how: Completed }, not Event { what: Exits";
    assert_small(&broken(Broken::WrongReason), 2, wrong);
}

// K1
#[test]
fn a_combinator_that_does_not_wait_is_noticed() {
    assert_small(&broken(Broken::HastyRaces), 3, "came too early");
}

// A-7, CM-7
#[test]
fn a_swallowed_error_is_noticed() {
    let swallowed = "how: Completed }, not Event { what: Gave";
    assert_small(&broken(Broken::SwallowsErrors), 2, swallowed);
}

/// Takes every cleanup, and runs none.
#[derive(Clone)]
struct Forgetful;

impl Cleanup for Forgetful {
    fn id(&self) -> RuntimeId {
        RuntimeId::new("forgetful", 0)
    }

    fn spawn_cleanup(&self, task: CleanupTask) {
        forget(task);
    }
}

// K6
#[test]
fn a_cleanup_that_is_never_run_is_noticed() {
    assert_small(&failure(Forgetful, true, None), 3, "stuck: ");
}

//! Cases as data.

use std::collections::BTreeSet;
use std::time::Duration;

use withal_tests::broken::Impatient;
use withal_tests::broken::scopes::ForgetsCancelled;
use withal_tests::scopes::Direct;
use withal_tests::{Case, Harness, Log, suite};

use crate::Sound;

#[test]
fn each_has_a_name_of_its_own() {
    let all: Vec<_> = suite::cases::<Sound>().collect();
    let names: BTreeSet<_> = all.iter().map(Case::to_string).collect();
    assert_eq!(names.len(), all.len());
    assert!(names.contains("traces::our_timeout_in_a_body"));
    // Those of the protocol are among them.
    for case in suite::protocol_cases::<Sound, Direct>() {
        assert!(names.contains(&case.to_string()), "{case}");
    }
}

#[test]
fn a_program_chooses_them_by_name() {
    let chosen = suite::protocol_cases::<Sound, ForgetsCancelled>()
        .find(|case| case.name == "it_is_exited_once_behind_its_body");
    chosen.unwrap().run().unwrap();
}

#[test]
fn a_scope_that_forgets_cancelled_fails_these_and_no_others() {
    let _reports = withal_tests::reports::Reports::begin();
    let cases = suite::protocol_cases::<Impatient<Sound>, ForgetsCancelled>();
    let failed: Vec<_> = cases
        .filter_map(|case| case.run().err().map(|_| case.name))
        .collect();
    assert_eq!(
        failed,
        [
            "the_exit_hears_how_the_body_ended",
            "a_panic_goes_on_behind_the_exit",
            "cancelled_by_us_it_is_exited_before_we_go_on",
            "cancelled_by_foreign_code_it_is_exited",
            "cancelled_together_the_inner_is_exited_first",
            "what_foreign_code_drops_in_the_body_is_exited_first",
            "an_exit_that_we_would_cancel_goes_on",
            "an_exit_that_foreign_code_cancels_goes_on",
            "dropped_on_a_thread_without_runtime_it_is_exited",
            "dropped_without_an_executor_it_is_reported_and_drained",
            "a_synchronous_one_is_exited_within_the_drop",
            "an_abandoned_one_says_so",
            "cancelled_after_each_poll_in_every_way_nothing_is_lost",
        ]
    );
}

/// Blocks for ever.
struct Hangs;

impl Harness for Hangs {
    type Runtime = withal::tokio::TokioRuntime;

    const PATIENCE: Duration = Duration::from_millis(2);

    fn run<T>(_: impl AsyncFnOnce(&Self::Runtime) -> T) -> T {
        withal_tests::foreign::block_on(async { Log::new().when(|_| false).await });
        unreachable!("it hangs")
    }
}

#[test]
fn one_that_hangs_fails() {
    let failure = withal_tests::case!([Hangs] timer::a_sleep_ends).run();
    let failure = failure.unwrap_err().to_string();
    assert!(failure.contains("has not ended after"), "{failure}");
}

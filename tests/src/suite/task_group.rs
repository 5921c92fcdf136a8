//! Groups of tasks that end together.
//!
//! Which task runs when is the executor's; what these cases wait for, they wait for in the log.

mod cancelled;
mod dropped;
mod ended;
mod failed;
mod panicked;
mod started;

use std::convert::Infallible;
use std::future::{Future, pending};

use withal::runtime::Runtime;
use withal::{ErrorGroup, ScopeError, with};

use crate::log::within_patience;
use crate::probe::{Failed, Probe};
use crate::{Log, laws};

pub use self::cancelled::{
    a_body_that_cancels_its_group_and_returns_keeps_its_value,
    a_cancellation_from_outside_is_seen_after_one_of_the_group,
    a_child_that_cancels_its_group_at_once_does_not_hang_it,
    a_child_that_is_spawned_after_the_cancellation_says_so,
    a_cleanup_that_hangs_holds_up_its_group_for_the_budget,
    a_group_that_was_cancelled_may_fail_after_that, a_group_whose_parent_is_cancelled_is_cancelled,
    cancelling_a_group_is_no_failure_and_ends_body_and_children,
    those_that_are_asked_have_the_grace_to_end, those_that_do_not_heed_are_dropped_after_the_grace,
};
pub use self::dropped::{
    a_child_that_is_cancelled_before_it_begins_never_runs,
    a_group_that_foreign_code_drops_is_awaited_by_the_scope_around,
    a_group_that_is_cancelled_from_outside_awaits_its_children,
    a_thousand_children_are_cancelled_from_the_root,
    errors_of_a_group_that_is_cancelled_are_reported, groups_on_many_threads_lose_nothing,
};
pub use self::ended::{
    a_child_may_add_siblings_while_the_group_waits,
    a_group_gives_its_body_s_value_after_all_children, a_group_leaves_nothing_behind,
    a_group_that_is_closed_gives_the_future_back, a_leaked_group_lets_its_children_end,
    children_are_listed_until_they_end, no_more_children_run_than_the_limit_says,
    results_are_read_during_the_group_and_after_it,
};
pub use self::failed::{
    a_body_that_fails_comes_last, a_body_that_waits_for_a_failing_child_is_cancelled,
    a_child_that_is_cancelled_is_no_failure, a_single_error_is_wrapped,
    an_entry_tells_name_and_place, code_behind_a_failed_group_runs_as_before,
    errors_of_a_cancelled_child_join_the_group, groups_in_each_other_that_fail_both_tell,
    the_first_failure_cancels_the_others_and_awaits_them,
};
pub use self::panicked::{
    a_panic_of_a_child_goes_on_after_the_others, a_panic_of_the_body_goes_on_after_the_children,
    a_panic_wins_over_errors_which_are_reported,
};
pub use self::started::{
    a_child_that_fails_before_it_has_started_tells_its_starter,
    a_starter_that_is_cancelled_cancels_its_child, a_starter_waits_until_the_child_has_started,
};

/// The table of these cases, given to the macro `$make`.
#[doc(hidden)]
#[macro_export]
macro_rules! task_group_cases {
    ($make:ident $with:tt $of:tt) => {
        $crate::$make! { $with $of task_group:
            a_group_gives_its_body_s_value_after_all_children,
            a_child_may_add_siblings_while_the_group_waits,
            results_are_read_during_the_group_and_after_it,
            the_first_failure_cancels_the_others_and_awaits_them,
            a_body_that_waits_for_a_failing_child_is_cancelled,
            a_body_that_fails_comes_last,
            a_child_that_is_cancelled_is_no_failure,
            a_single_error_is_wrapped,
            errors_of_a_cancelled_child_join_the_group,
            an_entry_tells_name_and_place,
            a_group_that_is_cancelled_from_outside_awaits_its_children,
            a_group_that_foreign_code_drops_is_awaited_by_the_scope_around,
            errors_of_a_group_that_is_cancelled_are_reported,
            code_behind_a_failed_group_runs_as_before,
            groups_in_each_other_that_fail_both_tell,
            a_panic_of_a_child_goes_on_after_the_others,
            a_panic_wins_over_errors_which_are_reported,
            a_panic_of_the_body_goes_on_after_the_children,
            a_child_that_is_cancelled_before_it_begins_never_runs,
            a_group_that_is_closed_gives_the_future_back,
            cancelling_a_group_is_no_failure_and_ends_body_and_children,
            a_body_that_cancels_its_group_and_returns_keeps_its_value,
            a_group_that_was_cancelled_may_fail_after_that,
            a_group_whose_parent_is_cancelled_is_cancelled,
            a_child_that_cancels_its_group_at_once_does_not_hang_it,
            a_cancellation_from_outside_is_seen_after_one_of_the_group,
            a_child_that_is_spawned_after_the_cancellation_says_so,
            those_that_are_asked_have_the_grace_to_end,
            those_that_do_not_heed_are_dropped_after_the_grace,
            a_cleanup_that_hangs_holds_up_its_group_for_the_budget,
            a_starter_waits_until_the_child_has_started,
            a_child_that_fails_before_it_has_started_tells_its_starter,
            a_starter_that_is_cancelled_cancels_its_child,
            no_more_children_run_than_the_limit_says,
            children_are_listed_until_they_end,
            a_leaked_group_lets_its_children_end,
            a_group_leaves_nothing_behind,
            a_thousand_children_are_cancelled_from_the_root,
            groups_on_many_threads_lose_nothing,
        }
    };
}

async fn ends<F: Future>(rt: &impl Runtime, future: F) -> F::Output {
    within_patience(rt, future, || "it does not end".to_owned()).await
}

/// The errors in their order, each with its name.
fn said<E: std::fmt::Display>(errors: &ErrorGroup<E>) -> String {
    let leaves = errors.leaves();
    let said = leaves.map(|(path, error)| match path.origin().name() {
        Some(name) => format!("{name}:{error}"),
        None => error.to_string(),
    });
    said.collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn lawful(log: &Log) {
    assert_eq!(laws::check(&log.events()), Ok(()));
}

/// Waits for `event`.
async fn on(log: &Log, event: &str) {
    log.when(|events| events.iter().any(|seen| seen == event))
        .await;
}

/// A child that is stuck in the scope `name`.
fn stuck<R: Runtime>(
    rt: &R,
    log: &Log,
    name: &'static str,
) -> impl Future<Output = Result<(), Failed>> + Send + 'static + use<R> {
    let (rt, probe) = (rt.clone(), Probe::new(log, name).exit_yields(2).reasons());
    async move {
        let never = with(&rt, probe, async |_| pending().await);
        never
            .await
            .map_err(|_: ScopeError<Infallible, _>| Failed("not stuck"))
    }
}

/// A child that fails with `error` when the log has `event`.
fn fails(
    log: &Log,
    event: &'static str,
    error: &'static str,
) -> impl Future<Output = Result<(), Failed>> + Send + 'static + use<> {
    let log = log.clone();
    async move {
        on(&log, event).await;
        log.push(format_args!("{error}!"));
        Err(Failed(error))
    }
}

/// A child that waits in the exit of the scope `name` until the log has `event`, and then fails.
fn exits_and_fails<R: Runtime>(
    rt: &R,
    log: &Log,
    name: &'static str,
    event: &'static str,
) -> impl Future<Output = Result<(), Failed>> + Send + 'static + use<R> {
    let (rt, probe) = (rt.clone(), Probe::new(log, name).exit_waits_for(event));
    async move {
        let ended = with(&rt, probe, async |_| Ok::<_, Infallible>(()));
        ended.await.unwrap();
        Err(Failed("in its exit"))
    }
}

//! Small scopes, and what changes a scope: none, or one that there may be; cleanups, guards, errors that
//! are swallowed; limits on time; retries; and closing at once.

mod closed;
mod limited;
mod plain;
mod resource;
mod retried;
mod suppressed;

use std::future::{Future, pending};

pub use self::closed::{
    closing_at_once_hands_an_exit_over_from_where_it_stands,
    closing_at_once_makes_no_enclosing_scope_wait, closing_at_once_runs_what_needs_no_wait,
    closing_at_once_takes_what_stays_on_its_thread_along, closing_at_once_waits_for_nothing,
    closing_gives_no_error_in_place_of_the_bodys, closing_reaches_through_three_streams,
    closing_releases_what_has_no_scope, closing_swallows_nothing,
    what_has_nothing_to_close_is_closed_without_a_word,
};
pub use self::limited::{
    a_dropped_scope_keeps_the_limit_of_its_exit, a_late_exit_hides_no_error,
    a_late_exit_that_cannot_be_moved_is_abandoned, an_enter_in_time_is_not_disturbed,
    an_enter_of_several_that_is_too_slow_exits_those_that_are_in,
    an_enter_that_ends_in_an_exit_in_progress_counts,
    an_enter_that_fails_in_time_gives_its_own_error,
    an_enter_that_is_too_slow_is_cancelled_and_cleaned_up, an_enter_without_time_is_polled_once,
    an_exit_in_time_is_not_disturbed, an_exit_that_is_dropped_half_run_is_handed_over_once,
    an_exit_that_is_too_slow_goes_on_by_itself, limits_leave_the_choice_to_suppress,
    limits_say_what_was_too_slow,
};
pub use self::plain::{
    a_cleanup_that_was_not_entered_never_runs, a_deferred_cleanup_is_told_and_may_fail,
    a_deferred_cleanup_runs_whatever_happened, a_guard_follows_what_its_body_left,
    a_guard_is_dropped_by_its_exit, a_guard_that_cannot_be_made_is_no_scope,
    a_null_scope_lends_and_does_nothing, an_optional_scope_is_entered_if_there_is_one,
    an_optional_scope_keeps_what_its_scope_does_when_dropped,
    an_optional_scope_passes_every_error_on, what_optional_scopes_lend_must_not_be_swapped,
};
pub use self::resource::{
    a_resource_is_released_however_its_goodbye_ends, a_resource_that_is_closed_says_so,
};
pub use self::retried::{
    a_delay_that_is_cancelled_leaves_no_timer, a_retry_gives_up_with_every_error,
    a_retry_in_a_retry, a_retry_of_what_stays_on_its_thread,
    a_scope_is_tried_again_until_it_is_entered, an_attempt_has_its_own_time,
    an_attempt_that_is_cancelled_is_the_last, an_exit_is_never_tried_again,
    any_error_is_worth_another_try_unless_told, attempts_that_never_wait_give_way,
    no_attempt_is_an_error_of_its_own, panics_are_not_retried,
};
pub use self::suppressed::{
    neither_a_cancellation_nor_a_panic_is_suppressed,
    several_types_are_suppressed_by_one_predicate, suppressing_scopes_nest,
    what_is_named_is_suppressed_and_nothing_else,
};
use crate::poll::poll_now;
use crate::probe::Failed;

/// The table of these cases, given to the macro `$make`.
#[doc(hidden)]
#[macro_export]
macro_rules! small_scopes_cases {
    ($make:ident $with:tt $of:tt) => {
        $crate::$make! { $with $of small_scopes:
            closing_swallows_nothing,
            closing_gives_no_error_in_place_of_the_bodys,
            closing_releases_what_has_no_scope,
            closing_reaches_through_three_streams,
            closing_at_once_runs_what_needs_no_wait,
            closing_at_once_waits_for_nothing,
            closing_at_once_makes_no_enclosing_scope_wait,
            closing_at_once_hands_an_exit_over_from_where_it_stands,
            closing_at_once_takes_what_stays_on_its_thread_along,
            what_has_nothing_to_close_is_closed_without_a_word,
            an_enter_in_time_is_not_disturbed,
            an_enter_that_fails_in_time_gives_its_own_error,
            an_enter_that_is_too_slow_is_cancelled_and_cleaned_up,
            an_enter_of_several_that_is_too_slow_exits_those_that_are_in,
            an_enter_that_ends_in_an_exit_in_progress_counts,
            an_enter_without_time_is_polled_once,
            an_exit_in_time_is_not_disturbed,
            an_exit_that_is_too_slow_goes_on_by_itself,
            an_exit_that_is_dropped_half_run_is_handed_over_once,
            a_late_exit_hides_no_error,
            a_late_exit_that_cannot_be_moved_is_abandoned,
            a_dropped_scope_keeps_the_limit_of_its_exit,
            limits_leave_the_choice_to_suppress,
            limits_say_what_was_too_slow,
            a_null_scope_lends_and_does_nothing,
            an_optional_scope_is_entered_if_there_is_one,
            an_optional_scope_keeps_what_its_scope_does_when_dropped,
            an_optional_scope_passes_every_error_on,
            what_optional_scopes_lend_must_not_be_swapped,
            a_guard_is_dropped_by_its_exit,
            a_guard_follows_what_its_body_left,
            a_guard_that_cannot_be_made_is_no_scope,
            a_deferred_cleanup_runs_whatever_happened,
            a_deferred_cleanup_is_told_and_may_fail,
            a_cleanup_that_was_not_entered_never_runs,
            a_resource_is_released_however_its_goodbye_ends,
            a_resource_that_is_closed_says_so,
            a_scope_is_tried_again_until_it_is_entered,
            any_error_is_worth_another_try_unless_told,
            a_retry_gives_up_with_every_error,
            no_attempt_is_an_error_of_its_own,
            a_delay_that_is_cancelled_leaves_no_timer,
            an_attempt_that_is_cancelled_is_the_last,
            attempts_that_never_wait_give_way,
            an_attempt_has_its_own_time,
            an_exit_is_never_tried_again,
            panics_are_not_retried,
            a_retry_of_what_stays_on_its_thread,
            a_retry_in_a_retry,
            what_is_named_is_suppressed_and_nothing_else,
            several_types_are_suppressed_by_one_predicate,
            neither_a_cancellation_nor_a_panic_is_suppressed,
            suppressing_scopes_nest,
        }
    };
}

async fn endless<T>(_: &mut T) -> Result<(), Failed> {
    pending().await
}

/// Polls once, and drops as foreign code does.
fn drop_entered<F: Future>(scoped: F) {
    let mut scoped = Box::pin(scoped);
    assert!(poll_now(scoped.as_mut()).is_pending());
}

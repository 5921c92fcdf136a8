//! Cancel scopes: asked, given time, dropped, and cleaned up; and who absorbs what.

mod absorbed;
mod asked;
mod deadlines;
mod dropped;
mod shields;

use std::time::Duration;

use withal::cancel_scope::{CancelScoped, ScopeState};
use withal::runtime::Runtime;
use withal::{CancelScope, with};

pub use self::absorbed::{
    a_cancellation_from_around_is_not_absorbed, a_scope_absorbs_its_own_cancellation_and_no_other,
    a_scope_is_cancelled_from_another_task, a_scope_is_cancelled_once,
    cancelling_drops_the_body_at_its_next_wait_and_waits, nested_scopes_are_asked_from_the_outside,
    one_cancelled_before_it_is_entered_polls_its_body_once, the_body_is_polled_first,
    what_was_cancelled_did_not_happen,
};
pub use self::asked::{
    a_body_that_does_not_end_in_its_grace_is_dropped, a_body_that_is_asked_may_end_by_itself,
    a_cleanup_over_its_budget_goes_on_by_itself, a_panic_goes_on_after_the_cleanup,
    an_error_of_a_body_that_was_asked_passes_with_a_note, an_exit_in_progress_counts_as_the_body,
    the_budget_also_bounds_what_a_body_leaves_that_has_ended,
    the_grace_begins_when_the_scope_is_asked,
};
pub use self::deadlines::{
    a_deadline_is_changed_from_anywhere, a_deadline_stays_what_it_was,
    an_open_scope_in_a_generator_stays_in_there, only_an_active_scope_can_be_rescheduled,
    only_its_own_deadline_is_elapsed, the_deadline_counts_from_the_first_poll,
    the_nearest_deadline_up_to_a_shield_counts, the_states_can_be_seen,
};
pub use self::dropped::{
    a_dropped_scope_asks_who_watches_it, a_leaked_scope_hinders_nobody,
    cancelled_by_tasks_on_many_threads, handles_outlive_their_scope_and_its_runtime,
};
pub use self::shields::{
    a_shield_is_lifted_in_time, a_shielded_scope_is_not_asked_from_above,
    bounded_cleanup_in_a_cancelled_scope,
};
use crate::probe::Failed;
use crate::{Log, Probe};

/// The table of these cases, given to the macro `$make`.
#[doc(hidden)]
#[macro_export]
macro_rules! cancel_scopes_cases {
    ($make:ident $with:tt $of:tt) => {
        $crate::$make! { $with $of cancel_scopes:
            a_body_that_nobody_cancels_gives_its_output,
            the_body_is_polled_first,
            cancelling_drops_the_body_at_its_next_wait_and_waits,
            a_scope_is_cancelled_once,
            a_scope_is_cancelled_from_another_task,
            a_scope_absorbs_its_own_cancellation_and_no_other,
            a_cancellation_from_around_is_not_absorbed,
            nested_scopes_are_asked_from_the_outside,
            one_cancelled_before_it_is_entered_polls_its_body_once,
            what_was_cancelled_did_not_happen,
            a_body_that_is_asked_may_end_by_itself,
            a_body_that_does_not_end_in_its_grace_is_dropped,
            the_grace_begins_when_the_scope_is_asked,
            an_error_of_a_body_that_was_asked_passes_with_a_note,
            an_exit_in_progress_counts_as_the_body,
            a_cleanup_over_its_budget_goes_on_by_itself,
            the_budget_also_bounds_what_a_body_leaves_that_has_ended,
            a_panic_goes_on_after_the_cleanup,
            the_deadline_counts_from_the_first_poll,
            only_its_own_deadline_is_elapsed,
            a_deadline_is_changed_from_anywhere,
            only_an_active_scope_can_be_rescheduled,
            a_deadline_stays_what_it_was,
            the_nearest_deadline_up_to_a_shield_counts,
            the_states_can_be_seen,
            an_open_scope_in_a_generator_stays_in_there,
            a_shielded_scope_is_not_asked_from_above,
            a_shield_is_lifted_in_time,
            bounded_cleanup_in_a_cancelled_scope,
            a_dropped_scope_asks_who_watches_it,
            a_leaked_scope_hinders_nobody,
            handles_outlive_their_scope_and_its_runtime,
            cancelled_by_tasks_on_many_threads,
        }
    };
}

const HOUR: Duration = Duration::from_secs(3600);

/// Waits for ever in the scope `name`, whose exit waits.
async fn holds(rt: &impl Runtime, log: &Log, name: &str) {
    let probe = Probe::new(log, name).exit_yields(2).reasons();
    let scoped = with(rt, probe, async |_| {
        log.push(format_args!("in-{name}"));
        std::future::pending::<Result<(), Failed>>().await
    });
    scoped.await.unwrap();
}

// CS-1, CM-15
pub async fn a_body_that_nobody_cancels_gives_its_output<R: Runtime>(rt: &R) {
    // It borrows, in both directions, and its future is Send if its parts are.
    fn send<T: Send>(future: T) -> T {
        future
    }
    let (text, mut seen) = (String::from("borrowed"), None);
    let scoped = withal::cancel_scope(rt, async |scope: CancelScope<R>| {
        crate::poll::yields(2).await;
        seen = Some((scope.state(), scope.cancel_called(), scope.deadline()));
        text.as_str()
    });
    let end = send(scoped.timeout(HOUR).grace(HOUR).budget(HOUR)).await;
    assert!(!end.cancel_called() && !end.cancelled_caught() && !end.elapsed());
    assert_eq!(end.reason(), None);
    assert_eq!(end.clone().or_elapsed(), Ok(Some("borrowed")));
    assert_eq!(end.clone().into_result(), Ok("borrowed"));
    assert_eq!(end.ok(), Some("borrowed"));
    let (state, called, deadline) = seen.unwrap();
    assert!(state == ScopeState::Active && !called && deadline.is_some());
    // And so is one that stays on its thread.
    let local = std::rc::Rc::new(7);
    let scoped: CancelScoped<'_, _, _, _, _, _> =
        withal::cancel_scope(rt, async |_| *local).local();
    assert_eq!(scoped.await.ok(), Some(7));
}

//! Transactions, on a store in memory.

mod ended;
mod failed;
mod lent;
mod savepoints;

use std::collections::BTreeMap;

use withal::runtime::Runtime;

use crate::log::within_patience;

pub use self::ended::{
    a_body_that_completes_is_committed, a_body_that_completes_may_ask_for_the_rollback,
    a_body_that_fails_is_rolled_back, a_body_that_foreign_code_drops_is_rolled_back,
    a_body_that_is_cancelled_is_rolled_back, a_body_that_panics_is_rolled_back,
    a_guard_is_ended_by_its_result, guards_that_foreign_code_drops_are_rolled_back,
    programs_come_to_what_they_must, programs_side_by_side_come_to_what_they_must,
    what_is_cancelled_while_it_commits_is_committed,
};
pub use self::failed::{
    a_begin_that_fails_leaves_nothing_to_end, a_begin_that_is_cancelled_breaks_its_client,
    a_commit_and_its_rollback_may_both_fail, a_commit_that_fails_is_rolled_back,
    a_commit_that_panics_breaks_its_client, a_rollback_that_fails_stands_beside_the_error,
    a_savepoint_around_one_that_cannot_be_ended_ends_that,
    a_savepoint_that_cannot_be_ended_has_all_rolled_back,
    a_savepoint_whose_rollback_panics_has_all_rolled_back,
};
pub use self::lent::{
    a_savepoint_that_is_leaked_is_not_waited_for,
    a_savepoint_that_is_never_entered_gives_the_client_back,
    a_savepoint_that_outlives_its_transaction_rolls_back_all,
    a_savepoint_whose_savepoint_is_leaked_says_so, a_transaction_in_use_by_a_savepoint_says_so,
    handles_that_are_swapped_commit_nothing,
};
pub use self::savepoints::{
    a_savepoint_that_fails_undoes_its_own, a_savepoint_that_foreign_code_drops_is_waited_for,
    a_savepoint_that_is_cancelled_as_it_begins_does_no_harm,
    a_savepoint_whose_begin_fails_leaves_the_client,
    a_transaction_that_fails_undoes_its_savepoints,
    a_transaction_waits_for_a_savepoint_that_foreign_code_dropped, savepoints_nest,
};

/// The table of these cases, given to the macro `$make`.
#[doc(hidden)]
#[macro_export]
macro_rules! transaction_cases {
    ($make:ident $with:tt $of:tt) => {
        $crate::$make! { $with $of transaction:
            a_body_that_completes_is_committed,
            a_body_that_fails_is_rolled_back,
            a_body_that_is_cancelled_is_rolled_back,
            a_body_that_foreign_code_drops_is_rolled_back,
            a_body_that_panics_is_rolled_back,
            a_body_that_completes_may_ask_for_the_rollback,
            a_begin_that_fails_leaves_nothing_to_end,
            a_begin_that_is_cancelled_breaks_its_client,
            a_commit_that_fails_is_rolled_back,
            a_rollback_that_fails_stands_beside_the_error,
            a_commit_and_its_rollback_may_both_fail,
            a_commit_that_panics_breaks_its_client,
            what_is_cancelled_while_it_commits_is_committed,
            savepoints_nest,
            a_savepoint_that_fails_undoes_its_own,
            a_transaction_that_fails_undoes_its_savepoints,
            a_savepoint_that_is_cancelled_as_it_begins_does_no_harm,
            a_savepoint_whose_begin_fails_leaves_the_client,
            a_savepoint_that_foreign_code_drops_is_waited_for,
            a_transaction_waits_for_a_savepoint_that_foreign_code_dropped,
            a_transaction_in_use_by_a_savepoint_says_so,
            a_savepoint_that_is_never_entered_gives_the_client_back,
            a_savepoint_that_cannot_be_ended_has_all_rolled_back,
            a_savepoint_whose_rollback_panics_has_all_rolled_back,
            a_savepoint_around_one_that_cannot_be_ended_ends_that,
            a_savepoint_that_is_leaked_is_not_waited_for,
            a_savepoint_that_outlives_its_transaction_rolls_back_all,
            a_savepoint_whose_savepoint_is_leaked_says_so,
            handles_that_are_swapped_commit_nothing,
            a_guard_is_ended_by_its_result,
            guards_that_foreign_code_drops_are_rolled_back,
            programs_come_to_what_they_must,
            programs_side_by_side_come_to_what_they_must,
        }
    };
}

async fn ends<F: Future>(rt: &impl Runtime, future: F) -> F::Output {
    within_patience(rt, future, || "it does not end".to_owned()).await
}

fn content<const N: usize>(content: [(u8, u32); N]) -> BTreeMap<u8, u32> {
    content.into()
}

//! The mutants, which rules each breaks, and the tests that have to notice. K14 is not among them: it is
//! kept by the compiler, and tested by what must not compile.

/// One deliberate mistake.
#[derive(Debug)]
pub(crate) struct Mutant {
    /// As the kernel calls it: `mutant("…")`.
    pub(crate) name: &'static str,
    /// The rules that it breaks.
    pub(crate) rules: &'static str,
    /// The tests of the matrix that have to fail, each of them.
    pub(crate) tests: &'static [&'static str],
}

const fn mutant(rules: &'static str, name: &'static str, tests: &'static [&'static str]) -> Mutant {
    Mutant { name, rules, tests }
}

pub(crate) const MUTANTS: &[Mutant] = &[
    // What a combinator drops goes past it.
    mutant(
        "K1",
        "no_collector",
        &[
            "by_hand::places::a_collector_is_preferred_to_the_enclosing_scope",
            "by_hand::places::close_reaches_through_adapters",
            "deterministic_fifo::traces::an_outer_timeout_fires_while_an_inner_one_awaits_its_cleanup",
        ],
    ),
    mutant(
        "K1, CM-21",
        "cancel_waits_for_nothing",
        &[
            "by_hand::places::close_reaches_through_adapters",
            "deterministic_fifo::scope::our_timeout_waits",
        ],
    ),
    mutant(
        "K2, CM-25",
        "outer_first",
        &[
            "deterministic_fifo::traces::a_dropped_task_exits_inner_before_outer",
            "deterministic_fifo::traces::a_foreign_timeout_in_a_body",
        ],
    ),
    mutant(
        "K2",
        "own_collector_takes",
        &[
            "deterministic_fifo::attack::await_cleanup_in_a_drop_does_not_wait_for_its_own_collector",
            "deterministic_fifo::attack::block_on_in_a_drop_does_not_wait_for_its_own_collector",
        ],
    ),
    mutant(
        "K3",
        "no_enclosing_scope",
        &[
            "by_hand::places::the_enclosing_scope_is_the_innermost",
            "deterministic_fifo::attack::an_enclosing_scope_waits_for_a_foreign_drop",
        ],
    ),
    // Nobody starts the cleanup before its scope exits.
    mutant(
        "K3",
        "starts_late",
        &["by_hand::drivers::the_executor_is_first_where_the_body_goes_on"],
    ),
    // Branches are cleaned up like the guards of a frame.
    mutant(
        "K4, CB-4",
        "siblings_in_turn",
        &[
            "deterministic_fifo::combinators_joins::branches_of_a_dropped_join_clean_up_side_by_side",
            "deterministic_fifo::combinators_sets::what_a_dropped_stream_leaves_cleans_up_side_by_side",
        ],
    ),
    mutant(
        "K4",
        "chain_reversed",
        &[
            "deterministic_fifo::attack::a_guard_is_exited_behind_the_scope_inside_of_it",
            "deterministic_fifo::attack::guards_of_one_frame_are_exited_last_one_first",
        ],
    ),
    mutant(
        "K5",
        "clones_its_runtime",
        &["by_hand::values::the_ordinary_path_borrows_the_runtime_and_enters_nothing"],
    ),
    // An executor that drops a cleanup has it lost.
    mutant(
        "K6",
        "envelope_discards",
        &[
            "by_hand::drivers::a_waiting_scope_is_woken_when_the_executor_discards_its_task",
            "deterministic_fifo::protocol::dropped_without_an_executor_it_is_reported_and_drained",
        ],
    ),
    mutant(
        "K6",
        "orphan_untold",
        &["deterministic_fifo::protocol::dropped_without_an_executor_it_is_reported_and_drained"],
    ),
    mutant(
        "K6",
        "drain_returns_at_once",
        &[
            "by_hand::drivers::a_drain_keeps_one_waker_while_it_lives",
            "deterministic_fifo::local::left_to_the_thread_it_waits_for_a_drain",
        ],
    ),
    mutant(
        "K7",
        "out_of_context",
        &["by_hand::values::a_collected_cleanup_is_polled_in_the_context_of_its_runtime"],
    ),
    mutant(
        "K8",
        "local_orphaned",
        &["deterministic_fifo::local::an_enclosing_local_scope_waits_for_a_foreign_drop"],
    ),
    mutant(
        "K9, CM-23",
        "budget_ignored",
        &[
            "by_hand::budgets::a_handed_over_exit_keeps_its_budget",
            "by_hand::budgets::one_budget_covers_the_wait_and_the_exit",
        ],
    ),
    // A combinator drops an exit under way.
    mutant(
        "K10, CM-22",
        "exit_cut_short",
        &[
            "deterministic_fifo::matrix_m1::body_completes_and_exit_is_cancelled_softly",
            "deterministic_fifo::traces::our_timeout_fires_during_the_exit",
        ],
    ),
    mutant(
        "K11",
        "panic_swallowed",
        &[
            "deterministic_fifo::panics::a_panic_in_a_destructor_while_we_cancel_goes_on_after_the_cleanup",
            "deterministic_fifo::unwinding::a_panic_while_collecting_loses_nothing",
        ],
    ),
    mutant(
        "K11",
        "panic_ends_the_chain",
        &["by_hand::places::a_guard_whose_exit_panics_does_not_stop_those_behind_it"],
    ),
    mutant(
        "K12",
        "error_unseen",
        &["deterministic_fifo::unwinding::an_exit_handed_over_half_run_still_sees_the_error"],
    ),
    mutant(
        "K13",
        "slots_kept",
        &["deterministic_fifo::entry::what_blocks_is_nobodys_body"],
    ),
    mutant(
        "A-1, CM-5, CM-6",
        "always_completed",
        &["deterministic_fifo::scope::the_exit_tells_the_four_ends_apart"],
    ),
    mutant(
        "CM-22, M1.4",
        "exit_dropped_half_run",
        &[
            "deterministic_fifo::matrix_m1::body_completes_and_exit_is_cancelled_hard",
            "deterministic_fifo::matrix_m1::body_fails_and_exit_is_cancelled_hard",
        ],
    ),
    mutant(
        "CM-22",
        "shield_cut",
        &["by_hand::places::a_shield_that_is_dropped_runs_on"],
    ),
    mutant(
        "A-6, M1.6",
        "suppresses_all",
        &["deterministic_fifo::policies::suppression_is_typed_and_by_choice"],
    ),
    mutant(
        "A-6, CM-8",
        "hides_failed_exit",
        &["deterministic_fifo::policies::a_suppressing_scope_that_fails_to_enter_or_exit_says_so"],
    ),
    mutant(
        "A-7, CM-8",
        "exit_error_lost",
        &[
            "deterministic_fifo::matrix_m1::body_fails_and_exit_fails",
            "deterministic_fifo::errors::the_parts_can_be_taken_out",
        ],
    ),
    mutant(
        "CM-28",
        "guard_forgets",
        &["deterministic_fifo::guard::dropped_it_counts_as_cancelled"],
    ),
    mutant(
        "ES-10, ES-12",
        "stack_keeps_suppressed",
        &[
            "deterministic_fifo::exit_stacks::a_swallowed_error_of_an_exit_leaves_the_value",
            "deterministic_fifo::exit_stacks::what_fails_below_a_swallowed_error_stands_alone",
        ],
    ),
    mutant(
        "ES-21",
        "stack_does_not_settle",
        &["deterministic_fifo::exit_stacks::an_exit_waits_for_what_was_born_in_the_one_above"],
    ),
    mutant(
        "GM-7, GM-19",
        "closure_told_completed",
        &["deterministic_fifo::closure::the_lending_tells_the_four_ends_apart"],
    ),
    mutant(
        "A-4",
        "abandon_skipped",
        &["deterministic_fifo::strategies::a_borrowing_scope_is_abandoned_by_its_hook"],
    ),
    mutant(
        "CM-17",
        "listed_for_ever",
        &["deterministic_fifo::sweep::one_scope"],
    ),
    mutant(
        "FH-9",
        "not_closed_in_silence",
        &["deterministic_fifo::left_open::one_that_nobody_closed_is_reported"],
    ),
    // Small scopes.
    mutant(
        "SM-19",
        "late_exit_cut",
        &["deterministic_fifo::small_scopes::an_exit_that_is_too_slow_goes_on_by_itself"],
    ),
    mutant(
        "SM-20",
        "retries_whatever_failed",
        &["deterministic_fifo::small_scopes::any_error_is_worth_another_try_unless_told"],
    ),
];

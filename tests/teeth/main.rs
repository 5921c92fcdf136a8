//! The suite has teeth: each thing that is broken on purpose fails the case that is there for it.
//!
//! A line of a table below says what is broken, which case catches it, and what that case then
//! says. A line is a test: the case fails as it should on the broken thing, and passes on the sound
//! one that it was made from. How to add one is said in `withal_tests::broken`.

mod cases;
mod sound;

use std::collections::BTreeSet;

use withal::tokio::{TokioMain, TokioRuntime};
use withal_tests::broken::entry::BlocksInPlace;
use withal_tests::broken::queues;
use withal_tests::broken::runtime::*;
use withal_tests::broken::scopes::*;
use withal_tests::broken::semaphores;
use withal_tests::broken::streams;
use withal_tests::broken::{Broken, Impatient};
use withal_tests::reports::Reports;
use withal_tests::scopes::Direct;
use withal_tests::wrapped::Same;
use withal_tests::{Case, Harness, case, suite};

/// What the broken ones are made from: a runtime that has a context and an end.
struct Sound;

impl Harness for Sound {
    type Runtime = TokioRuntime;

    fn run<T>(case: impl AsyncFnOnce(&TokioRuntime) -> T) -> T {
        let main = TokioMain::current_thread().unwrap();
        let rt = main.runtime();
        main.block_on(case(&rt))
    }
}

/// Asserts that `case` passes on what is sound, and that it catches what is broken, in its own
/// words.
fn bites(sound: Case, broken: Case, words: &str) {
    // From here on the reports are kept, and not printed.
    let _reports = Reports::begin();
    if let Err(failure) = sound.run() {
        panic!("{sound} fails on what is sound: {failure}");
    }
    let Err(failure) = broken.run() else {
        panic!("{broken} does not notice");
    };
    let failure = failure.to_string();
    assert!(failure.contains(words), "{broken}: {failure}");
}

/// Runtimes of which one thing is broken.
macro_rules! runtimes {
    ($($test:ident: $broken:ident, $module:ident::$case:ident, $words:literal;)*) => {
        const RUNTIMES: &[&str] = &[$(concat!(stringify!($module), "::", stringify!($case))),*];
        $(
        #[test]
        fn $test() {
            bites(
                case!([Broken<Sound, Same>] $module::$case),
                case!([Impatient<Broken<Sound, $broken>>] $module::$case),
                $words,
            );
        }
        )*
    };
}

/// Runtimes of which one thing is broken, and cases that block on one of their own.
macro_rules! entries {
    ($($test:ident: $sound:ty, $broken:ty, $case:ident, $words:literal;)*) => {
        const ENTRIES: &[&str] = &[$(concat!("entry::", stringify!($case))),*];
        $(
        #[test]
        fn $test() {
            bites(
                case!([$sound, $sound] entry::$case),
                case!([Impatient<$broken>, $broken] entry::$case),
                $words,
            );
        }
        )*
    };
}

/// Scopes that are broken.
macro_rules! scopes {
    ($($test:ident: $broken:ident, $case:ident, $words:literal;)*) => {
        const SCOPES: &[&str] = &[$(concat!("protocol::", stringify!($case))),*];
        $(
        #[test]
        fn $test() {
            bites(
                case!([Sound, Direct] protocol::$case),
                case!([Impatient<Sound>, $broken] protocol::$case),
                $words,
            );
        }
        )*
    };
}

/// Queues, semaphores and streams that are broken; each stands beside a sound one in its module.
macro_rules! primitives {
    ($($test:ident: $broken:ident, $module:ident::$case:ident, $words:literal;)*) => {
        const PRIMITIVES: &[&str] = &[$(concat!(stringify!($module), "::", stringify!($case))),*];
        $(
        #[test]
        fn $test() {
            bites(
                case!([Sound, $module::Sound] $module::$case),
                case!([Impatient<Sound>, $module::$broken] $module::$case),
                $words,
            );
        }
        )*
    };
}

runtimes! {
    a_timer_that_fires_early:
        Early, timer::a_sleep_never_ends_early, "ended early";
    a_timer_that_fires_early_for_one_that_is_dropped:
        Early, timer::a_sleep_that_is_dropped_wakes_nobody, "it does not wait";
    a_timer_that_fires_early_for_one_that_is_leaked:
        Early, timer::a_leaked_sleep_holds_nobody_up, "is_pending";
    a_timer_that_fires_early_for_whoever_polled_it_first:
        Early, timer::a_sleep_wakes_whoever_polled_it_last, "it does not wait";
    a_timer_that_fires_early_out_of_order:
        Early,
        timer::an_earlier_moment_comes_before_a_later_one_that_is_waited_for_already,
        "it does not wait";
    a_timer_that_fires_early_for_many:
        Early, timer::sleeps_of_many_tasks_end_each_at_its_moment, "sleeps on";
    a_timer_that_never_fires:
        Never, timer::a_sleep_ends, "has not ended";
    a_timer_that_misses_its_moment:
        Misses, timer::a_sleep_until_a_moment_that_has_passed_ends, "waited in vain";
    a_deadline_that_overflows:
        Overflows, timer::a_moment_too_far_ahead_is_clamped, "overflow";
    a_clock_that_runs_backwards:
        Backwards, timer::moments_ahead_are_as_far_as_they_say, "backwards";
    an_alarm_that_rings_early:
        EarlyAlarm, timer::an_alarm_never_rings_early, "rang early";
    a_runtime_without_alarm:
        WithoutAlarm, timer::an_alarm_rings, "has an alarm";

    a_task_that_begins_when_it_is_awaited:
        LazyTasks, spawn::a_task_runs_though_its_handle_is_dropped, "waited in vain";
    a_handle_that_aborts_its_task:
        AbortsOnDrop, spawn::a_task_runs_though_its_handle_is_dropped, "waited in vain";
    a_task_whose_panic_is_lost:
        LosesPanics, spawn::a_task_that_panics_gives_the_panic, "it panicked";
    a_task_that_is_polled_after_its_end:
        PollsAgain, spawn::a_task_gives_its_value, "resumed after completion";
    a_spawn_that_looks_around:
        SpawnsAround, spawn::a_thread_without_runtime_spawns_a_task, "no panic";
    a_task_that_is_polled_in_the_body_that_spawns_it:
        PollsInPlace, ambient::a_spawned_task_inside_of_a_collector_is_nobodys_body, "has not ended";

    a_job_that_is_discarded:
        DiscardsJobs, blocking::a_job_gives_its_value, "TaskError::Cancelled";
    a_job_that_begins_when_it_is_awaited:
        LazyJobs, blocking::a_job_runs_though_its_handle_is_dropped, "waited in vain";
    a_job_whose_panic_is_lost:
        LosesJobPanics, blocking::a_job_that_panics_gives_the_panic, "it panicked";

    a_cleanup_that_is_lost:
        Loses, runtime::a_cleanup_needs_nobody_who_waits, "waited in vain; so far: +a";
    a_cleanup_that_is_lost_in_a_panic:
        LosesInPanic, runtime::a_cleanup_may_be_given_while_a_panic_unwinds, "waited in vain; so far: +a";
    a_cleanup_that_is_polled_once:
        PollsOnce, runtime::a_cleanup_that_waits_is_polled_again, "waited in vain; so far: +a go";
    a_spawn_from_drop_by_a_runtime:
        LooksAround,
        runtime::a_cleanup_of_a_thread_without_runtime_runs_where_its_scope_was_entered,
        "waited in vain; so far: +a";
    a_cleanup_that_is_polled_out_of_its_context:
        OutOfContext, runtime::a_cleanup_that_another_executor_polls_finds_its_timers, "left: \"+a";
    a_runtime_with_many_names:
        NewNames, runtime::clones_name_the_same_runtime, "left == right";
}

entries! {
    a_shutdown_that_discards:
        Broken<Sound, Same>, Broken<Sound, ForgetsAtItsEnd>,
        a_cleanup_outlives_its_runtime, "waited in vain; so far: +a go";
    a_shutdown_that_leaves_a_handle_hanging:
        Broken<Sound, Same>, Broken<Sound, HangsAtItsEnd>,
        a_task_that_outlives_its_runtime_gives_an_error_or_goes_on, "the handle resolves";
    an_entry_that_hides_no_scope:
        Sound, BlocksInPlace<Sound>,
        what_blocks_is_nobodys_body, "it waits for a stranger";
}

scopes! {
    a_scope_that_begins_at_once:
        BeginsAtOnce, nothing_happens_before_the_first_poll, "left: \"+a";
    a_body_that_runs_without_enter:
        IgnoresEnter, an_enter_that_fails_runs_nothing, "left: \"body\"";
    an_exit_that_is_run_twice:
        ExitsTwice, it_is_exited_once_behind_its_body, "left: \"+a body -a -a returned\"";
    an_exit_that_nobody_waits_for:
        ExitsLater, it_is_exited_once_behind_its_body, "left: \"+a body returned\"";
    an_exit_that_is_not_told_of_the_failure:
        HidesFailure, the_exit_hears_how_the_body_ended, "+b -b:completed";
    a_panic_that_is_swallowed:
        SwallowsPanics, a_panic_goes_on_behind_the_exit, "unwrap_err";
    an_exit_that_forgets_cancelled:
        ForgetsCancelled, cancelled_by_us_it_is_exited_before_we_go_on, "left: \"+a returned";
    an_exit_that_forgets_foreign_code:
        ForgetsCancelled, cancelled_by_foreign_code_it_is_exited, "waited in vain; so far: +a";
    a_cleanup_that_is_run_outer_first:
        OuterFirst, cancelled_together_the_inner_is_exited_first, "left: \"+a +a/b -a -a/b\"";
    a_cleanup_that_is_run_outer_first_at_some_poll:
        OuterFirst, cancelled_after_each_poll_in_every_way_nothing_is_lost, "a exited before a/b";
    an_enclosing_scope_that_does_not_wait:
        DoesNotWait, what_foreign_code_drops_in_the_body_is_exited_first, "a was exited before b";
    a_value_that_is_lost_in_the_exit:
        OrphansInSilence, an_exit_that_we_would_cancel_goes_on, "Elapsed";
    an_exit_that_is_cut_short:
        OrphansInSilence, an_exit_that_foreign_code_cancels_goes_on, "waited in vain; so far: +a";
    a_spawn_from_drop:
        SpawnsFromDrop, dropped_on_a_thread_without_runtime_it_is_exited, "a drop panics nowhere";
    an_orphan_dropped_in_silence:
        OrphansInSilence,
        dropped_without_an_executor_it_is_reported_and_drained, "an orphan in silence";
    a_synchronous_exit_that_is_put_off:
        OrphansInSilence, a_synchronous_one_is_exited_within_the_drop, "left: \"+a\"";
    an_abandon_in_silence:
        ForgetsCancelled, an_abandoned_one_says_so, "left: \"+a\"";
}

primitives! {
    a_queue_that_gives_out_the_last_one_first:
        LastFirst, queues::items_come_out_in_the_order_in_which_they_went_in, "the order";
    a_queue_without_bounds:
        Overfills, queues::a_push_waits_for_room_and_a_pop_for_an_item, "there is no room";
    a_queue_that_loses_a_wake:
        LosesWakes, queues::each_item_wakes_one_that_waits_for_it, "a lost wake";
    a_queue_that_serves_the_last_one_first:
        ServesTheLast, queues::waiters_are_served_in_the_order_in_which_they_came, "the order";
    a_queue_that_lets_newcomers_barge_in:
        Barges, queues::nobody_overtakes_one_that_was_woken, "a newcomer overtakes";
    a_queue_that_loses_an_item_on_cancel:
        LosesItems, queues::a_pop_that_is_dropped_loses_no_item, "an item is lost";
    a_queue_that_loses_an_item_on_cancel_somewhere:
        LosesItems, queues::tasks_that_give_up_lose_nothing, "an item is lost";
    a_queue_that_loses_an_item_in_a_timeout:
        LosesItems, queues::a_timeout_around_a_pop_loses_no_item, "an item is lost";
    a_queue_that_takes_what_was_given_up:
        PutsInAnyway, queues::a_push_that_is_dropped_puts_nothing_in, "sleeps on";
    a_queue_that_keeps_ghosts_in_line:
        KeepsGhosts, queues::a_waiter_that_is_dropped_leaves_the_line, "its waker is still there";
    a_queue_that_closes_quietly:
        ClosesQuietly, queues::closing_lets_everybody_go_and_everything_out, "one sleeps on";

    a_semaphore_that_overbooks:
        Overbooks, semaphores::as_many_as_there_are_permits_get_one, "one too many";
    a_semaphore_that_loses_a_wake:
        LosesWakes, semaphores::each_permit_wakes_one_that_waits, "a lost wake";
    a_semaphore_that_serves_the_last_one_first:
        ServesTheLast, semaphores::waiters_are_served_in_the_order_in_which_they_came, "the order";
    a_semaphore_that_lets_newcomers_barge_in:
        Barges, semaphores::nobody_overtakes_one_that_was_woken, "a newcomer overtakes";
    a_semaphore_that_leaks_a_permit_on_cancel:
        LeaksPermits, semaphores::an_acquire_that_is_dropped_leaks_no_permit, "a permit is lost";
    a_semaphore_that_leaks_a_permit_on_cancel_somewhere:
        LeaksPermits, semaphores::tasks_that_give_up_leak_nothing, "a permit is lost";
    a_semaphore_that_keeps_ghosts_in_line:
        KeepsGhosts, semaphores::a_waiter_that_is_dropped_leaves_the_line, "its waker is still there";

    a_stream_that_begins_at_once:
        BeginsAtOnce, streams::nothing_happens_before_the_first_step, "it began";
    a_stream_that_gives_an_item_twice:
        GivesTwice, streams::each_item_comes_once_and_in_order, "the items";
    a_stream_that_runs_ahead:
        RunsAhead, streams::it_takes_what_it_is_asked_for, "it runs ahead";
    a_stream_that_loses_a_wake:
        LosesWakes, streams::an_item_wakes_who_waits_for_it, "nobody wakes";
    a_stream_that_keeps_an_old_waker:
        KeepsAnOldWaker, streams::the_latest_waker_counts, "nobody wakes";
    a_stream_that_spins:
        Spins, streams::it_sleeps_while_it_waits, "it wakes itself again and again";
    a_stream_that_a_dropped_step_ends:
        EndsWithADrop, streams::a_step_that_is_dropped_loses_no_item, "an item is lost";
    a_stream_that_loses_the_item_of_a_dropped_step:
        LosesItems, streams::a_step_that_is_dropped_anywhere_loses_no_item, "an item is lost";
    a_stream_that_a_timeout_ends:
        EndsWithADrop,
        streams::a_step_that_timed_out_may_be_asked_for_again, "the step after a timeout";
    a_stream_that_swallows_errors:
        SwallowsErrors, streams::an_error_is_an_item_and_no_end, "the error";
    a_stream_that_swallows_panics:
        SwallowsPanics, streams::a_panic_of_its_source_reaches_its_consumer, "the panic";
    a_stream_that_goes_on_after_its_end:
        GoesOn, streams::the_end_is_for_ever, "it goes on after its end";
    a_stream_that_leaves_its_source_open_when_it_is_closed:
        LeavesItsSourceOpen,
        streams::closed_half_way_it_exits_its_source, "left: \"+feed closed\"";
    a_stream_that_closes_its_source_later:
        ClosesLater, streams::closed_while_it_waits_it_exits_its_source, "left: \"+feed closed\"";
    a_stream_that_is_closed_once:
        PanicsWhenClosedAgain,
        streams::closed_at_its_end_it_does_nothing_more, "it is closed already";
    a_stream_that_leaves_its_source_open_when_it_is_dropped:
        LeavesItsSourceOpen,
        streams::dropped_by_foreign_code_it_exits_its_source, "waited in vain; so far: +feed";
    a_stream_that_closes_its_source_behind_a_scope:
        ClosesLater,
        streams::dropped_in_a_scope_it_exits_its_source_first, "left: \"+outer +feed -outer\"";
    a_stream_that_closes_its_source_behind_its_consumer:
        ClosesLater,
        streams::cancelled_with_its_consumer_it_exits_its_source_first,
        "left: \"+feed item returned\"";
    a_stream_that_stays_on_its_thread:
        StaysOnItsThread, streams::it_may_be_read_on_several_threads_in_turn, "nobody wakes";
    a_stream_that_loses_the_item_of_a_dropped_step_somewhere:
        LosesItems, streams::tasks_that_give_up_lose_nothing, "an item is lost";
    a_stream_that_leaves_its_source_open_at_some_poll:
        LeavesItsSourceOpen,
        streams::cancelled_after_each_poll_in_every_way_nothing_is_lost, "was not waited for";
}

/// A case that nothing fails proves nothing. Those about withal itself have teeth of their own:
/// changes of its kernel.
#[test]
fn each_case_about_what_others_may_bring_has_teeth() {
    let teeth: BTreeSet<_> = [RUNTIMES, ENTRIES, SCOPES, PRIMITIVES]
        .concat()
        .into_iter()
        .collect();
    let about = [
        "timer",
        "spawn",
        "blocking",
        "runtime",
        "entry",
        "protocol",
        "queues",
        "semaphores",
        "streams",
    ];
    let cases = suite::cases::<Sound>().filter(|case| about.contains(&case.module));
    let toothless: Vec<_> = cases
        .map(|case| case.to_string())
        .filter(|case| !teeth.contains(case.as_str()))
        .collect();
    assert_eq!(toothless, Vec::<String>::new());
}

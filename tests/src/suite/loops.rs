//! Loops over streams: how they end, and that each closes what it loops over.

mod cancelled;
mod ended;
mod swept;

use futures_util::Stream;
use withal::runtime::Runtime;
use withal::{generator, with};

pub use self::cancelled::{
    a_cancelled_loop_by_reference_can_go_on,
    a_loop_in_a_scope_that_foreign_code_drops_is_awaited_by_it,
    a_loop_that_foreign_code_drops_is_closed_by_its_executor, a_loop_that_has_no_time_closes_first,
    a_loop_that_is_leaked_closes_nothing, a_loop_that_waits_for_an_item_is_cancelled_as_well,
    a_loop_whose_time_is_up_as_it_closes_is_not_cut_short,
};
pub use self::ended::{
    a_loop_is_spawned_with_what_it_changes, a_loop_over_a_scope_that_stays_on_its_thread,
    a_panic_in_the_exit_of_a_stream_goes_on_once_it_is_closed,
    an_error_that_is_an_item_ends_no_loop, each_end_of_a_body_of_closing_closes_its_stream,
    each_end_of_a_loop_closes_its_stream, items_come_one_at_a_time,
    loops_close_from_the_inside_out, nobody_who_looped_is_told_of_a_generator_left_open,
    what_the_body_leaves_is_cleaned_up_before_its_stream,
};
pub use self::swept::{
    loops_cancelled_at_every_poll, loops_in_loops_cancelled_at_every_poll,
    loops_over_chains_cancelled_at_every_poll,
};
use crate::poll::yields;
use crate::probe::Failed;
use crate::{Log, Probe};

/// The table of these cases, given to the macro `$make`.
#[doc(hidden)]
#[macro_export]
macro_rules! loops_cases {
    ($make:ident $with:tt $of:tt) => {
        $crate::$make! { $with $of loops:
            each_end_of_a_loop_closes_its_stream,
            each_end_of_a_body_of_closing_closes_its_stream,
            items_come_one_at_a_time,
            an_error_that_is_an_item_ends_no_loop,
            a_loop_is_spawned_with_what_it_changes,
            loops_close_from_the_inside_out,
            what_the_body_leaves_is_cleaned_up_before_its_stream,
            a_panic_in_the_exit_of_a_stream_goes_on_once_it_is_closed,
            a_loop_over_a_scope_that_stays_on_its_thread,
            nobody_who_looped_is_told_of_a_generator_left_open,
            a_loop_that_has_no_time_closes_first,
            a_loop_that_waits_for_an_item_is_cancelled_as_well,
            a_loop_whose_time_is_up_as_it_closes_is_not_cut_short,
            a_loop_in_a_scope_that_foreign_code_drops_is_awaited_by_it,
            a_loop_that_foreign_code_drops_is_closed_by_its_executor,
            a_cancelled_loop_by_reference_can_go_on,
            a_loop_that_is_leaked_closes_nothing,
            loops_cancelled_at_every_poll,
            loops_in_loops_cancelled_at_every_poll,
            loops_over_chains_cancelled_at_every_poll,
        }
    };
}

/// Yields 1, 2 and 3 in the scope `name`, whose enter and exit wait; each item takes a poll.
fn counts<R: Runtime>(
    rt: &R,
    log: &Log,
    name: &'static str,
) -> impl Stream<Item = u32> + Send + use<R> {
    let (rt, log) = (rt.clone(), log.clone());
    generator(async move |y| {
        let scope = Probe::new(&log, name)
            .enter_yields(1)
            .exit_yields(2)
            .reasons();
        let scope = with(&rt, scope, async |_| {
            for n in 1..=3 {
                yields(1).await;
                y.yield_(n).await;
            }
            log.push(format_args!(".{name}"));
            Ok::<_, Failed>(())
        });
        scope.await.unwrap();
    })
}

/// Runs `case` twice: on its own, and in a scope of the consumer's; it is the same both times, but
/// for that scope.
async fn in_a_scope_or_not<R: Runtime>(rt: &R, case: impl AsyncFn(&Log), expected: &str) {
    let log = Log::new();
    case(&log).await;
    log.assert(expected);
    let log = Log::new();
    let scope = with(rt, Probe::new(&log, "own").reasons(), async |_| {
        case(&log).await;
        Ok::<_, Failed>(())
    });
    scope.await.unwrap();
    log.assert(&format!("+own {expected} -own:completed"));
}

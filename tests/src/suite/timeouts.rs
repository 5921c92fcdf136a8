//! Limits on time: when they count, in one another, in exits, and with a budget for the cleanup.

use std::future::{pending, poll_fn, ready};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use futures_util::stream;
use withal::runtime::{Runtime, Timer as _};
use withal::{
    Either, cancel, either, for_each, move_on_after, move_on_at, shield, timeout, timeout_at,
    wait_for, with,
};

use crate::poll::{ByHand, poll_now, poll_until, yields};
use crate::probe::Failed;
use crate::reports::{Reports, unique};
use crate::sweep::PollTimer;
use crate::{Act, Deterministic, Log, Probe};

/// The table of these cases, given to the macro `$make`.
#[doc(hidden)]
#[macro_export]
macro_rules! timeouts_cases {
    ($make:ident $with:tt $of:tt) => {
        $crate::$make! { $with $of timeouts:
            the_time_starts_with_the_first_poll,
            a_limit_that_is_too_far_is_none,
            with_no_time_a_future_is_polled_once,
            with_a_deadline_that_has_passed_a_future_is_polled_once,
            what_is_ready_makes_no_timer,
            an_end_disarms_the_timer,
            a_shared_deadline_leaves_the_rest,
            moving_on_tells_by_an_option,
            nested_the_outer_is_earlier,
            nested_the_inner_is_earlier,
            nested_at_the_same_time,
            nested_at_the_same_time_with_a_cleanup_that_waits,
            nested_both_pass_while_the_work_is_busy,
            in_an_exit_that_a_timeout_began,
            in_a_body_and_around_its_scope,
            around_a_shield,
            around_a_loop,
            in_a_race_and_around_it,
            an_exit_that_began_afterwards_is_not_waited_for,
            an_exit_over_the_budget_is_cut_off_and_goes_on,
            a_cleanup_over_the_budget_goes_on,
            a_cleanup_after_a_value_has_the_budget,
            a_cleanup_within_the_budget_is_awaited,
            the_budget_is_one_for_exit_and_cleanup,
            waiting_by_reference_leaves_the_future,
            waiting_by_reference_keeps_a_result,
            waiting_by_reference_is_not_held_up_by_an_exit,
            waiting_without_time_asks_once,
            waiting_for_a_task_leaves_it_running,
        }
    };
}

const LONG: Duration = Duration::from_secs(3600);
const TICK: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

async fn endless(_: &mut String) -> Result<(), Failed> {
    pending().await
}

/// Its exit waits until the log says "go".
fn held(log: &Log, name: &str) -> Probe {
    Probe::new(log, name)
        .exit_waits_for("go")
        .exit_yields(0)
        .reasons()
}

/// Counts its polls, and never ends.
async fn counted(polls: &mut usize) {
    poll_fn(|_| {
        *polls += 1;
        Poll::<()>::Pending
    })
    .await;
}

// TO-1
pub async fn the_time_starts_with_the_first_poll(_: &impl Runtime) {
    let rt = Deterministic::new();
    let mut timed = ByHand::new(timeout(&rt, SECOND, pending::<()>()));
    rt.advance(LONG);
    assert!(timed.poll().is_pending());
    rt.advance(SECOND - TICK);
    assert!(!timed.woken());
    rt.advance(TICK);
    assert!(timed.woken());
    assert_eq!(timed.ready().unwrap_err().timeout, SECOND);
}

// TO-1, WF-1
pub async fn a_limit_that_is_too_far_is_none(rt: &impl Runtime) {
    assert_eq!(timeout(rt, Duration::MAX, yields(3)).await, Ok(()));
    let deadline = rt.deadline(Duration::MAX);
    assert_eq!(timeout_at(rt, deadline, yields(3)).await, Ok(()));
    let mut work = pin!(yields(3));
    assert_eq!(wait_for(rt, Duration::MAX, work.as_mut()).await, Ok(()));
}

// TO-2, M4.5
pub async fn with_no_time_a_future_is_polled_once(rt: &impl Runtime) {
    let mut polls = 0;
    let timed = timeout(rt, Duration::ZERO, counted(&mut polls));
    let elapsed = ByHand::new(timed).ready();
    assert_eq!((elapsed.unwrap_err().timeout, polls), (Duration::ZERO, 1));
    let late = move_on_after(rt, Duration::ZERO, counted(&mut polls));
    assert_eq!(ByHand::new(late).ready(), None);
    assert_eq!(polls, 2);
    assert_eq!(timeout(rt, Duration::ZERO, ready(7)).await, Ok(7));
}

// TO-2
pub async fn with_a_deadline_that_has_passed_a_future_is_polled_once(rt: &impl Runtime) {
    let deadline = rt.now();
    rt.sleep(TICK).await;
    let mut polls = 0;
    let timed = timeout_at(rt, deadline, counted(&mut polls));
    let elapsed = ByHand::new(timed).ready();
    assert_eq!((elapsed.unwrap_err().timeout, polls), (Duration::ZERO, 1));
    let late = move_on_at(rt, deadline, counted(&mut polls));
    assert_eq!(ByHand::new(late).ready(), None);
    assert_eq!(polls, 2);
    assert_eq!(move_on_at(rt, deadline, ready(7)).await, Some(7));
}

// TO-6, TO-7
pub async fn what_is_ready_makes_no_timer(_: &impl Runtime) {
    let rt = Deterministic::new();
    let mut timed = ByHand::new(timeout(&rt, SECOND, async {
        assert_eq!(rt.timers(), 0);
        7
    }));
    assert_eq!((timed.ready(), rt.timers()), (Ok(7), 0));
}

// TO-7: late wakes are wakes for nothing.
pub async fn an_end_disarms_the_timer(_: &impl Runtime) {
    let (rt, log) = (Deterministic::new(), Log::new());
    let mut timed = ByHand::waiting(timeout(&rt, SECOND, log.when(|seen| !seen.is_empty())));
    assert_eq!(rt.timers(), 1);
    log.push("go");
    assert_eq!((timed.ready(), rt.timers()), (Ok(()), 0));
    timed.change_waker();
    rt.advance(LONG);
    assert!(!timed.woken());
    // Dropped while it waits, it takes its timer along.
    drop(ByHand::waiting(timeout(&rt, SECOND, pending::<()>())));
    assert_eq!(rt.timers(), 0);
}

// TO-1
pub async fn a_shared_deadline_leaves_the_rest(_: &impl Runtime) {
    let rt = Deterministic::new();
    let deadline = rt.deadline(SECOND);
    let mut first = ByHand::waiting(timeout_at(&rt, deadline, rt.sleep(SECOND - TICK)));
    rt.advance(SECOND - TICK);
    assert_eq!(first.ready(), Ok(()));
    let mut second = ByHand::waiting(timeout_at(&rt, deadline, pending::<()>()));
    rt.advance(TICK);
    assert!(second.woken());
    assert_eq!(second.ready().unwrap_err().timeout, TICK);
}

// TO-20
pub async fn moving_on_tells_by_an_option(rt: &impl Runtime) {
    assert_eq!(move_on_after(rt, LONG, yields(2)).await, Some(()));
    assert_eq!(move_on_after(rt, TICK, pending::<()>()).await, None);
    let deadline = rt.deadline(TICK);
    assert_eq!(move_on_at(rt, deadline, pending::<()>()).await, None);
    let deadline = rt.deadline(LONG);
    assert_eq!(move_on_at(rt, deadline, yields(2)).await, Some(()));
}

// TO-10: cancelled like all else, the inner one says nothing.
pub async fn nested_the_outer_is_earlier(rt: &impl Runtime) {
    let log = Log::new();
    let inner = async {
        let scoped = with(rt, Probe::new(&log, "a").reasons(), endless);
        let ended = timeout(rt, LONG, scoped).await;
        log.push("inner returned");
        ended
    };
    let elapsed = timeout(rt, TICK, inner).await.unwrap_err();
    log.push("returned");
    assert_eq!(elapsed.timeout, TICK);
    log.assert("+a -a:cancelled returned");
}

// TO-11
pub async fn nested_the_inner_is_earlier(rt: &impl Runtime) {
    let log = Log::new();
    let inner = async {
        let scoped = with(rt, Probe::new(&log, "a").reasons(), endless);
        let ended = timeout(rt, TICK, scoped).await;
        log.push("inner returned");
        yields(2).await;
        ended.unwrap_err().timeout
    };
    assert_eq!(timeout(rt, LONG, inner).await, Ok(TICK));
    log.assert("+a -a:cancelled inner returned");
}

// TO-12: the inner one has its end first, and that is what the outer one has in time.
pub async fn nested_at_the_same_time(_: &impl Runtime) {
    let rt = Deterministic::new();
    let inner = timeout(&rt, SECOND, pending::<()>());
    let mut outer = ByHand::waiting(timeout(&rt, SECOND, inner));
    rt.advance(SECOND);
    let inner = outer.ready().expect("its future ended in time");
    assert_eq!(inner.unwrap_err().timeout, SECOND);
}

// TO-12, TO-10
pub async fn nested_at_the_same_time_with_a_cleanup_that_waits(_: &impl Runtime) {
    let (rt, log) = (Deterministic::new(), Log::new());
    let inner = timeout(&rt, SECOND, with(&rt, held(&log, "a"), endless));
    let mut outer = ByHand::waiting(timeout(&rt, SECOND, inner));
    rt.advance(SECOND);
    assert!(outer.poll().is_pending());
    log.assert("+a …a");
    log.push("go");
    assert!(outer.woken());
    assert!(outer.ready().is_err(), "the outer one's own time was up");
    log.assert("+a …a go -a:cancelled");
}

// TO-13
pub async fn nested_both_pass_while_the_work_is_busy(_: &impl Runtime) {
    let (rt, log) = (Deterministic::new(), Log::new());
    let inner = async {
        let busy = async {
            yields(1).await;
            // Longer than both, without a wait.
            rt.advance(LONG);
            pending::<()>().await;
        };
        let ended = timeout(&rt, SECOND, busy).await;
        log.push(format_args!("caught {}", ended.unwrap_err()));
        yields(1).await;
        log.push("never");
    };
    let mut outer = ByHand::waiting(timeout(&rt, SECOND * 2, inner));
    let elapsed = outer.ready().unwrap_err();
    assert_eq!(elapsed.timeout, SECOND * 2);
    log.assert("caught not finished within 1s");
}

// TO-9
pub async fn in_an_exit_that_a_timeout_began(rt: &impl Runtime) {
    let log = Log::new();
    let (exit_rt, exit_log) = (rt.clone(), log.clone());
    let a = Act::new(&log, "a").exit(async move {
        let goodbye = timeout(&exit_rt, TICK, pending::<()>()).await;
        exit_log.push(goodbye.unwrap_err());
        let answer = timeout(&exit_rt, LONG, yields(2)).await;
        assert_eq!(answer, Ok(()));
    });
    let scoped = with(rt, a, async |()| pending::<Result<(), Failed>>().await);
    let elapsed = timeout(rt, TICK, scoped).await;
    assert!(elapsed.is_err());
    log.assert("+a not finished within 1ms -a:cancelled");
}

// TO-3, TO-11, K1
pub async fn in_a_body_and_around_its_scope(rt: &impl Runtime) {
    let log = Log::new();
    let probe = |name| Probe::new(&log, name).exit_yields(2).reasons();
    let scoped = with(rt, probe("a"), async |_| {
        let inner = with(rt, probe("a/b"), endless);
        let elapsed = timeout(rt, TICK, inner).await;
        assert!(elapsed.is_err());
        log.push(".a");
        Ok::<_, Failed>(7)
    });
    assert_eq!(timeout(rt, LONG, scoped).await, Ok(Ok(7)));
    log.assert("+a +a/b -a/b:cancelled .a -a:completed");
}

// TO-4, WF-4, K10
pub async fn around_a_shield(rt: &impl Runtime) {
    let log = Log::new();
    let told = log.clone();
    let work = async move {
        told.when(|events| events.iter().any(|seen| seen == "go"))
            .await;
        told.push("done");
        7
    };
    let mut timed = pin!(timeout(&PollTimer, Duration::ZERO, shield(rt, LONG, work)));
    assert!(poll_now(timed.as_mut()).is_pending());
    log.push("go");
    assert_eq!(timed.await, Ok(Ok(7)));
    log.assert("go done");
}

// TO-3, K1
pub async fn around_a_loop(rt: &impl Runtime) {
    let log = Log::new();
    let each = for_each(stream::iter(0..3), async |n| {
        let probe = Probe::new(&log, n.to_string()).exit_yields(2).reasons();
        let scoped = with(rt, probe, async |_| {
            if n == 1 {
                pending::<()>().await;
            }
            Ok::<_, Failed>(())
        });
        scoped.await.unwrap();
    });
    assert!(timeout(rt, TICK, each).await.is_err());
    log.assert("+0 -0:completed +1 -1:cancelled");
}

// TO-3, TO-8, K1
pub async fn in_a_race_and_around_it(rt: &impl Runtime) {
    let log = Log::new();
    let probe = |name| Probe::new(&log, name).exit_yields(2).reasons();
    // The one that runs out of time wins.
    let left = timeout(rt, TICK, with(rt, probe("a"), endless));
    let right = timeout(rt, LONG, with(rt, probe("b"), endless));
    match either(left, right).await {
        Either::Left(elapsed) => assert!(elapsed.is_err()),
        Either::Right(_) => panic!("it has an hour"),
    }
    log.assert("+a +b -a:cancelled -b:cancelled");
    let both = either(with(rt, probe("c"), endless), with(rt, probe("d"), endless));
    assert!(timeout(rt, TICK, both).await.is_err());
    let mut events = log.events().split_off(4);
    events.sort();
    assert_eq!(events, ["+c", "+d", "-c:cancelled", "-d:cancelled"]);
}

// K10: or work that enters and exits for ever would never be cut off.
pub async fn an_exit_that_began_afterwards_is_not_waited_for(rt: &impl Runtime) {
    let log = Log::new();
    let rounds = async {
        for round in 0.. {
            let probe = Probe::new(&log, round.to_string()).exit_yields(2).reasons();
            let scoped = with(rt, probe, async |_| Ok::<_, Failed>(()));
            scoped.await.unwrap();
        }
    };
    // It is up in the exit of the first.
    let elapsed = timeout(&PollTimer, Duration::from_nanos(1), rounds).await;
    assert!(elapsed.is_err());
    assert_eq!(log.count("-"), log.count("+"));
    assert_eq!(log.count("-0:completed"), 1);
    assert!(log.count("+") <= 2, "{}", log.trace());
}

// K9, K10, M4.5, CM-22
pub async fn an_exit_over_the_budget_is_cut_off_and_goes_on(rt: &impl Runtime) {
    let (log, reports) = (Log::new(), Reports::begin());
    let name = unique("over");
    let scoped = with(rt, held(&log, &name), async |_| Ok::<_, Failed>(7));
    let elapsed = timeout(rt, TICK, scoped).budget(TICK * 2).await;
    assert_eq!(elapsed.unwrap_err().timeout, TICK);
    log.push("go");
    log.seen(rt, &format!("-{name}:completed")).await;
    // It went on from where it stood.
    assert_eq!(log.count("…"), 1);
    assert_eq!(reports.count("cleanup budget of 2ms ran out before"), 1);
}

// K9, M4.5
pub async fn a_cleanup_over_the_budget_goes_on(rt: &impl Runtime) {
    let log = Log::new();
    let scoped = with(rt, held(&log, "a"), endless);
    let late = move_on_after(rt, TICK, scoped).budget(TICK).await;
    assert_eq!(late, None);
    log.assert("+a …a");
    log.push("go");
    log.seen(rt, "-a:cancelled").await;
    assert_eq!(log.count("…a"), 1);
}

// K9, M4.1: what foreign code dropped in it.
pub async fn a_cleanup_after_a_value_has_the_budget(_: &impl Runtime) {
    let (rt, log) = (Deterministic::new(), Log::new());
    let timed = timeout(&rt, LONG, async {
        crate::foreign::gives_up(1, with(&rt, held(&log, "a"), endless)).await;
        7
    });
    let mut timed = ByHand::new(timed.budget(SECOND));
    poll_until(pin!(poll_fn(|_| timed.poll())), &log, "…a");
    assert!(timed.poll().is_pending());
    rt.advance(SECOND - TICK);
    assert!(timed.poll().is_pending());
    rt.advance(TICK);
    assert_eq!((timed.ready(), rt.timers()), (Ok(7), 0));
    log.push("go");
    rt.run_until_stalled();
    log.assert("+a …a go -a:cancelled");
}

// K9
pub async fn a_cleanup_within_the_budget_is_awaited(_: &impl Runtime) {
    let (rt, log, reports) = (Deterministic::new(), Log::new(), Reports::begin());
    let scoped = with(&rt, held(&log, "a"), endless);
    let mut timed = ByHand::waiting(timeout(&rt, SECOND, scoped).budget(SECOND));
    rt.advance(SECOND);
    assert!(timed.poll().is_pending());
    rt.advance(SECOND - TICK);
    assert!(timed.poll().is_pending());
    log.push("go");
    assert!(timed.ready().is_err());
    log.assert("+a …a go -a:cancelled");
    assert_eq!((rt.timers(), reports.here().len()), (0, 0));
}

// K9, K10
pub async fn the_budget_is_one_for_exit_and_cleanup(_: &impl Runtime) {
    let (rt, log) = (Deterministic::new(), Log::new());
    let work = async {
        let committed = with(&rt, held(&log, "a"), async |_| Ok::<_, Failed>(()));
        committed.await.unwrap();
        let b = Probe::new(&log, "b").exit_waits_for("never").reasons();
        with(&rt, b, endless).await
    };
    let mut timed = ByHand::waiting(timeout(&rt, SECOND, work).budget(SECOND * 2));
    rt.advance(SECOND);
    assert!(timed.poll().is_pending());
    rt.advance(SECOND);
    log.push("go");
    assert!(timed.poll().is_pending());
    log.assert("+a …a go -a:completed +b …b");
    rt.advance(SECOND - TICK);
    assert!(timed.poll().is_pending());
    rt.advance(TICK);
    assert_eq!(timed.ready().unwrap_err().timeout, SECOND);
    log.push("never");
    rt.run_until_stalled();
    log.assert("+a …a go -a:completed +b …b never -b:cancelled");
}

// WF-8, WF-3, K14
pub async fn waiting_by_reference_leaves_the_future(rt: &impl Runtime) {
    let log = Log::new();
    let mut scoped = Box::pin(with(rt, Probe::new(&log, "a").reasons(), async |_| {
        log.when(|events| events.iter().any(|seen| seen == "go"))
            .await;
        Ok::<_, Failed>(7)
    }));
    let elapsed = wait_for(rt, TICK, scoped.as_mut()).await;
    assert_eq!(elapsed.unwrap_err().timeout, TICK);
    // So does a timeout that is given a reference.
    assert!(timeout(rt, TICK, scoped.as_mut()).await.is_err());
    log.assert("+a");
    log.push("go");
    assert_eq!(wait_for(rt, LONG, scoped.as_mut()).await, Ok(Ok(7)));
    log.assert("+a go -a:completed");
}

// WF-7, WF-6: the wait is cancelled when the result is there already.
pub async fn waiting_by_reference_keeps_a_result(rt: &impl Runtime) {
    let log = Log::new();
    let mut work = Box::pin(async {
        log.when(|events| !events.is_empty()).await;
        7
    });
    let waiting = ByHand::waiting(wait_for(rt, LONG, work.as_mut()));
    log.push("go");
    assert!(waiting.woken());
    drop(waiting);
    assert_eq!(wait_for(rt, LONG, work.as_mut()).await, Ok(7));
}

// WF-8, K10
pub async fn waiting_by_reference_is_not_held_up_by_an_exit(rt: &impl Runtime) {
    let log = Log::new();
    let scoped = with(rt, held(&log, "a"), async |_| Ok::<_, Failed>(7));
    let mut scoped = Box::pin(scoped);
    assert!(wait_for(rt, TICK, scoped.as_mut()).await.is_err());
    log.assert("+a …a");
    let mut cancelled = pin!(cancel(scoped));
    assert!(poll_now(cancelled.as_mut()).is_pending());
    log.push("go");
    cancelled.await;
    log.assert("+a …a go -a:completed");
}

// WF-2, WF-9
pub async fn waiting_without_time_asks_once(rt: &impl Runtime) {
    let mut polls = 0;
    let mut work = Box::pin(counted(&mut polls));
    let mut waiting = ByHand::new(wait_for(rt, Duration::ZERO, work.as_mut()));
    assert_eq!(waiting.ready().unwrap_err().timeout, Duration::ZERO);
    drop(waiting);
    drop(work);
    assert_eq!(polls, 1);
    let done = pin!(ready(7));
    assert_eq!(wait_for(rt, Duration::ZERO, done).await, Ok(7));
}

// WF-8
pub async fn waiting_for_a_task_leaves_it_running(rt: &impl Runtime) {
    let log = Log::new();
    let told = log.clone();
    let task = rt.spawn(async move {
        told.when(|events| !events.is_empty()).await;
        7
    });
    let mut task = pin!(task);
    assert!(wait_for(rt, TICK, task.as_mut()).await.is_err());
    log.push("go");
    assert!(matches!(wait_for(rt, LONG, task.as_mut()).await, Ok(Ok(7))));
}

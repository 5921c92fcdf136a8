//! Joins: several futures, and all their ends.

use std::convert::Infallible;
use std::future::{Future, pending, ready};
use std::panic::panic_any;

use withal::runtime::{Runtime, TaskError};
use withal::{
    Either, Local, Outcome, await_cleanup, either, enter_in, join, join_settled, try_join, with,
};

use crate::foreign::{OnDrop, gives_up};
use crate::log::within_patience;
use crate::poll::{ByHand, caught, yields};
use crate::probe::{Failed, LocalProbe};
use crate::reports::{Reports, unique};
use crate::{Act, Log, Probe};

/// The table of these cases, given to the macro `$make`.
#[doc(hidden)]
#[macro_export]
macro_rules! combinators_joins_cases {
    ($make:ident $with:tt $of:tt) => {
        $crate::$make! { $with $of combinators_joins:
            outputs_come_in_the_order_of_the_arguments,
            without_any_future_a_join_is_ready_at_once,
            a_join_waits_for_what_its_branches_drop,
            the_first_error_cancels_the_others_and_waits,
            an_exit_in_progress_ends_before_the_error_comes_out,
            an_error_after_the_first_is_reported,
            a_grouped_join_gives_all_errors,
            a_settled_join_tells_every_end,
            a_branch_that_was_cancelled_elsewhere_is_an_end_like_another,
            a_join_that_is_cancelled_cancels_all,
            branches_of_a_dropped_join_clean_up_side_by_side,
            all_of_many_branches_are_cleaned_up,
            branches_of_a_failed_join_clean_up_side_by_side,
            branches_of_a_join_that_foreign_code_drops_clean_up_side_by_side,
            a_guard_around_a_dropped_join_waits_for_all_branches,
            a_join_that_has_ended_cannot_be_cancelled,
            a_panic_cancels_the_others_and_goes_on,
            a_panic_cancels_the_others_while_it_is_cleaned_up,
            of_two_panics_the_first_goes_on,
            a_panic_of_a_destructor_goes_on_after_the_cleanup,
            a_panic_whose_join_is_dropped_is_reported,
            local_joins_wait_for_local_exits,
        }
    };
}

async fn ends<F: Future>(rt: &impl Runtime, future: F) -> F::Output {
    within_patience(rt, future, || "it does not end".to_owned()).await
}

async fn after<T>(polls: usize, value: T) -> T {
    yields(polls).await;
    value
}

/// Holds the scope `name`, and never ends.
async fn holds(rt: &impl Runtime, log: &Log, name: &str) -> Result<u32, Failed> {
    let probe = Probe::new(log, name).exit_yields(2).reasons();
    let ended = with(rt, probe, async |_| pending::<Result<u32, Failed>>().await);
    Ok(ended.await.unwrap())
}

/// Holds the scope `name`, whose exit waits for `event`, and never ends.
async fn holds_until(rt: &impl Runtime, log: &Log, name: &str, event: &'static str) {
    let act = Act::new(log, name).exit_waits_for(event);
    let ended = with(rt, act, async |()| pending::<Result<(), Failed>>().await);
    ended.await.unwrap();
}

// CB-1
pub async fn outputs_come_in_the_order_of_the_arguments(rt: &impl Runtime) {
    let text = String::from("borrowed");
    let (one, two, three) = join((after(3, 1), after(0, "two"), after(1, text.as_str()))).await;
    assert_eq!((one, two, three), (1, "two", "borrowed"));
    let waits = [3, 0, 1, 2];
    assert_eq!(join(waits.map(|polls| after(polls, polls))).await, waits);
    let futures = || (0..100).map(|n| after(n % 7, n)).collect::<Vec<_>>();
    assert_eq!(join(futures()).await, Vec::from_iter(0..100));
    let boxed = futures().into_boxed_slice();
    assert_eq!(join(boxed).await.len(), 100);
    let oks = waits.map(|polls| after(polls, Ok::<_, Failed>(polls)));
    assert_eq!(try_join(oks).await, Ok(waits));
    let oks = (after(2, Ok::<_, Failed>(1)), after(0, Ok("two")));
    assert_eq!(try_join(oks).await, Ok((1, "two")));
    // In tasks, and with the clock of the runtime.
    let tasks = Vec::from_iter((0..8).map(|n| rt.spawn(after(n, n))));
    let ended = ends(rt, join(tasks)).await;
    let values = ended.into_iter().map(Result::unwrap);
    assert_eq!(values.collect::<Vec<_>>(), Vec::from_iter(0..8));
}

// CB-1
pub async fn without_any_future_a_join_is_ready_at_once(_: &impl Runtime) {
    type Never = std::future::Pending<Result<u32, Failed>>;
    assert_eq!(ByHand::new(join(Vec::<Never>::new())).ready(), []);
    assert_eq!(ByHand::new(join::<[Never; 0]>([])).ready(), []);
    assert_eq!(
        ByHand::new(try_join(Vec::<Never>::new())).ready(),
        Ok(vec![])
    );
    assert!(
        ByHand::new(join_settled(Vec::<Never>::new()))
            .ready()
            .is_empty()
    );
}

// CB-1, K1: what a branch has dropped is cleaned up before the join returns.
pub async fn a_join_waits_for_what_its_branches_drop(rt: &impl Runtime) {
    let log = Log::new();
    let drops = async {
        gives_up(1, holds(rt, &log, "a")).await;
        1
    };
    assert_eq!(ends(rt, join((drops, after(0, 2)))).await, (1, 2));
    log.push("returned");
    log.assert("+a -a:cancelled returned");
}

// CB-2, K1
pub async fn the_first_error_cancels_the_others_and_waits(rt: &impl Runtime) {
    let log = Log::new();
    let fails = after(2, Err::<(), _>(Failed("first")));
    let failed = try_join((holds(rt, &log, "a"), fails, holds(rt, &log, "b")));
    assert_eq!(ends(rt, failed).await, Err(Failed("first")));
    log.push("returned");
    log.assert("+a +b -a:cancelled -b:cancelled returned");

    let log = Log::new();
    let branch = async |name: &str| match name {
        "fails" => after(2, Err(Failed("first"))).await,
        name => holds(rt, &log, name).await,
    };
    let failed = try_join(["a", "fails", "b"].map(branch));
    assert_eq!(ends(rt, failed).await, Err(Failed("first")));
    let names = ["c", "d", "fails"];
    let failed = try_join(names.into_iter().map(branch).collect::<Vec<_>>());
    assert_eq!(ends(rt, failed).await, Err(Failed("first")));
    assert_eq!(log.count("-"), 4);
}

// CB-2, K10
pub async fn an_exit_in_progress_ends_before_the_error_comes_out(rt: &impl Runtime) {
    let log = Log::new();
    let commits = async {
        let act = Act::new(&log, "a").exit_waits_for("go");
        let ended = with(rt, act, async |()| Ok::<_, Failed>(1)).await;
        log.push("committed");
        Ok(ended.unwrap())
    };
    let fails = async {
        yields(2).await;
        log.push("go");
        Err::<(), _>(Failed("first"))
    };
    let failed = ends(rt, try_join((commits, fails))).await;
    assert_eq!(failed, Err(Failed("first")));
    log.assert("+a go -a committed");
}

// CB-2, K10
pub async fn an_error_after_the_first_is_reported(rt: &impl Runtime) {
    let (log, reports, text) = (Log::new(), Reports::begin(), unique("later"));
    let exits = async {
        let act = Act::new(&log, "a").exit_waits_for("go");
        let ended = with(rt, act, async |()| Err::<(), _>(text.clone())).await;
        Err::<(), _>(ended.unwrap_err().into_body().unwrap())
    };
    let fails = async {
        yields(2).await;
        log.push("go");
        Err::<(), _>("first".to_owned())
    };
    let failed = ends(rt, try_join((exits, fails))).await;
    assert_eq!(failed, Err("first".to_owned()));
    assert_eq!(reports.count(&text), 1);
}

// CB-2, EG-1: the first one comes first, and the others by their index.
pub async fn a_grouped_join_gives_all_errors(rt: &impl Runtime) {
    let log = Log::new();
    let exits = async |name: &'static str| {
        let act = Act::new(&log, name).exit_waits_for("go");
        let ended = with(rt, act, async |()| Err::<(), _>(Failed(name))).await;
        Err::<(), _>(ended.unwrap_err().into_body().unwrap())
    };
    let branch = async |name: &'static str| match name {
        "first" => {
            yields(2).await;
            log.push("go");
            Err(Failed(name))
        }
        "ok" => Ok(()),
        name => exits(name).await,
    };
    let failed = try_join(["a", "ok", "first", "b"].map(branch)).grouped();
    let group = ends(rt, failed).await.unwrap_err();
    let leaves = group.leaves();
    let leaves = leaves.map(|(path, error)| (path.origin().name().map(str::to_owned), *error));
    let named = |index: &str, name| (Some(index.to_owned()), Failed(name));
    let expected = [named("2", "first"), named("0", "a"), named("3", "b")];
    assert_eq!(leaves.collect::<Vec<_>>(), expected);
    let ok = try_join((after(1, Ok::<_, Failed>(1)), after(0, Ok(2))));
    assert_eq!(ok.grouped().await.unwrap(), (1, 2));
    let one = try_join(vec![ready(Err::<(), _>(Failed("only")))]).grouped();
    assert_eq!(one.await.unwrap_err().single().unwrap(), Failed("only"));
}

// CB-3
pub async fn a_settled_join_tells_every_end(rt: &impl Runtime) {
    let log = Log::new();
    let panics = async {
        let probe = Probe::new(&log, "p").reasons();
        let ended = with(rt, probe, async |_| -> Result<u32, Failed> {
            panic_any("on purpose")
        });
        Ok::<_, Failed>(ended.await.unwrap())
    };
    let succeeds = async {
        let probe = Probe::new(&log, "a").exit_yields(9).reasons();
        let ended = with(rt, probe, async |_| Ok::<_, Failed>(after(9, 1).await));
        Ok::<_, Failed>(ended.await.unwrap())
    };
    let fails = after(1, Err::<u32, _>(Failed("error")));
    let ended = ends(rt, join_settled((panics, succeeds, fails))).await;
    let (Outcome::Panicked(panicked), Outcome::Ok(1), Outcome::Err(Failed("error"))) = ended else {
        panic!("{ended:?}");
    };
    assert!(panicked.to_string().contains("on purpose"), "{panicked}");
    assert!(
        log.has("-p:panicked") && log.has("-a:completed"),
        "{}",
        log.trace()
    );

    let ends_of = |n: u32| async move {
        match n % 3 {
            0 => Ok(n),
            1 => Err(Failed("error")),
            _ => panic_any("on purpose"),
        }
    };
    let ended = join_settled(Vec::from_iter((0..6).map(ends_of))).await;
    let ended = ended.into_iter().map(Outcome::into_result);
    for (n, ended) in (0..).zip(ended) {
        match (n % 3, ended) {
            (0, Ok(Ok(value))) => assert_eq!(value, n),
            (1, Ok(Err(Failed("error")))) => {}
            (2, Err(error)) => assert!(error.is_panic()),
            (_, ended) => panic!("{n}: {ended:?}"),
        }
    }
}

// CB-5: it is not the join that was cancelled.
pub async fn a_branch_that_was_cancelled_elsewhere_is_an_end_like_another(rt: &impl Runtime) {
    type Ended = Result<Result<u32, Failed>, TaskError>;
    let cancelled = || after(1, Ended::Err(TaskError::cancelled()));
    let lives = || after(3, Ended::Ok(Ok(1)));
    let (one, two) = ends(rt, join((cancelled(), lives()))).await;
    assert!(one.is_err() && two.is_ok());
    let (one, two) = ends(rt, join_settled((cancelled(), lives()))).await;
    assert!(matches!(one.flatten(), Outcome::Cancelled));
    assert!(matches!(two.flatten(), Outcome::Ok(1)));
    let failed = ends(rt, try_join((cancelled(), lives()))).await;
    assert!(!failed.unwrap_err().is_panic());
}

// CB-4, K1
pub async fn a_join_that_is_cancelled_cancels_all(rt: &impl Runtime) {
    let log = Log::new();
    let joined = join_settled(vec![holds(rt, &log, "a"), holds(rt, &log, "b")]);
    let raced = ends(rt, either(joined, log.seen(rt, "+b"))).await;
    assert!(matches!(raced, Either::Right(())));
    log.push("returned");
    log.assert("+a +b -a:cancelled -b:cancelled returned");
    // Before the first poll there is nothing to clean up.
    let log = Log::new();
    drop(join([holds(rt, &log, "a")]));
    log.assert("");
}

// K4, CB-4: one after the other, they would never end.
pub async fn branches_of_a_dropped_join_clean_up_side_by_side(rt: &impl Runtime) {
    let log = Log::new();
    let joined = join((
        holds_until(rt, &log, "a", "-b:cancelled"),
        holds_until(rt, &log, "b", "-c:cancelled"),
        holds_until(rt, &log, "c", "go"),
        async {
            log.push("go");
            pending::<()>().await;
        },
    ));
    let raced = ends(rt, either(joined, log.seen(rt, "+c"))).await;
    assert!(matches!(raced, Either::Right(())));
    log.assert("+a +b +c go -c:cancelled -b:cancelled -a:cancelled");
    // In an array and in a vector.
    for in_vector in [false, true] {
        let log = Log::new();
        let names = [("a", "-b:cancelled"), ("b", "-c:cancelled"), ("c", "+c")];
        let branches = names.map(|(name, event)| holds_until(rt, &log, name, event));
        if in_vector {
            ends(rt, either(join(Vec::from(branches)), log.seen(rt, "+c"))).await;
        } else {
            ends(rt, either(join(branches), log.seen(rt, "+c"))).await;
        }
        log.assert("+a +b +c -c:cancelled -b:cancelled -a:cancelled");
    }
}

// K4, CB-4: more than are cleaned up at a time.
pub async fn all_of_many_branches_are_cleaned_up(rt: &impl Runtime) {
    const MANY: usize = 200;
    let log = Log::new();
    let branches = (0..MANY).map(async |n| {
        let probe = Probe::new(&log, n.to_string()).exit_yields(n % 7);
        let ended = with(rt, probe, async |_| pending::<Result<(), Failed>>().await);
        ended.await.unwrap();
    });
    let joined = join(branches.collect::<Vec<_>>());
    ends(rt, either(joined, log.seen(rt, "+199"))).await;
    assert_eq!((log.count("+"), log.count("-")), (MANY, MANY));
    log.assert_balanced();
}

// K4, CB-2
pub async fn branches_of_a_failed_join_clean_up_side_by_side(rt: &impl Runtime) {
    let log = Log::new();
    let branch = async |name: &str| {
        let event = match name {
            "a" => "-b:cancelled",
            "b" => "-c:cancelled",
            "c" => "+c",
            _ => return after(2, Err(Failed("first"))).await,
        };
        holds_until(rt, &log, name, event).await;
        Ok(())
    };
    let failed = ends(rt, try_join(["a", "b", "fails", "c"].map(branch))).await;
    assert_eq!(failed, Err(Failed("first")));
    log.assert("+a +b +c -c:cancelled -b:cancelled -a:cancelled");
}

// K3, K4
pub async fn branches_of_a_join_that_foreign_code_drops_clean_up_side_by_side(rt: &impl Runtime) {
    let log = Log::new();
    let dropped = || {
        join((
            holds_until(rt, &log, "a", "-b:cancelled"),
            holds_until(rt, &log, "b", "go"),
        ))
    };
    let scoped = with(rt, Act::new(&log, "s"), async |()| {
        gives_up(1, dropped()).await;
        log.push("go");
        Ok::<_, Infallible>(())
    });
    ends(rt, scoped).await.unwrap();
    log.assert("+s +a +b go -b:cancelled -a:cancelled -s");
    // And with nothing but a combinator around.
    let log = Log::new();
    let joined = join((
        holds_until(rt, &log, "a", "-b:cancelled"),
        holds_until(rt, &log, "b", "+b"),
    ));
    ends(rt, await_cleanup(gives_up(1, joined))).await;
    log.assert("+a +b -b:cancelled -a:cancelled");
}

// K4, CM-17: the join is one guard of the frame.
pub async fn a_guard_around_a_dropped_join_waits_for_all_branches(rt: &impl Runtime) {
    let log = Log::new();
    let frame = async {
        let outer = enter_in(rt, Probe::new(&log, "o")).await.unwrap();
        let branches = ["a", "b"].map(|name| holds(rt, &log, name));
        let ended = try_join(branches).await.map(|_| ());
        outer.exit(ended).await.unwrap();
    };
    let scoped = with(rt, Act::new(&log, "s"), async |()| {
        gives_up(1, frame).await;
        Ok::<_, Infallible>(())
    });
    ends(rt, scoped).await.unwrap();
    log.assert("+s +o +a +b -a:cancelled -b:cancelled -o -s");
}

// CB-6
pub async fn a_join_that_has_ended_cannot_be_cancelled(rt: &impl Runtime) {
    let log = Log::new();
    let scoped = async {
        let ended = with(rt, Probe::new(&log, "a").reasons(), async |_| {
            Ok::<_, Failed>(1)
        });
        ended.await.unwrap()
    };
    let mut joined = ByHand::new(join((scoped, after(0, 2))));
    assert!(joined.poll().is_pending(), "the exit waits");
    assert_eq!(joined.ready(), (1, 2));
    drop(joined);
    log.assert("+a -a:completed");
    // All its branches have ended by when it would be cancelled: it has ended first.
    let raced = either(join((ready(1), ready(2))), ready(())).await;
    assert_eq!(raced, Either::Left((1, 2)));
}

// CB-2, K11
pub async fn a_panic_cancels_the_others_and_goes_on(rt: &impl Runtime) {
    let log = Log::new();
    let panics = async {
        let probe = Probe::new(&log, "p").exit_yields(3).reasons();
        let ended = with(rt, probe, async |_| -> Result<u32, Failed> {
            yields(1).await;
            panic_any("on purpose")
        });
        Ok(ended.await.unwrap())
    };
    let ended = ends(rt, caught(try_join((holds(rt, &log, "a"), panics)))).await;
    assert_eq!(ended.unwrap_err(), "on purpose");
    log.assert("+a +p -p:panicked -a:cancelled");
    let log = Log::new();
    let branch = async |name: &str| match name {
        "panics" => panic_any("on purpose"),
        name => holds(rt, &log, name).await,
    };
    let joined = join(["a", "panics", "b"].map(branch));
    assert_eq!(ends(rt, caught(joined)).await.unwrap_err(), "on purpose");
    log.assert("+a -a:cancelled");
}

// K4, K11: what it unwinds is cleaned up side by side with the others.
pub async fn a_panic_cancels_the_others_while_it_is_cleaned_up(rt: &impl Runtime) {
    let log = Log::new();
    let panics = async {
        let act = Act::new(&log, "p").exit_waits_for("-a:cancelled");
        let _guard = enter_in(rt, act).await.unwrap();
        yields(1).await;
        panic_any("on purpose")
    };
    let joined = join((panics, holds(rt, &log, "a")));
    let ended: Result<((), _), _> = ends(rt, caught(joined)).await;
    assert_eq!(ended.unwrap_err(), "on purpose");
    log.assert("+p +a -a:cancelled -p:cancelled");
}

// K11
pub async fn of_two_panics_the_first_goes_on(rt: &impl Runtime) {
    let (reports, text) = (Reports::begin(), unique("second"));
    let second = async {
        let _panics = OnDrop::new(|| panic_any(text.clone()));
        pending::<()>().await;
    };
    let first = async {
        yields(1).await;
        panic_any("first")
    };
    let ended = ends(rt, caught(join((second, first)))).await;
    let ended: Result<((), ()), String> = ended;
    assert_eq!(ended.unwrap_err(), "first");
    assert_eq!(reports.count(&text), 1);
}

// K11
pub async fn a_panic_of_a_destructor_goes_on_after_the_cleanup(rt: &impl Runtime) {
    let log = Log::new();
    let bursts = async {
        let _panics = OnDrop::new(|| panic_any("a destructor"));
        pending::<Result<u32, Failed>>().await
    };
    let fails = after(1, Err::<u32, _>(Failed("first")));
    let ended = ends(rt, caught(try_join((bursts, holds(rt, &log, "a"), fails)))).await;
    assert_eq!(ended.unwrap_err(), "a destructor");
    log.assert("+a -a:cancelled");
    // Dropped as a whole, by one of ours.
    let log = Log::new();
    let bursts = async {
        let _panics = OnDrop::new(|| panic_any("a destructor"));
        pending::<Result<u32, Failed>>().await
    };
    let joined = join((holds(rt, &log, "a"), bursts, holds(rt, &log, "b")));
    let ended = ends(rt, caught(either(joined, yields(1)))).await;
    assert_eq!(ended.map(|_| ()).unwrap_err(), "a destructor");
    log.assert("+a +b -a:cancelled -b:cancelled");
}

// K11, CB-3
pub async fn a_panic_whose_join_is_dropped_is_reported(rt: &impl Runtime) {
    let (reports, text) = (Reports::begin(), unique("lost"));
    let panics = async { panic_any(text.clone()) };
    let joined = join_settled((panics, pending::<Result<u32, Failed>>()));
    let joined: Option<(Outcome<(), Failed>, _)> = gives_up(2, joined).await;
    assert!(joined.is_none());
    assert_eq!(reports.count(&text), 1);
    drop(rt.clone());
}

// K8
pub async fn local_joins_wait_for_local_exits(rt: &impl Runtime) {
    let log = Log::new();
    let holds = async |name: &str| {
        let probe = Local(LocalProbe::new(Probe::new(&log, name).reasons()));
        let ended = with(rt, probe, async |_| pending::<Result<(), Failed>>().await);
        ended.await.unwrap();
        Ok::<_, Failed>(())
    };
    let fails = after(1, Err::<(), _>(Failed("first")));
    let failed = try_join((holds("a"), holds("b"), fails)).local();
    assert_eq!(ends(rt, failed).await, Err(Failed("first")));
    log.push("returned");
    log.assert("+a +b -a:cancelled -b:cancelled returned");
    let log = Log::new();
    let holds = async |name: &str| {
        let probe = Local(LocalProbe::new(Probe::new(&log, name).reasons()));
        let ended = with(rt, probe, async |_| pending::<Result<(), Failed>>().await);
        ended.await.unwrap();
    };
    let joined = join(vec![holds("a"), holds("b")]).local();
    ends(rt, either(joined, yields(1)).local()).await;
    log.push("returned");
    log.assert("+a +b -a:cancelled -b:cancelled returned");
}

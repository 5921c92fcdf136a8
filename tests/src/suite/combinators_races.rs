//! Races: several futures, and the first end.

use std::convert::Infallible;
use std::future::{Future, pending, ready};
use std::panic::panic_any;

use withal::runtime::Runtime;
use withal::{Either, Local, cancel, either, race, race_ok, with};

use crate::foreign::gives_up;
use crate::log::within_patience;
use crate::poll::{ByHand, caught, yields};
use crate::probe::{Failed, LocalProbe};
use crate::{Act, Log, Probe};

/// The table of these cases, given to the macro `$make`.
#[doc(hidden)]
#[macro_export]
macro_rules! combinators_races_cases {
    ($make:ident $with:tt $of:tt) => {
        $crate::$make! { $with $of combinators_races:
            the_first_end_wins,
            the_first_argument_wins_a_tie,
            losers_are_cancelled_and_waited_for,
            losers_clean_up_beside_the_winner,
            a_loser_in_its_exit_is_let_finish,
            a_loser_that_was_not_polled_yet_never_runs,
            a_race_of_no_futures_panics,
            a_panic_ends_a_race,
            the_first_success_wins,
            all_errors_come_out_in_the_order_of_the_arguments,
            a_race_that_is_cancelled_cancels_all,
            local_races_wait_for_local_exits,
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
async fn holds(rt: &impl Runtime, log: &Log, name: &str) -> u32 {
    let probe = Probe::new(log, name).exit_yields(2).reasons();
    let ended = with(rt, probe, async |_| pending::<Result<u32, Failed>>().await);
    ended.await.unwrap()
}

// CB-2, K1
pub async fn the_first_end_wins(rt: &impl Runtime) {
    assert_eq!(race((after(2, 1), after(1, 2), pending())).await, 2);
    assert_eq!(race([3, 1, 2].map(|polls| after(polls, polls))).await, 1);
    let racers = (0..100).map(|n| after(100 - n, n));
    assert_eq!(race(racers.collect::<Vec<_>>()).await, 99);
    assert_eq!(
        either(after(2, 1), after(1, "two")).await,
        Either::Right("two")
    );
    let tasks = [9, 1].map(|polls| rt.spawn(after(polls, ())));
    ends(rt, race(tasks)).await.unwrap();
}

// CB-2
pub async fn the_first_argument_wins_a_tie(_: &impl Runtime) {
    assert_eq!(race((after(1, 1), after(1, 2))).await, 1);
    assert_eq!(race([after(1, 1), after(1, 2)]).await, 1);
    assert_eq!(race(vec![ready(1), ready(2)]).await, 1);
    assert_eq!(either(ready(1), ready(2)).await, Either::Left(1));
    assert_eq!(
        race_ok([ready(Err(1)), ready(Ok(2)), ready(Ok(3))]).await,
        Ok(2)
    );
}

// CB-2, K1, K4
pub async fn losers_are_cancelled_and_waited_for(rt: &impl Runtime) {
    let log = Log::new();
    let winner = race((holds(rt, &log, "a"), holds(rt, &log, "b"), after(1, 7)));
    assert_eq!(ends(rt, winner).await, 7);
    log.push("returned");
    log.assert("+a +b -a:cancelled -b:cancelled returned");
    let log = Log::new();
    let racer = async |name: &str| match name {
        "wins" => after(1, 7).await,
        name => holds(rt, &log, name).await,
    };
    let names = ["a", "wins", "b"];
    assert_eq!(ends(rt, race(names.map(racer))).await, 7);
    let racers = names.into_iter().map(racer).collect::<Vec<_>>();
    assert_eq!(ends(rt, race(racers)).await, 7);
    log.push("returned");
    let once = "+a +b -a:cancelled -b:cancelled";
    log.assert(&format!("{once} {once} returned"));
}

// K1, K4: the winner has ended, and what it has dropped waits for a loser.
pub async fn losers_clean_up_beside_the_winner(rt: &impl Runtime) {
    let log = Log::new();
    let wins = async {
        let act = Act::new(&log, "w").exit_waits_for("-a:cancelled");
        let held = with(rt, act, async |()| pending::<Result<(), Failed>>().await);
        gives_up(1, held).await;
        7
    };
    assert_eq!(ends(rt, race((holds(rt, &log, "a"), wins))).await, 7);
    log.assert("+a +w -a:cancelled -w:cancelled");
}

// K10
pub async fn a_loser_in_its_exit_is_let_finish(rt: &impl Runtime) {
    let log = Log::new();
    let commits = async {
        let act = Act::new(&log, "a").exit_waits_for("go");
        let ended = with(rt, act, async |()| Ok::<_, Failed>(1)).await;
        log.push("committed");
        ended.unwrap()
    };
    let wins = async {
        yields(1).await;
        log.push("go");
        2
    };
    assert_eq!(
        ends(
            rt,
            race([Either::Left(commits), Either::Right(wins)].map(any))
        )
        .await,
        2
    );
    log.assert("+a go -a committed");
}

/// Two futures of one type.
async fn any<A: Future<Output = u32>, B: Future<Output = u32>>(either: Either<A, B>) -> u32 {
    match either {
        Either::Left(future) => future.await,
        Either::Right(future) => future.await,
    }
}

// CB-2, K1
pub async fn a_loser_that_was_not_polled_yet_never_runs(rt: &impl Runtime) {
    let log = Log::new();
    let never = with(rt, Probe::new(&log, "b"), async |_| Ok::<_, Infallible>(1));
    let raced = race((ready(7), async { never.await.unwrap() }));
    assert_eq!(ByHand::new(raced).ready(), 7);
    log.assert("");
}

// CB-2, A-8
pub async fn a_race_of_no_futures_panics(_: &impl Runtime) {
    let raced = caught(async { race(Vec::<std::future::Ready<()>>::new()).await });
    assert_eq!(
        raced.await.unwrap_err(),
        "a race of no futures has no winner"
    );
}

// K11
pub async fn a_panic_ends_a_race(rt: &impl Runtime) {
    let log = Log::new();
    let panics = async {
        yields(1).await;
        panic_any("on purpose")
    };
    let raced = ends(rt, caught(race((holds(rt, &log, "a"), panics)))).await;
    assert_eq!(raced.unwrap_err(), "on purpose");
    log.assert("+a -a:cancelled");
    // The left one is cancelled, too.
    let panics = async { panic_any("on purpose") };
    let raced = ends(
        rt,
        caught(either::<_, std::future::Ready<()>>(panics, ready(()))),
    )
    .await;
    let raced: Result<Either<(), ()>, _> = raced;
    assert_eq!(raced.unwrap_err(), "on purpose");
}

// CB-2, CB-14
pub async fn the_first_success_wins(rt: &impl Runtime) {
    let log = Log::new();
    let racers = (
        after(1, Err::<u32, _>(Failed("early"))),
        async { Ok(holds(rt, &log, "a").await) },
        after(2, Ok(7)),
        after(3, Err(Failed("late"))),
    );
    assert_eq!(ends(rt, race_ok(racers)).await, Ok(7));
    log.push("returned");
    log.assert("+a -a:cancelled returned");
}

// CB-14
pub async fn all_errors_come_out_in_the_order_of_the_arguments(_: &impl Runtime) {
    let fails = |polls: usize| after(polls, Err::<(), _>(polls));
    let failed = race_ok((fails(2), fails(0), fails(1))).await.unwrap_err();
    assert_eq!(failed.errors(), [2, 0, 1]);
    assert_eq!(failed.to_string(), "all 3 tries failed: 0: 2; 1: 0; 2: 1");
    let failed = race_ok([2, 0, 1].map(fails)).await.unwrap_err();
    assert_eq!(failed.errors(), [2, 0, 1]);
    let failed = race_ok(Vec::from([2, 0, 1].map(fails))).await.unwrap_err();
    assert_eq!(failed.into_errors(), [2, 0, 1]);
    let failed = race_ok([fails(1)]).await.unwrap_err();
    assert_eq!(failed.to_string(), "the only try failed: 1");
    let nothing = race_ok(Vec::<std::future::Ready<Result<(), u8>>>::new());
    let failed = ByHand::new(nothing).ready().unwrap_err();
    assert_eq!(failed.to_string(), "there was nothing to try");
}

// CB-4, K1
pub async fn a_race_that_is_cancelled_cancels_all(rt: &impl Runtime) {
    let log = Log::new();
    let raced = race([holds(rt, &log, "a"), holds(rt, &log, "b")]);
    // As `cancel` takes it: begun, and owned.
    let mut raced = Box::pin(raced);
    assert!(futures_util::poll!(raced.as_mut()).is_pending());
    ends(rt, cancel(raced)).await;
    log.push("returned");
    log.assert("+a +b -a:cancelled -b:cancelled returned");
}

// K8
pub async fn local_races_wait_for_local_exits(rt: &impl Runtime) {
    let log = Log::new();
    let holds = async |name: &str| {
        let probe = Local(LocalProbe::new(Probe::new(&log, name).reasons()));
        let ended = with(rt, probe, async |_| pending::<Result<u32, Failed>>().await);
        ended.await.unwrap()
    };
    let raced = race((holds("a"), holds("b"), after(1, 7))).local();
    assert_eq!(ends(rt, raced).await, 7);
    log.push("returned");
    log.assert("+a +b -a:cancelled -b:cancelled returned");
}

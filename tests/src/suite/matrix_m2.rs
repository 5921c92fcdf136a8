//! Generators and coroutines: every operation in every state. What cannot be written, since it does
//! not compile, is among the mistakes of `tests/ui`.

use std::pin::{Pin, pin};
use std::time::Duration;

use futures_util::{Stream, StreamExt};
use withal::coroutine::{CloseError, Coroutine, Interrupt, State, Step, StepError};
use withal::runtime::Runtime;
use withal::{ScopeError, close, coroutine, generator, timeout, with};

use crate::poll::poll_now;
use crate::probe::Failed;
use crate::sweep::PollTimer;
use crate::{Log, Probe};

/// The table of these cases, given to the macro `$make`.
#[doc(hidden)]
#[macro_export]
macro_rules! matrix_m2_cases {
    ($make:ident $with:tt $of:tt) => {
        $crate::$make! { $with $of matrix_m2:
            next_of_a_created_generator_runs_to_its_first_yield,
            next_of_a_suspended_generator_goes_on,
            next_of_a_generator_in_a_step_goes_on,
            next_of_an_ended_generator_gives_none,
            start_of_a_created_coroutine_runs_to_its_first_yield,
            start_of_a_suspended_coroutine_is_refused,
            start_of_a_coroutine_in_a_step_is_refused,
            start_of_an_ended_coroutine_is_refused,
            resume_of_a_created_coroutine_is_refused,
            resume_of_a_suspended_coroutine_answers_its_yield,
            resume_of_a_coroutine_in_a_step_is_refused,
            resume_of_an_ended_coroutine_is_refused,
            throw_into_a_created_coroutine_closes_it,
            throw_into_a_suspended_coroutine_answers_its_yield,
            throw_into_a_coroutine_in_a_step_is_refused,
            throw_into_an_ended_coroutine_is_refused,
            proceed_of_a_created_coroutine_is_refused,
            proceed_of_a_suspended_coroutine_is_refused,
            proceed_of_a_coroutine_in_a_step_goes_on,
            proceed_of_an_ended_coroutine_is_refused,
            close_of_a_created_generator_runs_nothing,
            close_of_a_suspended_generator_waits_for_its_scopes,
            close_of_a_generator_in_a_step_waits_for_its_scopes,
            close_of_an_ended_generator_does_nothing,
            close_of_a_created_coroutine_runs_nothing,
            close_of_a_suspended_coroutine_tells_its_yield,
            close_of_a_suspended_coroutine_that_yields_again_drops_it,
            close_of_a_coroutine_in_a_step_waits_for_its_scopes,
            close_of_an_ended_coroutine_does_nothing,
            drop_of_a_created_one_runs_nothing,
            drop_of_a_suspended_one_leaves_its_scopes_to_be_exited,
            drop_of_one_in_a_step_leaves_its_scopes_to_be_exited,
            drop_of_an_ended_one_does_nothing,
            a_consumer_that_is_cancelled_between_steps_has_not_touched_it,
            a_consumer_that_is_cancelled_in_a_step_leaves_it_there,
        }
    };
}

/// Waits for the log to say so.
async fn go(log: &Log) {
    log.when(|events| events.iter().any(|event| event == "go"))
        .await;
}

/// Yields 1 in a scope, waits there until it may go on, and yields 2.
fn numbers<R: Runtime>(rt: &R, log: &Log) -> Pin<Box<impl Stream<Item = u32> + use<R>>> {
    let (rt, log) = (rt.clone(), log.clone());
    Box::pin(generator(async move |y| {
        log.push("runs");
        let a = with(&rt, Probe::new(&log, "a").reasons(), async |_| {
            y.yield_(1).await;
            go(&log).await;
            y.yield_(2).await;
            Ok::<_, Failed>(())
        });
        a.await.unwrap();
    }))
}

/// Made, and polled up to its first item.
async fn suspended_numbers<R: Runtime>(rt: &R, log: &Log) -> Pin<Box<impl Stream<Item = u32>>> {
    let mut numbers = numbers(rt, log);
    assert_eq!(numbers.next().await, Some(1));
    numbers
}

/// Left in its second step.
async fn numbers_in_a_step<R: Runtime>(rt: &R, log: &Log) -> Pin<Box<impl Stream<Item = u32>>> {
    let mut numbers = suspended_numbers(rt, log).await;
    assert!(poll_now(pin!(numbers.next())).is_pending());
    numbers
}

async fn ended_numbers<R: Runtime>(rt: &R, log: &Log) -> Pin<Box<impl Stream<Item = u32>>> {
    let mut numbers = suspended_numbers(rt, log).await;
    log.push("go");
    assert_eq!(numbers.next().await, Some(2));
    assert_eq!(numbers.next().await, None);
    numbers
}

type Talk<S> = Pin<Box<Coroutine<u32, &'static str, Failed, &'static str, S>>>;

/// What talks: yields 1 in a scope and logs the answer, waits there until it may go on, yields 2, and
/// returns the last answer. If `stubborn`, it yields 9 when it is told to end.
fn talk<R: Runtime>(rt: &R, log: &Log, stubborn: bool) -> Talk<impl Sized + use<R>> {
    let (rt, log) = (rt.clone(), log.clone());
    Box::pin(coroutine(async move |y| {
        log.push("runs");
        let a = with(&rt, Probe::new(&log, "a").reasons(), async |_| {
            match y.yield_(1).await {
                Ok(answer) => log.push(answer),
                Err(Interrupt::Thrown(Failed(error))) => log.push(error),
                Err(closed) => {
                    log.push("told");
                    if stubborn {
                        y.yield_(9).await?;
                    }
                    return Err(closed);
                }
            }
            go(&log).await;
            y.yield_(2).await
        });
        a.await.map_err(|error| match error {
            ScopeError::Body(interrupt) => interrupt,
            other => panic!("{other}"),
        })
    }))
}

async fn suspended<R: Runtime>(rt: &R, log: &Log) -> Talk<impl Sized> {
    let mut talk = talk(rt, log, false);
    assert_eq!(talk.as_mut().start().await.unwrap(), Step::Yielded(1));
    assert_eq!(talk.state(), State::Suspended);
    talk
}

async fn in_a_step<R: Runtime>(rt: &R, log: &Log) -> Talk<impl Sized> {
    let mut talk = suspended(rt, log).await;
    assert!(poll_now(pin!(talk.as_mut().resume("first"))).is_pending());
    assert_eq!(talk.state(), State::Running);
    talk
}

async fn ended<R: Runtime>(rt: &R, log: &Log) -> Talk<impl Sized> {
    let mut talk = in_a_step(rt, log).await;
    log.push("go");
    assert_eq!(talk.as_mut().proceed().await.unwrap(), Step::Yielded(2));
    let last = talk.as_mut().resume("last").await.unwrap();
    assert_eq!(last, Step::Complete("last"));
    assert_eq!(talk.state(), State::Closed);
    talk
}

/// The trace of one that has [`ended`].
const WHOLE: &str = "runs +a first go -a:completed";

/// That the step was refused in that state: what was given.
#[track_caller]
fn refused<T, V>(step: Result<T, StepError<V, Failed>>, state: State) -> V {
    match step {
        Err(StepError::Refused(refused)) => {
            assert_eq!(refused.state, state);
            refused.value
        }
        _ => panic!("it was not refused"),
    }
}

// M2.1, AG-1
pub async fn next_of_a_created_generator_runs_to_its_first_yield(rt: &impl Runtime) {
    let log = Log::new();
    let mut numbers = numbers(rt, &log);
    log.assert("");
    assert_eq!(numbers.next().await, Some(1));
    log.assert("runs +a");
    close(numbers).await;
}

// M2.1
pub async fn next_of_a_suspended_generator_goes_on(rt: &impl Runtime) {
    let log = Log::new();
    let mut numbers = suspended_numbers(rt, &log).await;
    log.push("go");
    assert_eq!(numbers.next().await, Some(2));
    close(numbers).await;
}

// M2.1, AG-18, IT-16
pub async fn next_of_a_generator_in_a_step_goes_on(rt: &impl Runtime) {
    let log = Log::new();
    let mut numbers = numbers_in_a_step(rt, &log).await;
    log.push("go");
    assert_eq!(numbers.next().await, Some(2));
    log.assert("runs +a go");
    close(numbers).await;
}

// M2.1, IT-10
pub async fn next_of_an_ended_generator_gives_none(rt: &impl Runtime) {
    let log = Log::new();
    let mut numbers = ended_numbers(rt, &log).await;
    for _ in 0..3 {
        assert_eq!(numbers.next().await, None);
    }
}

// M2.2, AG-1
pub async fn start_of_a_created_coroutine_runs_to_its_first_yield(rt: &impl Runtime) {
    let log = Log::new();
    let mut talk = talk(rt, &log, false);
    assert_eq!(talk.state(), State::Created);
    log.assert("");
    assert_eq!(talk.as_mut().start().await.unwrap(), Step::Yielded(1));
    log.assert("runs +a");
    assert_eq!(talk.as_mut().close().await, Ok(None));
}

// M2.2, AG-2
pub async fn start_of_a_suspended_coroutine_is_refused(rt: &impl Runtime) {
    let log = Log::new();
    let mut talk = suspended(rt, &log).await;
    refused(talk.as_mut().start().await, State::Suspended);
    log.assert("runs +a");
    assert_eq!(talk.as_mut().close().await, Ok(None));
}

// M2.2, AG-16
pub async fn start_of_a_coroutine_in_a_step_is_refused(rt: &impl Runtime) {
    let log = Log::new();
    let mut talk = in_a_step(rt, &log).await;
    refused(talk.as_mut().start().await, State::Running);
    log.assert("runs +a first");
    assert_eq!(talk.as_mut().close().await, Ok(None));
}

// M2.2, AG-4
pub async fn start_of_an_ended_coroutine_is_refused(rt: &impl Runtime) {
    let log = Log::new();
    let mut talk = ended(rt, &log).await;
    refused(talk.as_mut().start().await, State::Closed);
    log.assert(WHOLE);
}

// M2.3, AG-2
pub async fn resume_of_a_created_coroutine_is_refused(rt: &impl Runtime) {
    let log = Log::new();
    let mut talk = talk(rt, &log, false);
    let value = refused(talk.as_mut().resume("value").await, State::Created);
    assert_eq!(value, "value");
    log.assert("");
    assert_eq!(talk.as_mut().start().await.unwrap(), Step::Yielded(1));
    assert_eq!(talk.as_mut().close().await, Ok(None));
}

// M2.3, AG-3
pub async fn resume_of_a_suspended_coroutine_answers_its_yield(rt: &impl Runtime) {
    let log = Log::new();
    let mut talk = suspended(rt, &log).await;
    log.push("go");
    let step = talk.as_mut().resume("value").await.unwrap();
    assert_eq!(step, Step::Yielded(2));
    log.assert("runs +a go value");
    assert_eq!(talk.as_mut().close().await, Ok(None));
}

// M2.3, AG-16
pub async fn resume_of_a_coroutine_in_a_step_is_refused(rt: &impl Runtime) {
    let log = Log::new();
    let mut talk = in_a_step(rt, &log).await;
    let value = refused(talk.as_mut().resume("value").await, State::Running);
    assert_eq!(value, "value");
    // The step is unaffected.
    log.push("go");
    assert_eq!(talk.as_mut().proceed().await.unwrap(), Step::Yielded(2));
    log.assert("runs +a first go");
    assert_eq!(talk.as_mut().close().await, Ok(None));
}

// M2.3, AG-4
pub async fn resume_of_an_ended_coroutine_is_refused(rt: &impl Runtime) {
    let log = Log::new();
    let mut talk = ended(rt, &log).await;
    for _ in 0..2 {
        let value = refused(talk.as_mut().resume("value").await, State::Closed);
        assert_eq!(value, "value");
    }
    log.assert(WHOLE);
}

// M2.4, AG-6
pub async fn throw_into_a_created_coroutine_closes_it(rt: &impl Runtime) {
    let log = Log::new();
    let mut talk = talk(rt, &log, false);
    let failed = talk.as_mut().throw(Failed("thrown")).await.unwrap_err();
    assert_eq!(failed.into_failure().unwrap(), Failed("thrown"));
    assert_eq!(talk.state(), State::Closed);
    log.assert("");
}

// M2.4, AG-5
pub async fn throw_into_a_suspended_coroutine_answers_its_yield(rt: &impl Runtime) {
    let log = Log::new();
    let mut talk = suspended(rt, &log).await;
    log.push("go");
    let step = talk.as_mut().throw(Failed("caught")).await.unwrap();
    assert_eq!(step, Step::Yielded(2));
    log.assert("runs +a go caught");
    // This one is let through.
    let failed = talk.as_mut().throw(Failed("thrown")).await.unwrap_err();
    assert_eq!(failed.into_failure().unwrap(), Failed("thrown"));
    assert_eq!(talk.state(), State::Closed);
    log.assert("runs +a go caught -a:failed");
}

// M2.4, AG-16
pub async fn throw_into_a_coroutine_in_a_step_is_refused(rt: &impl Runtime) {
    let log = Log::new();
    let mut talk = in_a_step(rt, &log).await;
    let step = talk.as_mut().throw(Failed("thrown")).await;
    assert_eq!(refused(step, State::Running), Failed("thrown"));
    log.push("go");
    assert_eq!(talk.as_mut().proceed().await.unwrap(), Step::Yielded(2));
    assert_eq!(talk.as_mut().close().await, Ok(None));
}

// M2.4, AG-7
pub async fn throw_into_an_ended_coroutine_is_refused(rt: &impl Runtime) {
    let log = Log::new();
    let mut talk = ended(rt, &log).await;
    let step = talk.as_mut().throw(Failed("thrown")).await;
    assert_eq!(refused(step, State::Closed), Failed("thrown"));
    log.assert(WHOLE);
}

// M2.5, AG-2
pub async fn proceed_of_a_created_coroutine_is_refused(rt: &impl Runtime) {
    let log = Log::new();
    let mut talk = talk(rt, &log, false);
    refused(talk.as_mut().proceed().await, State::Created);
    log.assert("");
}

// M2.5, AG-2
pub async fn proceed_of_a_suspended_coroutine_is_refused(rt: &impl Runtime) {
    let log = Log::new();
    let mut talk = suspended(rt, &log).await;
    refused(talk.as_mut().proceed().await, State::Suspended);
    log.assert("runs +a");
    assert_eq!(talk.as_mut().close().await, Ok(None));
}

// M2.5, AG-18, IT-15
pub async fn proceed_of_a_coroutine_in_a_step_goes_on(rt: &impl Runtime) {
    let log = Log::new();
    let mut talk = in_a_step(rt, &log).await;
    log.push("go");
    assert_eq!(talk.as_mut().proceed().await.unwrap(), Step::Yielded(2));
    log.assert("runs +a first go");
    assert_eq!(talk.as_mut().close().await, Ok(None));
}

// M2.5, AG-4
pub async fn proceed_of_an_ended_coroutine_is_refused(rt: &impl Runtime) {
    let log = Log::new();
    let mut talk = ended(rt, &log).await;
    refused(talk.as_mut().proceed().await, State::Closed);
    log.assert(WHOLE);
}

// M2.6, AG-9
pub async fn close_of_a_created_generator_runs_nothing(rt: &impl Runtime) {
    let log = Log::new();
    close(numbers(rt, &log)).await;
    log.assert("");
}

// M2.6, AG-10, K1
pub async fn close_of_a_suspended_generator_waits_for_its_scopes(rt: &impl Runtime) {
    let log = Log::new();
    close(suspended_numbers(rt, &log).await).await;
    log.assert("runs +a -a:cancelled");
}

// M2.6, K1
pub async fn close_of_a_generator_in_a_step_waits_for_its_scopes(rt: &impl Runtime) {
    let log = Log::new();
    close(numbers_in_a_step(rt, &log).await).await;
    log.assert("runs +a -a:cancelled");
}

// M2.6, AG-11
pub async fn close_of_an_ended_generator_does_nothing(rt: &impl Runtime) {
    let log = Log::new();
    close(ended_numbers(rt, &log).await).await;
    log.assert("runs +a go -a:completed");
}

// M2.7, AG-9
pub async fn close_of_a_created_coroutine_runs_nothing(rt: &impl Runtime) {
    let log = Log::new();
    let mut talk = talk(rt, &log, false);
    assert_eq!(talk.as_mut().close().await, Ok(None));
    assert_eq!(talk.state(), State::Closed);
    log.assert("");
}

// M2.7, AG-10
pub async fn close_of_a_suspended_coroutine_tells_its_yield(rt: &impl Runtime) {
    let log = Log::new();
    let mut talk = suspended(rt, &log).await;
    assert_eq!(talk.as_mut().close().await, Ok(None));
    assert_eq!(talk.state(), State::Closed);
    log.assert("runs +a told -a:failed");
}

// M2.7, AG-13, K1
pub async fn close_of_a_suspended_coroutine_that_yields_again_drops_it(rt: &impl Runtime) {
    let log = Log::new();
    let mut talk = talk(rt, &log, true);
    assert_eq!(talk.as_mut().start().await.unwrap(), Step::Yielded(1));
    let closed = talk.as_mut().close().await;
    assert_eq!(closed, Err(CloseError::YieldedDuringClose(9)));
    assert_eq!(talk.state(), State::Closed);
    log.assert("runs +a told -a:cancelled");
    assert_eq!(talk.as_mut().close().await, Ok(None));
}

// M2.7, AG-10, K1
pub async fn close_of_a_coroutine_in_a_step_waits_for_its_scopes(rt: &impl Runtime) {
    let log = Log::new();
    let mut talk = in_a_step(rt, &log).await;
    assert_eq!(talk.as_mut().close().await, Ok(None));
    assert_eq!(talk.state(), State::Closed);
    log.assert("runs +a first -a:cancelled");
}

// M2.7, AG-11
pub async fn close_of_an_ended_coroutine_does_nothing(rt: &impl Runtime) {
    let log = Log::new();
    let mut talk = ended(rt, &log).await;
    assert_eq!(talk.as_mut().close().await, Ok(None));
    log.assert(WHOLE);
}

// M2.8, AG-1
pub async fn drop_of_a_created_one_runs_nothing(rt: &impl Runtime) {
    let log = Log::new();
    drop(numbers(rt, &log));
    drop(talk(rt, &log, false));
    log.assert("");
}

// M2.8, FH-5, A-4
pub async fn drop_of_a_suspended_one_leaves_its_scopes_to_be_exited(rt: &impl Runtime) {
    let log = Log::new();
    drop(suspended_numbers(rt, &log).await);
    log.seen(rt, "-a:cancelled").await;
    let log = Log::new();
    drop(suspended(rt, &log).await);
    log.seen(rt, "-a:cancelled").await;
    // Nobody tells the yield: there is nobody to wait for what it would do.
    assert!(!log.has("told"));
}

// M2.8, FH-5, A-4
pub async fn drop_of_one_in_a_step_leaves_its_scopes_to_be_exited(rt: &impl Runtime) {
    let log = Log::new();
    drop(numbers_in_a_step(rt, &log).await);
    log.seen(rt, "-a:cancelled").await;
    let log = Log::new();
    drop(in_a_step(rt, &log).await);
    log.seen(rt, "-a:cancelled").await;
}

// M2.8
pub async fn drop_of_an_ended_one_does_nothing(rt: &impl Runtime) {
    let log = Log::new();
    drop(ended_numbers(rt, &log).await);
    log.assert("runs +a go -a:completed");
    let log = Log::new();
    drop(ended(rt, &log).await);
    log.assert(WHOLE);
}

// M2.9, AG-19
pub async fn a_consumer_that_is_cancelled_between_steps_has_not_touched_it(rt: &impl Runtime) {
    let log = Log::new();
    let mut talk = suspended(rt, &log).await;
    let consumer = async {
        go(&log).await;
        talk.as_mut().resume("late").await.map(drop)
    };
    let ended = timeout(&PollTimer, Duration::ZERO, consumer).await;
    assert!(ended.is_err());
    assert_eq!(talk.state(), State::Suspended);
    log.assert("runs +a");
    assert_eq!(talk.as_mut().close().await, Ok(None));
}

// M2.9, AG-18, IT-15, IT-16
pub async fn a_consumer_that_is_cancelled_in_a_step_leaves_it_there(rt: &impl Runtime) {
    let log = Log::new();
    let mut numbers = suspended_numbers(rt, &log).await;
    let ended = timeout(&PollTimer, Duration::ZERO, numbers.next()).await;
    assert!(ended.is_err());
    let mut talk = suspended(rt, &log).await;
    let step = talk.as_mut().resume("first");
    assert!(timeout(&PollTimer, Duration::ZERO, step).await.is_err());
    assert_eq!(talk.state(), State::Running);
    log.push("go");
    assert_eq!(numbers.next().await, Some(2));
    assert_eq!(talk.as_mut().proceed().await.unwrap(), Step::Yielded(2));
    assert_eq!(talk.as_mut().close().await, Ok(None));
    close(numbers).await;
}

//! Coroutines that hold scopes open across their yields, ended at every yield, in every way.

use std::pin::Pin;
use std::time::Duration;

use withal::coroutine::{Coroutine, Interrupt, State, Step, Yielder};
use withal::runtime::Runtime;
use withal::{ScopeError, coroutine, timeout, with};

use crate::poll::yields;
use crate::probe::Failed;
use crate::sweep::{Followed, PollTimer, Real, Sweep, Way};
use crate::{Log, Probe, laws};

/// The table of these cases, given to the macro `$make`.
#[doc(hidden)]
#[macro_export]
macro_rules! coroutines_cases {
    ($make:ident $with:tt $of:tt) => {
        $crate::$make! { $with $of coroutines:
            scopes_across_answers,
            scopes_across_answers_in_a_scope_of_the_consumer,
            one_that_is_closed_at_each_yield,
            one_that_is_dropped_at_each_yield,
            one_that_is_failed_at_each_yield,
            one_whose_steps_are_given_up,
            one_whose_close_is_given_up,
        }
    };
}

type Asks<'g> = Yielder<'g, u32, u32, Failed>;
type End = Result<u32, Interrupt<Failed>>;

/// How many scopes [`nested`] has in one another.
const DEPTH: u32 = 3;

/// How many items it yields: two in each scope.
const ITEMS: u32 = 2 * DEPTH;

/// What it returns, where each item is answered by ten times as much.
const SUM: u32 = 10 * DEPTH * (DEPTH + 1);

/// A scope `name`, which yields `depth` before and behind the scopes in it; the sum of the answers.
async fn scope<R: Runtime>(
    y: &Asks<'_>,
    rt: &Followed<R>,
    log: &Log,
    name: &str,
    depth: u32,
) -> End {
    let probe = Probe::new(log, name).reasons();
    let scope = with(rt, probe, async |_| {
        let end = asks(y, rt, log, name, depth).await;
        let mark = if end.is_ok() { '.' } else { '!' };
        log.push(format_args!("{mark}{name}"));
        end
    });
    scope.await.map_err(|error| match error {
        ScopeError::Body(interrupt) => interrupt,
        other => panic!("{other}"),
    })
}

async fn asks<R: Runtime>(
    y: &Asks<'_>,
    rt: &Followed<R>,
    log: &Log,
    name: &str,
    depth: u32,
) -> End {
    let mut sum = y.yield_(depth).await?;
    if depth > 1 {
        let below = format!("{name}/b");
        sum += Box::pin(scope(y, rt, log, &below, depth - 1)).await?;
    }
    yields(1).await;
    sum += y.yield_(depth).await?;
    Ok(sum)
}

type Talk<S> = Pin<Box<Coroutine<u32, u32, Failed, u32, S>>>;

/// Scopes in one another, of which every second one is of a coroutine that the one around it
/// delegates to.
fn nested<R: Runtime>(
    rt: &Followed<R>,
    log: &Log,
    name: &'static str,
) -> Talk<impl Sized + use<R>> {
    let (rt, log) = (rt.clone(), log.clone());
    Box::pin(coroutine(async move |y: Asks<'_>| {
        let inner = coroutine(async |y: Asks<'_>| scope(&y, &rt, &log, name, DEPTH).await);
        y.delegate(inner).await
    }))
}

/// Makes up to `count` steps, and waits a little after each. The value at the end.
async fn talks(talk: &mut Talk<impl Sized>, count: u32) -> Option<u32> {
    let mut item = None;
    for _ in 0..count {
        let step = match item {
            None => talk.as_mut().start().await.unwrap(),
            Some(item) => talk.as_mut().resume(item * 10).await.unwrap(),
        };
        match step {
            Step::Yielded(next) => item = Some(next),
            Step::Complete(sum) => return Some(sum),
        }
        yields(1).await;
    }
    None
}

#[track_caller]
fn assert_settled(log: &Log) {
    assert!(laws::is_settled(&log.events()), "{}", log.trace());
}

/// A sweep on `rt`, held against the laws of the log.
fn swept<R: Runtime>(rt: &R) -> Sweep<Log, Real<R>> {
    Sweep::on(rt, Log::new).invariant_of(laws::hold)
}

// AG-3, AG-18, AG-20, AG-23, AG-24, FH-5, CM-17, K1, K2
pub async fn scopes_across_answers<R: Runtime>(rt: &R) {
    let scenario = async |rt: Followed<R>, log: Log| {
        let mut talk = nested(&rt, &log, "a");
        assert_eq!(talks(&mut talk, ITEMS + 1).await, Some(SUM));
        assert_settled(&log);
    };
    swept(rt).sweep(scenario).await.unwrap();
}

// AG-3, FH-5, CM-17, K3
pub async fn scopes_across_answers_in_a_scope_of_the_consumer<R: Runtime>(rt: &R) {
    let scenario = async |rt: Followed<R>, log: Log| {
        let z = with(&rt, Probe::new(&log, "z").reasons(), async |_| {
            let mut talk = nested(&rt, &log, "z/a");
            assert_eq!(talks(&mut talk, ITEMS + 1).await, Some(SUM));
            log.push(".z");
            Ok::<_, Failed>(())
        });
        z.await.unwrap();
        assert_settled(&log);
    };
    swept(rt).sweep(scenario).await.unwrap();
}

// AG-9, AG-10, AG-11, AG-24, AG-26, CM-17, K1
pub async fn one_that_is_closed_at_each_yield<R: Runtime>(rt: &R) {
    for count in 0..=ITEMS + 1 {
        let scenario = async |rt: Followed<R>, log: Log| {
            let mut talk = nested(&rt, &log, "a");
            talks(&mut talk, count).await;
            assert_eq!(talk.as_mut().close().await, Ok(None));
            assert_settled(&log);
            assert_eq!(talk.state(), State::Closed);
        };
        let sweep = swept(rt).without_panics();
        sweep.sweep(scenario).await.unwrap();
    }
}

// AG-26, FH-5, CM-17, K2, K3
pub async fn one_that_is_dropped_at_each_yield<R: Runtime>(rt: &R) {
    for count in 0..=ITEMS + 1 {
        let scenario = async |rt: Followed<R>, log: Log| {
            let z = with(&rt, Probe::new(&log, "z").reasons(), async |_| {
                let mut talk = nested(&rt, &log, "z/a");
                talks(&mut talk, count).await;
                drop(talk);
                yields(1).await;
                log.push(".z");
                Ok::<_, Failed>(())
            });
            z.await.unwrap();
            assert_settled(&log);
        };
        let sweep = swept(rt).without_panics();
        sweep.sweep(scenario).await.unwrap();
        let alone = async |rt: Followed<R>, log: Log| {
            let mut talk = nested(&rt, &log, "a");
            talks(&mut talk, count).await;
            drop(talk);
            yields(1).await;
        };
        // Where nobody waits for anything.
        let sweep = swept(rt).without_panics().ways(Way::alone(rt));
        sweep.sweep(alone).await.unwrap();
    }
}

// AG-5, AG-6, AG-7, AG-24, CM-17
pub async fn one_that_is_failed_at_each_yield<R: Runtime>(rt: &R) {
    for count in 0..=ITEMS + 1 {
        let scenario = async |rt: Followed<R>, log: Log| {
            let mut talk = nested(&rt, &log, "a");
            talks(&mut talk, count).await;
            // Let through at each yield; and refused at the end.
            let failed = talk.as_mut().throw(Failed("thrown")).await.unwrap_err();
            assert_eq!(failed.into_failure().is_ok(), count <= ITEMS);
            assert_settled(&log);
            assert_eq!(talk.state(), State::Closed);
        };
        let sweep = swept(rt).without_panics();
        sweep.sweep(scenario).await.unwrap();
    }
}

// AG-16, AG-18, IT-15, IT-16
pub async fn one_whose_steps_are_given_up<R: Runtime>(rt: &R) {
    let scenario = async |rt: Followed<R>, log: Log| {
        let mut talk = nested(&rt, &log, "a");
        let start = talk.as_mut().start();
        let mut step = timeout(&PollTimer, Duration::ZERO, start).await.ok();
        let mut items = 0;
        loop {
            step = match step {
                None => {
                    assert_eq!(talk.state(), State::Running);
                    let step = talk.as_mut().proceed();
                    timeout(&PollTimer, Duration::ZERO, step).await.ok()
                }
                Some(step) => match step.unwrap() {
                    Step::Complete(sum) => {
                        assert_eq!((items, sum), (ITEMS, SUM));
                        break;
                    }
                    Step::Yielded(item) => {
                        items += 1;
                        let step = talk.as_mut().resume(item * 10);
                        let given = timeout(&PollTimer, Duration::ZERO, step).await;
                        given.ok().map(|step| Ok(step.unwrap()))
                    }
                },
            };
        }
        assert_settled(&log);
    };
    swept(rt).sweep(scenario).await.unwrap();
}

// AG-10, AG-18
pub async fn one_whose_close_is_given_up<R: Runtime>(rt: &R) {
    for count in 1..=ITEMS {
        let scenario = async |rt: Followed<R>, log: Log| {
            let mut talk = nested(&rt, &log, "a");
            talks(&mut talk, count).await;
            let closed = loop {
                let close = talk.as_mut().close();
                if let Ok(closed) = timeout(&PollTimer, Duration::ZERO, close).await {
                    break closed;
                }
                assert_eq!(talk.state(), State::Closing);
            };
            assert_eq!(closed, Ok(None));
            assert_settled(&log);
        };
        swept(rt).sweep(scenario).await.unwrap();
    }
}

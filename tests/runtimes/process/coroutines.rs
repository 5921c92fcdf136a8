//! Coroutines in the live list, and what is told of them.

use std::any::type_name_of_val;
use std::future::pending;
use std::pin::{Pin, pin};

use futures_util::FutureExt;
use withal::cleanup::{LiveStep, Subject, keep_live_list, live_list};
use withal::coroutine;
use withal::coroutine::{CloseError, Coroutine, Interrupt, Step, Yielder};
use withal::scope::ExitKind;
use withal_tests::probe::Failed;

use crate::generators::told;
use crate::turn;

type Asks<'g> = Yielder<'g, u8, (), Failed>;
type End = Result<(), Interrupt<Failed>>;

const BEGUN: (Subject, LiveStep) = (Subject::Coroutine, LiveStep::Entered);
const CLOSED: (Subject, LiveStep) = (Subject::Coroutine, LiveStep::Dropped(ExitKind::Cancelled));
const NOT_CLOSED: (Subject, LiveStep) = (Subject::Coroutine, LiveStep::NotClosed);
const ENDED: (Subject, LiveStep) = (Subject::Coroutine, LiveStep::Ended);

async fn asks(y: Asks<'_>) -> End {
    y.yield_(1).await?;
    pending().await
}

/// Yields when it is told to end.
async fn insists(y: Asks<'_>) -> End {
    while y.yield_(1).await.is_ok() {}
    y.yield_(2).await
}

type Talk<T, S> = Pin<Box<Coroutine<u8, (), Failed, T, S>>>;

/// One that waits at its first yield.
fn suspended<T, S>(mut talk: Talk<T, S>) -> Talk<T, S> {
    let started = talk.as_mut().start().now_or_never();
    assert!(matches!(started, Some(Ok(Step::Yielded(1)))));
    talk
}

// FH-2
#[test]
fn a_coroutine_is_listed_from_its_start_to_its_end() {
    let _turn = turn();
    keep_live_list(true);
    let body = async |y: Asks<'_>| y.yield_(1).await;
    let name = type_name_of_val(&body);
    let line = line!() + 1;
    let mut talk = pin!(coroutine(body));
    assert!(live_list().is_empty(), "it was only made");
    talk.as_mut().start().now_or_never().unwrap().unwrap();
    let [live] = live_list()[..] else {
        panic!("{:?}", live_list());
    };
    assert_eq!(live.about.subject, Subject::Coroutine);
    assert_eq!(live.about.name, name);
    assert_eq!(live.about.location.line(), line);
    assert_eq!(live.about.location.file(), file!());
    let text = live.to_string();
    assert!(text.starts_with(&format!("{name} (made at ")), "{text}");
    talk.as_mut().resume(()).now_or_never().unwrap().unwrap();
    assert!(live_list().is_empty());
    keep_live_list(false);
}

// FH-4, AG-9, AG-10
#[test]
fn one_that_is_closed_goes_in_silence() {
    let (steps, reports) = told(|| {
        drop(coroutine(asks));
        // Never begun; answers; in the middle of a step; yields again.
        let mut talk = Box::pin(coroutine(asks));
        assert_eq!(talk.as_mut().close().now_or_never(), Some(Ok(None)));
        let mut talk = suspended(Box::pin(coroutine(asks)));
        assert_eq!(talk.as_mut().close().now_or_never(), Some(Ok(None)));
        let mut talk = suspended(Box::pin(coroutine(asks)));
        assert!(talk.as_mut().resume(()).now_or_never().is_none());
        assert_eq!(talk.as_mut().close().now_or_never(), Some(Ok(None)));
        let mut talk = suspended(Box::pin(coroutine(insists)));
        let closed = talk.as_mut().close().now_or_never().unwrap();
        assert_eq!(closed, Err(CloseError::YieldedDuringClose(2)));
        assert!(live_list().is_empty());
    });
    let expected = [BEGUN, ENDED, BEGUN, CLOSED, ENDED, BEGUN, CLOSED, ENDED];
    assert_eq!(steps, expected);
    assert!(reports.is_empty(), "{reports:?}");
}

// FH-4, AG-24
#[test]
fn one_that_another_delegates_to_goes_with_it_in_silence() {
    let (steps, reports) = told(|| {
        for count in 0..2 {
            let mut talk = suspended(Box::pin(coroutine(async |y: Asks<'_>| {
                y.delegate(coroutine(insists)).await
            })));
            for _ in 0..count {
                talk.as_mut().resume(()).now_or_never().unwrap().unwrap();
            }
            let closed = talk.as_mut().close().now_or_never().unwrap();
            assert_eq!(closed, Err(CloseError::YieldedDuringClose(2)));
        }
    });
    let one = [BEGUN, BEGUN, CLOSED, ENDED, CLOSED, ENDED];
    assert_eq!(steps, [one, one].concat());
    assert!(reports.is_empty(), "{reports:?}");
}

// FH-4, FH-5
#[test]
fn one_that_is_dropped_where_it_is_suspended_is_reported() {
    let mut line = 0;
    let (steps, reports) = told(|| {
        line = line!() + 1;
        drop(suspended(Box::pin(coroutine(asks))));
    });
    assert_eq!(steps, [BEGUN, NOT_CLOSED, ENDED]);
    let [report] = &reports[..] else {
        panic!("{reports:?}");
    };
    let made = format!("made at {}:{line}:", file!());
    assert!(report.contains(&made), "{report}");
}

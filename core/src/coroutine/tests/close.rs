use std::cell::Cell;
use std::future::pending;
use std::mem;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::string::ToString;

use futures_util::join;

use super::super::{CloseError, Coroutine, Interrupt, State, Step, StepError, Yielder, coroutine};
use super::{Bad, End, Gate, Log, drop_after, is_pending, now, poll_once};

type Talks<'g> = Yielder<'g, u32, (), Bad>;

/// A close was begun, and dropped.
fn is_closing<Y, R, T, S>(mut body: Pin<&mut Coroutine<Y, R, Bad, T, S>>) {
    assert_eq!(body.state(), State::Closing);
    let Err(StepError::Refused(refused)) = now(body.as_mut().proceed()) else {
        panic!("it was not refused");
    };
    assert_eq!(refused.state, State::Closing);
    assert!(refused.to_string().contains("call `close`"));
}

// AG-9, AG-11
#[test]
fn one_that_was_not_started_is_closed_without_running() {
    let alive = Rc::new(());
    let held = alive.clone();
    let ran = Cell::new(false);
    let mut body = pin!(coroutine(async |y: Talks<'_>| {
        let _held = held;
        ran.set(true);
        y.yield_(1).await
    }));
    assert_eq!(now(body.as_mut().close()), Ok(None));
    assert_eq!((body.state(), ran.get()), (State::Closed, false));
    assert_eq!(Rc::strong_count(&alive), 1, "the body is gone");
    assert_eq!(now(body.as_mut().close()), Ok(None));
}

// AG-10, AG-11
#[test]
fn the_yield_that_waits_is_told() {
    let log = Log::default();
    let gate = Gate::default();
    let mut body = pin!(coroutine(async |y: Talks<'_>| {
        let _held = log.on_drop("dropped");
        let told = y.yield_(1).await;
        assert!(matches!(told, Err(Interrupt::Closed(_))));
        log.push("told");
        gate.wait().await;
        log.push("cleaned");
        End::<()>::Err(told.unwrap_err())
    }));
    now(body.as_mut().start()).unwrap();
    {
        let mut close = pin!(body.as_mut().close());
        assert!(is_pending(close.as_mut()));
        gate.open();
        assert_eq!(now(close), Ok(None));
    }
    assert_eq!(log.take(), "told cleaned dropped");
    assert_eq!(body.state(), State::Closed);
    assert_eq!(now(body.as_mut().close()), Ok(None));
}

// AG-11
#[test]
fn one_that_has_ended_is_left_alone() {
    let mut body = pin!(coroutine(async |y: Talks<'_>| End::Ok(y.yield_(1).await?)));
    now(body.as_mut().start()).unwrap();
    assert_eq!(now(body.as_mut().resume(())).unwrap(), Step::Complete(()));
    assert_eq!(now(body.as_mut().close()), Ok(None));
}

// AG-12, AG-23
#[test]
fn a_body_may_answer_by_returning() {
    let mut body = pin!(coroutine(async |y: Talks<'_>| {
        let ended = y.yield_(1).await;
        End::Ok(ended.map_err(|_| "closed"))
    }));
    now(body.as_mut().start()).unwrap();
    assert_eq!(now(body.as_mut().close()), Ok(Some(Err::<(), _>("closed"))));
    assert_eq!(body.state(), State::Closed);
}

// AG-13
#[test]
fn a_body_that_yields_is_dropped_there() {
    let log = Log::default();
    let mut body = pin!(coroutine(async |y: Talks<'_>| {
        let _held = log.on_drop("dropped");
        while y.yield_(1).await.is_ok() {}
        log.push("told");
        let _ = y.yield_(2).await;
        log.push("resumed");
        End::Ok(())
    }));
    now(body.as_mut().start()).unwrap();
    let error = now(body.as_mut().close()).unwrap_err();
    assert!(error.to_string().contains("yielded"));
    assert!(matches!(error, CloseError::YieldedDuringClose(2)));
    assert_eq!(log.take(), "told dropped");
    assert_eq!(body.state(), State::Closed);
    assert_eq!(now(body.as_mut().close()), Ok(None));
    assert!(now(body.as_mut().resume(())).is_err());
}

// AG-14
#[test]
fn an_error_on_the_way_out_arrives() {
    let mut body = pin!(coroutine(async |y: Talks<'_>| {
        match y.yield_(1).await {
            Err(Interrupt::Closed(_)) => Err(Bad(1).into()),
            other => other,
        }
    }));
    now(body.as_mut().start()).unwrap();
    let error = now(body.as_mut().close()).unwrap_err();
    assert_eq!(error.to_string(), "bad 1");
    assert!(matches!(error, CloseError::Failed(Bad(1))));
    assert_eq!(body.state(), State::Closed);
    assert_eq!(now(body.as_mut().close()), Ok(None));
}

// AG-13, AG-21
#[test]
fn an_item_on_the_way_out_after_an_error_is_none_during_a_close() {
    let mut body = pin!(coroutine(async |y: Talks<'_>| {
        let thrown = y.yield_(1).await;
        y.yield_(2).await?;
        thrown
    }));
    now(body.as_mut().start()).unwrap();
    assert_eq!(now(body.as_mut().throw(Bad(1))).unwrap(), Step::Yielded(2));
    // That yield is told, and passes it on.
    assert_eq!(now(body.as_mut().close()), Ok(None));
}

// AG-10, AG-18
#[test]
fn a_close_that_is_dropped_is_gone_on_with() {
    let gate = Gate::default();
    let mut body = pin!(coroutine(async |y: Talks<'_>| {
        let ended = y.yield_(1).await;
        gate.wait().await;
        End::Ok(ended.is_err())
    }));
    now(body.as_mut().start()).unwrap();
    drop(body.as_mut().close());
    mem::forget(body.as_mut().close());
    assert_eq!(body.state(), State::Suspended);
    drop_after(body.as_mut().close(), 1);
    is_closing(body.as_mut());
    let refused = now(body.as_mut().resume(())).unwrap_err();
    assert!(matches!(refused, StepError::Refused(_)));
    gate.open();
    assert_eq!(now(body.as_mut().close()), Ok(Some(true)));
}

// AG-10, AG-18
#[test]
fn a_close_that_is_leaked_is_gone_on_with() {
    let gate = Gate::default();
    let mut body = pin!(coroutine(async |y: Talks<'_>| {
        let ended = y.yield_(1).await;
        gate.wait().await;
        End::Ok(ended.is_err())
    }));
    now(body.as_mut().start()).unwrap();
    let mut close = std::boxed::Box::pin(body.as_mut().close());
    assert!(is_pending(close.as_mut()));
    mem::forget(close);
    is_closing(body.as_mut());
    gate.open();
    assert_eq!(now(body.as_mut().close()), Ok(Some(true)));
}

// AG-10
#[test]
fn every_yield_that_waits_is_told() {
    let mut body = pin!(coroutine(async |y: Talks<'_>| {
        let (a, b, c) = join!(y.yield_(1), y.yield_(2), y.yield_(3));
        let told = |answer| matches!(answer, Err(Interrupt::Closed(_)));
        End::Ok([a, b, c].map(told))
    }));
    assert_eq!(now(body.as_mut().start()).unwrap(), Step::Yielded(1));
    assert_eq!(now(body.as_mut().resume(())).unwrap(), Step::Yielded(2));
    let closed = now(body.as_mut().close());
    assert_eq!(closed, Ok(Some([false, true, true])));
}

// AG-10
#[test]
fn where_the_yield_was_dropped_the_next_one_is_told() {
    let gate = Gate::default();
    let mut body = pin!(coroutine(async |y: Talks<'_>| {
        {
            let mut dropped = pin!(y.yield_(1));
            poll_once(dropped.as_mut()).await;
        }
        gate.wait().await;
        y.yield_(2).await
    }));
    assert_eq!(now(body.as_mut().start()).unwrap(), Step::Yielded(1));
    // Its item is never given, though it begins after the close did.
    drop_after(body.as_mut().close(), 1);
    gate.open();
    assert_eq!(now(body.as_mut().close()), Ok(None));
}

// AG-23
#[test]
fn a_body_that_had_ended_still_gives_its_value() {
    let mut body = pin!(coroutine(async |y: Talks<'_>| {
        let mut stored = pin!(y.yield_(1));
        poll_once(stored.as_mut()).await;
        End::<&str>::Ok("end")
    }));
    assert_eq!(now(body.as_mut().start()).unwrap(), Step::Yielded(1));
    assert_eq!(now(body.as_mut().close()), Ok(Some("end")));
    assert!(now(body.as_mut().resume(())).is_err());
}

// AG-7
#[test]
fn an_error_that_the_yield_did_not_come_for_comes_out_of_the_close() {
    let mut body = pin!(coroutine(async |y: Talks<'_>| {
        let mut kept = pin!(y.yield_(1));
        poll_once(kept.as_mut()).await;
        pending::<()>().await;
        kept.await
    }));
    assert_eq!(now(body.as_mut().start()).unwrap(), Step::Yielded(1));
    drop_after(body.as_mut().throw(Bad(1)), 2);
    assert_eq!(body.state(), State::Running);
    assert_eq!(now(body.as_mut().close()), Err(CloseError::Failed(Bad(1))));
    assert_eq!(now(body.as_mut().close()), Ok(None));
}

// AG-7, AG-23
#[test]
fn what_a_step_has_left_comes_out_of_the_close() {
    let mut body = pin!(coroutine(async |y: Talks<'_>| {
        {
            let mut dropped = pin!(y.yield_(1));
            poll_once(dropped.as_mut()).await;
        }
        {
            let mut stored = pin!(y.yield_(2));
            poll_once(stored.as_mut()).await;
        }
        End::Ok("end")
    }));
    now(body.as_mut().start()).unwrap();
    let missed = now(body.as_mut().throw(Bad(1)));
    assert!(matches!(missed, Err(StepError::Missed(Bad(1)))));
    assert_eq!(body.state(), State::Running);
    assert_eq!(now(body.as_mut().close()), Ok(Some("end")));
    assert!(now(body.as_mut().resume(())).is_err());
}

use std::cell::Cell;
use std::pin::pin;
use std::rc::Rc;
use std::string::ToString;

use super::super::{Interrupt, State, Step, StepError, coroutine};
use super::{Bad, End, now};

// AG-5, AG-21
#[test]
fn an_error_is_thrown_at_the_yield() {
    let mut body = pin!(coroutine(async |y| {
        let mut caught = 0;
        loop {
            match y.yield_(caught).await {
                Ok(true) => return End::Ok(caught),
                Ok(false) => {}
                Err(Interrupt::Thrown(Bad(n))) => {
                    caught += n;
                    if n == 9 {
                        // Items on the way out, before the error goes on.
                        y.yield_(90).await?;
                        y.yield_(91).await?;
                        Err(Bad(n))?;
                    }
                }
                Err(closed) => return Err(closed),
            }
        }
    }));
    now(body.as_mut().start()).unwrap();
    let caught = now(body.as_mut().throw(Bad(2))).unwrap();
    assert_eq!(caught, Step::Yielded(2));
    assert_eq!(now(body.as_mut().resume(false)).unwrap(), Step::Yielded(2));
    assert_eq!(now(body.as_mut().throw(Bad(9))).unwrap(), Step::Yielded(90));
    assert_eq!(now(body.as_mut().resume(false)).unwrap(), Step::Yielded(91));
    let failed = now(body.as_mut().resume(false)).unwrap_err();
    assert_eq!(failed.into_failure().unwrap(), Bad(9));
    assert_eq!(body.state(), State::Closed);
}

// AG-5
#[test]
fn a_body_may_return_for_an_error() {
    let mut body = pin!(coroutine(async |y| match y.yield_(()).await {
        Err(Interrupt::Thrown(Bad(n))) => Ok(n),
        Ok(()) => Ok(0),
        Err(closed) => Err(closed),
    }));
    now(body.as_mut().start()).unwrap();
    let step = now(body.as_mut().throw(Bad(5))).unwrap();
    assert_eq!(step, Step::Complete(5));
}

// AG-5, AG-8
#[test]
fn an_error_that_is_let_through_closes_it() {
    let mut body = pin!(coroutine(async |y| -> End<()> { y.yield_(()).await }));
    now(body.as_mut().start()).unwrap();
    let failed = now(body.as_mut().throw(Bad(1))).unwrap_err();
    assert_eq!(failed.to_string(), "bad 1");
    assert_eq!(failed.into_failure().unwrap(), Bad(1));
    assert_eq!(body.state(), State::Closed);
}

// AG-6
#[test]
fn an_error_for_one_that_was_not_started_closes_it() {
    let alive = Rc::new(());
    let held = alive.clone();
    let ran = Cell::new(false);
    let mut body = pin!(coroutine(async |y| -> End<()> {
        let _held = held;
        ran.set(true);
        y.yield_(()).await
    }));
    let failed = now(body.as_mut().throw(Bad(1))).unwrap_err();
    assert_eq!(failed.into_failure().unwrap(), Bad(1));
    assert_eq!((body.state(), ran.get()), (State::Closed, false));
    assert_eq!(Rc::strong_count(&alive), 1, "the body is gone");
}

// AG-8, AG-22, AG-28
#[test]
fn items_before_an_error_are_delivered() {
    let mut body = pin!(coroutine(async |y| {
        y.yield_(1).await?;
        if y.yield_(2).await? {
            // Nothing that it fails with can be taken for the end.
            Err(None)?;
        }
        Ok::<(), Interrupt<Option<u32>>>(())
    }));
    assert_eq!(now(body.as_mut().start()).unwrap(), Step::Yielded(1));
    assert_eq!(now(body.as_mut().resume(true)).unwrap(), Step::Yielded(2));
    let failed = now(body.as_mut().resume(true));
    assert!(matches!(failed, Err(StepError::Failed(None))));
    assert_eq!(body.state(), State::Closed);
}

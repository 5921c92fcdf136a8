use std::cell::Cell;
use std::mem;
use std::pin::pin;
use std::rc::Rc;
use std::string::ToString;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Wake, Waker};
use std::thread;

use super::super::{Refused, State, Step, StepError, coroutine};
use super::{Bad, End, Gate, drop_after, is_pending, now};

/// What was refused, in which state, and the advice.
fn refused<V, T>(step: Result<T, StepError<V, Bad>>) -> (V, State, std::string::String) {
    match step {
        Err(StepError::Refused(refused)) => {
            let advice = refused.to_string();
            let Refused { value, state } = refused;
            (value, state, advice)
        }
        _ => panic!("it was not refused"),
    }
}

// AG-1, AG-3, AG-23, AG-27
#[test]
fn it_is_answered_and_returns() {
    let ran = Cell::new(false);
    let mut sum = pin!(coroutine(async |y| {
        ran.set(true);
        let mut sum = 0;
        while sum < 10 {
            sum += y.yield_(sum).await?;
        }
        End::Ok("enough")
    }));
    assert_eq!((sum.state(), ran.get()), (State::Created, false));
    assert_eq!(now(sum.as_mut().start()).unwrap(), Step::Yielded(0));
    assert_eq!(sum.state(), State::Suspended);
    assert_eq!(now(sum.as_mut().resume(4)).unwrap(), Step::Yielded(4));
    assert_eq!(now(sum.as_mut().resume(5)).unwrap(), Step::Yielded(9));
    let last = now(sum.as_mut().resume(6)).unwrap();
    assert_eq!(last, Step::Complete("enough"));
    assert_eq!(sum.state(), State::Closed);
    assert_eq!(last.yielded(), None);
    assert_eq!(last.complete(), Some("enough"));
}

// AG-1
#[test]
fn one_that_was_not_started_is_dropped_without_a_trace() {
    let ran = Cell::new(false);
    drop(coroutine(async |y| -> End<()> {
        ran.set(true);
        y.yield_(1).await
    }));
    assert!(!ran.get());
}

// AG-2, AG-16
#[test]
fn a_value_for_one_that_was_not_started_comes_back() {
    let ran = Cell::new(false);
    let mut echo = pin!(coroutine(async |y| -> End<_> {
        ran.set(true);
        y.yield_('a').await
    }));
    let (value, state, advice) = refused(now(echo.as_mut().resume("early")));
    assert_eq!((value, state), ("early", State::Created));
    assert!(advice.contains("call `start`"), "{advice}");
    let ((), state, _) = refused(now(echo.as_mut().proceed()));
    assert_eq!((state, ran.get()), (State::Created, false));
    assert_eq!(now(echo.as_mut().start()).unwrap(), Step::Yielded('a'));
    let ((), state, advice) = refused(now(echo.as_mut().start()));
    assert_eq!(state, State::Suspended);
    assert!(advice.contains("call `resume`"), "{advice}");
    let ((), state, _) = refused(now(echo.as_mut().proceed()));
    assert_eq!(state, State::Suspended);
    let step = now(echo.as_mut().resume("late")).unwrap();
    assert_eq!(step, Step::Complete("late"));
}

// AG-4, AG-7
#[test]
fn what_is_given_to_one_that_has_ended_comes_back() {
    let mut echo = pin!(coroutine(async |y| -> End<u32> { y.yield_(()).await }));
    now(echo.as_mut().start()).unwrap();
    now(echo.as_mut().resume(1)).unwrap();
    for _ in 0..2 {
        let (value, state, advice) = refused(now(echo.as_mut().resume(2)));
        assert_eq!((value, state), (2, State::Closed));
        assert!(advice.contains("ended"), "{advice}");
        let (error, state, _) = refused(now(echo.as_mut().throw(Bad(3))));
        assert_eq!((error, state), (Bad(3), State::Closed));
        assert_eq!(refused(now(echo.as_mut().start())).1, State::Closed);
        assert_eq!(refused(now(echo.as_mut().proceed())).1, State::Closed);
    }
}

// AG-18, IT-15
#[test]
fn a_step_that_is_dropped_before_its_first_poll_has_done_nothing() {
    let mut echo = pin!(coroutine(async |y| {
        let first = y.yield_('a').await?;
        let second = y.yield_('b').await?;
        End::Ok((first, second))
    }));
    drop(echo.as_mut().start());
    assert_eq!(echo.state(), State::Created);
    now(echo.as_mut().start()).unwrap();
    drop(echo.as_mut().resume(0));
    drop(echo.as_mut().throw(Bad(0)));
    assert_eq!(echo.state(), State::Suspended);
    assert_eq!(now(echo.as_mut().resume(1)).unwrap(), Step::Yielded('b'));
    let last = now(echo.as_mut().resume(2)).unwrap();
    assert_eq!(last, Step::Complete((1, 2)));
}

// AG-16, AG-18, AG-27, IT-15, IT-16
#[test]
fn a_step_that_is_dropped_while_it_waits_is_gone_on_with() {
    let gates: [Gate; 3] = Default::default();
    let mut body = pin!(coroutine(async |y| {
        gates[0].wait().await;
        let value = y.yield_('a').await?;
        gates[1].wait().await;
        let thrown = y.yield_(value).await;
        gates[2].wait().await;
        End::Ok(thrown.is_err())
    }));
    drop_after(body.as_mut().start(), 2);
    assert_eq!(body.state(), State::Running);
    assert_eq!(refused(now(body.as_mut().start())).1, State::Running);
    gates[0].open();
    assert_eq!(now(body.as_mut().proceed()).unwrap(), Step::Yielded('a'));

    drop_after(body.as_mut().resume('b'), 2);
    let (value, state, advice) = refused(now(body.as_mut().resume('c')));
    assert_eq!((value, state), ('c', State::Running));
    assert!(advice.contains("call `proceed`"), "{advice}");
    let (error, ..) = refused(now(body.as_mut().throw(Bad(1))));
    assert_eq!(error, Bad(1));
    drop_after(body.as_mut().proceed(), 1);
    gates[1].open();
    assert_eq!(now(body.as_mut().proceed()).unwrap(), Step::Yielded('b'));
    assert_eq!(body.state(), State::Suspended);

    drop_after(body.as_mut().throw(Bad(2)), 1);
    gates[2].open();
    assert_eq!(now(body.as_mut().proceed()).unwrap(), Step::Complete(true));
}

// AG-18, IT-15
#[test]
fn a_step_that_is_dropped_after_the_wake_is_gone_on_with() {
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    let gate = Gate::default();
    let mut body = pin!(coroutine(async |y| {
        let value = y.yield_(1).await?;
        gate.wait().await;
        End::Ok(value)
    }));
    now(body.as_mut().start()).unwrap();
    let count = Arc::new(Count(AtomicUsize::new(0)));
    let waker = Waker::from(count.clone());
    {
        let mut step = pin!(body.as_mut().resume(2));
        let polled = step.as_mut().poll(&mut Context::from_waker(&waker));
        assert!(polled.is_pending());
        assert_eq!(count.0.load(Ordering::SeqCst), 0);
        gate.open();
        assert_eq!(count.0.load(Ordering::SeqCst), 1);
    }
    assert_eq!(now(body.as_mut().proceed()).unwrap(), Step::Complete(2));
}

// AG-16, AG-18
#[test]
fn a_step_that_is_leaked_is_gone_on_with() {
    let gate = Gate::default();
    let mut body = pin!(coroutine(async |y| {
        let value = y.yield_(1).await?;
        gate.wait().await;
        End::Ok(value)
    }));
    now(body.as_mut().start()).unwrap();
    let mut step = std::boxed::Box::new(body.as_mut().resume(2));
    assert!(is_pending(pin!(&mut step)));
    mem::forget(step);
    gate.open();
    assert_eq!(now(body.as_mut().proceed()).unwrap(), Step::Complete(2));
}

// AG-17
#[test]
#[should_panic = "a step was polled after completion"]
fn a_step_is_for_one_time() {
    let mut body = pin!(coroutine(async |y| -> End<()> { y.yield_(()).await }));
    let mut step = pin!(body.as_mut().start());
    assert!(!is_pending(step.as_mut()));
    is_pending(step);
}

// AG-20
#[test]
fn it_may_be_polled_on_several_threads_in_turn() {
    let mut sum = std::boxed::Box::pin(coroutine(async |y| {
        let mut sum = 0;
        for n in 0..4 {
            sum += y.yield_(n).await?;
        }
        End::Ok(sum)
    }));
    now(sum.as_mut().start()).unwrap();
    for n in 1..4 {
        let step = thread::scope(|s| s.spawn(|| now(sum.as_mut().resume(n))).join());
        assert_eq!(step.unwrap().unwrap(), Step::Yielded(n));
    }
    assert_eq!(now(sum.as_mut().resume(4)).unwrap(), Step::Complete(10));
}

// AG-20
#[test]
fn it_is_local_where_its_parts_are() {
    let mut body = pin!(coroutine(async |y| {
        let shared: Rc<Cell<u32>> = y.yield_(Rc::new(1)).await?;
        End::Ok(shared.get())
    }));
    now(body.as_mut().start()).unwrap();
    let step = now(body.as_mut().resume(Rc::new(Cell::new(7)))).unwrap();
    assert_eq!(step, Step::Complete(7));
}

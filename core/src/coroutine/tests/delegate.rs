use std::cell::Cell;
use std::pin::pin;

use super::super::{CloseError, Interrupt, State, Step, StepError, Yielder, coroutine};
use super::{Bad, End, Gate, Log, drop_after, now, poll_once};

type Talks<'g> = Yielder<'g, &'static str, u32, Bad>;

// AG-23, AG-24
#[test]
fn items_values_and_the_value_at_the_end_pass() {
    let mut body = pin!(coroutine(async |y: Talks<'_>| {
        let before = y.yield_("before").await?;
        let inner = coroutine(async |y: Talks<'_>| {
            let first = y.yield_("first").await?;
            let second = y.yield_("second").await?;
            End::Ok((first, second))
        });
        let inner = y.delegate(inner).await?;
        let after = y.yield_("after").await?;
        End::Ok((before, inner, after))
    }));
    assert_eq!(now(body.as_mut().start()).unwrap(), Step::Yielded("before"));
    for (n, item) in [(1, "first"), (2, "second"), (3, "after")] {
        let step = now(body.as_mut().resume(n)).unwrap();
        assert_eq!(step, Step::Yielded(item));
    }
    let last = now(body.as_mut().resume(4)).unwrap();
    assert_eq!(last, Step::Complete((1, (2, 3), 4)));
}

// AG-24
#[test]
fn errors_go_in_and_come_out() {
    let mut body = pin!(coroutine(async |y: Talks<'_>| {
        let inner = coroutine(async |y: Talks<'_>| {
            let caught = match y.yield_("first").await {
                Err(Interrupt::Thrown(Bad(n))) => n,
                other => other?,
            };
            assert_eq!(caught, 1);
            y.yield_("second").await?;
            End::Ok(())
        });
        match y.delegate(inner).await {
            Err(Interrupt::Thrown(Bad(n))) => y.yield_("recovered").await.map(|_| n),
            Err(closed) => Err(closed),
            Ok(()) => Ok(0),
        }
    }));
    now(body.as_mut().start()).unwrap();
    let step = now(body.as_mut().throw(Bad(1))).unwrap();
    assert_eq!(step, Step::Yielded("second"));
    let step = now(body.as_mut().throw(Bad(2))).unwrap();
    assert_eq!(step, Step::Yielded("recovered"));
    assert_eq!(now(body.as_mut().resume(0)).unwrap(), Step::Complete(2));
}

// AG-24, AG-26
#[test]
fn a_close_closes_the_inner_one_first_and_then_goes_on() {
    let log = Log::default();
    let gates: [Gate; 2] = Default::default();
    let mut body = pin!(coroutine(async |y: Talks<'_>| {
        let inner = coroutine(async |y: Talks<'_>| {
            let _held = log.on_drop("inner dropped");
            let told = y.yield_("item").await;
            log.push("inner told");
            gates[0].wait().await;
            // To swallow it here does not keep the outer one from being closed.
            End::Ok(told.is_ok())
        });
        let told = y.delegate(inner).await;
        assert!(matches!(told, Err(Interrupt::Closed(_))));
        log.push("outer told");
        gates[1].wait().await;
        End::Ok("closed")
    }));
    now(body.as_mut().start()).unwrap();
    drop_after(body.as_mut().close(), 1);
    assert_eq!(log.take(), "inner told");
    gates[0].open();
    drop_after(body.as_mut().close(), 1);
    assert_eq!(log.take(), "inner dropped outer told");
    gates[1].open();
    assert_eq!(now(body.as_mut().close()), Ok(Some("closed")));
}

// AG-14, AG-24
#[test]
fn an_inner_one_that_fails_on_its_way_out_fails_the_outer_one() {
    let mut body = pin!(coroutine(async |y: Talks<'_>| {
        let inner = coroutine(async |y: Talks<'_>| match y.yield_("item").await {
            Err(Interrupt::Closed(_)) => Err(Bad(1).into()),
            other => other,
        });
        y.delegate(inner).await
    }));
    now(body.as_mut().start()).unwrap();
    let closed = now(body.as_mut().close());
    assert!(matches!(closed, Err(CloseError::Failed(Bad(1)))));
}

// AG-13, AG-24
#[test]
fn an_inner_one_that_yields_on_its_way_out_ends_both() {
    let log = Log::default();
    let mut body = pin!(coroutine(async |y: Talks<'_>| {
        let _held = log.on_drop("outer dropped");
        let inner = coroutine(async |y: Talks<'_>| {
            let _held = log.on_drop("inner dropped");
            while y.yield_("item").await.is_ok() {}
            y.yield_("one more").await
        });
        let ended = y.delegate(inner).await;
        log.push("resumed");
        ended
    }));
    now(body.as_mut().start()).unwrap();
    let closed = now(body.as_mut().close());
    assert!(matches!(
        closed,
        Err(CloseError::YieldedDuringClose("one more"))
    ));
    assert_eq!(log.take(), "inner dropped outer dropped");
    assert_eq!(body.state(), State::Closed);
}

// AG-5, AG-24
#[test]
fn an_error_that_the_inner_one_has_missed_ends_the_delegation() {
    let mut body = pin!(coroutine(async |y: Talks<'_>| {
        let inner = coroutine(async |y: Talks<'_>| {
            {
                let mut dropped = pin!(y.yield_("item"));
                poll_once(dropped.as_mut()).await;
            }
            y.yield_("next").await
        });
        match y.delegate(inner).await {
            Err(Interrupt::Thrown(Bad(n))) => End::Ok(n),
            other => other,
        }
    }));
    now(body.as_mut().start()).unwrap();
    let step = now(body.as_mut().throw(Bad(3))).unwrap();
    assert_eq!(step, Step::Complete(3));
}

// AG-18, AG-24
#[test]
fn a_step_that_is_dropped_in_a_delegation_is_gone_on_with() {
    let gate = Gate::default();
    let mut body = pin!(coroutine(async |y: Talks<'_>| {
        let inner = coroutine(async |y: Talks<'_>| {
            let answer = y.yield_("item").await?;
            gate.wait().await;
            End::Ok(answer)
        });
        y.delegate(inner).await
    }));
    now(body.as_mut().start()).unwrap();
    drop_after(body.as_mut().resume(7), 2);
    gate.open();
    assert_eq!(now(body.as_mut().proceed()).unwrap(), Step::Complete(7));
}

// AG-24
#[test]
fn a_delegation_that_is_not_polled_runs_nothing() {
    let ran = Cell::new(false);
    let mut body = pin!(coroutine(async |y: Talks<'_>| {
        drop(y.delegate(coroutine(async |y: Talks<'_>| {
            ran.set(true);
            y.yield_("item").await
        })));
        y.yield_("only").await
    }));
    assert_eq!(now(body.as_mut().start()).unwrap(), Step::Yielded("only"));
    assert!(!ran.get());
}

// AG-10
#[test]
fn a_coroutine_that_ends_by_the_sign_of_another_hands_it_on() {
    let mut outer = pin!(coroutine(async |outer: Talks<'_>| {
        // Asks by the outer one, and is driven by hand.
        let mut inner = pin!(coroutine(async |_: Yielder<'_, (), (), Bad>| {
            outer.yield_("asks").await
        }));
        match inner.as_mut().start().await {
            Ok(Step::Complete(value)) => Ok(value),
            Err(StepError::Closed(closed)) => Err(Interrupt::Closed(closed)),
            other => panic!("{other:?}"),
        }
    }));
    now(outer.as_mut().start()).unwrap();
    assert_eq!(now(outer.as_mut().close()), Ok(None));
}

//! Timeouts, races and budgets that are open across a yield, on a clock that the test moves.

use std::future::pending;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures_util::{FutureExt, StreamExt};
use withal::generator::State;
use withal::runtime::Timer;
use withal::scope::{ExitError, ScopeError};
use withal::{Either, close, either, generator, timeout, with};
use withal_tests::poll::{Wakes, poll_once, yields};
use withal_tests::{Act, Deterministic, Log};

const SECOND: Duration = Duration::from_secs(1);

// AG-25: it expires while the generator is suspended; the next step finds out, and no other.
#[test]
fn a_timeout_expires_inside_of_the_generator_at_its_next_step() {
    let (log, rt) = (Log::new(), Deterministic::new());
    let mut items = Box::pin(generator(async |y| {
        let limited = timeout(&rt, SECOND, async {
            y.yield_("in time").await;
            pending::<()>().await;
        });
        limited.await.unwrap_err();
        log.push("elapsed");
        y.yield_("later").await;
    }));
    let wakes = Arc::<Wakes>::default();
    let mut step = pin!(items.next());
    assert_eq!(
        poll_once(step.as_mut(), &wakes),
        Poll::Ready(Some("in time"))
    );
    let before = wakes.count();
    rt.advance(9 * SECOND);
    // Whoever polled last is woken, as by any timer, and may ignore it.
    assert_eq!(wakes.count(), before + 1);
    log.assert("");
    assert_eq!(items.state(), State::Suspended);
    assert_eq!(items.next().now_or_never(), Some(Some("later")));
    log.assert("elapsed");
    assert_eq!(items.next().now_or_never(), Some(None));
}

// AG-25, AG-28: the step that finds out may have made an item before.
#[test]
fn a_timeout_that_cuts_a_yield_short_loses_no_item() {
    let rt = Deterministic::new();
    let mut items = Box::pin(generator(async |y| {
        let limited = timeout(&rt, SECOND, async {
            for n in 0.. {
                y.yield_(n).await;
            }
        });
        limited.await.unwrap_err();
        y.yield_(100).await;
    }));
    assert_eq!(items.next().now_or_never(), Some(Some(0)));
    assert_eq!(items.next().now_or_never(), Some(Some(1)));
    rt.advance(SECOND);
    // The body comes first; its item is stored when the timeout looks at the clock.
    assert_eq!(items.next().now_or_never(), Some(Some(2)));
    assert_eq!(items.next().now_or_never(), Some(Some(100)));
    assert_eq!(items.next().now_or_never(), Some(None));
}

// AG-25: the time that the consumer takes counts; a body that ends in the next step wins all the same.
#[test]
fn a_body_that_has_only_its_yield_to_wait_for_is_in_time() {
    let rt = Deterministic::new();
    let mut items = Box::pin(generator(async |y| {
        let limited = timeout(&rt, SECOND, async {
            y.yield_(1).await;
            "done"
        });
        assert_eq!(limited.await, Ok("done"));
    }));
    assert_eq!(items.next().now_or_never(), Some(Some(1)));
    rt.advance(9 * SECOND);
    assert_eq!(items.next().now_or_never(), Some(None));
}

// AG-25, K1: what the timeout cancels is cleaned up in the generator; the consumer's step takes as long.
#[test]
fn scopes_below_a_timeout_are_exited_in_the_step_that_finds_out() {
    let (log, rt) = (Log::new(), Deterministic::new());
    let mut items = Box::pin(generator(async |y| {
        let limited = timeout(&rt, SECOND, async {
            let a = with(&rt, Act::new(&log, "a").exit_waits_for("go"), async |_| {
                y.yield_(1).await;
                pending::<Result<(), String>>().await
            });
            a.await.unwrap();
        });
        limited.await.unwrap_err();
        y.yield_(2).await;
    }));
    assert_eq!(items.next().now_or_never(), Some(Some(1)));
    rt.advance(SECOND);
    assert_eq!(items.next().now_or_never(), None);
    log.assert("+a");
    // A step that is dropped changes nothing about it.
    assert_eq!(items.next().now_or_never(), None);
    log.push("go");
    assert_eq!(items.next().now_or_never(), Some(Some(2)));
    log.assert("+a go -a:cancelled");
    assert_eq!(rt.spawned(), 0);
}

// AG-25, IT-16: each gets its own expiry.
#[test]
fn the_timeout_of_the_consumer_is_another_one() {
    let (log, rt) = (Log::new(), Deterministic::new());
    let mut items = Box::pin(generator(async |y| {
        let limited = timeout(&rt, 2 * SECOND, async {
            for n in 0.. {
                y.yield_(n).await;
            }
        });
        assert_eq!(limited.await.unwrap_err().timeout, 2 * SECOND);
        log.push("within");
        for n in 10.. {
            y.yield_(n).await;
        }
    }));
    let limit = 5 * SECOND + SECOND / 2;
    rt.block_on(async {
        let consumed = timeout(&rt, limit, async {
            while let Some(item) = items.next().await {
                log.push(item);
                rt.sleep(SECOND).await;
            }
        });
        assert_eq!(consumed.await.unwrap_err().timeout, limit);
        log.push("around");
        assert_eq!(items.next().await, Some(13));
        close(items).await;
    });
    log.assert("0 1 within 2 10 11 12 around");
}

// AG-25: the consumer is slower than a timeout around a single yield of it, again and again.
#[test]
fn a_timeout_for_each_item_is_not_the_consumers_business() {
    let (log, rt) = (Log::new(), Deterministic::new());
    let items = generator(async |y| {
        for n in 0..3 {
            let limited = timeout(&rt, SECOND, async {
                y.yield_(n).await;
                yields(1).await;
            });
            if limited.await.is_err() {
                log.push("late");
            }
        }
    });
    let mut items = pin!(items);
    rt.block_on(async {
        while let Some(item) = items.next().await {
            log.push(item);
            rt.sleep(3 * SECOND).await;
        }
    });
    log.assert("0 late 1 late 2 late");
}

// AG-25, AG-28, K1: the loser has stored an item in the very poll in which it loses.
#[test]
fn a_race_across_yields_loses_no_item() {
    let (log, rt) = (Log::new(), Deterministic::new());
    let mut items = Box::pin(generator(async |y| {
        let endless = with(&rt, Act::new(&log, "a").exit(yields(1)), async |_| {
            for n in 0.. {
                y.yield_(n).await;
            }
            Ok::<_, String>(())
        });
        assert!(matches!(
            either(endless, yields(2)).await,
            Either::Right(())
        ));
        log.push("raced");
        y.yield_(100).await;
    }));
    for expected in 0..3 {
        assert_eq!(items.next().now_or_never(), Some(Some(expected)));
    }
    log.assert("+a");
    assert_eq!(items.next().now_or_never(), Some(Some(100)));
    log.assert("+a -a:cancelled raced");
    assert_eq!(items.next().now_or_never(), Some(None));
}

// AG-25, K9: the budget of a scope counts from the end of its body, and then the consumer's time, too.
#[test]
fn a_budget_across_yields_bounds_the_cleanup_only() {
    let (log, rt) = (Log::new(), Deterministic::new());
    let mut items = Box::pin(generator(async |y| {
        let a = Act::new(&log, "a").exit_waits_for("go");
        let a = with(&rt, a, async |_| {
            y.yield_(1).await;
            Ok::<_, String>(7)
        });
        match a.budget(2 * SECOND).await {
            Err(ScopeError::Exit {
                error: ExitError::OverBudget(_),
                value: 7,
            }) => y.yield_(2).await,
            other => panic!("{other:?}"),
        }
    }));
    assert_eq!(items.next().now_or_never(), Some(Some(1)));
    // In the body: free.
    rt.advance(9 * SECOND);
    assert_eq!(items.next().now_or_never(), None);
    rt.advance(SECOND);
    assert_eq!(items.next().now_or_never(), None);
    rt.advance(SECOND);
    assert_eq!(items.next().now_or_never(), Some(Some(2)));
    assert_eq!(items.next().now_or_never(), Some(None));
    // It goes on by itself, as over any budget.
    log.push("go");
    rt.run_until_stalled();
    log.assert("+a go -a");
}

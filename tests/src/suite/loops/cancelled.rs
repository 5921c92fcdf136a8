//! Loops that somebody cancels.

use std::future::pending;
use std::mem::forget;
use std::ops::ControlFlow;
use std::pin::pin;
use std::time::Duration;

use futures_util::StreamExt;
use withal::runtime::Runtime;
use withal::{close, closing, for_each, for_each_by_ref, generator, timeout, with};

use super::{counts, in_a_scope_or_not};
use crate::foreign::gives_up;
use crate::poll::{poll_until, yields};
use crate::probe::Failed;
use crate::sweep::PollTimer;
use crate::{Log, Probe};

/// More polls than a loop takes to come to its body, and fewer than anybody waits for.
const LATER: Duration = Duration::from_nanos(20);

/// A body that says that it has begun, and never ends.
async fn endless(log: &Log) {
    log.push("body");
    pending().await
}

// IT-5, K1, CM-21
pub async fn a_loop_that_has_no_time_closes_first(rt: &impl Runtime) {
    let looped = async |log: &Log| {
        let looped = for_each(counts(rt, log, "s"), async |_| endless(log).await);
        let looped = async { futures_util::join!(looped, yields(100)) };
        timeout(&PollTimer, LATER, looped).await.unwrap_err();
        log.push("returned");
    };
    in_a_scope_or_not(rt, looped, "+s body -s:cancelled returned").await;
    let lent = async |log: &Log| {
        let lent = closing(counts(rt, log, "s"), async |mut items| {
            items.next().await;
            endless(log).await;
        });
        let lent = async { futures_util::join!(lent, yields(100)) };
        timeout(&PollTimer, LATER, lent).await.unwrap_err();
        log.push("returned");
    };
    in_a_scope_or_not(rt, lent, "+s body -s:cancelled returned").await;
}

// IT-5, K1: at a step of the stream.
pub async fn a_loop_that_waits_for_an_item_is_cancelled_as_well(rt: &impl Runtime) {
    let waits = async |log: &Log| {
        let items = generator(async |y| {
            let scope = with(
                rt,
                Probe::new(log, "s").exit_yields(2).reasons(),
                async |_| {
                    y.yield_(1).await;
                    log.push("waits");
                    pending::<Result<(), Failed>>().await
                },
            );
            scope.await.unwrap();
        });
        let looped = for_each(items, async |n| log.push(n));
        let looped = async { futures_util::join!(looped, yields(100)) };
        timeout(&PollTimer, LATER, looped).await.unwrap_err();
        log.push("returned");
    };
    in_a_scope_or_not(rt, waits, "+s 1 waits -s:cancelled returned").await;
}

// IT-5, K1, K10: the exit of the stream's scope goes on, and the loop has ended by then.
pub async fn a_loop_whose_time_is_up_as_it_closes_is_not_cut_short(rt: &impl Runtime) {
    let log = Log::new();
    let items = generator(async |y| {
        let probe = Probe::new(&log, "s").exit_waits_for("go").reasons();
        let scope = with(rt, probe, async |_| {
            y.yield_(1).await;
            Ok::<_, Failed>(())
        });
        scope.await.unwrap();
    });
    let looped = for_each(items, async |_| ());
    let mut timed = pin!(timeout(&PollTimer, Duration::ZERO, looped));
    poll_until(timed.as_mut(), &log, "…s");
    log.push("go");
    // Its time was up with its first poll, but the end of the items came first.
    assert_eq!(timed.await, Ok(()));
    log.assert("+s …s go -s:completed");
}

// IT-5, K2, K3
pub async fn a_loop_in_a_scope_that_foreign_code_drops_is_awaited_by_it(rt: &impl Runtime) {
    let log = Log::new();
    let own = with(rt, Probe::new(&log, "own").reasons(), async |_| {
        let looped = for_each(counts(rt, &log, "s"), async |_| endless(&log).await);
        assert!(gives_up(20, looped).await.is_none());
        let lent = closing(counts(rt, &log, "t"), async |mut items| {
            items.next().await;
            endless(&log).await;
        });
        assert!(gives_up(20, lent).await.is_none());
        Ok::<_, Failed>(())
    });
    own.await.unwrap();
    let last = log.events().pop();
    assert_eq!(last.as_deref(), Some("-own:completed"), "{}", log.trace());
    assert!(
        log.has("-s:cancelled") && log.has("-t:cancelled"),
        "{}",
        log.trace()
    );
}

// IT-5, K2, K5
pub async fn a_loop_that_foreign_code_drops_is_closed_by_its_executor(rt: &impl Runtime) {
    let log = Log::new();
    let looped = for_each(counts(rt, &log, "s"), async |_| endless(&log).await);
    assert!(gives_up(20, looped).await.is_none());
    log.seen(rt, "-s:cancelled").await;
    // One that is dropped as it closes leaves what it waits for to the executor as well.
    let broken = for_each(
        generator(async |y| {
            let probe = Probe::new(&log, "t").exit_waits_for("go").reasons();
            let scope = with(rt, probe, async |_| {
                y.yield_(1).await;
                Ok::<_, Failed>(())
            });
            scope.await.unwrap();
        }),
        async |n| ControlFlow::Break(n),
    );
    {
        let mut broken = pin!(broken);
        poll_until(broken.as_mut(), &log, "…t");
    }
    log.push("go");
    log.seen(rt, "-t:cancelled").await;
}

// IT-5, IT-8, IT-15
pub async fn a_cancelled_loop_by_reference_can_go_on(rt: &impl Runtime) {
    let log = Log::new();
    let mut items = Box::pin(counts(rt, &log, "s"));
    let mut seen = Vec::new();
    for polls in 1..9 {
        // Whatever it waits for: the stream, or the body, which then loses the item that it was given.
        let looped = for_each_by_ref(&mut items, async |n| {
            seen.push(n);
            yields(2).await;
        });
        if gives_up(polls, looped).await.is_some() {
            break;
        }
    }
    assert_eq!(seen, [1, 2, 3]);
    log.assert("+s .s -s:completed");
    close(items).await;
    log.assert("+s .s -s:completed");
}

// A-4, IT-5
pub async fn a_loop_that_is_leaked_closes_nothing(rt: &impl Runtime) {
    let log = Log::new();
    let of_task = log.clone();
    let mut looped = Box::pin(for_each(counts(rt, &log, "s"), async move |_| {
        endless(&of_task).await;
    }));
    poll_until(looped.as_mut(), &log, "body");
    forget(looped);
    yields(3).await;
    log.assert("+s body");
}

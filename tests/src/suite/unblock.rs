//! Blocking work that a task waits for, or stops waiting for.
//!
//! Where a runtime runs blocking work on the thread of its tasks, nothing happens beside it, and
//! what these cases are about cannot be seen: those that need it end there at once.

use std::convert::Infallible;
use std::future::pending;
use std::panic::panic_any;
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use withal::runtime::Runtime;
use withal::sync::cancel_token::CancelKind;
use withal::sync::{CancelToken, Limiter, Semaphore};
use withal::{BlockingContext, shield, timeout, unblock, with};

use crate::foreign::{self, gives_up};
use crate::log::{patience, within_patience};
use crate::poll::yields;
use crate::reports::{Reports, unique};
use crate::{Act, Log, stress};

/// The table of these cases, given to the macro `$make`.
#[doc(hidden)]
#[macro_export]
macro_rules! unblock_cases {
    ($make:ident $with:tt $of:tt) => {
        $crate::$make! { $with $of unblock:
            work_gives_its_value,
            a_panic_of_the_work_is_its_end,
            work_runs_as_nobodys_body,
            work_that_is_not_awaited_does_not_run,
            work_that_is_abandoned_is_asked_to_stop,
            the_result_of_abandoned_work_is_dropped,
            a_panic_of_abandoned_work_is_reported,
            a_timeout_does_not_wait_for_the_thread,
            a_timeout_waits_for_the_thread_where_it_is_told,
            the_scope_around_a_foreign_drop_waits_for_the_thread,
            a_wait_for_a_thread_has_a_budget,
            a_wait_for_a_thread_that_ends_costs_nothing,
            a_token_asks_work_that_is_awaited,
            a_token_that_was_cancelled_withdraws_the_work,
            a_limit_counts_threads,
            a_limit_is_served_first_in_first_out,
            a_limit_that_is_closed_withdraws_the_work,
            any_permit_is_a_limit,
            a_future_runs_on_the_runtime_of_its_work,
            a_panic_of_a_future_comes_back_to_the_work,
            a_future_is_cancelled_with_its_work,
            a_future_is_polled_once_though_its_work_was_cancelled,
            work_on_many_threads_ends_once,
        }
    };
}

async fn ends<F: Future>(rt: &impl Runtime, future: F) -> F::Output {
    within_patience(rt, future, || "it does not end".to_owned()).await
}

/// Polls `work` until its thread has logged that it began.
async fn begun<F: Future>(rt: &impl Runtime, log: &Log, work: F) -> Pin<Box<F>> {
    let mut work = Box::pin(work);
    assert!(futures_util::poll!(work.as_mut()).is_pending());
    log.seen(rt, "began").await;
    work
}

/// Whether tasks run while blocking work does.
async fn runs_beside(rt: &impl Runtime) -> bool {
    let thread = ends(rt, rt.unblock(|| thread::current().id())).await;
    thread.unwrap() != thread::current().id()
}

/// What blocks a thread until it is told.
fn gate() -> (Sender<()>, Gate) {
    let (open, opened) = channel();
    (open, Gate(opened, patience()))
}

struct Gate(Receiver<()>, Duration);

impl Gate {
    fn wait(&self) {
        self.0.recv_timeout(self.1).expect("it is opened");
    }
}

/// Blocks the thread until the work is asked to stop.
fn until_asked(cx: &BlockingContext<impl Runtime>) {
    assert!(!cx.block_on(pending::<()>()).unwrap_err().is_panic());
    assert!(cx.is_cancelled());
}

// TC-7
pub async fn work_gives_its_value(rt: &impl Runtime) {
    let text = "lent".to_owned();
    let ended = unblock(rt, move |cx| {
        assert!(!cx.is_cancelled());
        assert_eq!(cx.check(), Ok(()));
        text.len()
    });
    assert_eq!(ends(rt, ended).await.unwrap(), 4);
}

// TC-7
pub async fn a_panic_of_the_work_is_its_end(rt: &impl Runtime) {
    let ended = unblock(rt, |_| panic_any("on purpose".to_owned()));
    let payload = ends(rt, ended).await.unwrap_err().into_panic();
    let payload = payload.expect("it panicked");
    assert_eq!(
        payload.downcast_ref::<String>().map(String::as_str),
        Some("on purpose")
    );
    assert_eq!(ends(rt, unblock(rt, |_| 7)).await.unwrap(), 7);
}

// TC-7, K13: what it drops goes to the executor, and no scope waits for it.
pub async fn work_runs_as_nobodys_body(rt: &impl Runtime) {
    let log = Log::new();
    let a = with(rt, Act::new(&log, "a"), async |_| {
        let (own_rt, own_log) = (rt.clone(), log.clone());
        let b = async move {
            let b = Act::new(&own_log, "b").exit_waits_for("-a");
            with(&own_rt, b, async |_| pending::<Result<(), String>>().await).await
        };
        let b = foreign::begun(b);
        ends(rt, unblock(rt, move |_| drop(b))).await.unwrap();
        Ok::<_, String>(())
    });
    a.await.unwrap();
    log.seen(rt, "-b:cancelled").await;
    log.assert("+a +b -a -b:cancelled");
}

// TC-8, TC-4
pub async fn work_that_is_not_awaited_does_not_run(rt: &impl Runtime) {
    let (log, held) = (Log::new(), Arc::new(()));
    let (of_work, captured) = (log.clone(), held.clone());
    drop(unblock(rt, move |_| {
        of_work.push("ran");
        drop(captured);
    }));
    assert_eq!(Arc::strong_count(&held), 1);
    ends(rt, unblock(rt, |_| ())).await.unwrap();
    log.assert("");
}

// TC-8
pub async fn work_that_is_abandoned_is_asked_to_stop(rt: &impl Runtime) {
    if !runs_beside(rt).await {
        return;
    }
    let log = Log::new();
    let of_work = log.clone();
    let work = unblock(rt, move |cx| {
        assert_eq!(cx.check(), Ok(()));
        of_work.push("began");
        until_asked(cx);
        let reason = cx.check().unwrap_err().reason;
        assert_eq!(reason.kind(), CancelKind::Dropped);
        of_work.push("ended");
    });
    drop(begun(rt, &log, work).await);
    log.seen(rt, "ended").await;
    log.assert("began ended");
}

// TC-8
pub async fn the_result_of_abandoned_work_is_dropped(rt: &impl Runtime) {
    struct Tells(Log);

    impl Drop for Tells {
        fn drop(&mut self) {
            self.0.push("dropped");
        }
    }

    if !runs_beside(rt).await {
        return;
    }
    let (log, (open, gate)) = (Log::new(), gate());
    let of_work = log.clone();
    let work = unblock(rt, move |_| {
        of_work.push("began");
        gate.wait();
        Tells(of_work)
    });
    drop(begun(rt, &log, work).await);
    open.send(()).unwrap();
    log.seen(rt, "dropped").await;
}

// TC-8, TC-7
pub async fn a_panic_of_abandoned_work_is_reported(rt: &impl Runtime) {
    if !runs_beside(rt).await {
        return;
    }
    let (log, (open, gate)) = (Log::new(), gate());
    let (reports, text) = (Reports::begin(), unique("abandoned"));
    let (of_work, panics) = (log.clone(), text.clone());
    let permit = Arc::new(Semaphore::new(1));
    let work = unblock(rt, move |_| {
        of_work.push("began");
        gate.wait();
        panic_any(panics);
    });
    drop(begun(rt, &log, work.limit(permit.acquire_owned())).await);
    open.send(()).unwrap();
    // Given back when all is over.
    let _permit = ends(rt, permit.acquire()).await.unwrap();
    assert_eq!(reports.count(&text), 1);
}

// TC-8, K1: asyncio's rule: the thread is abandoned, not waited for.
pub async fn a_timeout_does_not_wait_for_the_thread(rt: &impl Runtime) {
    if !runs_beside(rt).await {
        return;
    }
    let (log, (open, gate)) = (Log::new(), gate());
    let of_work = log.clone();
    let work = unblock(rt, move |_| {
        of_work.push("began");
        gate.wait();
        of_work.push("ended");
    });
    let work = begun(rt, &log, work).await;
    assert!(ends(rt, timeout(rt, Duration::ZERO, work)).await.is_err());
    log.push("returned");
    open.send(()).unwrap();
    log.seen(rt, "ended").await;
    log.assert("began returned ended");
}

// TC-8, K1
pub async fn a_timeout_waits_for_the_thread_where_it_is_told(rt: &impl Runtime) {
    if !runs_beside(rt).await {
        return;
    }
    let log = Log::new();
    let of_work = log.clone();
    let work = unblock(rt, move |cx| {
        of_work.push("began");
        until_asked(cx);
        of_work.push("ended");
    });
    let work = begun(rt, &log, work.wait_on_cancel()).await;
    assert!(ends(rt, timeout(rt, Duration::ZERO, work)).await.is_err());
    log.push("returned");
    log.assert("began ended returned");
}

// TC-8, K3: a foreign drop cannot wait; the scope around it does.
pub async fn the_scope_around_a_foreign_drop_waits_for_the_thread(rt: &impl Runtime) {
    if !runs_beside(rt).await {
        return;
    }
    let log = Log::new();
    let a = with(rt, Act::new(&log, "a"), async |_| {
        let of_work = log.clone();
        let work = unblock(rt, move |cx| {
            of_work.push("began");
            until_asked(cx);
            of_work.push("ended");
        });
        drop(begun(rt, &log, work.wait_on_cancel()).await);
        Ok::<_, Infallible>(())
    });
    ends(rt, a).await.unwrap();
    log.assert("+a began ended -a");
}

// TC-8, K9
pub async fn a_wait_for_a_thread_has_a_budget(rt: &impl Runtime) {
    static NEXT: AtomicU32 = AtomicU32::new(0);

    if !runs_beside(rt).await {
        return;
    }
    // By which its report is known.
    let budget = Duration::new(0, 1_000_000 + NEXT.fetch_add(1, Ordering::Relaxed));
    let (log, (open, gate), reports) = (Log::new(), gate(), Reports::begin());
    let of_work = log.clone();
    let work = unblock(rt, move |_| {
        of_work.push("began");
        gate.wait();
        of_work.push("ended");
    });
    let a = with(rt, Act::new(&log, "a"), async |_| {
        drop(begun(rt, &log, work.wait_on_cancel_for(budget)).await);
        Ok::<_, Infallible>(())
    });
    ends(rt, a).await.unwrap();
    open.send(()).unwrap();
    log.seen(rt, "ended").await;
    log.assert("+a began -a ended");
    assert_eq!(reports.count(&format!("budget of {budget:?} ran out")), 1);
}

// TC-7, TC-8
pub async fn a_wait_for_a_thread_that_ends_costs_nothing(rt: &impl Runtime) {
    let work = unblock(rt, |_| 7).wait_on_cancel();
    assert_eq!(ends(rt, work).await.unwrap(), 7);
    let work = unblock(rt, |_| panic_any("on purpose")).wait_on_cancel_for(patience());
    assert!(ends(rt, work).await.unwrap_err().is_panic());
}

// TC-8, TC-3: it comes to an end of its own, which is awaited.
pub async fn a_token_asks_work_that_is_awaited(rt: &impl Runtime) {
    if !runs_beside(rt).await {
        return;
    }
    let (log, stop) = (Log::new(), CancelToken::new());
    let of_work = log.clone();
    let work = unblock(rt, move |cx| {
        of_work.push("began");
        until_asked(cx);
        cx.check().unwrap_err().reason
    });
    let work = begun(rt, &log, work.token(&stop)).await;
    stop.cancel_with("enough");
    assert_eq!(ends(rt, work).await.unwrap().text(), Some("enough"));
    // It asks, and is not asked: dropping the work cancels nothing else.
    let (log, stop) = (Log::new(), CancelToken::new());
    let of_work = log.clone();
    let work = unblock(rt, move |cx| {
        of_work.push("began");
        until_asked(cx);
    });
    drop(begun(rt, &log, work.token(&stop)).await);
    assert!(!stop.is_cancelled());
}

// TC-8, TC-4
pub async fn a_token_that_was_cancelled_withdraws_the_work(rt: &impl Runtime) {
    let (log, stop) = (Log::new(), CancelToken::new());
    stop.cancel();
    let of_work = log.clone();
    let work = unblock(rt, move |_| of_work.push("ran")).token(&stop);
    assert!(!ends(rt, work).await.unwrap_err().is_panic());
    log.assert("");
}

// TC-10: what nobody waits for any more still has its thread.
pub async fn a_limit_counts_threads(rt: &impl Runtime) {
    if !runs_beside(rt).await {
        return;
    }
    let (log, (open, gate)) = (Log::new(), gate());
    let threads = Arc::new(Semaphore::new(1));
    let of_work = log.clone();
    let work = unblock(rt, move |_| {
        of_work.push("began");
        gate.wait();
    });
    drop(begun(rt, &log, work.limit(threads.acquire_owned())).await);
    assert!(threads.try_acquire().is_err());
    let of_work = log.clone();
    let next = unblock(rt, move |_| of_work.push("next"));
    let mut next = Box::pin(next.limit(threads.acquire_owned()));
    assert!(futures_util::poll!(next.as_mut()).is_pending());
    log.assert("began");
    open.send(()).unwrap();
    ends(rt, next).await.unwrap();
    log.assert("began next");
    // Given back before the result was given.
    assert!(threads.try_acquire().is_ok());
}

// TC-10
pub async fn a_limit_is_served_first_in_first_out(rt: &impl Runtime) {
    let (log, threads) = (Log::new(), Arc::new(Semaphore::new(0)));
    let mut works: Vec<_> = (0..5)
        .map(|number| {
            let log = log.clone();
            let work = unblock(rt, move |_| log.push(number));
            Box::pin(work.limit(threads.acquire_owned()))
        })
        .collect();
    for work in &mut works {
        assert!(futures_util::poll!(work.as_mut()).is_pending());
    }
    threads.add_permits(1);
    ends(rt, futures_util::future::join_all(works)).await;
    log.assert("0 1 2 3 4");
}

// TC-10, TC-8
pub async fn a_limit_that_is_closed_withdraws_the_work(rt: &impl Runtime) {
    let (log, threads) = (Log::new(), Arc::new(Semaphore::new(1)));
    threads.close();
    let of_work = log.clone();
    let work = unblock(rt, move |_| of_work.push("ran")).limit(threads.acquire_owned());
    assert!(!ends(rt, work).await.unwrap_err().is_panic());
    log.assert("");
}

// TC-10, CS-12
pub async fn any_permit_is_a_limit(rt: &impl Runtime) {
    let threads = Arc::new(Limiter::new(1));
    let of_work = threads.clone();
    let work = unblock(rt, move |_| of_work.is_borrower("me"));
    let work = work.limit(threads.acquire_owned("me"));
    assert!(ends(rt, work).await.unwrap());
    assert_eq!(threads.borrowed(), 0);
}

// TC-10
pub async fn a_future_runs_on_the_runtime_of_its_work(rt: &impl Runtime) {
    if !runs_beside(rt).await {
        return;
    }
    let log = Log::new();
    let of_work = log.clone();
    let work = unblock(rt, move |cx| {
        let (rt, log) = (cx.runtime().clone(), of_work);
        cx.block_on(async move {
            let a = with(&rt, Act::new(&log, "a"), async |_| {
                rt.sleep(Duration::from_millis(1)).await;
                Ok::<_, String>(7)
            });
            a.await.unwrap()
        })
    });
    assert_eq!(ends(rt, work).await.unwrap().unwrap(), 7);
    log.assert("+a -a");
}

// TC-10, TC-7
pub async fn a_panic_of_a_future_comes_back_to_the_work(rt: &impl Runtime) {
    if !runs_beside(rt).await {
        return;
    }
    let work = unblock(rt, |cx| {
        let panicked = cx.block_on(async { panic_any("on purpose") });
        (panicked.map(|()| 0), cx.block_on(async { 7 }))
    });
    let (panicked, after) = ends(rt, work).await.unwrap();
    assert!(panicked.unwrap_err().is_panic());
    assert_eq!(after.unwrap(), 7);
}

// TC-10, TC-8, K1: with its scopes, whose exits end before the thread goes on.
pub async fn a_future_is_cancelled_with_its_work(rt: &impl Runtime) {
    if !runs_beside(rt).await {
        return;
    }
    let log = Log::new();
    let of_work = log.clone();
    let work = unblock(rt, move |cx| {
        let (rt, log) = (cx.runtime().clone(), of_work.clone());
        let cancelled = cx.block_on(async move {
            let a = Act::new(&log, "a").exit(yields(3));
            with(&rt, a, async |_| pending::<Result<(), String>>().await).await
        });
        of_work.push(if cancelled.is_err() { "cancelled" } else { "?" });
    });
    let mut work = Box::pin(work.wait_on_cancel());
    assert!(futures_util::poll!(work.as_mut()).is_pending());
    log.seen(rt, "+a").await;
    ends(rt, withal::cancel(work)).await;
    log.assert("+a -a:cancelled cancelled");
}

// TC-10, TC-8, CS-4: so that the work can still put things in order.
pub async fn a_future_is_polled_once_though_its_work_was_cancelled(rt: &impl Runtime) {
    if !runs_beside(rt).await {
        return;
    }
    let log = Log::new();
    let of_work = log.clone();
    let work = unblock(rt, move |cx| {
        of_work.push("began");
        until_asked(cx);
        assert_eq!(cx.block_on(async { 7 }).unwrap(), 7);
        assert!(cx.block_on(yields(1)).is_err());
        let (rt, limit) = (cx.runtime().clone(), patience());
        let shielded = cx.block_on(async move { shield(&rt, limit, yields(3)).await });
        assert!(shielded.unwrap().is_ok());
        of_work.push("ended");
    });
    let work = begun(rt, &log, work.wait_on_cancel()).await;
    ends(rt, withal::cancel(work)).await;
    log.assert("began ended");
}

// TC-7, TC-8, TC-10: some are given up at once, some later, and each permit comes back.
pub async fn work_on_many_threads_ends_once(rt: &impl Runtime) {
    // Where no cleanup is spawned, what is given up is an orphan until the next drain.
    let _quiet = Reports::begin();
    let (threads, ran) = (Arc::new(Semaphore::new(4)), Arc::new(Mutex::new(0)));
    let many = stress(200);
    let mut ended = 0;
    for number in 0..many {
        let ran = ran.clone();
        let work = unblock(rt, move |_| *ran.lock().unwrap() += 1);
        let work = work.limit(threads.acquire_owned());
        match number % 4 {
            0 => ended += usize::from(gives_up(2, work).await.is_some()),
            1 => _ = gives_up(1, work.wait_on_cancel()).await,
            _ => {
                ends(rt, work).await.unwrap();
                ended += 1;
            }
        }
    }
    let _all = ends(rt, threads.acquire_many(4)).await.unwrap();
    let ran = *ran.lock().unwrap();
    assert!((ended..=many).contains(&ran), "{ended} <= {ran} <= {many}");
}

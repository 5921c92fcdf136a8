//! Streams that are closed behind a body, and what is closed at once.

use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use futures_util::{Stream, StreamExt, stream};
use withal::cancel::close_now;
use withal::runtime::Runtime;
use withal::{Local, closing, enter_in, generator, timeout, with};

use super::endless;
use crate::foreign::{OnDrop, begun};
use crate::poll::{caught, poll_until, yields};
use crate::probe::{Failed, LocalProbe};
use crate::reports::Reports;
use crate::sweep::settle;
use crate::{Log, Probe};

/// Gives `items` in the scope of `probe`, and then waits for ever.
fn holding<R: Runtime, S: Stream<Item = u32> + Send + 'static>(
    rt: &R,
    probe: Probe,
    items: S,
) -> impl Stream<Item = u32> + Send + use<R, S> {
    let rt = rt.clone();
    generator(async move |y| {
        let scoped = with(&rt, probe, async |_| {
            let mut items = Box::pin(items);
            while let Some(item) = items.next().await {
                y.yield_(item).await;
            }
            pending::<Result<(), Failed>>().await
        });
        // Nobody hears of it: it never ends by itself.
        drop(scoped.await);
    })
}

fn numbers() -> impl Stream<Item = u32> + Send + 'static {
    stream::iter(1..)
}

// SM-1, IT-5, K1
pub async fn closing_swallows_nothing(rt: &impl Runtime) {
    let log = Log::new();
    let items = || {
        holding(
            rt,
            Probe::new(&log, "s").exit_yields(2).reasons(),
            numbers(),
        )
    };
    let ended = closing(items(), async |mut items| items.next().await);
    assert_eq!(ended.await, Some(1));
    let ended = closing(items(), async |mut items| {
        items.next().await;
        Err::<(), _>(Failed("refused"))
    });
    assert_eq!(ended.await, Err(Failed("refused")));
    let ended = closing(items(), async |mut items| {
        items.next().await;
        panic!("on purpose");
    });
    assert_eq!(caught(ended).await.unwrap_err(), "on purpose");
    let late = closing(items(), async |mut items| {
        items.next().await;
        pending::<()>().await;
    });
    timeout(rt, Duration::from_millis(5), late)
        .await
        .unwrap_err();
    log.assert("+s -s:cancelled +s -s:cancelled +s -s:cancelled +s -s:cancelled");
}

// SM-2
pub async fn closing_gives_no_error_in_place_of_the_bodys(rt: &impl Runtime) {
    let (log, reports) = (Log::new(), Reports::begin());
    let failing = Probe::new(&log, "closing-fails").exit_fails();
    let ended = closing(holding(rt, failing, numbers()), async |mut items| {
        items.next().await;
        Err::<(), _>(Failed("refused"))
    });
    assert_eq!(ended.await, Err(Failed("refused")));
    assert_eq!(
        reports.count("exit failed: ProbeError(\"closing-fails\")"),
        1
    );
}

// SM-4
pub async fn closing_releases_what_has_no_scope(rt: &impl Runtime) {
    let log = Log::new();
    let released = log.clone();
    let items = holding(rt, Probe::new(&log, "s"), {
        let guard = OnDrop::new(move || released.push("released"));
        numbers().map(move |n| {
            let _held = &guard;
            n
        })
    });
    let ended = closing(items, async |mut items| items.next().await);
    assert_eq!(ended.await, Some(1));
    log.push("returned");
    log.assert("+s released -s returned");
}

// SM-5, CO-7
pub async fn closing_reaches_through_three_streams(rt: &impl Runtime) {
    let log = Log::new();
    let probe = |name| Probe::new(&log, name).exit_yields(2).reasons();
    let inner = holding(rt, probe("c/b/a"), numbers());
    let middle = holding(rt, probe("c/b"), inner.map(|n| n * 2));
    let outer = holding(
        rt,
        probe("c"),
        middle.filter(|n| std::future::ready(*n > 2)),
    );
    let ended = closing(outer, async |mut items| items.next().await);
    assert_eq!(ended.await, Some(4));
    log.push("returned");
    log.assert("+c +c/b +c/b/a -c/b/a:cancelled -c/b:cancelled -c:cancelled returned");
}

// SM-16, K2
pub async fn closing_at_once_runs_what_needs_no_wait(rt: &impl Runtime) {
    let (log, reports) = (Log::new(), Reports::begin());
    let probe = |name| Probe::new(&log, name).exit_yields(0).reasons();
    let work = with(rt, probe("a"), async |_| {
        let inner = with(rt, probe("a/b"), endless);
        inner.await.unwrap();
        Ok::<_, Failed>(())
    });
    assert!(close_now(begun(work)));
    log.assert("+a +a/b -a/b:cancelled -a:cancelled");
    let mut items = Box::pin(holding(rt, probe("s"), numbers()));
    items.next().await;
    assert!(close_now(items));
    let guard = enter_in(rt, probe("g")).await.unwrap();
    assert!(close_now(guard));
    log.assert("+a +a/b -a/b:cancelled -a:cancelled +s -s:cancelled +g -g:cancelled");
    // A destructor's panic comes out when the rest is done.
    let panics = begun(with(rt, probe("p"), async |_| {
        let _guard = OnDrop::new(|| panic!("on purpose"));
        pending::<Result<(), Failed>>().await
    }));
    let panic = catch_unwind(AssertUnwindSafe(|| close_now(panics))).unwrap_err();
    assert_eq!(panic.downcast_ref(), Some(&"on purpose"));
    assert!(log.has("-p:cancelled"));
    assert_eq!(reports.here(), Vec::<String>::new());
}

// SM-16, CM-17
pub async fn closing_at_once_waits_for_nothing(rt: &impl Runtime) {
    let (log, reports) = (Log::new(), Reports::begin());
    let work = with(rt, Probe::new(&log, "a").reasons(), async |_| {
        let inner = Probe::new(&log, "a/b").exit_waits_for("go").reasons();
        with(rt, inner, endless).await.unwrap();
        Ok::<_, Failed>(())
    });
    assert!(!close_now(begun(work)));
    log.push("closed");
    let over = "cleanup budget of 0ns ran out before";
    let here = reports.here();
    let told = here.iter().filter(|report| report.contains(over));
    assert_eq!(told.count(), 1, "{here:?}");
    log.push("go");
    log.seen(rt, "-a:cancelled").await;
    log.assert("+a +a/b …a/b closed go -a/b:cancelled -a:cancelled");
    // A panic does not wait either.
    let log = Log::new();
    let work = with(
        rt,
        Probe::new(&log, "a").exit_waits_for("go").reasons(),
        async |_| {
            let _guard = OnDrop::new(|| panic!("on purpose"));
            pending::<Result<(), Failed>>().await
        },
    );
    let work = begun(work);
    assert!(catch_unwind(AssertUnwindSafe(|| close_now(work))).is_err());
    log.push("go");
    log.seen(rt, "-a:cancelled").await;
}

// SM-16, K3
pub async fn closing_at_once_makes_no_enclosing_scope_wait(rt: &impl Runtime) {
    let log = Log::new();
    let outer = with(rt, Probe::new(&log, "z").reasons(), async |_| {
        let inner = Probe::new(&log, "a").exit_waits_for("go").reasons();
        let work = begun(with(rt, inner, endless));
        yields(1).await;
        assert!(!close_now(work));
        Ok::<_, Failed>(())
    });
    outer.await.unwrap();
    log.assert("+z +a …a -z:completed");
    log.push("go");
    log.seen(rt, "-a:cancelled").await;
}

// SM-16, CM-22
pub async fn closing_at_once_hands_an_exit_over_from_where_it_stands(rt: &impl Runtime) {
    let log = Log::new();
    let probe = Probe::new(&log, "a").exit_waits_for("go").reasons();
    let mut work = Box::pin(with(rt, probe, async |_| Ok::<_, Failed>(())));
    poll_until(work.as_mut(), &log, "…a");
    assert!(!close_now(work));
    log.push("go");
    log.seen(rt, "-a:completed").await;
    assert_eq!(log.count("…a"), 1);
}

// SM-16, K8
pub async fn closing_at_once_takes_what_stays_on_its_thread_along(rt: &impl Runtime) {
    let log = Log::new();
    let at_once = LocalProbe::new(Probe::new(&log, "a").exit_yields(0).reasons());
    let work = begun(with(rt, Local(at_once), endless));
    assert!(close_now(work));
    log.assert("+a -a:cancelled");
    let slow = LocalProbe::new(Probe::new(&log, "b").exit_waits_for("go").reasons());
    let work = begun(with(rt, Local(slow), endless));
    assert!(!close_now(work));
    log.push("go");
    settle(rt, &log).await;
    log.assert("+a -a:cancelled +b …b go -b:cancelled");
}

// SM-16, CM-18, AG-11
pub async fn what_has_nothing_to_close_is_closed_without_a_word(rt: &impl Runtime) {
    let (log, reports) = (Log::new(), Reports::begin());
    assert!(close_now(async {}));
    assert!(close_now(stream::empty::<u32>()));
    assert!(close_now(with(rt, Probe::new(&log, "a"), endless)));
    log.assert("");
    assert_eq!(reports.here(), Vec::<String>::new());
}

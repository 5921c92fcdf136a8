//! Panics: in bodies, in destructors, in exits, in hooks and wakers.

use std::future::{Future, pending};
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::FutureExt;
use withal::runtime::Runtime;
use withal::{ExitReason, HandOver, Scope, cancel, enter_in, timeout, with};

use crate::foreign::{OnDrop, begun, gives_up};
use crate::log::within_patience;
use crate::poll::yields;
use crate::reports::{Reports, unique};
use crate::{Act, Deterministic, Log};

/// The table of these cases, given to the macro `$make`.
#[doc(hidden)]
#[macro_export]
macro_rules! unwinding_cases {
    ($make:ident $with:tt $of:tt) => {
        $crate::$make! { $with $of unwinding:
            a_panic_while_collecting_loses_nothing,
            a_panic_in_a_destructor_of_the_body_loses_nothing,
            a_panic_in_a_destructor_of_an_inner_scope_loses_nothing,
            what_unwinds_is_exited_before_the_scope_that_panicked,
            guards_that_unwind_are_exited_last_one_first,
            a_panic_caught_in_a_body_delays_no_cleanup,
            a_panic_whose_scope_is_dropped_is_reported,
            an_error_whose_scope_is_dropped_is_reported,
            a_panic_hidden_by_a_second_one_is_reported,
            an_exit_handed_over_half_run_still_sees_the_error,
            a_cleanup_that_panics_is_finished_and_the_rest_runs,
            a_cleanup_that_panics_is_no_orphan,
            an_error_that_panics_in_its_drop_stops_nothing,
        }
    };
}

type Never = Result<(), String>;

/// The message of the panic that `future` ends with.
async fn panic_of<F: Future>(future: F) -> String {
    match AssertUnwindSafe(future).catch_unwind().await {
        Ok(_) => panic!("no panic came out"),
        Err(payload) => match payload.downcast::<String>() {
            Ok(text) => *text,
            Err(payload) => (*payload.downcast_ref::<&str>().unwrap_or(&"?")).to_owned(),
        },
    }
}

// K11, ATTACK A3
pub async fn a_panic_while_collecting_loses_nothing(rt: &impl Runtime) {
    let log = Log::new();
    let a = with(rt, Act::new(&log, "a"), async |_| {
        let b = begun(with(rt, Act::new(&log, "b"), async |_| {
            pending::<Never>().await
        }));
        let sibling = OnDrop::new(|| panic!("sibling"));
        let log = &log;
        let both = begun(async move {
            // Dropped in the opposite order: the destructor panics behind b, and before c.
            let _c = enter_in(rt, Act::new(log, "c")).await.unwrap();
            let _sibling = sibling;
            b.await
        });
        cancel(both).await;
        Ok::<_, String>(())
    });
    assert_eq!(panic_of(a).await, "sibling");
    log.assert("+a +b +c -b:cancelled -c:cancelled -a:panicked");
}

// K11, ATTACK A3
pub async fn a_panic_in_a_destructor_of_the_body_loses_nothing(rt: &impl Runtime) {
    let log = Log::new();
    let a = with(rt, Act::new(&log, "a"), async |_| {
        let _sibling = OnDrop::new(|| panic!("sibling"));
        let b = with(rt, Act::new(&log, "b"), async |_| pending::<Never>().await);
        b.await.map_err(|error| error.to_string())
    });
    let outer = with(rt, Act::new(&log, "outer"), async |_| {
        cancel(begun(a)).await;
        Ok::<_, String>(())
    });
    assert_eq!(panic_of(outer).await, "sibling");
    log.assert("+outer +a +b -b:cancelled -a:cancelled -outer:panicked");
}

// K11, ATTACK A3: the destructor sits in b's own body, and foreign code drops b.
pub async fn a_panic_in_a_destructor_of_an_inner_scope_loses_nothing(rt: &impl Runtime) {
    let log = Log::new();
    let a = with(rt, Act::new(&log, "a"), async |_| {
        let b = with(rt, Act::new(&log, "b"), async |_| {
            let _bomb = OnDrop::new(|| panic!("bomb"));
            pending::<Never>().await
        });
        gives_up(1, b).await;
        Ok::<_, String>(())
    });
    assert_eq!(panic_of(a).await, "bomb");
    log.assert("+a +b -b:cancelled -a:panicked");
}

// K11, ATTACK A4: x unwinds with the body of a; no executor is asked.
pub async fn what_unwinds_is_exited_before_the_scope_that_panicked(rt: &impl Runtime) {
    let (log, idle) = (Log::new(), Deterministic::new());
    let a = with(rt, Act::new(&log, "a"), async |_| {
        let x = Act::new(&log, "x").exit(yields(5));
        let x = with(&idle, x, async |_| pending::<Never>().await);
        futures_util::join!(x, async { panic!("body") });
        Ok::<_, String>(())
    });
    assert_eq!(panic_of(a).await, "body");
    log.assert("+a +x -x:cancelled -a:panicked");
    assert_eq!(idle.spawned(), 0);
}

// K4, K11, ATTACK A4
pub async fn guards_that_unwind_are_exited_last_one_first(rt: &impl Runtime) {
    let log = Log::new();
    let a = with(rt, Act::new(&log, "a"), async |_| {
        let _x = enter_in(rt, Act::new(&log, "x")).await.unwrap();
        let y = Act::new(&log, "y").exit(yields(5));
        let _y = enter_in(rt, y).await.unwrap();
        if log.has("+y") {
            panic!("body");
        }
        Ok::<_, String>(())
    });
    assert_eq!(panic_of(a).await, "body");
    log.assert("+a +x +y -y:cancelled -x:cancelled -a:panicked");
}

// K3, K11: foreign code catches the panic inside of the body, which goes on, perhaps for ever.
pub async fn a_panic_caught_in_a_body_delays_no_cleanup(rt: &impl Runtime) {
    let log = Log::new();
    let a = with(rt, Act::new(&log, "a"), async |_| {
        let request = async {
            let _x = enter_in(rt, Act::new(&log, "x")).await.unwrap();
            panic!("request");
        };
        assert_eq!(panic_of(request).await, "request");
        log.seen(rt, "-x:cancelled").await;
        Ok::<_, String>(())
    });
    a.await.unwrap();
    log.assert("+a +x -x:cancelled -a");
}

// K11, ATTACK A5
pub async fn a_panic_whose_scope_is_dropped_is_reported(rt: &impl Runtime) {
    let (log, reports) = (Log::new(), Reports::begin());
    let message = unique("body");
    let a = Act::new(&log, "a").exit_waits_for("given-up");
    let a = with(rt, a, async |_| -> Never {
        std::panic::panic_any(message.clone())
    });
    assert!(gives_up(2, a).await.is_none());
    log.push("given-up");
    log.seen(rt, "-a:panicked").await;
    assert_eq!(reports.count(&message), 1);
}

// K11, CM-22, ATTACK A5
pub async fn an_error_whose_scope_is_dropped_is_reported(rt: &impl Runtime) {
    let (log, reports) = (Log::new(), Reports::begin());
    let message = unique("error");
    let a = Act::new(&log, "a").exit_waits_for("given-up");
    let a = with(rt, a, async |_| Err::<(), _>(message.clone()));
    assert!(gives_up(2, a).await.is_none());
    log.push("given-up");
    reports.until(rt, &message).await;
    log.assert("+a given-up -a:failed");
    assert_eq!(reports.count(&message), 1);
}

/// A body that panics in its poll, and again in its drop.
struct Twice(String, String);

impl Future for Twice {
    type Output = Never;

    fn poll(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Never> {
        std::panic::panic_any(self.0.clone())
    }
}

impl Drop for Twice {
    fn drop(&mut self) {
        std::panic::panic_any(self.1.clone())
    }
}

// K11: one of the two panics goes on; the other one has no caller left.
pub async fn a_panic_hidden_by_a_second_one_is_reported(rt: &impl Runtime) {
    for in_a_scope in [true, false] {
        let (log, reports) = (Log::new(), Reports::begin());
        let (first, second) = (unique("first"), unique("second"));
        let twice = Twice(first.clone(), second.clone());
        let message = if in_a_scope {
            panic_of(with(rt, Act::new(&log, "a"), |_: &mut ()| twice)).await
        } else {
            panic_of(timeout(rt, Duration::from_secs(60), twice)).await
        };
        assert_eq!(message, first);
        assert_eq!(reports.count(&second), 1);
    }
}

/// Looks at the error after its exit was handed over.
struct Looks(Log);

impl Scope for Looks {
    type Resource = ();
    type Error = String;
    type OnDrop = HandOver;

    async fn enter(&mut self) -> Result<(), String> {
        Ok(())
    }

    async fn exit(self, (): (), reason: ExitReason<'_>) -> Result<(), String> {
        self.0
            .when(|events| events.contains(&"given-up".to_owned()))
            .await;
        let error = reason
            .failure()
            .and_then(|failure| failure.downcast_ref::<String>().cloned());
        self.0
            .push(format_args!("saw:{}", error.unwrap_or_default()));
        Ok(())
    }
}

// K12, ATTACK A6
pub async fn an_exit_handed_over_half_run_still_sees_the_error(rt: &impl Runtime) {
    let log = Log::new();
    let a = with(rt, Looks(log.clone()), async |_| {
        Err::<(), _>("disk full".to_owned())
    });
    assert!(gives_up(2, a).await.is_none());
    log.push("given-up");
    log.until(rt, |events| events.len() == 2).await;
    log.assert("given-up saw:disk full");
}

// K11, ATTACK B2: the links outward of one that panics still run.
pub async fn a_cleanup_that_panics_is_finished_and_the_rest_runs(rt: &impl Runtime) {
    let (log, reports) = (Log::new(), Reports::begin());
    let message = unique("exit");
    let panics = message.clone();
    let a = with(rt, Act::new(&log, "a"), async |_| {
        let p = Act::new(&log, "p").exit(async move { std::panic::panic_any(panics) });
        let p = with(rt, p, async |_| {
            let c = with(rt, Act::new(&log, "c"), async |_| pending::<Never>().await);
            c.await.map_err(|error| error.to_string())
        });
        let outside = with(rt, Act::new(&log, "q"), async |_| {
            p.await.map_err(|error| error.to_string())
        });
        gives_up(1, outside).await;
        Ok::<_, String>(())
    });
    a.await.unwrap();
    log.assert("+a +q +p +c -c:cancelled -q:cancelled -a");
    assert_eq!(reports.count(&message), 1);
}

// K6, K11, ATTACK B2
pub async fn a_cleanup_that_panics_is_no_orphan(_rt: &impl Runtime) {
    struct NoOrphan;
    let (log, reports, dying) = (Log::new(), Reports::begin(), Deterministic::new());
    let message = unique("exit");
    let panics = message.clone();
    let p = Act::<NoOrphan>::of(&log, "p").exit(async move { std::panic::panic_any(panics) });
    drop(begun(with(&dying, p, async |_| pending::<Never>().await)));
    assert_eq!(dying.run_until_stalled(), 0, "it has ended");
    dying.shut_down();
    assert_eq!(reports.count(&message), 1);
    assert!(
        !reports
            .here()
            .iter()
            .any(|report| report.contains("is orphaned") && report.contains("NoOrphan"))
    );
}

/// An exit error whose destructor panics.
#[derive(Debug)]
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("bomb");
    }
}

struct Bombs;

impl Scope for Bombs {
    type Resource = ();
    type Error = Bomb;
    type OnDrop = HandOver;

    async fn enter(&mut self) -> Result<(), Bomb> {
        Ok(())
    }

    async fn exit(self, (): (), _reason: ExitReason<'_>) -> Result<(), Bomb> {
        Err(Bomb)
    }
}

// K11: whatever a cleanup does, the scope around it is exited.
pub async fn an_error_that_panics_in_its_drop_stops_nothing(rt: &impl Runtime) {
    let (log, idle) = (Log::new(), Deterministic::new());
    let a = with(rt, Act::new(&log, "a"), async |_| {
        gives_up(1, with(&idle, Bombs, async |_| pending::<Never>().await)).await;
        Ok::<_, String>(())
    });
    within_patience(rt, a, || log.trace()).await.unwrap();
    log.assert("+a -a");
}

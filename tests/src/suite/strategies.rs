//! What a drop does to a scope that is entered: as its type declares.

use std::convert::Infallible;
use std::future::pending;
use std::pin::pin;
use std::time::Duration;

use withal::runtime::Runtime;
use withal::{Abandon, ExitReason, Scope, enter_in, timeout, with};

use crate::foreign::gives_up;
use crate::poll::poll_now;
use crate::probe::{Borrowing, Failed, SyncProbe};
use crate::reports::{Reports, unique};
use crate::sweep::PollTimer;
use crate::{Log, Probe};

/// The table of these cases, given to the macro `$make`.
#[doc(hidden)]
#[macro_export]
macro_rules! strategies_cases {
    ($make:ident $with:tt $of:tt) => {
        $crate::$make! { $with $of strategies:
            a_synchronous_scope_is_exited_within_the_drop,
            a_synchronous_scope_follows_what_its_body_left,
            a_synchronous_exit_that_waits_is_reported,
            a_synchronous_exit_that_waits_may_do_so_on_the_ordinary_path,
            a_synchronous_exit_under_way_is_abandoned_aloud,
            a_synchronous_exit_that_fails_in_a_drop_is_reported,
            a_synchronous_exit_that_panics_in_a_drop_is_reported,
            a_borrowing_scope_exits_on_the_ordinary_path,
            a_borrowing_scope_is_abandoned_by_its_hook,
            a_borrowing_scope_that_loses_something_is_reported,
            a_borrowing_scope_waits_for_the_scopes_inside_it,
            a_borrowing_exit_under_way_survives_our_cancellation,
            a_borrowing_exit_under_way_is_abandoned_aloud,
            the_provided_hook_says_that_something_is_lost,
        }
    };
}

async fn endless<T>(_: &mut T) -> Result<(), Failed> {
    pending().await
}

fn at_once(log: &Log, name: &str) -> SyncProbe {
    SyncProbe(Probe::new(log, name).exit_yields(0).reasons())
}

/// Polls once, and drops.
fn drop_entered<F: Future>(scoped: F) {
    let mut scoped = Box::pin(scoped);
    assert!(poll_now(scoped.as_mut()).is_pending());
}

// CM-21
pub async fn a_synchronous_scope_is_exited_within_the_drop(rt: &impl Runtime) {
    let log = Log::new();
    drop_entered(with(rt, at_once(&log, "a"), endless));
    log.assert("+a -a:cancelled");
    drop(enter_in(rt, at_once(&log, "b")).await.unwrap());
    log.assert("+a -a:cancelled +b -b:cancelled");
}

// A-4, CM-17, K2
pub async fn a_synchronous_scope_follows_what_its_body_left(rt: &impl Runtime) {
    let log = Log::new();
    let inner = Probe::new(&log, "a/b").exit_waits_for("go").reasons();
    drop_entered(with(rt, at_once(&log, "a"), async |_| {
        with(rt, inner, endless).await.unwrap();
        Ok::<_, Failed>(())
    }));
    log.push("go");
    log.seen(rt, "-a:cancelled").await;
    let events = log.events();
    assert_eq!(
        events.last().map(String::as_str),
        Some("-a:cancelled"),
        "{events:?}"
    );
    assert!(log.has("-a/b:cancelled"));
}

// A-4, CM-17
pub async fn a_synchronous_exit_that_waits_is_reported(rt: &impl Runtime) {
    let (log, reports) = (Log::new(), Reports::begin());
    let waits = SyncProbe(Probe::new(&log, "a").exit_yields(1));
    drop_entered(with(rt, waits, endless));
    let here = reports.here();
    assert!(here.len() == 1 && here[0].contains("SyncProbe"), "{here:?}");
    assert!(
        here[0].contains("declared synchronous but waited"),
        "{here:?}"
    );
    log.assert("+a");
}

// CM-15
pub async fn a_synchronous_exit_that_waits_may_do_so_on_the_ordinary_path(rt: &impl Runtime) {
    let (log, reports) = (Log::new(), Reports::begin());
    let waits = SyncProbe(Probe::new(&log, "a").exit_yields(2).reasons());
    with(rt, waits, async |_| Ok::<_, Failed>(()))
        .await
        .unwrap();
    log.assert("+a -a:completed");
    assert_eq!(reports.here(), Vec::<String>::new());
}

// A-4, CM-22
pub async fn a_synchronous_exit_under_way_is_abandoned_aloud(rt: &impl Runtime) {
    let (log, reports) = (Log::new(), Reports::begin());
    let waits = SyncProbe(Probe::new(&log, "a").exit_waits_for("never"));
    drop_entered(with(rt, waits, async |_| Err::<(), _>(Failed("refused"))));
    let here = reports.here();
    assert!(
        here.iter()
            .any(|report| report.contains("dropped without its exit")),
        "{here:?}"
    );
    assert!(
        here.iter().any(|report| report.contains("refused")),
        "{here:?}"
    );
}

// A-4, M1.11
pub async fn a_synchronous_exit_that_fails_in_a_drop_is_reported(rt: &impl Runtime) {
    let (log, reports, name) = (Log::new(), Reports::begin(), unique("sync"));
    let fails = SyncProbe(Probe::new(&log, &name).exit_yields(0).exit_fails());
    drop_entered(with(rt, fails, endless));
    assert_eq!(reports.count(&name), 1);
    log.assert(&format!("+{name} -{name}"));
}

// A-4, K11
pub async fn a_synchronous_exit_that_panics_in_a_drop_is_reported(rt: &impl Runtime) {
    let (log, reports, name) = (Log::new(), Reports::begin(), unique("sync"));
    let panics = SyncProbe(Probe::new(&log, &name).exit_yields(0).exit_panics());
    drop_entered(with(rt, panics, endless));
    assert_eq!(reports.count(&name), 1);
    log.assert(&format!("+{name} -{name}"));
}

fn borrowing<'a>(log: &'a Log, name: &'a str) -> Borrowing<'a> {
    Borrowing {
        log,
        name,
        releases: true,
    }
}

// A-4, CM-15
pub async fn a_borrowing_scope_exits_on_the_ordinary_path(rt: &impl Runtime) {
    let log = Log::new();
    let name = String::from("a");
    let lent = with(rt, borrowing(&log, &name), async |lent| {
        Ok::<_, Failed>(*lent)
    })
    .await;
    assert_eq!(lent, Ok("a"));
    let failed = with(rt, borrowing(&log, &name), async |_| {
        Err::<(), _>(Failed("refused"))
    });
    failed.await.unwrap_err();
    log.assert("+a -a:completed +a -a:failed");
}

//
pub async fn a_borrowing_scope_is_abandoned_by_its_hook(rt: &impl Runtime) {
    let (log, reports) = (Log::new(), Reports::begin());
    drop_entered(with(rt, borrowing(&log, "a"), endless));
    log.assert("+a ~a");
    // So does our own combinator: there is nothing that it could wait for.
    let scoped = with(rt, borrowing(&log, "b"), endless);
    timeout(&PollTimer, Duration::ZERO, scoped)
        .await
        .unwrap_err();
    log.assert("+a ~a +b ~b");
    assert_eq!(reports.here(), Vec::<String>::new());
}

//
pub async fn a_borrowing_scope_that_loses_something_is_reported(rt: &impl Runtime) {
    let (log, reports) = (Log::new(), Reports::begin());
    let mut loses = borrowing(&log, "a");
    loses.releases = false;
    drop_entered(with(rt, loses, endless));
    log.assert("+a ~a");
    let here = reports.here();
    assert!(here.len() == 1 && here[0].contains("Borrowing"), "{here:?}");
    assert!(here[0].contains("dropped without its exit"), "{here:?}");
}

// A-4, K2, K3
pub async fn a_borrowing_scope_waits_for_the_scopes_inside_it(rt: &impl Runtime) {
    let log = Log::new();
    let inner = || Probe::new(&log, "b").exit_yields(3);
    // On the ordinary path it is an enclosing scope like any other.
    let outer = with(rt, borrowing(&log, "a"), async |_| {
        gives_up(1, with(rt, inner(), endless)).await;
        Ok::<_, Failed>(())
    });
    outer.await.unwrap();
    log.assert("+a +b -b -a:completed");
    // Dropped, it hands on what its body left.
    let log = Log::new();
    let inner = Probe::new(&log, "b").exit_yields(3);
    let outer = with(rt, borrowing(&log, "a"), async |_| {
        with(rt, inner, endless).await.unwrap();
        Ok::<_, Failed>(())
    });
    timeout(&PollTimer, Duration::ZERO, outer)
        .await
        .unwrap_err();
    log.assert("+a +b ~a -b");
}

// A-4, CM-22, K10
pub async fn a_borrowing_exit_under_way_survives_our_cancellation(rt: &impl Runtime) {
    let log = Log::new();
    let scoped = with(rt, borrowing(&log, "a"), async |_| Ok::<_, Failed>(7));
    let mut timed = pin!(timeout(&PollTimer, Duration::ZERO, scoped));
    // Its exit waits once, which is when its time is up.
    assert!(poll_now(timed.as_mut()).is_pending());
    assert_eq!(timed.await, Ok(Ok(7)));
    log.assert("+a -a:completed");
}

// A-4, CM-22
pub async fn a_borrowing_exit_under_way_is_abandoned_aloud(rt: &impl Runtime) {
    let (log, reports) = (Log::new(), Reports::begin());
    drop_entered(with(rt, borrowing(&log, "a"), async |_| {
        Err::<(), _>(Failed("refused"))
    }));
    let here = reports.here();
    assert!(
        here.iter()
            .any(|report| report.contains("dropped without its exit")),
        "{here:?}"
    );
    assert!(
        here.iter().any(|report| report.contains("refused")),
        "{here:?}"
    );
    log.assert("+a");
}

/// Has no hook of its own.
struct Plain<'a>(&'a Log);

impl Scope for Plain<'_> {
    type Resource = ();
    type Error = Infallible;
    type OnDrop = Abandon;

    async fn enter(&mut self) -> Result<(), Infallible> {
        self.0.push("+a");
        Ok(())
    }

    async fn exit(self, (): (), _: ExitReason<'_>) -> Result<(), Infallible> {
        self.0.push("-a");
        Ok(())
    }
}

// A-4, CM-27
pub async fn the_provided_hook_says_that_something_is_lost(rt: &impl Runtime) {
    let (log, reports) = (Log::new(), Reports::begin());
    drop_entered(with(rt, Plain(&log), endless));
    let here = reports.here();
    assert!(here.len() == 1 && here[0].contains("Plain"), "{here:?}");
    log.assert("+a");
}

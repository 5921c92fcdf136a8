//! Panics: in a body, in a hook, in a destructor.

use std::future::pending;
use std::panic::panic_any;
use std::time::Duration;

use withal::runtime::Runtime;
use withal::{ExitReason, HandOver, Scope, await_cleanup, either, timeout, with};

use crate::foreign::{OnDrop, gives_up};
use crate::poll::{caught, poll_now, yields};
use crate::probe::{Failed, ProbeError};
use crate::reports::{Reports, unique};
use crate::sweep::{PollTimer, Ticks, settle};
use crate::{Log, Probe};

/// The table of these cases, given to the macro `$make`.
#[doc(hidden)]
#[macro_export]
macro_rules! panics_cases {
    ($make:ident $with:tt $of:tt) => {
        $crate::$make! { $with $of panics:
            a_panic_passes_through_every_scope_inner_first,
            what_a_body_held_is_cleaned_up_before_its_exit,
            a_panic_before_the_body_first_waits_is_caught_too,
            a_panic_in_enter_exits_nothing,
            a_panic_in_an_exit_goes_on_once_all_is_settled,
            a_panic_in_an_exit_does_not_stop_those_around_it,
            a_panic_in_an_exit_on_top_of_one_in_the_body_is_reported,
            a_panic_in_a_destructor_of_the_body_counts_as_its_panic,
            a_panic_in_a_destructor_while_we_cancel_goes_on_after_the_cleanup,
            a_panic_in_a_cleanup_is_reported_and_the_next_one_runs,
            a_panic_that_is_dropped_while_its_scope_exits_is_reported,
            a_panic_in_a_race_cleans_up_both_sides,
            a_body_that_panics_is_exited_whenever_it_is_cancelled,
        }
    };
}

fn probe(log: &Log, name: &str) -> Probe {
    Probe::new(log, name).exit_yields(2).reasons()
}

async fn endless<T>(_: &mut T) -> Result<(), Failed> {
    pending().await
}

async fn panics(text: &str) -> Result<(), Failed> {
    yields(1).await;
    panic_any(text.to_owned())
}

// CM-25, A-5, K11
pub async fn a_panic_passes_through_every_scope_inner_first(rt: &impl Runtime) {
    let log = Log::new();
    let scoped = with(rt, probe(&log, "a"), async |_| {
        let inner = with(rt, probe(&log, "b"), async |_| {
            let innermost = with(rt, probe(&log, "c"), async |_| panics("the body").await);
            innermost.await.unwrap();
            Ok::<_, Failed>(())
        });
        inner.await.unwrap();
        Ok::<_, Failed>(())
    });
    assert_eq!(caught(scoped).await.unwrap_err(), "the body");
    log.assert("+a +b +c -c:panicked -b:panicked -a:panicked");
}

// K11, CM-25
pub async fn what_a_body_held_is_cleaned_up_before_its_exit(rt: &impl Runtime) {
    let log = Log::new();
    let scoped = with(rt, probe(&log, "a"), async |_| {
        let mut held = Box::pin(with(rt, probe(&log, "b"), endless));
        assert!(poll_now(held.as_mut()).is_pending());
        panics("the body").await
    });
    assert_eq!(caught(scoped).await.unwrap_err(), "the body");
    log.assert("+a +b -b:cancelled -a:panicked");
}

// A-5, K11
pub async fn a_panic_before_the_body_first_waits_is_caught_too(rt: &impl Runtime) {
    let log = Log::new();
    let scoped = with(rt, probe(&log, "a"), async |_| -> Result<(), Failed> {
        panic_any("at once")
    });
    assert_eq!(caught(scoped).await.unwrap_err(), "at once");
    log.assert("+a -a:panicked");
}

/// Panics where it is told to.
struct Panicking(&'static str);

impl Scope for Panicking {
    type Resource = ();
    type Error = ProbeError;
    type OnDrop = HandOver;

    async fn enter(&mut self) -> Result<(), ProbeError> {
        panic_any(self.0)
    }

    async fn exit(self, (): (), _: ExitReason<'_>) -> Result<(), ProbeError> {
        unreachable!("it is never entered")
    }
}

// CM-19, CM-25
pub async fn a_panic_in_enter_exits_nothing(rt: &impl Runtime) {
    let log = Log::new();
    let scoped = with(rt, probe(&log, "a"), async |_| {
        let inner = with(rt, Panicking("enter"), async |_| Ok::<_, Failed>(()));
        inner.await.unwrap();
        Ok::<_, Failed>(())
    });
    assert_eq!(caught(scoped).await.unwrap_err(), "enter");
    log.assert("+a -a:panicked");
}

// K11, CM-17
pub async fn a_panic_in_an_exit_goes_on_once_all_is_settled(rt: &impl Runtime) {
    let log = Log::new();
    let scope = probe(&log, "a").exit_panics();
    let scoped = with(rt, scope, async |_| Ok::<_, Failed>(7));
    assert_eq!(caught(scoped).await.unwrap_err(), "exit of a");
    log.assert("+a -a:completed");
}

// K11, CM-25
pub async fn a_panic_in_an_exit_does_not_stop_those_around_it(rt: &impl Runtime) {
    let log = Log::new();
    let scoped = with(rt, probe(&log, "a"), async |_| {
        let inner = with(rt, probe(&log, "b").exit_panics(), async |_| {
            Ok::<_, Failed>(7)
        });
        inner.await.unwrap();
        Ok::<_, Failed>(())
    });
    assert_eq!(caught(scoped).await.unwrap_err(), "exit of b");
    log.assert("+a +b -b:completed -a:panicked");
}

// A-5, K11
pub async fn a_panic_in_an_exit_on_top_of_one_in_the_body_is_reported(rt: &impl Runtime) {
    let (log, reports, name) = (Log::new(), Reports::begin(), unique("on-top"));
    let scope = probe(&log, &name).exit_panics();
    let scoped = with(rt, scope, async |_| panics("the body").await);
    assert_eq!(caught(scoped).await.unwrap_err(), "the body");
    log.assert(&format!("+{name} -{name}:panicked"));
    assert_eq!(reports.count(&format!("exit of {name}")), 1);
}

// K11
pub async fn a_panic_in_a_destructor_of_the_body_counts_as_its_panic(rt: &impl Runtime) {
    let log = Log::new();
    let scoped = with(rt, probe(&log, "a"), async |_| {
        let _panics = OnDrop::new(|| panic_any("destructor"));
        let mut held = Box::pin(with(rt, probe(&log, "b"), endless));
        assert!(poll_now(held.as_mut()).is_pending());
        Ok::<_, Failed>(())
    });
    assert_eq!(caught(scoped).await.unwrap_err(), "destructor");
    log.assert("+a +b -b:cancelled -a:panicked");
}

// K11, K1
pub async fn a_panic_in_a_destructor_while_we_cancel_goes_on_after_the_cleanup(rt: &impl Runtime) {
    let log = Log::new();
    let scoped = with(rt, probe(&log, "a"), async |_| {
        let inner = with(rt, probe(&log, "b"), async |_| {
            let _panics = OnDrop::new(|| panic_any("destructor"));
            pending::<Result<(), Failed>>().await
        });
        inner.await.unwrap();
        Ok::<_, Failed>(())
    });
    let timed = timeout(&PollTimer, Duration::ZERO, scoped);
    assert_eq!(
        caught(timed).await.map(|_| ()),
        Err("destructor".to_owned())
    );
    // It stopped neither cleanup.
    log.assert("+a +b -b:cancelled -a:cancelled");
}

// K11, K1
pub async fn a_panic_in_a_cleanup_is_reported_and_the_next_one_runs(rt: &impl Runtime) {
    let (log, reports, name) = (Log::new(), Reports::begin(), unique("inner"));
    let scoped = with(rt, probe(&log, "a"), async |_| {
        let inner = with(rt, probe(&log, &name).exit_panics(), endless);
        inner.await.unwrap();
        Ok::<_, Failed>(())
    });
    timeout(&PollTimer, Duration::ZERO, scoped)
        .await
        .unwrap_err();
    log.assert(&format!("+a +{name} -{name}:cancelled -a:cancelled"));
    assert_eq!(reports.count(&format!("exit of {name}")), 1);
}

// K11, CM-22
pub async fn a_panic_that_is_dropped_while_its_scope_exits_is_reported(rt: &impl Runtime) {
    let (log, reports, text) = (Log::new(), Reports::begin(), unique("lost"));
    let scope = Probe::new(&log, "a").exit_waits_for("go").reasons();
    let own = text.clone();
    let mut scoped = Box::pin(with(rt, scope, async |_| -> Result<(), Failed> {
        panic_any(own)
    }));
    assert!(poll_now(scoped.as_mut()).is_pending());
    assert_eq!(reports.count(&text), 0);
    drop(scoped);
    assert_eq!(reports.count(&text), 1);
    log.push("go");
    log.seen(rt, "-a:panicked").await;
}

// K11, K1, CM-25
pub async fn a_panic_in_a_race_cleans_up_both_sides(rt: &impl Runtime) {
    let log = Log::new();
    let left = with(rt, probe(&log, "l"), async |_| panics("left").await);
    let right = with(rt, probe(&log, "r"), endless);
    let raced = caught(await_cleanup(either(left, right))).await;
    assert_eq!(raced.map(|_| ()), Err("left".to_owned()));
    log.assert("+l +r -l:panicked -r:cancelled");
}

// A-3, A-5, CM-17, CM-25, K11: by us and by foreign code, before the panic, while what the body held
// is cleaned up, and during the exit. The panic arrives or is reported, once.
pub async fn a_body_that_panics_is_exited_whenever_it_is_cancelled(rt: &impl Runtime) {
    for by_us in [true, false] {
        // More polls than it takes.
        for polls in 0..50 {
            let (log, reports, text) = (Log::new(), Reports::begin(), unique("body"));
            let scoped = with(rt, probe(&log, "a"), async |_| {
                let held = with(rt, probe(&log, "a/b"), endless);
                let panics = async {
                    yields(2).await;
                    log.push("panics");
                    panic_any(text.clone());
                };
                futures_util::join!(held, panics);
                Ok::<_, Failed>(())
            });
            let ended = caught(async {
                if by_us {
                    either(scoped, Ticks(polls)).await;
                } else {
                    gives_up(polls, scoped).await;
                }
            })
            .await;
            settle(rt, &log).await;
            let trace = log.trace();
            let expected = match (log.has("+a"), log.has("panics")) {
                (false, _) => "",
                (true, false) => "+a +a/b -a/b:cancelled -a:cancelled",
                (true, true) => "+a +a/b panics -a/b:cancelled -a:panicked",
            };
            assert_eq!(trace, expected, "after {polls} polls");
            if let Err(arrived) = ended {
                assert_eq!(arrived, text);
                assert_eq!(reports.count(&text), 0, "after {polls} polls");
                break;
            }
            if log.has("panics") {
                reports.until(rt, &text).await;
            }
            assert!(polls < 49, "the panic never arrives");
        }
    }
}

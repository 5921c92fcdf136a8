//! Guard style: the body is the rest of a function.

use std::future::pending;
use std::pin::pin;
use std::time::Duration;

use withal::runtime::Runtime;
use withal::scope::ExitError;
use withal::{ScopeError, await_cleanup, cancel, enter_in, timeout, with};

use crate::foreign::{begun, gives_up};
use crate::poll::{caught, poll_now};
use crate::probe::{Failed, ProbeError};
use crate::sweep::settle;
use crate::{Log, Probe, laws};

/// The table of these cases, given to the macro `$make`.
#[doc(hidden)]
#[macro_export]
macro_rules! guard_cases {
    ($make:ident $with:tt $of:tt) => {
        $crate::$make! { $with $of guard:
            it_lends_its_resource_and_exits_by_value,
            it_is_exited_with_what_the_body_came_to,
            an_enter_that_fails_gives_no_guard,
            an_enter_that_is_dropped_is_undone,
            dropped_it_counts_as_cancelled,
            dropped_softly_it_is_waited_for,
            an_exit_that_was_never_polled_is_handed_over,
            an_exit_under_way_goes_on_elsewhere,
            two_in_a_frame_are_waited_for_last_one_first,
            two_in_a_frame_keep_their_order_when_nobody_waits_any_more,
            two_in_a_frame_with_no_scope_around_are_both_exited,
            unwound_it_counts_as_cancelled,
        }
    };
}

// CM-28
pub async fn it_lends_its_resource_and_exits_by_value(rt: &impl Runtime) {
    let log = Log::new();
    let mut guard = enter_in(rt, Probe::new(&log, "a").reasons()).await.unwrap();
    guard.push_str(" used");
    let text = guard.clone();
    let ended = guard.exit(Ok::<_, Failed>(text)).await;
    assert_eq!(ended.as_deref(), Ok("a used"));
    log.assert("+a -a:completed");
}

// CM-28, CM-6, CM-7, CM-8
pub async fn it_is_exited_with_what_the_body_came_to(rt: &impl Runtime) {
    let log = Log::new();
    let clean = Probe::new(&log, "a").shows_errors();
    let guard = enter_in(rt, clean).await.unwrap();
    let ended = guard.exit(Err::<(), _>(Failed("refused"))).await;
    assert_eq!(ended, Err(ScopeError::Body(Failed("refused"))));

    let failing = || Probe::new(&log, "b").exit_fails().shows_errors();
    let exit = || ExitError::Failed(ProbeError("b".to_owned()));
    let guard = enter_in(rt, failing()).await.unwrap();
    let ended = guard.exit(Ok::<_, Failed>(7)).await;
    let error = exit();
    assert_eq!(ended, Err(ScopeError::Exit { error, value: 7 }));

    let guard = enter_in(rt, failing()).await.unwrap();
    let ended = guard.exit(Err::<(), _>(Failed("refused"))).await;
    let (body, exit) = (Failed("refused"), exit());
    assert_eq!(ended, Err(ScopeError::Both { body, exit }));
    log.assert("+a -a:failed(refused) +b -b:completed +b -b:failed(refused)");
}

// CM-3, CM-28
pub async fn an_enter_that_fails_gives_no_guard(rt: &impl Runtime) {
    let log = Log::new();
    let entered = enter_in(rt, Probe::new(&log, "a").enter_fails()).await;
    assert_eq!(entered.err(), Some(ProbeError("a".to_owned())));
    log.assert("");
}

// CM-18, CM-19
pub async fn an_enter_that_is_dropped_is_undone(rt: &impl Runtime) {
    let log = Log::new();
    let probe = || Probe::new(&log, "a").enter_yields(1);
    drop(enter_in(rt, probe()));
    let mut entering = Box::pin(enter_in(rt, probe()));
    assert!(poll_now(entering.as_mut()).is_pending());
    drop(entering);
    log.assert("");
}

// CM-28, A-4
pub async fn dropped_it_counts_as_cancelled(rt: &impl Runtime) {
    let log = Log::new();
    drop(enter_in(rt, Probe::new(&log, "a").reasons()).await.unwrap());
    log.seen(rt, "-a:cancelled").await;
}

// CM-28, K1, CM-21
pub async fn dropped_softly_it_is_waited_for(rt: &impl Runtime) {
    let log = Log::new();
    let scoped = async {
        let guard = enter_in(rt, Probe::new(&log, "a").reasons()).await.unwrap();
        pending::<()>().await;
        guard.exit(Ok::<_, Failed>(())).await
    };
    timeout(rt, Duration::ZERO, scoped).await.unwrap_err();
    log.assert("+a -a:cancelled");
    // A guard that is just dropped, and not cancelled with its frame.
    await_cleanup(async {
        drop(enter_in(rt, Probe::new(&log, "b").reasons()).await.unwrap());
    })
    .await;
    log.assert("+a -a:cancelled +b -b:cancelled");
}

// CM-17, CM-28
pub async fn an_exit_that_was_never_polled_is_handed_over(rt: &impl Runtime) {
    let log = Log::new();
    let guard = enter_in(rt, Probe::new(&log, "a").reasons()).await.unwrap();
    drop(guard.exit(Ok::<_, Failed>(())));
    // The body had ended.
    log.seen(rt, "-a:completed").await;
}

// CM-22, CM-28
pub async fn an_exit_under_way_goes_on_elsewhere(rt: &impl Runtime) {
    let log = Log::new();
    let probe = Probe::new(&log, "a").exit_waits_for("go").shows_errors();
    let guard = enter_in(rt, probe).await.unwrap();
    let mut exit = Box::pin(guard.exit(Err::<(), _>(Failed("refused"))));
    assert!(poll_now(exit.as_mut()).is_pending());
    drop(exit);
    log.push("go");
    log.seen(rt, "-a:failed(refused)").await;
    assert_eq!(log.count("…a"), 1);
}

/// Two guards in one frame that never ends.
async fn frame(rt: &impl Runtime, log: &Log, names: [&str; 2]) {
    let probe = |name| Probe::new(log, name).exit_yields(3);
    let outer = enter_in(rt, probe(names[0])).await.unwrap();
    let inner = enter_in(rt, probe(names[1])).await.unwrap();
    pending::<()>().await;
    inner.exit(Ok::<_, Failed>(())).await.unwrap();
    outer.exit(Ok::<_, Failed>(())).await.unwrap();
}

// K4, K1
pub async fn two_in_a_frame_are_waited_for_last_one_first(rt: &impl Runtime) {
    let log = Log::new();
    timeout(rt, Duration::ZERO, frame(rt, &log, ["a", "b"]))
        .await
        .unwrap_err();
    log.assert("+a +b -b -a");
    let log = Log::new();
    let outer = with(rt, Probe::new(&log, "outer"), async |_| {
        gives_up(1, frame(rt, &log, ["a", "b"])).await;
        Ok::<_, Failed>(())
    });
    outer.await.unwrap();
    log.assert("+outer +a +b -b -a -outer");
}

// K1, K4: they were collected together, and their collector is dropped outside of every scope.
pub async fn two_in_a_frame_keep_their_order_when_nobody_waits_any_more(rt: &impl Runtime) {
    let log = Log::new();
    let frame = async {
        let _outer = enter_in(rt, Probe::new(&log, "a")).await.unwrap();
        let inner = Probe::new(&log, "b").exit_waits_for("go").exit_yields(3);
        let _inner = enter_in(rt, inner).await.unwrap();
        pending::<()>().await;
    };
    assert!(gives_up(2, cancel(begun(frame))).await.is_none());
    log.assert("+a +b …b");
    log.push("go");
    settle(rt, &log).await;
    log.assert("+a +b …b go -b -a");
}

// K4, CM-17
pub async fn two_in_a_frame_with_no_scope_around_are_both_exited(rt: &impl Runtime) {
    let log = Log::new();
    gives_up(1, frame(rt, &log, ["a", "b"])).await;
    settle(rt, &log).await;
    laws::check(&log.events()).unwrap_or_else(|error| assert!(error.contains("reason"), "{error}"));
    log.assert_balanced();
}

// CM-25, CM-28, A-5
pub async fn unwound_it_counts_as_cancelled(rt: &impl Runtime) {
    let log = Log::new();
    let unwinds = async {
        let _guard = enter_in(rt, Probe::new(&log, "a").reasons()).await.unwrap();
        panic!("on purpose")
    };
    let text = caught::<_>(await_cleanup(pin!(unwinds))).await;
    assert_eq!(text.map(|(): ()| ()), Err("on purpose".to_owned()));
    // A guard sees none of its body, so it cannot tell a panic from a drop.
    log.seen(rt, "-a:cancelled").await;
}

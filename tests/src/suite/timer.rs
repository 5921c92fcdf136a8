//! What a runtime promises of its clock.

use std::time::Duration;

use withal::runtime::Runtime;

use crate::log::within_patience;
use crate::poll::poll_now;

/// The table of these cases, given to the macro `$make`.
#[doc(hidden)]
#[macro_export]
macro_rules! timer_cases {
    ($make:ident $with:tt $of:tt) => {
        $crate::$make! { $with $of timer:
            a_sleep_ends,
            a_sleep_never_ends_early,
            a_sleep_until_a_moment_that_has_passed_ends,
            moments_ahead_are_as_far_as_they_say,
            a_moment_too_far_ahead_is_clamped,
            an_alarm_rings,
            an_alarm_never_rings_early,
        }
    };
}

const SPAN: Duration = Duration::from_millis(10);

// RT-1
pub async fn a_sleep_ends(rt: &impl Runtime) {
    rt.sleep(SPAN).await;
    rt.sleep(Duration::ZERO).await;
}

// RT-1
pub async fn a_sleep_never_ends_early(rt: &impl Runtime) {
    let (from, until) = (rt.now(), rt.deadline(SPAN));
    rt.sleep(SPAN).await;
    let slept = rt.elapsed(from, rt.now());
    assert!(slept >= SPAN, "ended early: after {slept:?} of {SPAN:?}");
    rt.sleep_until(until).await;
    let now = rt.now();
    assert!(now >= until, "ended early: at {now:?}, before {until:?}");
}

// RT-1
pub async fn a_sleep_until_a_moment_that_has_passed_ends(rt: &impl Runtime) {
    let before = rt.now();
    rt.sleep(SPAN).await;
    within_patience(rt, rt.sleep_until(before), || "no end".to_owned()).await;
}

// RT-2
pub async fn moments_ahead_are_as_far_as_they_say(rt: &impl Runtime) {
    let (now, near, far) = (rt.now(), rt.deadline(SPAN), rt.deadline(100 * SPAN));
    assert!(now < near && near < far, "{now:?} {near:?} {far:?}");
    assert!(rt.elapsed(now, near) >= SPAN);
    assert!(rt.elapsed(now, far) >= 100 * SPAN);
    assert_eq!(
        rt.after(near, SPAN),
        rt.after(now, rt.elapsed(now, near) + SPAN)
    );
    assert_eq!(rt.elapsed(near, rt.after(near, SPAN)), SPAN);
    assert_eq!(rt.elapsed(now, now), Duration::ZERO);
    assert_eq!(
        rt.elapsed(far, now),
        Duration::ZERO,
        "no time passes backwards"
    );
}

// RT-2
pub async fn a_moment_too_far_ahead_is_clamped(rt: &impl Runtime) {
    let never = rt.deadline(Duration::MAX);
    assert!(never > rt.deadline(Duration::from_secs(60 * 60)));
    assert!(rt.after(rt.now(), Duration::MAX) > rt.deadline(Duration::from_secs(60 * 60)));
    assert!(rt.after(never, Duration::MAX) >= never);
    assert!(poll_now(std::pin::pin!(rt.sleep_until(never))).is_pending());
    assert!(poll_now(std::pin::pin!(rt.sleep(Duration::MAX))).is_pending());
}

// RT-3
pub async fn an_alarm_rings(rt: &impl Runtime) {
    let alarm = rt.alarm(SPAN);
    let alarm = alarm.expect("a runtime that can sleep has an alarm");
    within_patience(rt, alarm, || "no alarm".to_owned()).await;
}

// RT-3, K9
pub async fn an_alarm_never_rings_early(rt: &impl Runtime) {
    let from = rt.now();
    if let Some(alarm) = rt.alarm(SPAN) {
        alarm.await;
        let waited = rt.elapsed(from, rt.now());
        assert!(waited >= SPAN, "rang early: after {waited:?} of {SPAN:?}");
    }
}

//! What a runtime promises of its clock.

use std::mem::forget;
use std::time::Duration;

use withal::runtime::Runtime;

use crate::log::within_patience;
use crate::poll::{ByHand, poll_now};

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
            a_sleep_that_is_dropped_wakes_nobody,
            a_leaked_sleep_holds_nobody_up,
            a_sleep_wakes_whoever_polled_it_last,
            an_earlier_moment_comes_before_a_later_one_that_is_waited_for_already,
            sleeps_of_many_tasks_end_each_at_its_moment,
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

// RT-9
pub async fn a_sleep_that_is_dropped_wakes_nobody(rt: &impl Runtime) {
    let dropped = ByHand::waiting(rt.sleep(SPAN));
    let mut kept = ByHand::waiting(rt.sleep(SPAN));
    drop(ByHand::new(rt.sleep(SPAN)));
    let wakes = dropped.wakes();
    drop(dropped);
    within_patience(rt, kept.when_ready(), || "no end".to_owned()).await;
    rt.sleep(SPAN).await;
    assert_eq!(wakes.count(), 0);
    // Woken, and dropped before the poll that follows.
    let woken = ByHand::waiting(rt.sleep(SPAN));
    within_patience(rt, woken.when_woken(), || "no wake".to_owned()).await;
    drop(woken);
    within_patience(rt, rt.sleep(SPAN), || "no end".to_owned()).await;
}

// RT-9
pub async fn a_leaked_sleep_holds_nobody_up(rt: &impl Runtime) {
    for _ in 0..2 {
        let mut leaked = Box::pin(rt.sleep(SPAN));
        assert!(poll_now(leaked.as_mut()).is_pending());
        forget(leaked);
        within_patience(rt, rt.sleep(2 * SPAN), || "no end".to_owned()).await;
    }
}

// RT-1
pub async fn a_sleep_wakes_whoever_polled_it_last(rt: &impl Runtime) {
    let mut sleep = ByHand::waiting(rt.sleep(SPAN));
    let first = sleep.wakes();
    sleep.change_waker();
    within_patience(rt, sleep.when_ready(), || "no end".to_owned()).await;
    rt.sleep(SPAN).await;
    assert_eq!(first.count(), 0, "who no longer waits was woken");
}

// RT-10
pub async fn an_earlier_moment_comes_before_a_later_one_that_is_waited_for_already(
    rt: &impl Runtime,
) {
    let mut never = ByHand::waiting(rt.sleep(Duration::MAX));
    let mut later = ByHand::waiting(rt.sleep(60 * 60 * 100 * SPAN));
    for span in [8 * SPAN, 4 * SPAN, 2 * SPAN, SPAN] {
        let mut earlier = ByHand::waiting(rt.sleep(span));
        within_patience(rt, rt.sleep(SPAN / 2), || "no end".to_owned()).await;
        within_patience(rt, earlier.when_ready(), || "no end".to_owned()).await;
    }
    assert!(later.poll().is_pending() && never.poll().is_pending());
}

// RT-10, RT-1
pub async fn sleeps_of_many_tasks_end_each_at_its_moment(rt: &impl Runtime) {
    let tasks: Vec<_> = (0..200_u32)
        .map(|n| {
            let sleeper = rt.clone();
            let span = SPAN * (n * 7 % 10) / 5;
            let until = rt.deadline(span);
            let task = rt.spawn(async move {
                // Every third one gives up, and begins another.
                if n % 3 == 0 {
                    let _gives_up = poll_now(std::pin::pin!(sleeper.sleep(span / 2)));
                }
                sleeper.sleep_until(until).await;
                sleeper.now()
            });
            (n, until, task)
        })
        .collect();
    for (n, until, task) in tasks {
        let ended = within_patience(rt, task, || format!("task {n} sleeps on")).await;
        let ended = ended.unwrap_or_else(|error| panic!("{error}"));
        assert!(
            n % 3 == 0 || ended >= until,
            "{n}: {ended:?}, not {until:?}"
        );
    }
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

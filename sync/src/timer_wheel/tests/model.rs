//! Random scripts, held against a list of moments.

use alloc::vec::Vec;
use core::time::Duration;

use super::clock::{Clock, set_clock};
use super::{Wheel, at, wheel};
use crate::flavour::Spin;
use crate::tests::{Die, Task};
use crate::timer_wheel::{Moment, Sleep};

type Sleeping<'a> = Task<Sleep<&'a Wheel, Clock>>;

/// How far ahead: next to nothing, within a tick, some ticks, minutes, years.
const REACHES: [u64; 6] = [4, 1 << 19, 1 << 22, 1 << 30, 1 << 40, 1 << 58];

/// Some time that is shorter than one of them.
fn span(die: &mut Die, reaches: &[u64]) -> Duration {
    let reach = reaches[die.throw(reaches.len() as u32) as usize];
    let far = u64::from(die.throw(u32::MAX)) << 32 | u64::from(die.throw(u32::MAX));
    Duration::from_nanos(far % reach)
}

fn check(wheel: &Wheel, now: Moment, sleeps: &mut [(Moment, Sleeping<'_>)], dropped: bool) {
    let first = sleeps
        .iter()
        .map(|(moment, _)| *moment)
        .filter(|moment| *moment > now)
        .min();
    let alarm = wheel.driver().alarm();
    if dropped {
        // One that is gone may have been the first.
        assert!(first.is_none_or(|first| alarm.is_some_and(|alarm| alarm <= first)));
    } else {
        assert_eq!(alarm, first);
    }
    for (moment, sleep) in sleeps {
        assert_eq!(
            sleep.wakes(),
            usize::from(*moment <= now),
            "{moment:?} at {now:?}"
        );
    }
}

fn play(seed: u32, drops: bool) {
    let mut die = Die(seed);
    let wheel = wheel::<Spin>();
    let mut sleeps: Vec<(Moment, Sleeping<'_>)> = Vec::new();
    let mut now = Moment::default();
    let mut dropped = false;
    for _ in 0..300 {
        match die.throw(8) {
            0..4 => {
                let moment = now + Duration::from_nanos(1) + span(&mut die, &REACHES);
                sleeps.push((moment, Task::waiting(wheel.sleep_until(moment))));
            }
            4 if drops && !sleeps.is_empty() => {
                sleeps.swap_remove(die.throw(sleeps.len() as u32) as usize);
                dropped = true;
            }
            5 => {
                now = now + span(&mut die, &REACHES[..5]);
                set_clock(&wheel, now);
            }
            // To the moment that the driver is set for, and just before it.
            6 => {
                if let Some(alarm) = wheel.driver().alarm() {
                    now = now.max(at(alarm.elapsed().as_nanos() as u64 - 1));
                    set_clock(&wheel, now);
                    check(&wheel, now, &mut sleeps, dropped);
                    now = now.max(alarm);
                    set_clock(&wheel, now);
                }
            }
            // Whoever rings without a reason changes nothing.
            _ => wheel.ring(),
        }
        check(&wheel, now, &mut sleeps, dropped);
        // What has ended is polled, and goes.
        let mut at = 0;
        while at < sleeps.len() {
            let (moment, sleep) = &mut sleeps[at];
            let over = *moment <= now;
            assert_eq!(sleep.poll().is_ready(), over);
            if over {
                sleeps.swap_remove(at);
            } else {
                at += 1;
            }
        }
    }
    drop(sleeps);
    set_clock(&wheel, at(u64::MAX - 1));
    assert_eq!(wheel.driver().alarm(), None);
}

// RT-1, RT-10
#[test]
fn every_sleep_ends_at_its_moment_and_the_driver_is_set_for_the_first() {
    for seed in 1..300 {
        play(seed, false);
    }
}

// RT-1, RT-9
#[test]
fn every_sleep_ends_at_its_moment_while_others_are_dropped() {
    for seed in 300..600 {
        play(seed, true);
    }
}

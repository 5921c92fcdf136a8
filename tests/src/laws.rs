//! What holds in every trace, whatever was cancelled when.
//!
//! Scopes are named like paths: `a/b` was entered inside of `a`. A body may log `.a` as the last
//! thing before it completes, and `!a` as the last before it fails; then the exit's reason, if it
//! is logged, must fit.

use std::collections::BTreeMap;

use crate::Log;
use crate::sweep::Ending;

#[derive(Default)]
struct Life {
    entered: Vec<usize>,
    ended: Vec<usize>,
    reason: Option<String>,
    completed: bool,
    failed: bool,
}

/// The laws as the invariant of a [sweep](crate::sweep) whose state is a log.
pub fn hold(log: &Log, ending: &Ending) {
    let panics = *ending == Ending::Panicked;
    if let Err(error) = check_reasons(&log.events(), panics) {
        panic!("{error}");
    }
}

/// Checks that each scope that was entered is exited (`-a`) or abandoned (`~a`) exactly once and
/// afterwards, inner before outer, with a reason that fits its body.
///
/// # Errors
///
/// What is wrong first.
pub fn check(events: &[String]) -> Result<(), String> {
    check_reasons(events, false)
}

/// As [`check`], where a panic may be a reason as well.
fn check_reasons(events: &[String], panics: bool) -> Result<(), String> {
    let lives = lives(events);
    for (name, life) in &lives {
        let [entered] = life.entered[..] else {
            return wrong(
                events,
                format_args!("{name} entered {} times", life.entered.len()),
            );
        };
        let [ended] = life.ended[..] else {
            return wrong(
                events,
                format_args!("{name} exited {} times", life.ended.len()),
            );
        };
        if ended < entered {
            return wrong(events, format_args!("{name} exited before it was entered"));
        }
        let expected = match (life.completed, life.failed) {
            (true, _) => "completed",
            (_, true) => "failed",
            _ => "cancelled",
        };
        let fits = |told: &str| {
            told == expected || (panics && expected == "cancelled" && told == "panicked")
        };
        if life.reason.as_deref().is_some_and(|told| !fits(told)) {
            return wrong(events, format_args!("{name} was told the wrong reason"));
        }
        let inner = |other: &str| {
            other
                .strip_prefix(name.as_str())
                .is_some_and(|rest| rest.starts_with('/'))
        };
        for (child, life) in lives.iter().filter(|(other, _)| inner(other)) {
            if life.ended.iter().any(|child| *child > ended) {
                return wrong(events, format_args!("{name} exited before {child}"));
            }
            if life.entered.iter().any(|child| *child < entered) {
                return wrong(events, format_args!("{child} entered before {name}"));
            }
        }
    }
    Ok(())
}

/// Whether each scope that was entered has ended.
pub fn is_settled(events: &[String]) -> bool {
    lives(events)
        .values()
        .all(|life| life.entered.len() <= life.ended.len())
}

fn lives(events: &[String]) -> BTreeMap<String, Life> {
    let mut lives: BTreeMap<String, Life> = BTreeMap::new();
    for (position, event) in events.iter().enumerate() {
        let mut chars = event.chars();
        let mark = chars.next();
        let (name, reason) = match chars.as_str().split_once(':') {
            Some((name, reason)) => (name, Some(reason.to_owned())),
            None => (chars.as_str(), None),
        };
        if !matches!(mark, Some('+' | '-' | '~' | '.' | '!')) {
            continue;
        }
        let life = lives.entry(name.to_owned()).or_default();
        match mark {
            Some('+') => life.entered.push(position),
            Some('-') => {
                life.ended.push(position);
                life.reason = reason;
            }
            Some('~') => life.ended.push(position),
            Some('.') => life.completed = true,
            _ => life.failed = true,
        }
    }
    lives
}

fn wrong(events: &[String], what: impl std::fmt::Display) -> Result<(), String> {
    Err(format!("{what}, in: {}", events.join(" ")))
}

#[cfg(test)]
mod tests {
    use super::check;

    fn of(trace: &str) -> Result<(), String> {
        let events: Vec<_> = trace.split(' ').map(str::to_owned).collect();
        check(&events)
    }

    #[test]
    fn a_proper_trace_passes() {
        of("+a +a/b .a/b -a/b:completed noise ~a").unwrap();
    }

    #[test]
    fn each_way_to_be_wrong_is_noticed() {
        for (trace, what) in [
            ("+a", "a exited 0 times"),
            ("+a -a -a", "a exited 2 times"),
            ("+a ~a -a", "a exited 2 times"),
            ("-a", "a entered 0 times"),
            ("-a +a", "a exited before it was entered"),
            ("+a +a/b -a -a/b", "a exited before a/b"),
            ("+a/b +a -a/b -a", "a/b entered before a"),
            ("+a .a -a:cancelled", "a was told the wrong reason"),
            ("+a -a:completed", "a was told the wrong reason"),
            ("+a !a -a:completed", "a was told the wrong reason"),
        ] {
            let error = of(trace).unwrap_err();
            assert!(error.starts_with(what), "{trace}: {error}");
        }
    }
}

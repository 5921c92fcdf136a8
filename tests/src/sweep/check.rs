//! What must hold of every trace, whatever was cancelled when.

use std::collections::BTreeMap;

use withal::cleanup::{About, LiveStep, Subject};
use withal::scope::ExitKind;

use super::error::Violation;
use super::trace::Trace;

struct Life {
    about: About,
    parent: Option<usize>,
    entered: usize,
    /// Its exit began by itself.
    exiting: Option<usize>,
    dropped: Option<usize>,
    ended: Option<usize>,
}

/// Checks that no scope is exited twice, and that what was entered in a scope's body has ended
/// before that scope exits. A generator is no scope: it may end later. `panics` says whether a panic
/// may be a scope's reason.
pub(super) fn check(trace: &Trace, panics: bool) -> Result<(), Violation> {
    let mut lives: BTreeMap<usize, Life> = BTreeMap::new();
    let scopes = trace.scopes().enumerate();
    for (position, told) in scopes.filter(|(_, told)| told.about.subject == Subject::Scope) {
        let life = lives.entry(told.id).or_insert(Life {
            about: told.about,
            parent: told.parent,
            entered: position,
            exiting: None,
            dropped: None,
            ended: None,
        });
        if let LiveStep::Exiting(ExitKind::Panicked) | LiveStep::Dropped(ExitKind::Panicked) =
            told.step
            && !panics
        {
            return Err(Violation::WrongReason(Box::new(told.about)));
        }
        let step = match told.step {
            LiveStep::Exiting(_) => &mut life.exiting,
            LiveStep::Dropped(_) => &mut life.dropped,
            LiveStep::Ended => &mut life.ended,
            _ => continue,
        };
        if step.replace(position).is_some() {
            return Err(Violation::ExitedTwice(Box::new(told.about)));
        }
    }
    for life in lives.values() {
        if life.exiting.is_some() && life.dropped.is_some() {
            return Err(Violation::ExitedTwice(Box::new(life.about)));
        }
        let Some(parent) = life.parent.and_then(|parent| lives.get(&parent)) else {
            continue;
        };
        // A scope that was dropped waits after that, and its exit is not told of.
        let begins = parent.exiting.filter(|begins| life.entered < *begins);
        let Some(limit) = begins.or(parent.ended) else {
            continue;
        };
        let in_time = life.ended.is_some_and(|ended| ended < limit);
        if !in_time && !is_over_budget(trace, parent.about, life.about) {
            return Err(Violation::WrongOrder {
                inner: Box::new(life.about),
                outer: Box::new(parent.about),
            });
        }
    }
    Ok(())
}

/// Whether the outer scope was allowed not to wait for the inner one.
fn is_over_budget(trace: &Trace, outer: About, inner: About) -> bool {
    let (outer, inner) = (outer.to_string(), inner.to_string());
    trace.reports().any(|report| {
        report.starts_with(&outer)
            && report.contains("cleanup budget of")
            && report.ends_with(&inner)
    })
}

//! Holds what happened against the model.

use super::event::{Event, Kind, Reports};
use super::model::{Expected, START};
use super::settle::Setting;

/// Checks that each expected event happened, and no other, in an order that is promised, and that
/// what was reported is right.
///
/// # Errors
///
/// What is wrong first.
pub(super) fn check(
    setting: Setting,
    expected: &Expected,
    events: &[Event],
    reports: &Reports,
) -> Result<(), String> {
    let mut places = [None; Event::SLOTS];
    for (place, event) in events.iter().enumerate() {
        if places[event.slot()].replace(place).is_some() {
            return Err(format!("{event:?} happened twice"));
        }
    }
    // How early each point can be: with its event, or with the last of those before it.
    let mut times = Vec::with_capacity(expected.points.len());
    for (event, before) in &expected.points {
        let before = before.iter().filter(|point| **point != START);
        let before = before.map(|point| times[usize::from(*point)]).max();
        let Some(event) = event else {
            times.push(before.unwrap_or(0));
            continue;
        };
        let Some(place) = places[event.slot()] else {
            return Err(format!("{event:?} did not happen"));
        };
        if events[place] != *event {
            return Err(format!("{:?}, not {event:?}", events[place]));
        }
        if before.is_some_and(|before| before > place) {
            return Err(format!("{event:?} came too early"));
        }
        times.push(place);
    }
    if events.len() > expected.events {
        let is_expected = |event: &&Event| {
            let mut points = expected.points.iter();
            !points.any(|(known, _)| known.as_ref() == Some(event))
        };
        let event = events.iter().find(is_expected);
        return Err(format!("{event:?} should not have happened"));
    }
    let mut reports = *reports;
    if !setting.executor {
        // How many there are depends on how long each had somebody who waited.
        reports[Kind::Orphaned as usize] = 0;
    }
    if reports != expected.reports {
        let expected = &expected.reports;
        return Err(format!("reports {reports:?}, not {expected:?} (by kind)"));
    }
    Ok(())
}

//! What never ends, and is cut off.

use std::future::pending;
use std::hint::black_box;
use std::time::Duration;

use futures_util::future::join_all;

use super::homes::Home;
use super::waits::on;
use crate::{Bar, Case, Contender};

/// The shortest that all of these clocks tell from nothing.
const SHORT: Duration = Duration::from_millis(1);

/// So many that the time they wait is the least of it.
const MANY: usize = 10_000;

/// One at a time: how late it comes.
pub(super) fn alone<H: Home>(home: &H) -> Case {
    let bar = Bar::Times(1.1, H::OWN);
    Case::new(format!("fires after 1 ms, {}", H::NAME))
        .threaded(true)
        .with(on!(home, "withal", home => home.ours(SHORT, pending())).bar(bar))
        .with(on!(home, H::OWN, home => home.own(SHORT, pending())))
        .with(on!(home, "limit: its sleep", home => home.sleep(SHORT)))
}

/// Many at a time: what each costs.
pub(super) fn together<H: Home>(home: &H) -> Case {
    let bar = Bar::Times(1.1, H::OWN);
    Case::new(format!("ten thousand fire after 1 ms, {}", H::NAME))
        .threaded(true)
        .with(
            on!(home, "withal", home => join_all((0..MANY).map(|_| home.ours(SHORT, pending()))))
                .bar(bar),
        )
        .with(on!(home, H::OWN, home => join_all((0..MANY).map(|_| home.own(SHORT, pending())))))
        .with(on!(home, "limit: its sleep", home => join_all((0..MANY).map(|_| home.sleep(SHORT)))))
}

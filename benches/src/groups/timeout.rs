//! Timeouts: around what is ready, around what waits, and those that fire; beside each runtime's own.

mod fires;
mod homes;
mod ready;
mod waits;

#[cfg(test)]
mod tests;

use std::time::Duration;

use self::homes::{AsyncStd, Home, Smol, Tokio};
use crate::gate::{Gate, repeat};
use crate::{Case, Group};

pub(crate) const GROUP: Group = Group {
    name: "timeout",
    about: "a limit on a future that is ready, that waits once, or that never ends",
    cases,
    gates: &[
        Gate {
            name: "timeout: ready at once",
            bar: None,
            run: |times| repeat(times, ready::once),
        },
        Gate {
            name: "timeout: three deep, ready at once",
            bar: None,
            run: |times| repeat(times, ready::nested),
        },
    ],
};

/// A limit that is not reached.
const LONG: Duration = Duration::from_secs(60);

fn cases() -> Vec<Case> {
    let mut cases = ready::cases();
    cases.extend(at(&Tokio::<0>::start()));
    cases.extend(at(&Tokio::<2>::start()));
    cases.extend(at(&Smol));
    cases.extend(at(&AsyncStd));
    cases
}

fn at<H: Home>(home: &H) -> [Case; 3] {
    [waits::once(home), fires::alone(home), fires::together(home)]
}

//! Generators: what an item costs on its way from a yield to the loop, and what making one does.

#[macro_use]
mod contenders;
mod drivers;

#[cfg(test)]
mod tests;

use std::future::ready;
use std::hint::black_box;

use self::drivers::{await_each, await_each_boxed, drop_it, poll_each, poll_once};
use crate::executor::Yield;
use crate::gate::Gate;
use crate::{Bar, Case, Contender, Group};

pub(crate) const GROUP: Group = Group {
    name: "generator",
    about: "an item from a yield to the loop: at once, after a wait, from a box; making a generator",
    cases,
    gates: &[
        Gate {
            name: "generator: an item",
            bar: Some(40),
            run: |times| withal!(poll_each, times),
        },
        Gate {
            name: "generator: an item, awaited",
            bar: None,
            run: |times| withal!(await_each, times),
        },
        Gate {
            name: "generator: an item, from a box",
            bar: None,
            run: |times| withal!(await_each_boxed, times),
        },
    ],
};

/// The crates that make generators, but for the fastest.
const OTHER_CRATES: &[&str] = &[
    "async-gen",
    "genawaiter (stack)",
    "genawaiter (rc)",
    "genawaiter (sync)",
    "fauxgen",
    "async-fn-stream",
];

fn cases() -> Vec<Case> {
    vec![
        case!("yield, poll_next by hand", item, poll_each),
        case!("yield, next().await", item, await_each),
        case!("yield, boxed", item, await_each_boxed),
        case!(
            "ready future, then yield",
            item,
            await_each,
            black_box(ready(()))
        ),
        case!("yield_now, then yield", item, await_each, Yield::default()),
        case!("made, never polled", stream, drop_it),
        case!("made, polled once", stream, poll_once),
    ]
}

/// What ours has to reach in every case.
fn with_bars(contender: Contender) -> Contender {
    contender
        .bar(Bar::Times(1.5, "async-stream"))
        .bar(Bar::TimesEach(1.0, "other crate", OTHER_CRATES))
        .bar(Bar::Allocations(0.0))
}

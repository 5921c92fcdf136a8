//! Scopes: enter, body and exit, nested, failing and cancelled.
//!
//! Nothing here needs an executor but what says so in its name: the others are polled by hand, on
//! [`NoExecutor`](withal::runtime::NoExecutor).

mod cancelled;
mod exits;
mod many;
mod nested;
mod work;

#[cfg(test)]
mod tests;

use self::nested::{may_wait, synchronous};
use self::work::number;
use crate::gate::{Gate, repeat};
use crate::now::{now, soon};
use crate::{Case, Group};

pub(crate) const GROUP: Group = Group {
    name: "scope",
    about: "enter, body and exit beside hand-written code and drop guards; cancelled scopes",
    cases,
    gates: &[
        Gate {
            name: "scope: synchronous exit",
            bar: Some(60),
            run: |times| repeat(times, || number(now(synchronous::one()))),
        },
        Gate {
            name: "scope: synchronous exit, depth 4",
            bar: Some(4 * 60),
            run: |times| repeat(times, || number(now(synchronous::four()))),
        },
        Gate {
            name: "scope: exit that may wait",
            bar: None,
            run: |times| repeat(times, || number(now(may_wait::one()))),
        },
        Gate {
            name: "scope: exit that waits once",
            bar: None,
            run: |times| repeat(times, || number(soon(exits::waits_once()))),
        },
        Gate {
            name: "scope: failing body",
            bar: None,
            run: |times| repeat(times, || number(now(exits::failed_unseen()))),
        },
        Gate {
            name: "scope: an entry of a stack",
            bar: None,
            run: |times| repeat(times.div_ceil(1000), || number(now(many::on_a_stack(1000)))),
        },
        Gate {
            name: "scope: cancelled in the body, collected",
            bar: None,
            run: |times| repeat(times, || now(cancelled::collected())),
        },
    ],
};

fn cases() -> Vec<Case> {
    let mut cases = nested::cases();
    cases.extend(exits::cases());
    cases.extend(many::cases());
    cases.push(cancelled::case());
    cases
}

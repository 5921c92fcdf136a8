//! What waits once, and ends long before its time is up.

use std::hint::black_box;

use super::LONG;
use super::homes::Home;
use crate::executor::Yield;
use crate::{Bar, Case, Contender};

/// A contender that does `$operation` on a runtime, one time after the other.
macro_rules! on {
    ($home:expr, $name:expr, $running:ident => $operation:expr) => {{
        let home = $home.clone();
        Contender::batch($name, move |times| {
            let $running = home.clone();
            home.run(Box::pin(async move {
                for _ in 0..times {
                    black_box($operation.await);
                }
            }));
        })
    }};
}
pub(super) use on;

pub(super) fn once<H: Home>(home: &H) -> Case {
    let bar = Bar::Times(H::WAITS_ONCE, H::OWN);
    Case::new(format!("waits once, {}", H::NAME))
        .threaded(true)
        .with(on!(home, "withal", home => home.ours(LONG, Yield::default())).bar(bar))
        .with(on!(home, H::OWN, home => home.own(LONG, Yield::default())))
        .with(on!(home, "limit: no timeout", _home => Yield::default()))
}

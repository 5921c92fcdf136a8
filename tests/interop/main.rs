//! What foreign combinators and foreign tasks do to scopes, and what makes them wait:
//! `docs/interoperation.md` says it in words.

mod combinators;
mod tasks;

use std::future::pending;

use withal::runtime::Cleanup;
use withal::with;
use withal_tests::{Act, Log};

/// Work that never ends by itself: scope `b`, whose exit waits until the log has `event`.
async fn work(rt: &impl Cleanup, log: &Log, event: &'static str) {
    let b = Act::new(log, "b").exit_waits_for(event);
    let _never = with(rt, b, async |()| pending::<Result<(), String>>().await).await;
}

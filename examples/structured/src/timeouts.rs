//! A limit on a block: `async with asyncio.timeout(5.0)`, and what was written before there was that.
//!
//! The older program has a timer that cancels the task:
//!
//! ```text
//! @asynccontextmanager
//! async def timeout(seconds):
//!     task = asyncio.current_task()
//!     handle = asyncio.get_running_loop().call_later(seconds, task.cancel)
//!     try:
//!         yield
//!     finally:
//!         handle.cancel()
//! ```
//!
//! Whoever is around it sees a `CancelledError`, and cannot know whether the time was up or somebody
//! wants the task to end. Here nothing cancels a task: the block is dropped by its own timeout, which
//! alone makes an `Elapsed`. A cancellation from outside drops the timeout itself, which then has
//! nobody to tell.

use std::convert::Infallible;
use std::fmt::Display;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use withal::runtime::Runtime;
use withal::{Elapsed, ExitReason, HandOver, Scope, move_on_after, timeout, with};

use crate::Print;

/// What became of each call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ended {
    /// The call that is quick enough.
    pub quick: Result<u32, Elapsed>,
    /// The call that is not.
    pub slow: Result<u32, Elapsed>,
    /// The call that its caller gave up, well before its own time.
    pub given_up: Option<Result<u32, Elapsed>>,
}

/// A connection that says goodbye at its end, which takes a tick, and counts those.
#[derive(Debug)]
struct Connection<R> {
    rt: R,
    tick: Duration,
    goodbyes: Arc<AtomicUsize>,
}

impl<R: Runtime> Scope for Connection<R> {
    type Resource = ();
    type Error = Infallible;
    type OnDrop = HandOver;

    async fn enter(&mut self) -> Result<(), Infallible> {
        Ok(())
    }

    async fn exit(self, (): (), _: ExitReason<'_>) -> Result<(), Infallible> {
        self.rt.sleep(self.tick).await;
        self.goodbyes.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

/// Asks over a connection, whose answer takes its time.
async fn ask<R: Runtime>(rt: &R, takes: Duration, connection: Connection<R>) -> u32 {
    let answered = with(rt, connection, async |()| {
        rt.sleep(takes).await;
        Ok::<_, Infallible>(42)
    });
    answered.await.expect("no part of it can fail")
}

/// Three calls, each with a limit of five ticks.
///
/// # Cancel safety
///
/// Dropped, it closes the connection that is open.
pub async fn run<R: Runtime>(rt: &R, tick: Duration, print: Print<'_>) -> Ended {
    let goodbyes = Arc::default();
    let limited = |takes| {
        let connection = Connection {
            rt: rt.clone(),
            tick,
            goodbyes: Arc::clone(&goodbyes),
        };
        timeout(rt, 5 * tick, ask(rt, takes, connection))
    };
    let tell = |name: &str, what: &dyn Display| {
        let goodbyes = goodbyes.load(Ordering::Relaxed);
        print(format_args!(
            "{name}: {what}; connections closed: {goodbyes}"
        ));
    };
    let quick = limited(tick).await;
    match &quick {
        Ok(answer) => tell("quick", answer),
        Err(elapsed) => tell("quick", elapsed),
    }
    let slow = limited(100 * tick).await;
    match &slow {
        Ok(answer) => tell("slow", answer),
        Err(_) => tell("slow", &"its time was up"),
    }
    // The caller has less patience than the limit, and it is the caller who says so.
    let given_up = move_on_after(rt, 2 * tick, limited(100 * tick)).await;
    match &given_up {
        Some(_) => tell("given up", &"the call has ended by itself"),
        None => tell("given up", &"by its caller, with time left"),
    }
    Ended {
        quick,
        slow,
        given_up,
    }
}

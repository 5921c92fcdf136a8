//! Scopes and blocks that may move between threads.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use futures_util::FutureExt;
use withal::runtime::Cleanup;

use super::cast::{Cast, Fault};
use super::script::{Id, NONE};
use crate::foreign::OnDrop;

#[path = "actor.rs"]
mod actor;
#[path = "play.rs"]
pub(super) mod play;
#[path = "stops.rs"]
mod stops;

use withal::{Scope as Hooks, scope_fn};
use withal::{await_cleanup, cancel, close, either, timeout};

/// A block that is being played.
pub(super) type Block<'a> = Pin<Box<dyn Future<Output = Result<(), Fault>> + Send + 'a>>;

fn manager<S>(scope: S) -> S {
    scope
}

/// Shields a block: it never takes this long.
fn shield<R: Cleanup>(cast: &Cast<R>, first: Id) -> Block<'_> {
    let inside = cast.clone();
    let block = async move { play::block(&inside, first, 0, NONE).await };
    let shielded = withal::shield(&cast.rt, Duration::MAX, block);
    Box::pin(async move {
        match shielded.await {
            Ok(result) => result,
            Err(elapsed) => unreachable!("{elapsed}"),
        }
    })
}

/// Plays the branches of `id` in a task, which is aborted when they have stalled.
async fn task<R: Cleanup>(
    cast: &Cast<R>,
    id: Id,
    region: u64,
) -> Option<thread::Result<Result<(), Fault>>> {
    let Some(start) = &cast.start else {
        unreachable!("settled where there are no tasks");
    };
    let (inside, stage) = (cast.clone(), cast.stage());
    let ended = Arc::new(Mutex::new(None));
    let end = ended.clone();
    let abort = start(Box::pin(async move {
        // What stalled goes on when nothing can poll it here any more.
        let _over = OnDrop::new(|| inside.stage().fire(id));
        let result = AssertUnwindSafe(stops::branches(&inside, id, region))
            .catch_unwind()
            .await;
        *end.lock().unwrap() = Some(result);
        inside.stage().wake_all();
    }));
    let is_over = || stage.is_asked(id) || ended.lock().unwrap().is_some();
    stage.when(is_over).await;
    let result = ended.lock().unwrap().take();
    if result.is_none() {
        abort();
    }
    result
}

//! Cases about what a whole process shares: its orphans, its list of live scopes, its report span.
//! They have a process of their own and run one at a time.

#![cfg(any(feature = "tokio", feature = "async-std", feature = "smol"))]

#[cfg(feature = "async-std")]
#[path = "process/async_std_ends.rs"]
mod async_std_ends;
#[path = "process/chains.rs"]
mod chains;
#[path = "process/coroutines.rs"]
mod coroutines;
#[path = "process/drains.rs"]
mod drains;
#[path = "process/endings.rs"]
mod endings;
#[path = "process/flavours.rs"]
mod flavours;
#[path = "process/generators.rs"]
mod generators;
#[path = "process/handed_on.rs"]
mod handed_on;
#[path = "process/hooks.rs"]
mod hooks;
#[path = "process/lists.rs"]
mod lists;
#[path = "process/lost.rs"]
mod lost;
#[path = "process/over_budget.rs"]
mod over_budget;
#[path = "process/roots.rs"]
mod roots;
#[path = "process/slow_polls.rs"]
mod slow_polls;
#[cfg(feature = "smol")]
#[path = "process/smol_ends.rs"]
mod smol_ends;
#[cfg(feature = "tokio")]
#[path = "process/tokio_ends.rs"]
mod tokio_ends;
#[cfg(feature = "tokio")]
#[path = "process/tokio_local.rs"]
mod tokio_local;
#[cfg(all(feature = "tokio", feature = "smol"))]
#[path = "process/two_runtimes.rs"]
mod two_runtimes;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use withal::cleanup::drain;
use withal_tests::Harness;

/// Runs `case` alone, on a process without leftovers.
fn alone<H: Harness>(case: impl AsyncFnOnce(&H::Runtime)) {
    let _turn = turn();
    H::run(async |rt| {
        case(rt).await;
        // An exit may have logged its end, and its executor may not know yet.
        let left = drain(rt, Duration::from_secs(2)).await;
        assert!(left.is_clean(), "the case left {left:?}");
    });
}

/// Waits until no other case of this process runs.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    // A case that failed has said so.
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Makes one `#[test]` for each flavour out of a case that takes the runtime.
macro_rules! on_each_flavour {
    ($($case:ident),* $(,)?) => {
        $(
            mod $case {
                #[cfg(feature = "async-std")]
                #[test]
                fn async_std() {
                    crate::alone::<crate::flavours::AsyncStd>(async |rt| super::$case(rt).await);
                }

                #[cfg(feature = "smol")]
                #[test]
                fn smol_global() {
                    crate::alone::<crate::flavours::SmolGlobal>(async |rt| super::$case(rt).await);
                }

                #[cfg(feature = "smol")]
                #[test]
                fn smol_own() {
                    crate::alone::<crate::flavours::SmolOwn>(async |rt| super::$case(rt).await);
                }

                #[cfg(feature = "tokio")]
                #[test]
                fn tokio_current_thread() {
                    crate::alone::<crate::flavours::TokioCurrentThread>(async |rt| {
                        super::$case(rt).await
                    });
                }

                #[cfg(feature = "tokio")]
                #[test]
                fn tokio_multi_thread() {
                    crate::alone::<crate::flavours::TokioMultiThread>(async |rt| {
                        super::$case(rt).await
                    });
                }
            }
        )*
    };
}
use on_each_flavour;

/// The last part of each name.
fn names(abouts: &[withal::cleanup::About]) -> Vec<&'static str> {
    abouts.iter().map(|about| about.name).collect()
}

//! Every operation that waits, cancelled after every number of polls, in every way: nothing is lost.

mod channel;
mod locks;
mod queue;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::BoxFuture;
use withal::runtime::Runtime;

pub use self::channel::each_operation_of_a_channel;
pub use self::locks::each_operation_of_a_lock;
pub use self::queue::each_operation_of_a_queue;
use crate::sweep::{Followed, Real, Sweep};

/// The table of these cases, given to the macro `$make`.
#[doc(hidden)]
#[macro_export]
macro_rules! sweep_primitives_cases {
    ($make:ident $with:tt $of:tt) => {
        $crate::$make! { $with $of sweep_primitives:
            each_operation_of_a_queue,
            each_operation_of_a_channel,
            each_operation_of_a_lock,
        }
    };
}

/// What several tasks do to a state, and a name for it.
type Scenario<S> = (&'static str, fn(Arc<S>) -> BoxFuture<'static, ()>);

/// Sweeps on `rt` what two tasks do to a state, which must hold afterwards.
async fn sweep<R: Runtime, S: Send + Sync + 'static>(
    rt: &R,
    setup: fn() -> S,
    holds: fn(&S),
    scenarios: &[Scenario<S>],
) {
    for (name, scenario) in scenarios {
        let sweep: Sweep<Arc<S>, Real<R>> = Sweep::on(rt, move || Arc::new(setup()));
        let sweep = sweep.invariant(move |state| holds(state));
        let swept = sweep.sweep(|_: Followed<R>, state| scenario(state)).await;
        let swept = swept.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(swept.polls > 1, "{name} did not wait: {swept}");
    }
}

/// Counts itself.
struct Item(Arc<AtomicUsize>);

impl Drop for Item {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

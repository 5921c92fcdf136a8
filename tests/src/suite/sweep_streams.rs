//! Sources and adapters, and who reads them, cancelled after every number of polls, in every way: no
//! item is lost or comes twice, and each scope is exited once, inner first.

mod adapters;
mod bridges;
mod coroutines;
mod facade;
mod generators;
mod kept;
mod loops;

use std::future::Future;
use std::sync::Arc;

use futures_util::future::LocalBoxFuture;
use futures_util::stream::{Stream, StreamExt};
use withal::runtime::Runtime;
use withal::with;

pub use self::adapters::each_adapter_of_stream_ext;
pub use self::bridges::each_queue_and_channel;
pub use self::coroutines::each_step_of_a_coroutine;
pub use self::facade::each_adapter_of_ours;
pub use self::generators::each_form_of_a_generator;
pub use self::kept::one_that_outlives_its_consumer_goes_on;
pub use self::loops::each_loop;
use crate::laws;
use crate::poll::yields;
use crate::probe::Failed;
use crate::streams::{Item, Read};
use crate::sweep::{Followed, Real, Sweep};

/// The table of these cases, given to the macro `$make`.
#[doc(hidden)]
#[macro_export]
macro_rules! sweep_streams_cases {
    ($make:ident $with:tt $of:tt) => {
        $crate::$make! { $with $of sweep_streams:
            each_form_of_a_generator,
            each_adapter_of_stream_ext,
            each_adapter_of_ours,
            each_queue_and_channel,
            each_loop,
            each_step_of_a_coroutine,
            one_that_outlives_its_consumer_goes_on,
        }
    };
}

/// A scenario on a runtime: its name, how many items it is to read, and what it does.
type Scenario<R> = (
    &'static str,
    u32,
    fn(Followed<R>, Arc<Read>) -> LocalBoxFuture<'static, ()>,
);

async fn sweep<R: Runtime>(rt: &R, scenarios: &[Scenario<R>]) {
    for (name, expected, scenario) in scenarios {
        let expected = *expected;
        let sweep: Sweep<Arc<Read>, Real<R>> = Sweep::on(rt, move || Read::first(expected));
        let sweep = sweep.invariant_of(|read, ending| read.holds(ending));
        let swept = sweep.sweep(scenario).await;
        let swept = swept.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(swept.polls > 3, "{name} did not wait: {swept}");
    }
}

/// Reads `stream` to its end, and takes time for each item.
async fn read_all(read: &Read, stream: impl Stream<Item = Item>) {
    let mut stream = std::pin::pin!(stream);
    while let Some(item) = stream.next().await {
        read.took(item);
        yields(1).await;
    }
}

/// Runs `body` in the scope `name`, and says that it completes.
async fn scoped<R: Runtime>(rt: &R, read: &Read, name: &str, body: impl Future<Output = ()>) {
    let scoped = with(rt, read.probe(name), async |_| {
        body.await;
        read.log.push(format_args!(".{name}"));
        Ok::<_, Failed>(())
    });
    scoped.await.expect("nothing fails");
}

/// Nothing is left open by what has returned.
fn assert_exited(read: &Read) {
    let is_settled = laws::is_settled(&read.log.events());
    assert!(is_settled, "returned: {}", read.log.trace());
}

// a stream is looped over; it has nothing to enter.
//
// Cure: `for_each(numbers, …)`, or `closing(numbers, …)`.

use std::convert::Infallible;

use futures_util::Stream;

use withal::runtime::Cleanup;
use withal::with;

async fn run(rt: &impl Cleanup, numbers: impl Stream<Item = u32>) {
    let _ = with(rt, numbers, async |_| Ok::<(), Infallible>(())).await;
}

fn main() {}

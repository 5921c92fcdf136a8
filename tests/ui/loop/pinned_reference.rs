// K14, IT-5: `pin!` gives a reference, and dropping one closes nothing.
//
// Cure: `closing(numbers, …)`, before it is pinned.

use std::pin::pin;

use futures_util::{Stream, StreamExt};

use withal::closing;

async fn run(numbers: impl Stream<Item = u32>) {
    let numbers = pin!(numbers);
    closing(numbers, async |mut numbers| numbers.next().await).await;
}

fn main() {}

// A-14, CB-1: an iterator of futures is no group of them.
//
// Cure: `.collect::<Vec<_>>()`.

use std::future::ready;

use withal::join;

async fn run() {
    let futures = (0..3).map(ready);
    join(futures).await;
}

fn main() {
    drop(run());
}

// AG-17: a step is awaited twice.
//
// Cure: a step for each item.

use std::pin::pin;

use futures_util::StreamExt;
use withal::generator;

async fn run() {
    let mut items = pin!(generator(async |y| y.yield_(1).await));
    let step = items.next();
    step.await;
    step.await;
}

fn main() {}

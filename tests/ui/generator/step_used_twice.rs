// AG-17: a step is awaited twice.
//
// Cure: a step for each item.

use std::pin::Pin;

use futures_util::{Stream, StreamExt};
use withal::generator;

fn numbers() -> Pin<Box<dyn Stream<Item = u8>>> {
    Box::pin(generator(async |y| y.yield_(1).await))
}

async fn run() {
    let mut items = numbers();
    let step = items.next();
    step.await;
    step.await;
}

fn main() {}

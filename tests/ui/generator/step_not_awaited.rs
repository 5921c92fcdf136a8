// AG-17: a step is never awaited.
//
// Cure: `.await`.

#![deny(unused_must_use)]

use std::pin::pin;

use futures_util::StreamExt;
use withal::generator;

async fn run() {
    let mut items = pin!(generator(async |y| y.yield_(1).await));
    items.next();
}

fn main() {}

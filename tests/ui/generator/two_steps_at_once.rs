// AG-16: two steps at once.
//
// Cure: one after the other; several consumers share a channel instead.

use std::pin::pin;

use futures_util::StreamExt;
use withal::generator;

async fn run() {
    let mut items = pin!(generator(async |y| y.yield_(1).await));
    let first = items.next();
    let second = items.next();
    futures_util::join!(first, second);
}

fn main() {}

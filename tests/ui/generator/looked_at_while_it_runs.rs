// AG-27: nobody sees a generator run.
//
// Cure: look before the step, or after it.

use std::pin::pin;

use futures_util::StreamExt;
use withal::generator;

async fn look() {
    let mut numbers = pin!(generator(async |y| y.yield_(1).await));
    let step = numbers.next();
    println!("{:?}", numbers.state());
    step.await;
}

fn main() {}

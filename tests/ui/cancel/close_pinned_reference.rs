// K14: `pin!` gives a reference, and dropping one closes nothing.
//
// Cure: `Box::pin(stream)`, which owns it.

use std::pin::{Pin, pin};

use futures_util::Stream;

use withal::close;

async fn close_all(numbers: Pin<&mut impl Stream<Item = u32>>) {
    close(numbers).await;
}

async fn run(numbers: impl Stream<Item = u32>) {
    close_all(pin!(numbers)).await;
}

fn main() {}

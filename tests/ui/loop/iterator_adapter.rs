// IT-2, IT-17: as `iterator.rs`, with a chain of adapters.
//
// Cure: `for_each(stream::iter(numbers), …)`.

use withal::for_each;

async fn run() {
    let numbers = (1..10).map(|n| n * n);
    for_each(numbers, async |n| println!("{n}")).await;
}

fn main() {}

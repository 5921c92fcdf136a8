// IT-5: a stream that may borrow from itself is looped over where it is pinned.
//
// Cure: `let mut numbers = pin!(numbers);`.

use futures_util::Stream;

use withal::for_each_by_ref;

async fn run(mut numbers: impl Stream<Item = u32>) {
    for_each_by_ref(&mut numbers, async |n| println!("{n}")).await;
}

fn main() {}

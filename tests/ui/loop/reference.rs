// K14, IT-5: dropping a reference closes nothing.
//
// Cure: pass the stream itself; or `for_each_by_ref`, which leaves it open.

use futures_util::stream;

use withal::for_each;

async fn run() {
    let mut numbers = stream::iter([1, 2]);
    for_each(&mut numbers, async |n| println!("{n}")).await;
}

fn main() {}

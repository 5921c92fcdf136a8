// the body of a loop is async.
//
// Cure: `async |n| …`.

use futures_util::stream;

use withal::for_each;

async fn run() {
    for_each(stream::iter([1, 2]), |n| println!("{n}")).await;
}

fn main() {}

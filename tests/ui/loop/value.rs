// IT-4: the body of a loop has no place for a value to go on with.
//
// Cure: collect it into a variable around the loop; `ControlFlow::Break(value)` leaves the loop.

use futures_util::stream;

use withal::for_each;

async fn run() {
    for_each(stream::iter([1, 2]), async |n| n * 2).await;
}

fn main() {}

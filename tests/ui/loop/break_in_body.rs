// A-2, IT-4: the body is a closure, and cannot break the loop around it.
//
// Cure: `return ControlFlow::Break(())`, and `ControlFlow::Continue(())` at its end.

use futures_util::stream;

use withal::for_each;

async fn run() {
    for_each(stream::iter([1, 2]), async |n| {
        if n == 1 {
            break;
        }
    })
    .await;
}

fn main() {}

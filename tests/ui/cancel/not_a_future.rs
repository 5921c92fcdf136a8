// K14: `cancel` is for futures; a stream is closed.
//
// Cure: `close`.

use futures_util::stream;

use withal::cancel;

async fn run() {
    cancel(stream::iter([1, 2])).await;
}

fn main() {}

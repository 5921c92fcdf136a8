// K14: dropping a reference closes nothing.
//
// Cure: pass the stream itself.

use futures_util::stream;

use withal::close;

async fn run() {
    let mut numbers = stream::iter([1, 2]);
    close(&mut numbers).await;
}

fn main() {}

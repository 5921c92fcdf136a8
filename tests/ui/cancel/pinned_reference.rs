// K14: `pin!` gives a reference, and dropping one cancels nothing.
//
// Cure: `Box::pin(future)`, which owns it.

use std::future::pending;
use std::pin::pin;

use withal::cancel;

async fn run() {
    let future = pin!(pending::<()>());
    cancel(future).await;
}

fn main() {}

// K14: dropping a reference cancels nothing.
//
// Cure: pass the future itself, or `Box::pin(future)`, which owns it.

use std::future::pending;

use withal::cancel;

async fn run() {
    let mut future = Box::pin(pending::<()>());
    cancel(&mut future).await;
}

fn main() {}

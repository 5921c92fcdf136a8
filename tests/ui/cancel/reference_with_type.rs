// K14: as `reference.rs`, after the compiler's advice to name the type: there is no name that fits.
//
// Cure: pass the future itself, or `Box::pin(future)`, which owns it.

use std::future::pending;

use withal::cancel;

async fn run() {
    let mut future = Box::pin(pending::<()>());
    cancel::<_, withal::cancel::Owned>(&mut future).await;
}

fn main() {}

// GM-8, A-6: a closure scope cannot swallow its body's error.
//
// Cure: a type of your own that implements `Suppress`, or a body that handles the error.

use std::convert::Infallible;

use withal::runtime::Cleanup;
use withal::scope::{Lend, scope_fn};
use withal::with_suppressing;

async fn run(rt: &impl Cleanup) {
    let scope = scope_fn(async |lend: Lend<u32>| {
        let (_, ended) = lend.lend(1).await;
        Ok::<_, Infallible>(ended)
    });
    let _ = with_suppressing(rt, scope, async |_| Err::<(), _>("no")).await;
}

fn main() {}

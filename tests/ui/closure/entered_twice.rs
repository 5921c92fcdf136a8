// GM-15, A-8: a closure scope is used up by running it.
//
// Cure: a function that returns the scope.

use std::convert::Infallible;

use withal::runtime::Cleanup;
use withal::scope::{Lend, scope_fn};
use withal::with;

async fn run(rt: &impl Cleanup) {
    let scope = scope_fn(async |lend: Lend<u32>| {
        let (_, ended) = lend.lend(1).await;
        Ok::<_, Infallible>(ended)
    });
    let _ = with(rt, scope, async |_| Ok::<_, String>(())).await;
    let _ = with(rt, scope, async |_| Ok::<_, String>(())).await;
}

fn main() {}

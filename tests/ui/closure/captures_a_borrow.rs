// GM-16, K2: the frame of a closure scope may outlive its caller, so it owns everything.
//
// Cure: `async move` and owned captures, or a type whose `OnDrop` is `Abandon`.

use std::convert::Infallible;

use withal::runtime::Cleanup;
use withal::scope::{Lend, scope_fn};
use withal::with;

async fn run(rt: &impl Cleanup, log: &mut Vec<u32>) {
    let scope = scope_fn(async |lend: Lend<u32>| {
        let (number, ended) = lend.lend(1).await;
        log.push(number);
        Ok::<_, Infallible>(ended)
    });
    let _ = with(rt, scope, async |_| Ok::<_, String>(())).await;
}

fn main() {}

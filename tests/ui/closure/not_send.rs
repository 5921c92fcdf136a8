// K8, CM-15: the frame of a closure scope may move between threads.
//
// Cure: what is `Send` (`Arc`), or `scope_fn_local`, passed as `Local(scope)`.

use std::convert::Infallible;
use std::rc::Rc;

use withal::runtime::Cleanup;
use withal::scope::{Lend, scope_fn};
use withal::with;

async fn run(rt: &impl Cleanup) {
    let scope = scope_fn(async |lend: Lend<u32>| {
        let shared = Rc::new(1);
        let (_, ended) = lend.lend(*shared).await;
        Ok::<_, Infallible>(ended)
    });
    let _ = with(rt, scope, async |_| Ok::<_, String>(())).await;
}

fn main() {}

// GM-3: the closure returns the proof that it has lent.
//
// Cure: `let (resource, ended) = lend.lend(resource).await;` and `Ok(ended)`.

use std::convert::Infallible;

use withal::scope::{Lend, scope_fn};

fn numbers() {
    let _ = scope_fn(async |_lend: Lend<u32>| Ok::<_, Infallible>(()));
}

fn main() {}

// GM-3: the closure returns the proof that it has lent.
//
// Cure: `Ok(ended)`.

use std::convert::Infallible;

use withal::scope::{Lend, scope_fn};

fn numbers() {
    let _ = scope_fn(async |lend: Lend<u32>| {
        let (_number, ended) = lend.lend(1).await;
        println!("{}", ended.kind());
        Ok::<_, Infallible>(())
    });
}

fn main() {}

// GM-6, GM-11: lending uses up the token.
//
// Cure: lend once; a second resource is a second scope.

use std::convert::Infallible;

use withal::scope::{Lend, scope_fn};

fn numbers() {
    let _ = scope_fn(async |lend: Lend<u32>| {
        let (_, _) = lend.lend(1).await;
        let (_, ended) = lend.lend(2).await;
        Ok::<_, Infallible>(ended)
    });
}

fn main() {}

// GM-1: making a closure scope runs nothing, and the compiler says so.
//
// Cure: pass it to `with`.

#![deny(unused_must_use)]

use std::convert::Infallible;

use withal::scope::{Lend, scope_fn};

fn numbers() {
    scope_fn(async |lend: Lend<u32>| {
        let (_, ended) = lend.lend(1).await;
        Ok::<_, Infallible>(ended)
    });
}

fn main() {}

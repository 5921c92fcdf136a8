// GM-3, GM-7: what lending gives is not to be dropped unseen.
//
// Cure: bind it, and return `Ok(ended)`.

#![deny(unused_must_use)]

use std::convert::Infallible;

use withal::scope::{Lend, scope_fn};

fn numbers() {
    let _ = scope_fn(async |lend: Lend<u32>| {
        lend.lend(1).await;
        Err::<_, Infallible>(unreachable!())
    });
}

fn main() {}

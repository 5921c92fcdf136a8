// GM-3, GM-7: what lending gives is not to be dropped unseen.
//
// Cure: bind it, and return `Ok(ended)`.

#![deny(unused_must_use)]

use std::convert::Infallible;

use withal::scope::{Ended, LendMut, Owned, scope_fn_borrowing};

fn numbers() {
    let _ = scope_fn_borrowing(async |lend: LendMut<'_, Owned<u32>>| {
        lend.lend(&mut 1).await;
        std::future::pending::<Result<Ended, Infallible>>().await
    });
}

fn main() {}

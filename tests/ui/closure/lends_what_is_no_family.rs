// GM-23, A-14: what is lent by reference is named by a type that says what it is for each lifetime.
//
// Cure: `LendMut<'_, Owned<u32>>`.

use std::convert::Infallible;

use withal::scope::{LendMut, scope_fn_borrowing};

fn numbers() {
    let _ = scope_fn_borrowing(async |lend: LendMut<'_, u32>| {
        let ended = lend.lend(&mut 1).await;
        Ok::<_, Infallible>(ended)
    });
}

fn main() {}

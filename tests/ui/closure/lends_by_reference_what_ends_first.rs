// GM-23: what is lent stays borrowed until the body has ended.
//
// Cure: drop it behind the lending.

use std::convert::Infallible;

use withal::scope::{LendMut, Owned, scope_fn_borrowing};

fn numbers() {
    let _ = scope_fn_borrowing(async |lend: LendMut<'_, Owned<Vec<u8>>>| {
        let mut bytes = Vec::new();
        let lending = lend.lend(&mut bytes);
        drop(bytes);
        let ended = lending.await;
        Ok::<_, Infallible>(ended)
    });
}

fn main() {}

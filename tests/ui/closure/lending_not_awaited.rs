// GM-3: without `.await` nothing is lent.
//
// Cure: `lend.lend(1).await`.

use std::convert::Infallible;

use withal::scope::{Lend, scope_fn};

fn numbers() {
    let _ = scope_fn(async |lend: Lend<u32>| {
        let (_number, ended) = lend.lend(1);
        Ok::<_, Infallible>(ended)
    });
}

fn main() {}

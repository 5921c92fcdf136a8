// GM-23: what is lent by value cannot borrow from the frame.
//
// Cure: lend the value; it comes back. Or `scope_fn_borrowing`.

use std::convert::Infallible;

use withal::scope::{Lend, scope_fn};

fn numbers() {
    let _ = scope_fn(async |lend: Lend<&mut Vec<u8>>| {
        let mut bytes = Vec::new();
        let (_, ended) = lend.lend(&mut bytes).await;
        drop(bytes);
        Ok::<_, Infallible>(ended)
    });
}

fn main() {}

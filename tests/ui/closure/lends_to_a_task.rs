// GM-23: the token belongs to its closure, and so does what it lends.
//
// Cure: await the lending in the closure.

use std::convert::Infallible;

use withal::runtime::Spawn;
use withal::scope::{LendMut, Owned, scope_fn_borrowing};

fn numbers(rt: impl Spawn + Send + 'static) {
    let _ = scope_fn_borrowing(async move |lend: LendMut<'_, Owned<u32>>| {
        let number = Box::leak(Box::new(1));
        let ended = rt.spawn(async move { lend.lend(number).await }).await;
        Ok::<_, Infallible>(ended.unwrap())
    });
}

fn main() {}

// GM-23: what is lent has one type. A function for every lifetime is one for `'static` too, but what
// borrows the second must not be given the first.
//
// Cure: name the same type in the closure and for the body.

use std::convert::Infallible;

use withal::runtime::Cleanup;
use withal::scope::{LendMut, Owned, scope_fn_borrowing};
use withal::with_borrowing;

type Wide = for<'a> fn(&'a str);
type Narrow = fn(&'static str);

fn keep(_: &'static str) {}

async fn run(rt: &impl Cleanup) {
    let scope = scope_fn_borrowing(async |lend: LendMut<'_, Owned<Wide>>| {
        let lend: LendMut<'_, Owned<Narrow>> = lend;
        let mut function: Narrow = keep;
        let ended = lend.lend(&mut function).await;
        Ok::<_, Infallible>(ended)
    });
    let _ = with_borrowing(rt, scope, async |function: &mut Wide| {
        function(&String::from("short"));
        Ok::<_, Infallible>(())
    })
    .await;
}

fn main() {}

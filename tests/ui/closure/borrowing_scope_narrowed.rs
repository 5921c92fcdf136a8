// GM-23: what is lent has one type. A function for every lifetime is one for `'static` too, but a body
// that borrows the second could put in one that keeps what the closure gives it.
//
// Cure: name the same type in the closure and for the body.

use std::convert::Infallible;

use withal::runtime::Cleanup;
use withal::scope::{BorrowingScopeFn, LendMut, Owned, scope_fn_borrowing};
use withal::with_borrowing;

type Wide = for<'a> fn(&'a str);
type Narrow = fn(&'static str);

fn keep(_: &'static str) {}

async fn run(rt: &impl Cleanup) {
    let scope = scope_fn_borrowing(async |lend: LendMut<'_, Owned<Wide>>| {
        let mut function: Wide = |_| {};
        let ended = lend.lend(&mut function).await;
        function(&String::from("short"));
        Ok::<_, Infallible>(ended)
    });
    let scope: BorrowingScopeFn<Owned<Narrow>, Infallible> = scope;
    let _ = with_borrowing(rt, scope, async |function: &mut Narrow| {
        *function = keep;
        Ok::<_, Infallible>(())
    })
    .await;
}

fn main() {}

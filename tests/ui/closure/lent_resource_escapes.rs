// GM-23: the body cannot keep what is lent, nor what that borrows.
//
// Cure: return an owned value.

use withal::runtime::Cleanup;
use withal::scope::{ForLt, LendMut, scope_fn_borrowing};
use withal::with_borrowing;

enum Text {}

impl ForLt for Text {
    type Of<'c> = &'c str;
}

async fn run(rt: &impl Cleanup) {
    let scope = scope_fn_borrowing(async |lend: LendMut<'_, Text>| {
        let text = String::from("frame");
        let ended = lend.lend(&mut text.as_str()).await;
        Ok::<_, String>(ended)
    });
    let mut kept = "";
    let _ = with_borrowing(rt, scope, async |text| {
        kept = *text;
        Ok::<_, String>(())
    })
    .await;
    println!("{kept}");
}

fn main() {}

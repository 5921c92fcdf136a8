// AG-20: a body yields while the consumer polls it, and so the yielder stays in there.
//
// Cure: lend `&y` to what is called in the body.

use withal::coroutine;
use withal::coroutine::{Interrupt, Yielder};

fn main() {
    let mut kept = None;
    let _ = coroutine(async |y: Yielder<'_, u8, u8, String>| {
        kept = Some(y);
        Ok::<_, Interrupt<String>>(())
    });
}

// GM-3: the proof comes from lending alone.
//
// Cure: `lend.lend(…).await`.

use std::convert::Infallible;

use withal::scope::{Ended, ExitKind, Lend, scope_fn};

fn numbers() {
    let _ = scope_fn(async |_lend: Lend<u32>| {
        Ok::<_, Infallible>(Ended {
            kind: ExitKind::Completed,
        })
    });
}

fn main() {}

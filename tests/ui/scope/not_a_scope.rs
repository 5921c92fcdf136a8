// A-14, CM-1: what is entered is a scope.
//
// Cure: implement `Scope` for a type that holds the value.

use withal::runtime::Cleanup;
use withal::with;

async fn run(rt: &impl Cleanup) {
    let _ = with(rt, String::new(), async |_| Ok::<_, String>(())).await;
}

fn main() {}

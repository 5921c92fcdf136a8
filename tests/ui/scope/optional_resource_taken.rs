// SM-6: what an optional scope lends cannot be taken out of it, or there would be nothing to exit.
//
// Cure: use it where it is, by `as_mut()`.

use withal::runtime::Cleanup;
use withal::scope::Scope;
use withal::with;

async fn run<S: Scope<Resource = String>>(rt: &impl Cleanup, scope: Option<S>) {
    let _ = with(rt, scope, async |name| Ok::<_, String>(name.take())).await;
}

fn main() {}

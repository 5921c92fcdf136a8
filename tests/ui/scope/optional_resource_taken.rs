// SM-6: what an optional scope lends is no `Option`: it cannot be taken out, or there would be nothing to
// exit.
//
// Cure: use it where it is, by `as_mut()`.

use withal::runtime::Cleanup;
use withal::scope::Scope;
use withal::with;

async fn run<S: Scope<Resource = String>>(rt: &impl Cleanup, scope: Option<S>) {
    let used = with(rt, scope, async |name| {
        if let Some(name) = name {
            name.push('!');
        }
        Ok::<_, String>(())
    });
    let _ = used.await;
}

fn main() {}

// ES-16: an exit cannot add to the stack that it is on.
//
// Cure: a stack of its own in the exit, or plain calls one after the other.

use withal::exit_stack;
use withal::runtime::Cleanup;

async fn run(rt: &impl Cleanup) {
    let _ = exit_stack(rt, async |stack| {
        stack.defer_sync(|| stack.defer_sync(|| println!("later")));
        Ok::<_, String>(())
    })
    .await;
}

fn main() {}

// ES-17, A-8: the stack of a body is ended by the end of the body.
//
// Cure: return, or unwind early by `stack.close()`.

use withal::exit_stack;
use withal::runtime::Cleanup;

async fn run(rt: &impl Cleanup) {
    let _ = exit_stack(rt, async |stack| {
        stack.defer_sync(|| println!("closed"));
        stack.exit(Ok::<_, String>(())).await.unwrap();
        Ok::<_, String>(())
    })
    .await;
}

fn main() {}

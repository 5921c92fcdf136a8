// ES-3: what is not `Send` cannot be put on a stack that may move between threads.
//
// Cure: `exit_stack_local`, or an `Arc`.

use std::rc::Rc;

use withal::exit_stack;
use withal::runtime::Cleanup;

async fn run(rt: &impl Cleanup) {
    let _ = exit_stack(rt, async |stack| {
        let shared = Rc::new(1);
        stack.defer_sync(move || println!("{shared}"));
        Ok::<_, String>(())
    })
    .await;
}

fn main() {}

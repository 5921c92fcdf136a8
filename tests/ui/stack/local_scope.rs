// ES-3, K8: a scope of one thread is for a stack of one thread.
//
// Cure: `exit_stack_local`.

use std::convert::Infallible;
use std::rc::Rc;

use withal::runtime::Cleanup;
use withal::{ExitReason, HandOver, Local, LocalScope, exit_stack};

struct Shared;

impl LocalScope for Shared {
    type Resource = Rc<u32>;
    type Error = Infallible;
    type OnDrop = HandOver;

    async fn enter(&mut self) -> Result<Rc<u32>, Infallible> {
        Ok(Rc::new(1))
    }

    async fn exit(self, _: Rc<u32>, _: ExitReason<'_>) -> Result<(), Infallible> {
        Ok(())
    }
}

async fn run(rt: &impl Cleanup) {
    let _ = exit_stack(rt, async |stack| {
        let shared = stack.enter(Local(Shared)).await.unwrap();
        Ok::<_, String>(**shared)
    })
    .await;
}

fn main() {}

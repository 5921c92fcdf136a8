// ES-2, ES-14: what a stack has lent cannot be pulled away.
//
// Cure: `take` when the resources are not used any more.

use std::convert::Infallible;

use withal::runtime::Cleanup;
use withal::{ExitReason, HandOver, Scope, exit_stack};

struct Buffer;

impl Scope for Buffer {
    type Resource = Vec<u8>;
    type Error = Infallible;
    type OnDrop = HandOver;

    async fn enter(&mut self) -> Result<Vec<u8>, Infallible> {
        Ok(Vec::new())
    }

    async fn exit(self, _: Vec<u8>, _: ExitReason<'_>) -> Result<(), Infallible> {
        Ok(())
    }
}

async fn run(rt: &impl Cleanup) {
    let _ = exit_stack(rt, async |stack| {
        let buffer = stack.enter(Buffer).await.unwrap();
        drop(stack.take());
        buffer.push(1);
        Ok::<_, String>(())
    })
    .await;
}

fn main() {}

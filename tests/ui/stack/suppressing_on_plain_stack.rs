// ES-12, A-6: a stack swallows nothing unless it is one that does.
//
// Cure: `exit_stack_suppressing`, whose value is an `Option`.

use std::convert::Infallible;

use withal::runtime::Cleanup;
use withal::scope::{Failure, Suppress};
use withal::{ExitReason, HandOver, Scope, exit_stack};

struct Optional;

impl Scope for Optional {
    type Resource = ();
    type Error = Infallible;
    type OnDrop = HandOver;

    async fn enter(&mut self) -> Result<(), Infallible> {
        Ok(())
    }

    async fn exit(self, (): (), _: ExitReason<'_>) -> Result<(), Infallible> {
        Ok(())
    }
}

impl Suppress for Optional {
    fn suppresses(&self, _: Failure<'_>) -> bool {
        true
    }
}

async fn run(rt: &impl Cleanup) {
    let _ = exit_stack(rt, async |stack| {
        stack.enter_suppressing(Optional).await.unwrap();
        Ok::<_, String>(())
    })
    .await;
}

fn main() {}

// K5: a guard borrows the runtime's value, which therefore outlives it.
//
// Cure: take the runtime as an argument.

use std::convert::Infallible;

use withal::runtime::NoExecutor;
use withal::scope::Entered;
use withal::{ExitReason, HandOver, Scope, enter_in};

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

async fn enter() -> Entered<'static, NoExecutor, Buffer> {
    let rt = NoExecutor::new();
    enter_in(&rt, Buffer).await.unwrap()
}

fn main() {}

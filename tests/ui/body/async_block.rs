// a body is an async closure. A closure that returns an async block is none: the block would
// have to borrow what the closure was lent.
//
// Cure: `async |_| { … }`.

use std::convert::Infallible;

use withal::runtime::Cleanup;
use withal::{ExitReason, HandOver, Scope, with};

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
    let _ = with(rt, Buffer, |_| async move { Ok::<_, String>(()) }).await;
}

fn main() {}

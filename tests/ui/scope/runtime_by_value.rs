// K5: a scope borrows the runtime's value.
//
// Cure: `&rt`.

use std::convert::Infallible;

use withal::runtime::NoExecutor;
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

async fn run() {
    let rt = NoExecutor::new();
    let _ = with(rt, Buffer, async |_| Ok::<_, String>(())).await;
}

fn main() {}

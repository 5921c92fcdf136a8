// a future that makes a scope is none.
//
// Cure: `buffer().await`.

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

async fn buffer() -> Buffer {
    Buffer
}

async fn run(rt: &impl Cleanup) {
    let _ = with(rt, buffer(), async |_| Ok::<_, String>(())).await;
}

fn main() {}

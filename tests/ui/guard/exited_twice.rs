// GM-18, CM-28, A-8: a second exit cannot be written.
//
// Cure: one `exit`.

use std::convert::Infallible;

use withal::runtime::Cleanup;
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

async fn run(rt: &impl Cleanup) {
    let buffer = enter_in(rt, Buffer).await.unwrap();
    buffer.exit(Ok::<_, String>(())).await.unwrap();
    buffer.exit(Ok::<_, String>(())).await.unwrap();
}

fn main() {}

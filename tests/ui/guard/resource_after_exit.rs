// CM-28, A-8: what is borrowed through a guard does not outlive its exit.
//
// Cure: use it before the exit.

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
    let mut buffer = enter_in(rt, Buffer).await.unwrap();
    let bytes = &mut *buffer;
    buffer.exit(Ok::<_, String>(())).await.unwrap();
    bytes.push(1);
}

fn main() {}

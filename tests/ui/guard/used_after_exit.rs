// CM-28, A-8: `exit` takes the guard by value, so nothing uses the resource afterwards.
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
    buffer.exit(Ok::<_, String>(())).await.unwrap();
    buffer.push(1);
}

fn main() {}

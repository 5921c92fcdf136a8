// a future is no body: it is there before the resource is.
//
// Cure: `async |_| fill().await`.

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

async fn fill() -> Result<(), String> {
    Ok(())
}

async fn run(rt: &impl Cleanup) {
    let _ = with(rt, Buffer, fill()).await;
}

fn main() {}

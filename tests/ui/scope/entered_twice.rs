// CM-26, A-8: a scope is used up by running it.
//
// Cure: make another one, or clone it.

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
    let buffer = Buffer;
    let _ = with(rt, buffer, async |_| Ok::<_, String>(())).await;
    let _ = with(rt, buffer, async |_| Ok::<_, String>(())).await;
}

fn main() {}

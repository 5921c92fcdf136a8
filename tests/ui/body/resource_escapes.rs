// CM-15: the resource is lent for the body; when the scope exits, nobody else holds it.
//
// Cure: do the work in the body, or return an owned value.

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
    let mut kept: Option<&mut Vec<u8>> = None;
    let _ = with(rt, Buffer, async |bytes| {
        kept = Some(bytes);
        Ok::<_, String>(())
    })
    .await;
    drop(kept);
}

fn main() {}

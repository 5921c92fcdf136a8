// as `async_block_with_resource.rs`, after the compiler's advice to name the type. The block
// cannot outlive the call, which is what makes it no body.
//
// Cure: `async |bytes| { … }`.

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
    let _ = with(rt, Buffer, |bytes: &mut Vec<u8>| async move {
        bytes.push(1);
        Ok::<_, String>(())
    })
    .await;
}

fn main() {}

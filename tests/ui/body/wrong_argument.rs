// a body takes a mutable reference to what its scope lends.
//
// Cure: `bytes: &mut Vec<u8>`.

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

async fn body(bytes: &mut String) -> Result<usize, String> {
    Ok(bytes.len())
}

async fn run(rt: &impl Cleanup) {
    let _ = with(rt, Buffer, body).await;
}

fn main() {}

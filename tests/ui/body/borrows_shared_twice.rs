// CM-15: a body borrows what surrounds it, by the rules of any closure.
//
// Cure: read `log` when the scope has been awaited.

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
    let mut log = Vec::new();
    let scope = with(rt, Buffer, async |bytes| {
        log.push(bytes.len());
        Ok::<_, String>(())
    });
    println!("{log:?}");
    let _ = scope.await;
}

fn main() {}

// `?` converts the error, so the compiler cannot guess what a closure's error type is.
//
// Cure: say it once, at the end of the body (`Ok::<_, String>(length)`) or in its head
// (`async |bytes| -> Result<usize, String> { … }`).

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

async fn check(_: &[u8]) -> Result<usize, String> {
    Ok(0)
}

async fn run(rt: &impl Cleanup) -> Result<(), Box<dyn std::error::Error>> {
    with(rt, Buffer, async |bytes| {
        let length = check(bytes).await?;
        Ok(length)
    })
    .await?;
    Ok(())
}

fn main() {}

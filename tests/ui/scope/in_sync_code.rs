// CM-29: a scope is run by an async function; `?` without `.await` runs nothing.
//
// Cure: an `async fn` and `.await?`, or `run` in `main`.

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

fn run(rt: &impl Cleanup) -> Result<(), Box<dyn std::error::Error>> {
    with(rt, Buffer, async |_| Ok::<_, String>(()))?;
    Ok(())
}

fn main() {}

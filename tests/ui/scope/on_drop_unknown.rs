// there are three things that a drop can do.
//
// Cure: `HandOver`, `Synchronous` or `Abandon`.

use std::convert::Infallible;

use withal::{ExitReason, Scope};

struct Later;

struct Buffer;

impl Scope for Buffer {
    type Resource = Vec<u8>;
    type Error = Infallible;
    type OnDrop = Later;

    async fn enter(&mut self) -> Result<Vec<u8>, Infallible> {
        Ok(Vec::new())
    }

    async fn exit(self, _: Vec<u8>, _: ExitReason<'_>) -> Result<(), Infallible> {
        Ok(())
    }
}

fn main() {}

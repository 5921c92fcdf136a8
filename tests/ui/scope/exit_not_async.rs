// CM-4: hooks are asynchronous; an exit that never waits is an `async fn` all the same.
//
// Cure: `async fn exit`, and `type OnDrop = Synchronous` where it never waits.

use std::convert::Infallible;

use withal::{ExitReason, HandOver, Scope};

struct Buffer;

impl Scope for Buffer {
    type Resource = Vec<u8>;
    type Error = Infallible;
    type OnDrop = HandOver;

    async fn enter(&mut self) -> Result<Vec<u8>, Infallible> {
        Ok(Vec::new())
    }

    fn exit(self, _: Vec<u8>, _: ExitReason<'_>) -> Result<(), Infallible> {
        Ok(())
    }
}

fn main() {}

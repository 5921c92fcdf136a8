// CM-4: hooks are asynchronous.
//
// Cure: `async fn enter`.

use std::convert::Infallible;

use withal::{ExitReason, HandOver, Scope};

struct Buffer;

impl Scope for Buffer {
    type Resource = Vec<u8>;
    type Error = Infallible;
    type OnDrop = HandOver;

    fn enter(&mut self) -> Result<Vec<u8>, Infallible> {
        Ok(Vec::new())
    }

    async fn exit(self, _: Vec<u8>, _: ExitReason<'_>) -> Result<(), Infallible> {
        Ok(())
    }
}

fn main() {}

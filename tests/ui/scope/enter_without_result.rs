// CM-4: `enter` says by its `Result` whether the scope is entered.
//
// Cure: `Result<Vec<u8>, Infallible>` where nothing can fail.

use std::convert::Infallible;

use withal::{ExitReason, HandOver, Scope};

struct Buffer;

impl Scope for Buffer {
    type Resource = Vec<u8>;
    type Error = Infallible;
    type OnDrop = HandOver;

    async fn enter(&mut self) -> Vec<u8> {
        Vec::new()
    }

    async fn exit(self, _: Vec<u8>, _: ExitReason<'_>) -> Result<(), Infallible> {
        Ok(())
    }
}

fn main() {}

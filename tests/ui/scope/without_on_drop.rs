// what a drop does is declared, never guessed.
//
// Cure: `type OnDrop = HandOver;`.

use std::convert::Infallible;

use withal::{ExitReason, Scope};

struct Buffer;

impl Scope for Buffer {
    type Resource = Vec<u8>;
    type Error = Infallible;

    async fn enter(&mut self) -> Result<Vec<u8>, Infallible> {
        Ok(Vec::new())
    }

    async fn exit(self, _: Vec<u8>, _: ExitReason<'_>) -> Result<(), Infallible> {
        Ok(())
    }
}

fn main() {}

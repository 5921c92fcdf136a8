// CM-4: `exit` says by its `Result` whether it was clean.
//
// Cure: `Result<(), Infallible>` where nothing can fail.

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

    async fn exit(self, _: Vec<u8>, _: ExitReason<'_>) {}
}

fn main() {}

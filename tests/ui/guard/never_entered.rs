// GM-17: an exit without an enter cannot be written: the guard comes from entering.
//
// Cure: `enter_in(rt, Buffer).await?`.

use std::convert::Infallible;

use withal::runtime::Cleanup;
use withal::{ExitReason, HandOver, Scope, enter_in};

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
    enter_in(rt, Buffer)
        .exit(Ok::<_, String>(()))
        .await
        .unwrap();
}

fn main() {}

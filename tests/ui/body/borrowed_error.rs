// K12: the body's error travels inside the exit, which may look at it, so it borrows nothing.
//
// Cure: an owned error, or `with_unseen_error`.

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

async fn run(rt: &impl Cleanup, name: String) {
    let name = name.as_str();
    let _ = with(rt, Buffer, async |_| Err::<(), &str>(name)).await;
}

fn main() {}

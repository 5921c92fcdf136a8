// CM-29: an async scope is no synchronous guard: it holds nothing before it is entered.
//
// Cure: `enter_in(rt, Buffer).await?`, whose guard dereferences to the resource.

use std::convert::Infallible;
use std::ops::DerefMut;

use withal::{ExitReason, HandOver, Scope};

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

fn fill(mut bytes: impl DerefMut<Target = Vec<u8>>) {
    bytes.push(1);
}

fn run() {
    fill(Buffer);
}

fn main() {}

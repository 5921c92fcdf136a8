// CM-15, K12: as `error_with_a_trait_object.rs`, with the shortest of errors.
//
// Cure: the same.

use std::convert::Infallible;

use withal::runtime::Runtime;
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

fn run(rt: &impl Runtime) {
    let inner = rt.clone();
    let _task = rt.spawn(async move {
        let _ = with(&inner, Buffer, async |_| Err::<(), _>("no")).await;
    });
}

fn main() {}

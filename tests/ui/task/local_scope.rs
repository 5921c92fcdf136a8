// K8, CM-15: a scope of one thread cannot be run by a task that moves.
//
// Cure: a `Scope`, or a task of one thread (`SpawnLocal`).

use std::convert::Infallible;

use withal::runtime::Runtime;
use withal::{ExitReason, HandOver, Local, LocalScope, with};

struct Buffer;

impl LocalScope for Buffer {
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
        let _ = with(&inner, Local(Buffer), async |_| Ok::<_, String>(())).await;
    });
}

fn main() {}

// K2: a task outlives the function that starts it; a scope in it borrows nothing from there.
//
// Cure: run the scope here, without a task: a scope needs none.

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

fn run(rt: &impl Runtime, log: &mut Vec<usize>) {
    let inner = rt.clone();
    let _task = rt.spawn(async move {
        let _ = with(&inner, Buffer, async |bytes| {
            log.push(bytes.len());
            Ok::<_, String>(())
        })
        .await;
    });
}

fn main() {}

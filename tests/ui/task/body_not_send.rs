// CM-15: a scope is `Send` if its parts are; this body is not.
//
// Cure: what is `Send` (`Arc`), or a task of one thread (`SpawnLocal`).

use std::convert::Infallible;
use std::rc::Rc;

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
        let _ = with(&inner, Buffer, async |_| {
            let shared = Rc::new(1);
            std::future::ready(()).await;
            Ok::<_, String>(*shared)
        })
        .await;
    });
}

fn main() {}

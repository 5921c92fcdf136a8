// CM-15, K8: the exit of a `Scope` may move between threads.
//
// Cure: what is `Send` (`Arc`), or `LocalScope`, passed as `Local(scope)`.

use std::convert::Infallible;
use std::rc::Rc;

use withal::{ExitReason, HandOver, Scope};

struct Buffer;

impl Scope for Buffer {
    type Resource = Vec<u8>;
    type Error = Infallible;
    type OnDrop = HandOver;

    async fn enter(&mut self) -> Result<Vec<u8>, Infallible> {
        Ok(Vec::new())
    }

    async fn exit(self, bytes: Vec<u8>, _: ExitReason<'_>) -> Result<(), Infallible> {
        let bytes = Rc::new(bytes);
        std::future::ready(()).await;
        drop(bytes);
        Ok(())
    }
}

fn main() {}

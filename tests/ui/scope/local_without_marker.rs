// K8: a `LocalScope` is marked where it is used.
//
// Cure: `Local(Counter)`.

use std::convert::Infallible;
use std::rc::Rc;

use withal::runtime::Cleanup;
use withal::{ExitReason, HandOver, LocalScope, with};

struct Counter;

impl LocalScope for Counter {
    type Resource = Rc<u32>;
    type Error = Infallible;
    type OnDrop = HandOver;

    async fn enter(&mut self) -> Result<Rc<u32>, Infallible> {
        Ok(Rc::new(0))
    }

    async fn exit(self, _: Rc<u32>, _: ExitReason<'_>) -> Result<(), Infallible> {
        Ok(())
    }
}

async fn run(rt: &impl Cleanup) {
    let _ = with(rt, Counter, async |_| Ok::<_, String>(())).await;
}

fn main() {}

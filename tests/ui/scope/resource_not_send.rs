// CM-15, K8: the exit of a `Scope` may move between threads, and the resource with it.
//
// Cure: what is `Send` (`Arc`), or `LocalScope`, passed as `Local(scope)`.

use std::convert::Infallible;
use std::rc::Rc;

use withal::{ExitReason, HandOver, Scope};

struct Counter;

impl Scope for Counter {
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

fn main() {}

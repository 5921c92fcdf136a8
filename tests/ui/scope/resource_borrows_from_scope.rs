// the resource leaves the scope that made it, so it cannot borrow from it.
//
// Cure: move the value into the resource.

use std::convert::Infallible;

use withal::{Abandon, ExitReason, Scope};

struct Names(Vec<String>);

impl Scope for Names {
    type Resource = &str;
    type Error = Infallible;
    type OnDrop = Abandon;

    async fn enter(&mut self) -> Result<&str, Infallible> {
        Ok(&self.0[0])
    }

    async fn exit(self, _: &str, _: ExitReason<'_>) -> Result<(), Infallible> {
        Ok(())
    }
}

fn main() {}

// A-4, K2: what is handed over outlives the frame it was dropped in, so it borrows nothing.
//
// Cure: own the connection (by `Arc`), or write the scope in closure style, where the frame owns
// everything, or declare `type OnDrop = Abandon`.

use std::convert::Infallible;

use withal::{ExitReason, HandOver, Scope};

struct Transaction<'c>(&'c mut Vec<u8>);

impl<'c> Scope for Transaction<'c> {
    type Resource = ();
    type Error = Infallible;
    type OnDrop = HandOver;

    async fn enter(&mut self) -> Result<(), Infallible> {
        self.0.push(1);
        Ok(())
    }

    async fn exit(self, _: (), _: ExitReason<'_>) -> Result<(), Infallible> {
        self.0.push(2);
        Ok(())
    }
}

fn main() {}

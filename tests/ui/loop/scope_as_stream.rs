// IT-2: a scope is run by `with`; what there is to loop over is what it lends.
//
// Cure: `with(rt, Rows, async |rows| …)`.

use std::convert::Infallible;

use withal::{ExitReason, HandOver, Scope, for_each};

struct Rows;

impl Scope for Rows {
    type Resource = Vec<u32>;
    type Error = Infallible;
    type OnDrop = HandOver;

    async fn enter(&mut self) -> Result<Vec<u32>, Infallible> {
        Ok(vec![1, 2])
    }

    async fn exit(self, _: Vec<u32>, _: ExitReason<'_>) -> Result<(), Infallible> {
        Ok(())
    }
}

async fn run() {
    for_each(Rows, async |n: u32| println!("{n}")).await;
}

fn main() {}

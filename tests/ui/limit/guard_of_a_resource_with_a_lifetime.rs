// CM-28, CM-15: as `resource_with_a_lifetime.rs`, in guard style.
//
// Cure: the same.

use std::convert::Infallible;

use withal::runtime::Runtime;
use withal::{ExitReason, HandOver, Scope, enter_in};

struct Name;

impl Scope for Name {
    type Resource = &'static str;
    type Error = Infallible;
    type OnDrop = HandOver;

    async fn enter(&mut self) -> Result<&'static str, Infallible> {
        Ok("name")
    }

    async fn exit(self, _: &'static str, _: ExitReason<'_>) -> Result<(), Infallible> {
        Ok(())
    }
}

fn run(rt: &impl Runtime) {
    let inner = rt.clone();
    let _task = rt.spawn(async move {
        let name = enter_in(&inner, Name).await.unwrap();
        name.exit(Ok::<_, String>(())).await.unwrap();
    });
}

fn main() {}

// CM-2, CM-15: should compile, and does not. To decide whether a block is `Send`, the compiler forgets
// the lifetimes in it, `'static` included; the body's argument is then no longer known to be the
// resource.
//
// Cure: a struct around the resource, `struct Name(&'static str)`.

use std::convert::Infallible;

use withal::runtime::Runtime;
use withal::{ExitReason, HandOver, Scope, with};

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
        let _ = with(&inner, Name, async |name| Ok::<_, String>(name.len())).await;
    });
}

fn main() {}

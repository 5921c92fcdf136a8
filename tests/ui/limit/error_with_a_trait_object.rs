// CM-15, K12: should compile, and does not. To decide whether a block is `Send`, the compiler forgets
// the lifetimes in it, `'static` included; the error is then no longer known to be `'static`.
//
// Cure: an error type without lifetimes and trait objects, or the scope as `Box::pin(with(…))` in a
// variable of type `Pin<Box<dyn Future<Output = _> + Send + '_>>`, or in a function of its own.

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

type Error = Box<dyn std::error::Error + Send + Sync>;

fn run(rt: &impl Runtime) {
    let inner = rt.clone();
    let _task = rt.spawn(async move {
        let _ = with(&inner, Buffer, async |_| Err::<(), Error>("no".into())).await;
    });
}

fn main() {}

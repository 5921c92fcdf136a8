//! Errors and resources with lifetimes or trait objects, in blocks that must be `Send`.
//!
//! To decide whether a block is `Send`, the compiler forgets the lifetimes in it, `'static` included
//! (rust-lang/rust#110338). So nothing in the scope's struct may need them.

use std::convert::Infallible;
use std::error::Error;

use futures_util::FutureExt;
use withal_core::runtime::NoExecutor;
use withal_core::scope::{Lend, scope_fn};
use withal_core::{ExitReason, HandOver, Scope, enter_in, with};

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

fn run<T>(future: impl Future<Output = T> + Send) -> T {
    future.now_or_never().unwrap()
}

// CM-15, K12
#[test]
fn an_error_may_be_a_static_reference() {
    let ended = run(async {
        let rt = NoExecutor::new();
        with(&rt, Buffer, async |_| Err::<(), &'static str>("no")).await
    });
    assert_eq!(ended.unwrap_err().body(), Some(&"no"));
}

// CM-15, K12
#[test]
fn an_error_may_be_a_boxed_trait_object() {
    type Boxed = Box<dyn Error + Send + Sync>;
    let ended = run(async {
        let rt = NoExecutor::new();
        with(&rt, Buffer, async |_| Err::<(), Boxed>("no".into())).await
    });
    assert_eq!(ended.unwrap_err().to_string(), "no");
}

// CM-2, CM-15
#[test]
fn a_resource_may_be_a_static_reference() {
    let ended = run(async {
        let rt = NoExecutor::new();
        with(&rt, Name, async |name| Ok::<_, String>(name.len())).await
    });
    assert_eq!(ended, Ok(4));
}

// CM-2, CM-28
#[test]
fn a_guard_may_hold_a_static_reference() {
    let ended = run(async {
        let rt = NoExecutor::new();
        let name = enter_in(&rt, Name).await.unwrap();
        let length = name.len();
        name.exit(Ok::<_, String>(length)).await
    });
    assert_eq!(ended, Ok(4));
}

// CM-2, GM-2
#[test]
fn a_closure_may_lend_a_trait_object() {
    let ended = run(async {
        let rt = NoExecutor::new();
        let callback = scope_fn(async |lend: Lend<Box<dyn FnMut() -> u8 + Send>>| {
            let (_, ended) = lend.lend(Box::new(|| 7)).await;
            Ok::<_, String>(ended)
        });
        with(&rt, callback, async |callback| Ok::<_, String>(callback())).await
    });
    assert_eq!(ended, Ok(7));
}

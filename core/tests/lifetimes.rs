//! Errors and resources with lifetimes or trait objects, in blocks that must be `Send`.
//!
//! To decide whether a block is `Send`, the compiler forgets the lifetimes in it, `'static` included
//! (rust-lang/rust#110338). So nothing in the scope's struct may need them: for errors that holds; a
//! resource whose own type has some is put into a struct.

use std::convert::Infallible;
use std::error::Error;

use futures_util::FutureExt;
use withal_core::runtime::NoExecutor;
use withal_core::scope::{Lend, scope_fn};
use withal_core::{ExitReason, HandOver, Scope, with};

/// A bare `&'static str` as the resource would not do: see the compile-fail cases of `limit`.
struct Text(&'static str);

struct Name;

impl Scope for Name {
    type Resource = Text;
    type Error = Infallible;
    type OnDrop = HandOver;

    async fn enter(&mut self) -> Result<Text, Infallible> {
        Ok(Text("name"))
    }

    async fn exit(self, _: Text, _: ExitReason<'_>) -> Result<(), Infallible> {
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
fn a_resource_may_be_a_struct_around_what_has_a_lifetime() {
    let ended = run(async {
        let rt = NoExecutor::new();
        with(&rt, Name, async |name| Ok::<_, String>(name.0.len())).await
    });
    assert_eq!(ended, Ok(4));
}

// CM-2, GM-2
#[test]
fn a_closure_may_lend_a_struct_around_a_trait_object() {
    struct Callback(Box<dyn FnMut() -> u8 + Send>);

    let ended = run(async {
        let rt = NoExecutor::new();
        let callback = scope_fn(async |lend: Lend<Callback>| {
            let (_, ended) = lend.lend(Callback(Box::new(|| 7))).await;
            Ok::<_, String>(ended)
        });
        with(&rt, callback, async |callback| {
            Ok::<_, String>((callback.0)())
        })
        .await
    });
    assert_eq!(ended, Ok(7));
}

//! Errors and resources with lifetimes or trait objects, in blocks that must be `Send`.
//!
//! To decide whether a block is `Send`, the compiler forgets the lifetimes in it, `'static` included
//! (rust-lang/rust#110338). So nothing in the scope's struct may need them.

use std::convert::Infallible;
use std::error::Error;
use std::future::ready;
use std::pin::pin;
use std::str::Split;

use futures_util::{FutureExt, StreamExt};
use withal_core::runtime::NoExecutor;
use withal_core::scope::{Lend, scope_fn};
use withal_core::{Abandon, ExitReason, HandOver, Scope, await_cleanup, enter_in, generator, with};

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

/// Both the scope and what it lends borrow.
struct Words<'t>(&'t str);

impl<'t> Scope for Words<'t> {
    type Resource = Split<'t, char>;
    type Error = Infallible;
    type OnDrop = Abandon;

    async fn enter(&mut self) -> Result<Split<'t, char>, Infallible> {
        Ok(self.0.split(' '))
    }

    async fn exit(self, _: Split<'t, char>, _: ExitReason<'_>) -> Result<(), Infallible> {
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

// CM-2, CM-15, CM-28
#[test]
fn a_resource_may_be_a_static_reference() {
    let ended = run(async {
        let rt = NoExecutor::new();
        with(&rt, Name, async |name| Ok::<_, String>(name.len())).await
    });
    assert_eq!(ended, Ok(4));
    let ended = run(async {
        let rt = NoExecutor::new();
        let name = enter_in(&rt, Name).await.unwrap();
        let length = name.len();
        name.exit(Ok::<_, String>(length)).await
    });
    assert_eq!(ended, Ok(4));
}

// CM-2, CM-15
#[test]
fn a_scope_and_its_resource_may_borrow_from_the_task() {
    let ended = run(async {
        let rt = NoExecutor::new();
        let text = String::from("a bc");
        let mut seen = Vec::new();
        let words = with(&rt, Words(&text), async |words| {
            for word in words {
                ready(()).await;
                seen.push(word);
            }
            Ok::<_, String>(())
        });
        words.await.map(|()| seen.concat())
    });
    assert_eq!(ended, Ok("abc".to_owned()));
}

// CM-2, CM-15: a combinator around a scope whose own type borrows takes it boxed.
#[test]
fn a_borrowing_scope_goes_into_a_combinator_boxed() {
    let ended = run(async {
        let rt = NoExecutor::new();
        let text = String::from("a bc");
        let words = with(&rt, Words(&text), async |words| {
            Ok::<_, String>(words.count())
        });
        await_cleanup(words.boxed()).await
    });
    assert_eq!(ended, Ok(2));
}

// AG-20, CM-15
#[test]
fn it_may_stand_in_a_generator() {
    let first = run(async {
        let rt = NoExecutor::new();
        let text = String::from("a bc");
        let words = generator(async |y| {
            let lent = with(&rt, Words(&text), async |words| {
                for word in words {
                    y.yield_(word).await;
                }
                Ok::<_, Infallible>(())
            });
            lent.await.unwrap();
        });
        let mut words = pin!(words);
        await_cleanup(words.next()).await.map(str::to_owned)
    });
    assert_eq!(first.as_deref(), Some("a"));
}

// CM-15, GM-16: what a closure captures may be a static reference, also where its scope is inside of
// another one.
#[test]
fn a_closure_may_capture_a_static_reference() {
    let ended = run(async {
        let rt = NoExecutor::new();
        let named = |name: &'static str| {
            scope_fn(async move |lend: Lend<String>| {
                let (_, ended) = lend.lend(name.to_owned()).await;
                Ok::<_, Infallible>(ended)
            })
        };
        let outer = with(&rt, named("a"), async |a| {
            let inner = with(&rt, named("b"), async |b| {
                b.push_str(a);
                Ok::<_, Infallible>(b.clone())
            });
            Ok::<_, Infallible>(inner.await.unwrap())
        });
        await_cleanup(outer).await.unwrap()
    });
    assert_eq!(ended, "ba");
}

// CM-2, GM-2: what a closure lends is put into a struct, where it is a trait object.
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

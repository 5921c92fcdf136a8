//! What stays on its thread: bodies, and scopes.

#![cfg(feature = "std")]

mod common;

use std::cell::RefCell;
use std::convert::Infallible;
use std::rc::Rc;

use common::{Numbered, now};
use withal_core::runtime::NoExecutor;
use withal_core::scope::{Lend, Suppress, scope_fn_local};
use withal_core::{
    ExitReason, HandOver, Local, LocalScope, await_cleanup, enter_in, with, with_suppressing,
};

// CM-15: the body of a `Send` scope need not be.
#[test]
fn a_body_holds_what_is_not_send() {
    let rt = NoExecutor::new();
    let shared = Rc::new(RefCell::new(Vec::new()));
    let value = now(with(&rt, Numbered::new(1), async |number| {
        let mine = shared.clone();
        std::future::ready(()).await;
        mine.borrow_mut().push(*number);
        Ok::<_, String>(mine)
    }))
    .unwrap();
    assert_eq!(*value.borrow(), [1]);
}

/// Shares its resource with whoever is on this thread.
#[derive(Clone, Default)]
struct Shared(Rc<RefCell<Vec<&'static str>>>);

impl LocalScope for Shared {
    type Resource = Rc<RefCell<Vec<&'static str>>>;
    type Error = Infallible;
    type OnDrop = HandOver;

    async fn enter(&mut self) -> Result<Self::Resource, Infallible> {
        self.0.borrow_mut().push("enter");
        Ok(self.0.clone())
    }

    async fn exit(self, events: Self::Resource, _: ExitReason<'_>) -> Result<(), Infallible> {
        let events = events.clone();
        std::future::ready(()).await;
        events.borrow_mut().push("exit");
        Ok(())
    }
}

impl Suppress for Shared {
    fn suppresses(&self, _: withal_core::scope::Failure<'_>) -> bool {
        true
    }
}

// K8, CM-15
#[test]
fn a_scope_of_one_thread() {
    let rt = NoExecutor::new();
    let shared = Shared::default();
    now(with(&rt, Local(shared.clone()), async |events| {
        events.borrow_mut().push("body");
        Ok::<_, String>(())
    }))
    .unwrap();
    assert_eq!(*shared.0.borrow(), ["enter", "body", "exit"]);
}

// K8, CM-28
#[test]
fn a_guard_of_one_thread() {
    let rt = NoExecutor::new();
    let shared = Shared::default();
    now(async {
        let guard = enter_in(&rt, Local(shared.clone())).await.unwrap();
        guard.borrow_mut().push("body");
        guard.exit(Ok::<_, String>(())).await.unwrap();
    });
    assert_eq!(*shared.0.borrow(), ["enter", "body", "exit"]);
}

// K8, A-6
#[test]
fn a_scope_of_one_thread_suppresses() {
    let rt = NoExecutor::new();
    let result = now(with_suppressing(
        &rt,
        Local(Shared::default()),
        async |_| Err::<(), _>("no"),
    ));
    assert!(matches!(result, Ok(None)));
}

// K8, CM-15
#[test]
fn scopes_of_both_kinds_nest() {
    let rt = NoExecutor::new();
    let shared = Shared::default();
    let value = now(with(&rt, Numbered::new(1), async |number| {
        let inner = with(&rt, Local(shared.clone()), async |events| {
            let deepest = with(&rt, Numbered::new(2), async |inner| Ok::<_, String>(*inner)).await;
            events.borrow_mut().push("body");
            deepest.map_err(|error| error.to_string())
        });
        let inner = inner.await.map_err(|error| error.to_string())?;
        Ok::<_, String>(*number + inner)
    }));
    assert_eq!(value, Ok(3));
    assert_eq!(*shared.0.borrow(), ["enter", "body", "exit"]);
}

// K8, GM-5
#[test]
fn a_closure_scope_of_one_thread() {
    let rt = NoExecutor::new();
    let events = Rc::new(RefCell::new(Vec::new()));
    let inner = events.clone();
    let scope = scope_fn_local(async move |lend: Lend<Rc<u32>>| {
        let (number, ended) = lend.lend(Rc::new(1)).await;
        inner.borrow_mut().push(*number);
        Ok::<_, Infallible>(ended)
    });
    now(with(&rt, Local(scope), async |number| {
        *number = Rc::new(2);
        Ok::<_, String>(())
    }))
    .unwrap();
    assert_eq!(*events.borrow(), [2]);
}

// K8: a combinator waits for local cleanups where it says so, and is then local itself.
#[test]
fn a_local_combinator_holds_a_local_scope() {
    let rt = NoExecutor::new();
    let shared = Shared::default();
    let scope = with(&rt, Local(shared.clone()), async |_| Ok::<_, String>(()));
    now(await_cleanup(scope).local()).unwrap();
    assert_eq!(*shared.0.borrow(), ["enter", "exit"]);
}

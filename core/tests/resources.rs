//! What a scope can lend, and what it can hold.

#![cfg(feature = "std")]

mod common;

use std::convert::Infallible;

use common::{Numbered, now, send};
use withal_core::runtime::NoExecutor;
use withal_core::scope::Abandoned;
use withal_core::{Abandon, ExitReason, HandOver, Scope, Synchronous, enter_in, with};

/// Commits to what it borrows.
struct Transaction<'c> {
    committed: &'c mut Vec<u32>,
}

impl<'c> Scope for Transaction<'c> {
    type Resource = Vec<u32>;
    type Error = Infallible;
    type OnDrop = Abandon;

    async fn enter(&mut self) -> Result<Vec<u32>, Infallible> {
        Ok(Vec::new())
    }

    async fn exit(self, rows: Vec<u32>, reason: ExitReason<'_>) -> Result<(), Infallible> {
        if reason.is_completed() {
            self.committed.extend(rows);
        }
        Ok(())
    }

    fn abandon(self, _: Vec<u32>) -> Abandoned {
        Abandoned::Released
    }
}

// CM-2, CM-15
#[test]
fn a_scope_borrows() {
    let rt = NoExecutor::new();
    let mut committed = vec![1];
    now(send(async {
        let transaction = Transaction {
            committed: &mut committed,
        };
        with(&rt, transaction, async |rows| {
            rows.push(2);
            Ok::<_, String>(())
        })
        .await
        .unwrap();
    }));
    assert_eq!(committed, [1, 2]);
}

/// Lends a part of what it borrows.
struct FirstWord<'t>(&'t str);

impl<'t> Scope for FirstWord<'t> {
    type Resource = &'t str;
    type Error = Infallible;
    type OnDrop = Abandon;

    async fn enter(&mut self) -> Result<&'t str, Infallible> {
        Ok(self.0.split(' ').next().unwrap_or_default())
    }

    async fn exit(self, _: &'t str, _: ExitReason<'_>) -> Result<(), Infallible> {
        Ok(())
    }
}

// CM-2, CM-15: what the resource refers to may leave the body, if it outlives the scope.
#[test]
fn a_resource_has_a_lifetime() {
    let rt = NoExecutor::new();
    let text = String::from("hello world");
    let word = now(send(with(&rt, FirstWord(&text), async |word| {
        Ok::<_, String>(*word)
    })));
    assert_eq!(word.unwrap(), "hello");
}

// CM-2, CM-15
#[test]
fn a_resource_has_a_lifetime_in_a_send_block() {
    let rt = NoExecutor::new();
    let text = String::from("hello world");
    let word = now(send(async {
        let scope = with(&rt, FirstWord(&text), async |word| Ok::<_, String>(*word));
        scope.await.unwrap()
    }));
    assert_eq!(word, "hello");
}

// CM-2, CM-28
#[test]
fn a_guard_dereferences_to_a_resource_with_a_lifetime() {
    let rt = NoExecutor::new();
    let text = String::from("hello world");
    now(async {
        let guard = enter_in(&rt, FirstWord(&text)).await.unwrap();
        let word: &str = &guard;
        assert_eq!(word.len(), 5);
        guard.exit(Ok::<_, String>(())).await.unwrap();
    });
}

// CM-15, CM-2: an inner scope borrows what an outer one lends.
#[test]
fn a_scope_borrows_the_resource_around_it() {
    let rt = NoExecutor::new();
    let mut committed = Vec::new();
    now(send(async {
        let transaction = Transaction {
            committed: &mut committed,
        };
        with(&rt, transaction, async |rows| {
            let savepoint = Transaction { committed: rows };
            with(&rt, savepoint, async |inner| {
                inner.push(1);
                Ok::<_, String>(())
            })
            .await
            .map_err(|error| error.to_string())
        })
        .await
        .unwrap();
    }));
    assert_eq!(committed, [1]);
}

/// Exits at once.
struct Permit<'a>(std::marker::PhantomData<&'a ()>);

impl Scope for Permit<'static> {
    type Resource = ();
    type Error = Infallible;
    type OnDrop = Synchronous;

    async fn enter(&mut self) -> Result<(), Infallible> {
        Ok(())
    }

    async fn exit(self, (): (), _: ExitReason<'_>) -> Result<(), Infallible> {
        Ok(())
    }
}

// CM-2: a body that has no use for the resource ignores it.
#[test]
fn a_scope_lends_nothing() {
    let rt = NoExecutor::new();
    let permit = Permit(std::marker::PhantomData);
    let value = now(send(with(&rt, permit, async |()| Ok::<_, String>(1))));
    assert_eq!(value.unwrap(), 1);
}

/// Lends a scope.
struct Outer;

impl Scope for Outer {
    type Resource = Option<Numbered>;
    type Error = Infallible;
    type OnDrop = HandOver;

    async fn enter(&mut self) -> Result<Option<Numbered>, Infallible> {
        Ok(Some(Numbered::new(7)))
    }

    async fn exit(self, _: Option<Numbered>, _: ExitReason<'_>) -> Result<(), Infallible> {
        Ok(())
    }
}

// CM-2, CM-26
#[test]
fn a_resource_is_a_scope_itself() {
    let rt = NoExecutor::new();
    let value = now(with(&rt, Outer, async |inner| {
        let inner = inner.take().ok_or("taken already")?;
        with(&rt, inner, async |number| Ok::<_, String>(*number))
            .await
            .map_err(|_| "inner failed")
    }));
    assert_eq!(value.unwrap(), 7);
}

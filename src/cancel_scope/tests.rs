//! Cancel scopes in tasks of a multi-threaded runtime, and on one thread: that these compile is half
//! of the test.

use std::cell::Cell;
use std::future::Future;
use std::rc::Rc;
use std::time::Duration;

use crate::runtime::Timer;
use crate::{CancelScope, CancelToken, cancel_scope, timeout};

/// A clock that stands still, so that nothing is ever due.
#[derive(Clone, Copy, Debug)]
struct Stopped;

impl Timer for Stopped {
    type Instant = Duration;
    type Sleep = std::future::Pending<()>;

    fn now(&self) -> Duration {
        Duration::ZERO
    }

    fn deadline(&self, timeout: Duration) -> Duration {
        timeout
    }

    fn elapsed(&self, earlier: Duration, later: Duration) -> Duration {
        later.saturating_sub(earlier)
    }

    fn sleep_until(&self, _: Duration) -> std::future::Pending<()> {
        std::future::pending()
    }
}

fn spawned<T: Send + 'static>(task: impl Future<Output = T> + Send + 'static) -> T {
    let owner = tokio::runtime::Runtime::new().unwrap();
    owner.block_on(async { tokio::spawn(task).await.unwrap() })
}

/// Gives `word` back, later.
async fn later(word: &str) -> &str {
    tokio::task::yield_now().await;
    word
}

// CS-1, CM-15
#[test]
fn a_body_that_borrows_is_spawned() {
    let length = spawned(async {
        let (words, mut seen) = ([String::from("with"), String::from("all")], 0);
        let end = cancel_scope(&Stopped, async |scope: CancelScope<Stopped>| {
            let mut last = "";
            for word in &words {
                last = later(word).await;
                seen += last.len();
            }
            scope.token().check().map(|()| last)
        });
        let last = end.await.into_result().unwrap().unwrap();
        last.len() + seen
    });
    assert_eq!(length, 10);
}

// CS-1, CM-15
#[test]
fn scopes_in_scopes_and_timeouts_are_spawned() {
    let text = spawned(async {
        let (word, token) = (String::from("nested"), CancelToken::new());
        let outer = cancel_scope(&Stopped, async |outer: CancelScope<Stopped>| {
            let inner = cancel_scope(&Stopped, async |_| later(&word).await);
            let inner = inner.parent(&outer).timeout(Duration::from_secs(1));
            let inner = timeout(&Stopped, Duration::MAX, inner).await.unwrap();
            token
                .run_until_cancelled(async { inner.ok().unwrap().len() })
                .await
        });
        let outer = outer.parent(&token).await;
        outer.ok().unwrap().unwrap()
    });
    assert_eq!(text, 6);
}

// CS-1: handles go into tasks of their own.
#[test]
fn a_handle_is_spawned() {
    let caught = spawned(async {
        let end = cancel_scope(&Stopped, async |scope: CancelScope<Stopped>| {
            tokio::spawn(async move { scope.cancel_with("from a task") });
            std::future::pending::<()>().await;
        });
        end.await.reason().cloned()
    });
    assert_eq!(caught, Some("from a task".into()));
}

// CS-1: a body that stays on its thread, in either form.
#[test]
fn a_body_of_one_thread_is_run_there() {
    let count = Rc::new(Cell::new(0));
    let counts = async |_: CancelScope<Stopped>| {
        count.set(count.get() + 1);
        let held = Rc::clone(&count);
        tokio::task::yield_now().await;
        held.get()
    };
    let owner = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    owner.block_on(async {
        assert_eq!(cancel_scope(&Stopped, counts).await.ok(), Some(1));
        assert_eq!(cancel_scope(&Stopped, counts).local().await.ok(), Some(2));
    });
}

// CS-2
#[test]
fn a_long_chain_of_parents_is_dropped_without_recursion() {
    let mut last = cancel_scope(&Stopped, async |_| ()).handle();
    let first = last.clone();
    for _ in 0..100_000 {
        last = cancel_scope(&Stopped, async |_| ()).parent(last).handle();
    }
    assert!(!last.cancel_called());
    first.token().cancel();
    assert!(last.cancel_called());
    drop(first);
    drop(last);
}

const _: () = {
    const fn send_sync_unpin<T: Send + Sync + Unpin>() {}
    send_sync_unpin::<CancelScope<Stopped>>();
    send_sync_unpin::<crate::ScopeEnd<u8>>();
};

//! Futures that run until a token is cancelled.

use alloc::boxed::Box;
use alloc::rc::Rc;
use core::future::{pending, poll_fn, ready};
use core::task::Poll;

use withal_core::runtime::NoExecutor;
use withal_core::{ExitReason, HandOver, Scope, with};

use crate::event::Event;
use crate::tests::{Task, now, panics};
use crate::{CancelToken, Latch};
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use core::convert::Infallible;
use std::sync::Mutex;

/// A scope whose exit waits for a latch, and notes its reason.
struct Exits {
    may: Arc<Latch>,
    noted: Arc<Mutex<String>>,
}

impl Scope for Exits {
    type Resource = ();
    type Error = Infallible;
    type OnDrop = HandOver;

    async fn enter(&mut self) -> Result<(), Infallible> {
        Ok(())
    }

    async fn exit(self, (): (), reason: ExitReason<'_>) -> Result<(), Infallible> {
        let reason = reason.kind().to_string();
        self.may.wait().await;
        *self.noted.lock().unwrap() = reason;
        Ok(())
    }
}

// TC-1, CS-2
#[test]
fn it_is_polled_first_and_wins_a_tie() {
    let token = CancelToken::new();
    token.cancel_with("before");
    assert_eq!(now(token.run_until_cancelled(ready(1))), Ok(1));
    let mut polls = 0;
    let stuck = poll_fn(|_| {
        polls += 1;
        Poll::<()>::Pending
    });
    let ended = now(token.run_until_cancelled(stuck));
    assert_eq!(ended.unwrap_err().reason.text(), Some("before"));
    assert_eq!(polls, 1);
}

// TC-1, CS-2
#[test]
fn it_is_woken_and_cancelled_by_its_token() {
    let (parent, event) = (CancelToken::new(), Event::new());
    let token = parent.child();
    let mut runs = Task::waiting(token.run_until_cancelled(async {
        let event: &Event = &event;
        event.wait().await;
    }));
    assert_eq!(event.waiting(), 1);
    parent.cancel_with("from above");
    assert!(runs.woken());
    let cancelled = runs.ready().unwrap_err();
    assert_eq!(cancelled.reason, "from above".into());
    assert_eq!(event.waiting(), 0, "it was dropped");
}

// CS-7, K1
#[test]
fn it_waits_for_the_cleanup() {
    let (token, rt) = (CancelToken::new(), NoExecutor::new());
    let (may, noted) = (Arc::new(Latch::new()), Arc::<Mutex<String>>::default());
    let scope = Exits {
        may: may.clone(),
        noted: noted.clone(),
    };
    let mut runs = Task::waiting(token.run_until_cancelled(with(&rt, scope, async |()| {
        pending::<Result<(), Infallible>>().await
    })));
    token.cancel();
    assert!(runs.poll().is_pending(), "the exit waits");
    may.open();
    assert!(runs.ready().is_err());
    assert_eq!(*noted.lock().unwrap(), "cancelled");
}

// CS-7, K10
#[test]
fn an_exit_in_progress_ends_and_its_value_counts() {
    let (token, rt) = (CancelToken::new(), NoExecutor::new());
    let (may, noted) = (Arc::new(Latch::new()), Arc::<Mutex<String>>::default());
    let scope = Exits {
        may: may.clone(),
        noted: noted.clone(),
    };
    let mut runs = Task::waiting(
        token.run_until_cancelled(with(&rt, scope, async |()| Ok::<_, Infallible>(7))),
    );
    token.cancel();
    assert!(runs.poll().is_pending(), "the exit goes on");
    may.open();
    assert_eq!(runs.ready(), Ok(Ok(7)));
    assert_eq!(*noted.lock().unwrap(), "completed");
}

// K11
#[test]
fn its_panic_goes_on() {
    let token = CancelToken::new();
    assert!(panics(|| now(token.run_until_cancelled(async {
        std::panic::panic_any("the future")
    }))));
    let mut runs = Task::new(token.run_until_cancelled(ready(())));
    assert_eq!(runs.ready(), Ok(()));
    assert!(panics(|| runs.poll()), "it has ended");
}

// CS-2
#[test]
fn dropped_at_any_point_it_leaves_the_queue() {
    let token = CancelToken::new();
    drop(Task::new(token.run_until_cancelled(pending::<()>())));
    let waits = Task::waiting(token.run_until_cancelled(pending::<()>()));
    assert!(!waits.drop_and_look());
    let woken = Task::waiting(token.run_until_cancelled(pending::<()>()));
    token.cancel();
    assert!(woken.woken() && !woken.drop_and_look());
}

// CS-2: its parts may stay on one thread, or go anywhere.
#[test]
fn it_is_send_when_what_it_runs_is() {
    fn send<T: Send>(future: T) -> T {
        future
    }
    let token = CancelToken::new();
    let name = String::from("borrowed");
    let runs = async {
        let name = name.as_str();
        token.run_until_cancelled(async { name.len() }).await
    };
    assert_eq!(now(send(Box::pin(runs))), Ok(8));
    let local = Rc::new(1);
    assert_eq!(
        now(token.run_until_cancelled(async { *local }).local()),
        Ok(1)
    );
}

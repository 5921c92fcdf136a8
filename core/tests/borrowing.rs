//! What a closure scope can lend that borrows from its frame: programs as people write them, on many
//! threads and on one. That they compile is half of the test.

#![cfg(feature = "std")]

mod common;

use std::convert::Infallible;
use std::fmt::Debug;
use std::future::Future;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::thread;

use common::{Numbered, Trace, drive, now, send, yield_now};
use withal_core::runtime::{Cleanup, NoExecutor};
use withal_core::scope::{
    Ended, ForLt, LendMut, Local, Owned, ScopeError, scope_fn_borrowing, scope_fn_borrowing_local,
};
use withal_core::{Scope, await_cleanup, with, with_borrowing};

/// As a runtime with several threads does: the future moves to another one.
fn spawn<F: Future<Output: Send> + Send + 'static>(future: F) -> F::Output {
    thread::spawn(|| drive(future)).join().unwrap()
}

#[derive(Clone, Debug, Default)]
struct Connection {
    log: Arc<Mutex<Vec<String>>>,
}

#[derive(Debug)]
struct DbError;

impl Connection {
    async fn begin(&mut self) -> Result<Transaction<'_>, DbError> {
        yield_now().await;
        self.push("begin");
        Ok(Transaction { connection: self })
    }

    fn push(&self, event: impl Into<String>) {
        self.log.lock().unwrap().push(event.into());
    }

    fn said(&self) -> String {
        self.log.lock().unwrap().join(" ")
    }
}

struct Transaction<'c> {
    connection: &'c mut Connection,
}

impl Transaction<'_> {
    async fn execute(&mut self, text: &str) -> Result<usize, DbError> {
        yield_now().await;
        self.connection.push(text);
        Ok(text.len())
    }

    async fn commit(self) -> Result<(), DbError> {
        yield_now().await;
        self.connection.push("commit");
        Ok(())
    }

    async fn roll_back(self) -> Result<(), DbError> {
        yield_now().await;
        self.connection.push("roll back");
        Ok(())
    }
}

enum Lent {}

impl ForLt for Lent {
    type Of<'c> = Transaction<'c>;
}

async fn transacted(mut connection: Connection, lend: LendMut<'_, Lent>) -> Result<Ended, DbError> {
    let mut transaction = connection.begin().await?;
    let ended = lend.lend(&mut transaction).await;
    if ended.is_completed() {
        transaction.commit().await?;
    } else {
        transaction.roll_back().await?;
    }
    connection.push(format!("back: {}", ended.kind()));
    Ok(ended)
}

// GM-23, GM-2, GM-5, CM-15
#[test]
fn a_frame_lends_a_transaction_that_borrows_its_connection() {
    let connection = Connection::default();
    let own = connection.clone();
    let length = spawn(async move {
        let rt = NoExecutor::new();
        let text = String::from("insert");
        let line = text.as_str();
        let scope =
            scope_fn_borrowing(async move |lend: LendMut<'_, Lent>| transacted(own, lend).await);
        let ended = with_borrowing(&rt, scope, async |transaction| {
            let length = transaction.execute(line).await?;
            yield_now().await;
            Ok::<_, DbError>(length + line.len())
        });
        ended.await.unwrap()
    });
    assert_eq!(length, 12);
    assert_eq!(connection.said(), "begin insert commit back: completed");
}

// GM-23, GM-7, GM-12
#[test]
fn a_body_that_fails_is_told_to_the_frame() {
    let connection = Connection::default();
    let own = connection.clone();
    let scope =
        scope_fn_borrowing(async move |lend: LendMut<'_, Lent>| transacted(own, lend).await);
    let rt = NoExecutor::new();
    let ended = with_borrowing(&rt, scope, async |transaction: &mut Transaction<'_>| {
        transaction.execute("insert").await.unwrap();
        Err::<(), _>("no")
    });
    let ended = drive(send(ended));
    assert!(matches!(ended, Err(ScopeError::Body("no"))), "{ended:?}");
    assert_eq!(connection.said(), "begin insert roll back back: failed");
}

// GM-23, CM-26: a function that makes one, generic over what its caller does.
#[test]
fn a_function_returns_one_and_another_runs_it() {
    fn counter(log: &Trace) -> impl Scope<Error = Infallible, Resource: Debug> {
        let log = log.clone();
        scope_fn_borrowing(async move |lend: LendMut<'_, Owned<u32>>| {
            let mut frame = [1, 2, 3];
            let ended = lend.lend(&mut frame[1]).await;
            log.push(format!("{frame:?}"));
            Ok::<_, Infallible>(ended)
        })
    }
    async fn run<R: Cleanup>(rt: &R, log: &Trace) -> u32 {
        let log = log.clone();
        let scope = scope_fn_borrowing(async move |lend: LendMut<'_, Owned<u32>>| {
            let mut frame = [1, 2, 3];
            let ended = lend.lend(&mut frame[1]).await;
            log.push(format!("{frame:?}"));
            Ok::<_, Infallible>(ended)
        });
        let value = with_borrowing(rt, scope, async |number| {
            *number += 40;
            Ok::<_, Infallible>(*number)
        });
        value.await.unwrap()
    }
    let (rt, log) = (NoExecutor::new(), Trace::default());
    assert_eq!(now(send(run(&rt, &log))), 42);
    assert_eq!(log.take(), "[1, 42, 3]");
    // Run by `with`, its resource is opaque, and its body sees nothing of the frame's.
    let ended = with(&rt, counter(&log), async |frame| {
        Ok::<_, Infallible>(format!("{frame:?}"))
    });
    assert_eq!(now(ended).unwrap(), "Frame { .. }");
    assert_eq!(log.take(), "[1, 2, 3]");
}

// GM-23: what is lent may itself be a reference.
#[test]
fn a_reference_and_a_trait_object_may_be_lent() {
    enum Text {}

    impl ForLt for Text {
        type Of<'c> = &'c str;
    }

    enum Callback {}

    impl ForLt for Callback {
        type Of<'c> = &'c mut (dyn FnMut(&str) + Send);
    }

    let found = spawn(async {
        let rt = NoExecutor::new();
        let words = scope_fn_borrowing(async |lend: LendMut<'_, Text>| {
            let text = String::from("a bc");
            let ended = lend.lend(&mut text.as_str()).await;
            Ok::<_, Infallible>(ended)
        });
        let found = with_borrowing(&rt, words, async |text| {
            yield_now().await;
            Ok::<_, Infallible>(text.split(' ').map(str::len).collect::<Vec<_>>())
        });
        found.await.unwrap()
    });
    assert_eq!(found, [1, 2]);
    let heard = spawn(async {
        let rt = NoExecutor::new();
        let (send, heard) = std::sync::mpsc::channel();
        let scope = scope_fn_borrowing(async move |lend: LendMut<'_, Callback>| {
            let mut count = 0;
            let mut say = |word: &str| {
                count += 1;
                send.send(format!("{word}{count}")).unwrap();
            };
            let ended = lend.lend(&mut (&mut say as _)).await;
            Ok::<_, Infallible>(ended)
        });
        let ended = with_borrowing(&rt, scope, async |say| {
            say("a");
            yield_now().await;
            say("b");
            Ok::<_, Infallible>(())
        });
        ended.await.unwrap();
        heard.iter().collect::<Vec<_>>()
    });
    assert_eq!(heard, ["a1", "b2"]);
}

// GM-23, CM-15, K8
#[test]
fn it_may_stay_on_its_thread() {
    let rt = NoExecutor::new();
    let shared = Rc::new(5);
    // The frame may be sent, and its body not.
    let scope = scope_fn_borrowing(async |lend: LendMut<'_, Owned<i32>>| {
        let mut number = 1;
        let ended = lend.lend(&mut number).await;
        Ok::<_, Infallible>(ended)
    });
    let value = with_borrowing(&rt, scope, async |number| {
        let mine = shared.clone();
        yield_now().await;
        *number += *mine;
        Ok::<_, Infallible>((*number, mine))
    });
    assert_eq!(drive(value).unwrap(), (6, shared.clone()));
    // Neither.
    let own = shared.clone();
    let scope = scope_fn_borrowing_local(async move |lend: LendMut<'_, Owned<Rc<i32>>>| {
        let mut mine = own;
        let ended = lend.lend(&mut mine).await;
        assert_eq!(*mine, 6);
        Ok::<_, Infallible>(ended)
    });
    let value = with_borrowing(&rt, Local(scope), async |mine| {
        yield_now().await;
        *mine = Rc::new(**mine + 1);
        Ok::<_, Infallible>(())
    });
    drive(value).unwrap();
}

// GM-24, CM-31, K1
#[test]
fn they_nest_in_one_another_and_in_combinators() {
    let log = spawn(async {
        let (rt, log) = (NoExecutor::new(), Trace::default());
        let layered = |name: &'static str| {
            let log = log.clone();
            scope_fn_borrowing(async move |lend: LendMut<'_, Owned<String>>| {
                let inside = Numbered::traced(1, &log);
                let ended = with(&rt, inside, async |_| {
                    let mut frame = name.to_owned();
                    let ended = lend.lend(&mut frame).await;
                    log.push(frame);
                    Ok::<_, Infallible>(ended)
                });
                Ok::<_, Infallible>(ended.await.unwrap())
            })
        };
        let outer = with_borrowing(&rt, layered("a"), async |a| {
            let inner = with_borrowing(&rt, layered("b"), async |b| {
                yield_now().await;
                a.push_str(b);
                b.push('!');
                Ok::<_, Infallible>(())
            });
            await_cleanup(inner).await.unwrap();
            a.push('.');
            Ok::<_, Infallible>(())
        });
        await_cleanup(outer).await.unwrap();
        log.take()
    });
    assert_eq!(log, "+1 +1 b! -1 ab. -1");
}

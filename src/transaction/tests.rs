//! What is seen from inside, and what compiles. What transactions promise is tested with the kit, on
//! every runtime.

use std::cell::RefCell;
use std::convert::Infallible;
use std::fmt::Error;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};

use futures_util::FutureExt as _;

use super::slot::Slot;
use super::{Level, LocalTransact, Transact, transaction};
use crate::runtime::NoExecutor;
use crate::scope::Local;
use crate::sync::Mutex;
use crate::{enter_in, with};

/// A client that tells what is called.
#[derive(Debug, Default)]
struct Calls(String);

impl Calls {
    fn call(&mut self, call: char, level: Level) {
        self.0.push(call);
        if let Level::Savepoint(n) = level {
            self.0 += &n.to_string();
        }
    }
}

impl Transact for Calls {
    type Error = Infallible;

    async fn begin(&mut self, level: Level) -> Result<(), Infallible> {
        self.call('b', level);
        Ok(())
    }

    async fn commit(&mut self, level: Level) -> Result<(), Infallible> {
        self.call('c', level);
        Ok(())
    }

    async fn roll_back(&mut self, level: Level) -> Result<(), Infallible> {
        self.call('r', level);
        Ok(())
    }

    fn broken(&mut self) {
        self.0.push('!');
    }
}

/// A client of one thread.
struct OfOneThread(Rc<RefCell<Calls>>);

impl LocalTransact for OfOneThread {
    type Error = Infallible;

    async fn begin(&mut self, level: Level) -> Result<(), Infallible> {
        self.0.borrow_mut().call('b', level);
        Ok(())
    }

    async fn commit(&mut self, level: Level) -> Result<(), Infallible> {
        self.0.borrow_mut().call('c', level);
        Ok(())
    }

    async fn roll_back(&mut self, level: Level) -> Result<(), Infallible> {
        self.0.borrow_mut().call('r', level);
        Ok(())
    }
}

struct Silent;

impl Wake for Silent {
    fn wake(self: Arc<Self>) {}
}

// TX-8: no waker is kept that nobody needs any more.
#[test]
fn a_slot_keeps_the_latest_waker_and_lets_it_go() {
    let wakers = [Arc::new(Silent), Arc::new(Silent)];
    let poll = |slot: &Slot<u8>, n: usize| {
        let waker = Waker::from(wakers[n].clone());
        slot.poll_back(&mut Context::from_waker(&waker)).is_ready()
    };
    let held = || wakers.each_ref().map(|waker| Arc::strong_count(waker) - 1);
    let slot = Slot::default();
    assert!(poll(&slot, 0), "nothing is lent");
    slot.lend();
    assert!(!poll(&slot, 0) && !poll(&slot, 1));
    assert_eq!(held(), [0, 1]);
    assert_eq!(slot.give_back(7, false), Ok(()));
    assert_eq!(held(), [0, 0]);
    assert!(poll(&slot, 1));
    assert_eq!(slot.recall().ok(), Some(7));
    slot.lend();
    assert!(!poll(&slot, 0));
    assert_eq!(slot.close(), (None, false));
    assert_eq!(held(), [0, 0]);
    assert_eq!(slot.give_back(7, true), Err(7), "nobody takes it");
}

// TX-5: the owner has its client back, with nothing open.
#[test]
fn the_guard_of_a_mutex_goes_back_when_all_has_ended() {
    let rt = NoExecutor::new();
    let calls = Arc::new(Mutex::new(Calls::default()));
    let guard = calls.lock_owned().now_or_never().unwrap();
    let scoped = with(&rt, transaction(guard), async |tx| {
        let kept = tx.nested(&rt, async |_| {
            assert!(calls.try_lock().is_err());
            Ok::<_, Infallible>(())
        });
        kept.await.unwrap();
        let boxed = tx.nested(&rt, async |_| Err::<(), _>(Error));
        boxed.await.unwrap_err();
        Ok::<_, Infallible>(())
    });
    scoped.now_or_never().unwrap().unwrap();
    assert_eq!(calls.try_lock().unwrap().0, "bb1c1b1r1c");
}

// TX-5, TX-9: all hooks pass through.
#[test]
fn a_boxed_client_is_told_what_it_holds() {
    let (rt, calls) = (NoExecutor::new(), Arc::new(Mutex::new(Calls::default())));
    let guard = calls.lock_owned().now_or_never().unwrap();
    let open = enter_in(&rt, transaction(Box::new(guard)));
    let mut open = open.now_or_never().unwrap().unwrap();
    drop(open.savepoint());
    open.0.push('.');
    open.exit(Ok::<_, Infallible>(()))
        .now_or_never()
        .unwrap()
        .unwrap();
    // Its hooks by hand, in the wrong order: it is never ended.
    let guard = calls.lock_owned().now_or_never().unwrap();
    let mut scope = transaction(Box::new(guard));
    let entered = crate::Scope::enter(&mut scope).now_or_never().unwrap();
    drop(entered.unwrap());
    assert_eq!(calls.try_lock().unwrap().0, "b.cb!");
}

#[cfg(feature = "tokio")]
// TX-5: sound, it goes back to its pool; broken, it does not.
#[test]
fn a_pool_hears_that_its_client_is_broken() {
    use crate::Pool;
    use crate::pool::create_with;

    let main = crate::tokio::TokioMain::current_thread().unwrap();
    let rt = main.runtime();
    let make = create_with(async || Ok::<_, Infallible>(Calls::default()));
    let pool = Pool::builder(&rt, make).max(1).build();
    let created = || pool.statistics().created;
    let lease = || async { pool.take().await.unwrap() };
    main.block_on(async {
        let sound = with(&rt, transaction(lease().await), async |_| {
            Err::<(), _>(Error)
        });
        sound.await.unwrap_err();
        assert_eq!((lease().await.0.as_str(), created()), ("br", 1));
        drop(transaction(lease().await));
        assert_eq!((lease().await.0.as_str(), created()), ("br", 1));
        let mut open = transaction(lease().await);
        drop(crate::Scope::enter(&mut open).await);
        assert_eq!((lease().await.0.as_str(), created()), ("", 2));
    });
}

// TX-1, TX-6
#[test]
fn a_client_of_one_thread_has_savepoints_too() {
    let rt = NoExecutor::new();
    let calls = Rc::new(RefCell::new(Calls::default()));
    let client = OfOneThread(calls.clone());
    let scoped = with(&rt, Local(transaction(client)), async |tx| {
        let kept = with(&rt, Local(tx.savepoint()), async |tx| {
            assert_eq!(tx.0.borrow().0, "bb1");
            Ok::<_, Infallible>(())
        });
        kept.await.unwrap();
        let undone = with(&rt, Local(tx.savepoint()), async |_| Err::<(), _>(Error));
        undone.await.unwrap_err();
        Ok::<_, Infallible>(())
    });
    scoped.now_or_never().unwrap().unwrap();
    assert_eq!(calls.borrow().0, "bb1c1b1r1c");
}

// CM-15: bodies that are not `Send` run on one thread.
#[test]
fn a_body_may_stay_on_its_thread() {
    let rt = NoExecutor::new();
    let seen = Rc::new(RefCell::new(Vec::new()));
    let scoped = with(&rt, transaction(Calls::default()), async |tx| {
        let held = Rc::clone(&seen);
        let nested = tx.nested(&rt, async |tx| {
            std::future::ready(()).await;
            held.borrow_mut().push(tx.level());
            Ok::<_, Infallible>(())
        });
        nested.await.unwrap();
        Ok::<_, Infallible>(())
    });
    scoped.now_or_never().unwrap().unwrap();
    assert_eq!(*seen.borrow(), [Level::Savepoint(1)]);
}

// CM-26, TX-1: by a call of the hooks; `with` takes the scope.
#[test]
#[should_panic(expected = "entered twice")]
fn a_transaction_is_entered_once() {
    let mut scope = transaction(Calls::default());
    let first = crate::Scope::enter(&mut scope).now_or_never();
    let _second = crate::Scope::enter(&mut scope).now_or_never();
    drop(first);
}

#[cfg(feature = "tokio")]
mod spawned {
    use super::{Calls, Error, Infallible};
    use crate::runtime::{Cleanup, Spawn};
    use crate::tokio::{TokioMain, TokioRuntime};
    use crate::transaction::{Level, Transact, Transaction, transaction};
    use crate::with;
    use std::future::Future;

    fn spawned<T: Send + 'static>(task: impl Future<Output = T> + Send + 'static) -> T {
        let main = TokioMain::multi_thread().unwrap();
        let rt = main.runtime();
        main.block_on(async move { rt.spawn(task).await.unwrap() })
    }

    async fn later(word: &str) -> &str {
        ::tokio::task::yield_now().await;
        word
    }

    // CM-15, TX-1, TX-6: bodies that borrow, in a task.
    #[test]
    fn a_task_runs_transactions_over_what_it_borrows() {
        let (calls, length) = spawned(async {
            let rt = TokioRuntime::current().unwrap();
            let (text, mut length) = (String::from("a bc"), 0);
            let words: Vec<&str> = text.split(' ').collect();
            let scoped = with(&rt, transaction(Calls::default()), async |tx| {
                for word in &words {
                    let own = &mut length;
                    let savepoint = with(&rt, tx.savepoint(), async |tx| {
                        tx.0.push_str(later(word).await);
                        *own += word.len();
                        Ok::<_, Infallible>(())
                    });
                    savepoint.await.unwrap();
                    let nested = tx.nested(&rt, async |tx| {
                        let word = later(word).await;
                        tx.0.push_str(later(word).await);
                        length += word.len();
                        Err::<(), _>(Error)
                    });
                    nested.await.unwrap_err();
                }
                Ok::<_, Infallible>(tx.0.clone())
            });
            (scoped.await.unwrap(), length)
        });
        assert_eq!((calls.as_str(), length), ("bb1ac1b1ar1b1bcc1b1bcr1", 6));
    }

    /// As a library has it.
    async fn deep<C: Transact>(
        rt: &impl Cleanup,
        tx: &mut Transaction<C>,
        left: u32,
    ) -> Result<Level, Error> {
        if left == 0 {
            return Ok(tx.level());
        }
        let nested = tx.nested(rt, async |tx| Box::pin(deep(rt, tx, left - 1)).await);
        nested.await.map_err(|_| Error)
    }

    // CM-15, TX-6
    #[test]
    fn savepoints_nest_by_recursion() {
        let main = TokioMain::current_thread().unwrap();
        let rt = main.runtime();
        let scoped = with(&rt, transaction(Calls::default()), async |tx| {
            deep(&rt, tx, 9).await
        });
        assert_eq!(main.block_on(scoped).unwrap(), Level::Savepoint(9));
    }
}

//! Who has the client.

use std::mem::{forget, swap};
use std::sync::Mutex;

use withal::runtime::Runtime;
use withal::scope::ExitError;
use withal::{ScopeError, TransactionError, enter_in, transaction, with};

use super::{content, ends};
use crate::Log;
use crate::poll::caught;
use crate::probe::Failed;
use crate::transactions::{Store, TransactionUnderTest as _};

// TX-7
pub async fn a_transaction_in_use_by_a_savepoint_says_so(rt: &impl Runtime) {
    let (store, log) = (Store::new(), Log::new());
    let scoped = with(rt, transaction(store.session(&log)), async |tx| {
        let savepoint = tx.savepoint();
        let told = caught(async { tx.content().len() }).await;
        assert!(told.unwrap_err().contains("`ready().await`"));
        let told = caught(async { tx.put(1, 10).await }).await;
        assert!(told.unwrap_err().contains("use the savepoint"));
        let told = caught(async { drop(tx.savepoint()) }).await;
        assert!(told.unwrap_err().contains("use the savepoint"));
        // None of this has changed anything.
        let kept = with(rt, savepoint, async |tx| {
            tx.put(2, 20).await;
            Ok::<_, Failed>(())
        });
        kept.await.unwrap();
        Ok::<_, Failed>(())
    });
    ends(rt, scoped).await.unwrap();
    log.assert("begin begin1 commit1 commit");
    assert_eq!(store.content(), content([(2, 20)]));
    store.assert_at_rest();
}

// TX-7
pub async fn a_savepoint_that_is_never_entered_gives_the_client_back(rt: &impl Runtime) {
    let (store, log) = (Store::new(), Log::new());
    let scoped = with(rt, transaction(store.session(&log)), async |tx| {
        drop(tx.savepoint());
        tx.put(1, 10).await;
        drop(tx.savepoint());
        Ok::<_, Failed>(())
    });
    ends(rt, scoped).await.unwrap();
    log.assert("begin commit");
    store.assert_at_rest();
    drop(transaction(store.session(&log)));
    assert_eq!(store.broken(), 0);
    store.assert_at_rest();
}

// TX-10
pub async fn a_savepoint_that_is_leaked_is_not_waited_for(rt: &impl Runtime) {
    let (store, log) = (Store::new(), Log::new());
    let scoped = with(rt, transaction(store.session(&log)), async |tx| {
        forget(tx.savepoint());
        Ok::<_, Failed>(7)
    });
    let ended = ends(rt, scoped).await.unwrap_err();
    assert_eq!(
        ended.exit(),
        Some(&ExitError::Failed(TransactionError::Lent))
    );
    assert_eq!(ended.into_value(), Ok(7));
    log.assert("begin");
    assert_eq!(store.content(), content([]));
    assert_eq!(store.sessions(), 1, "the client went with the leak");
}

// TX-10
pub async fn a_savepoint_that_outlives_its_transaction_rolls_back_all(rt: &impl Runtime) {
    let (store, log) = (Store::new(), Log::new());
    for begins in [true, false] {
        let mut carried = None;
        let scoped = with(rt, transaction(store.session(&log)), async |tx| {
            tx.put(1, 10).await;
            let savepoint = tx.savepoint();
            carried = Some(match begins {
                true => Ok(enter_in(rt, savepoint).await.unwrap()),
                false => Err(savepoint),
            });
            Ok::<_, Failed>(())
        });
        let ended = ends(rt, scoped).await.unwrap_err();
        assert_eq!(
            ended.exit(),
            Some(&ExitError::Failed(TransactionError::Lent))
        );
        assert_eq!(store.sessions(), 1);
        match carried.unwrap() {
            Ok(open) => {
                let ended = ends(rt, open.exit(Ok::<_, Failed>(3))).await.unwrap_err();
                let error = ExitError::Failed(TransactionError::Outlived);
                assert_eq!(ended.exit(), Some(&error));
                log.assert("begin begin1 roll-back");
                assert_eq!(store.broken(), 0);
            }
            // Nothing can wait in a drop.
            Err(savepoint) => {
                drop(savepoint);
                assert_eq!(store.broken(), 1);
            }
        }
        assert_eq!(store.content(), content([]));
        store.assert_at_rest();
    }
}

// TX-10
pub async fn a_savepoint_whose_savepoint_is_leaked_says_so(rt: &impl Runtime) {
    let (store, log) = (Store::new(), Log::new());
    let mut carried = None;
    let scoped = with(rt, transaction(store.session(&log)), async |tx| {
        let outer = tx.nested(rt, async |tx| {
            carried = Some(tx.savepoint());
            Ok::<_, Failed>(())
        });
        outer.await.unwrap_err();
        // It is not to wait for what will not come.
        let told = caught(tx.ready()).await.unwrap_err();
        assert!(told.contains("leaked"), "{told}");
        Ok::<_, Failed>(())
    });
    let ended = ends(rt, scoped).await.unwrap_err();
    assert_eq!(
        ended.exit(),
        Some(&ExitError::Failed(TransactionError::Lent))
    );
    let scoped = with(rt, carried.unwrap(), async |tx| {
        tx.put(1, 10).await;
        Err::<(), _>(Failed("the last"))
    });
    assert_eq!(
        ends(rt, scoped).await,
        Err(ScopeError::Body(Failed("the last")))
    );
    log.assert("begin begin1 begin2 roll-back");
    assert_eq!(store.broken(), 0);
    store.assert_at_rest();
}

// TX-10, TX-11
pub async fn handles_that_are_swapped_commit_nothing(rt: &impl Runtime) {
    let (store, log) = (Store::new(), Log::new());
    let scoped = with(rt, transaction(store.session(&log)), async |tx| {
        let outer = Mutex::new(tx);
        let savepoint = outer.lock().unwrap().savepoint();
        let scoped = with(rt, savepoint, async |tx| {
            tx.put(1, 10).await;
            swap(*outer.lock().unwrap(), tx);
            Ok::<_, Failed>(())
        });
        scoped.await.unwrap_err();
        Ok::<_, Failed>(())
    });
    ends(rt, scoped).await.unwrap_err();
    log.assert("begin begin1 roll-back");
    assert_eq!((store.content(), store.broken()), (content([]), 0));
    store.assert_at_rest();
}

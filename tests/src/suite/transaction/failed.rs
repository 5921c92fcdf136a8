//! Clients whose calls fail.

use withal::runtime::Runtime;
use withal::scope::ExitError;
use withal::transaction::Level;
use withal::{ScopeError, TransactionError, transaction, with};

use super::{content, ends};
use crate::Log;
use crate::foreign::gives_up;
use crate::poll::caught;
use crate::probe::Failed;
use crate::transactions::{Call, Fault, Store, TransactionUnderTest as _};

// TX-4, TX-5, CM-3
pub async fn a_begin_that_fails_leaves_nothing_to_end(rt: &impl Runtime) {
    let (store, log) = (Store::new(), Log::new());
    let session = store
        .session(&log)
        .with_fault(Call::Begin, Level::Transaction, Fault::Fails);
    let scoped = with(rt, transaction(session), async |_| {
        log.push("body");
        Ok::<_, Failed>(())
    });
    let error = TransactionError::Begin(Failed("begin"));
    assert_eq!(ends(rt, scoped).await, Err(ScopeError::Enter(error)));
    log.assert("");
    assert_eq!(store.broken(), 0, "nothing was begun");
    store.assert_at_rest();
}

// TX-4, TX-5, CM-19: before its effect, and after.
pub async fn a_begin_that_is_cancelled_breaks_its_client(rt: &impl Runtime) {
    let (store, log) = (Store::new(), Log::new());
    for polls in 1..=2 {
        let scoped = with(rt, transaction(store.session(&log)), async |_| {
            Ok::<_, Failed>(())
        });
        assert!(gives_up(polls, scoped).await.is_none());
        store.assert_at_rest();
        assert_eq!(store.broken(), polls);
    }
    log.assert("begin");
    // Not polled at all, it has not begun.
    drop(with(rt, transaction(store.session(&log)), async |_| {
        Ok::<_, Failed>(())
    }));
    assert_eq!(store.broken(), 2);
    // A panic in it is no end, either.
    let session = store
        .session(&log)
        .with_fault(Call::Begin, Level::Transaction, Fault::Panics);
    let scoped = with(rt, transaction(session), async |_| Ok::<_, Failed>(()));
    assert_eq!(ends(rt, caught(scoped)).await.unwrap_err(), "begin panics");
    assert_eq!(store.broken(), 3);
    store.assert_at_rest();
}

// TX-2, TX-5, CM-7
pub async fn a_commit_that_fails_is_rolled_back(rt: &impl Runtime) {
    let (store, log) = (Store::new(), Log::new());
    let session = store
        .session(&log)
        .with_fault(Call::Commit, Level::Transaction, Fault::Fails);
    let scoped = with(rt, transaction(session), async |tx| {
        tx.put(1, 10).await;
        Ok::<_, Failed>(7)
    });
    let ended = ends(rt, scoped).await.unwrap_err();
    let error = ExitError::Failed(TransactionError::Commit(Failed("commit")));
    assert_eq!(ended.exit(), Some(&error));
    assert_eq!(ended.into_value(), Ok(7));
    log.assert("begin roll-back");
    assert_eq!((store.content(), store.broken()), (content([]), 0));
    store.assert_at_rest();
}

// TX-2, TX-5, CM-8
pub async fn a_rollback_that_fails_stands_beside_the_error(rt: &impl Runtime) {
    let (store, log) = (Store::new(), Log::new());
    let session = store
        .session(&log)
        .with_fault(Call::RollBack, Level::Transaction, Fault::Fails);
    let scoped = with(rt, transaction(session), async |_| {
        Err::<(), _>(Failed("the body"))
    });
    let exit = ExitError::Failed(TransactionError::RollBack(Failed("roll-back")));
    let body = Failed("the body");
    assert_eq!(ends(rt, scoped).await, Err(ScopeError::Both { body, exit }));
    assert_eq!(store.broken(), 1);
    store.assert_at_rest();
}

// TX-2, TX-5
pub async fn a_commit_and_its_rollback_may_both_fail(rt: &impl Runtime) {
    let (store, log) = (Store::new(), Log::new());
    let session = store
        .session(&log)
        .with_fault(Call::Commit, Level::Transaction, Fault::Fails)
        .with_fault(Call::RollBack, Level::Transaction, Fault::Fails);
    let scoped = with(rt, transaction(session), async |_| Ok::<_, Failed>(7));
    let ended = ends(rt, scoped).await.unwrap_err();
    let error = TransactionError::CommitAndRollBack {
        commit: Failed("commit"),
        roll_back: Failed("roll-back"),
    };
    assert_eq!(ended.exit(), Some(&ExitError::Failed(error)));
    assert_eq!(ended.into_value(), Ok(7));
    assert_eq!(store.broken(), 1);
    store.assert_at_rest();
}

// TX-5, TX-11, K11
pub async fn a_commit_that_panics_breaks_its_client(rt: &impl Runtime) {
    let (store, log) = (Store::new(), Log::new());
    let session = store
        .session(&log)
        .with_fault(Call::Commit, Level::Transaction, Fault::Panics);
    let scoped = with(rt, transaction(session), async |_| Ok::<_, Failed>(()));
    assert_eq!(ends(rt, caught(scoped)).await.unwrap_err(), "commit panics");
    assert_eq!(store.broken(), 1);
    store.assert_at_rest();
}

// TX-9, TX-2
pub async fn a_savepoint_that_cannot_be_ended_has_all_rolled_back(rt: &impl Runtime) {
    let (store, log) = (Store::new(), Log::new());
    let session = store
        .session(&log)
        .with_fault(Call::RollBack, Level::Savepoint(1), Fault::Fails);
    let scoped = with(rt, transaction(session), async |tx| {
        let failed = tx
            .nested(rt, async |_| Err::<(), _>(Failed("the savepoint")))
            .await;
        let exit = ExitError::Failed(TransactionError::RollBack(Failed("roll-back")));
        let body = Failed("the savepoint");
        assert_eq!(failed, Err(ScopeError::Both { body, exit }));
        tx.put(1, 10).await;
        Ok::<_, Failed>(7)
    });
    let ended = ends(rt, scoped).await.unwrap_err();
    assert_eq!(
        ended.exit(),
        Some(&ExitError::Failed(TransactionError::Unclean))
    );
    assert_eq!(ended.into_value(), Ok(7));
    log.assert("begin begin1 roll-back");
    assert_eq!((store.content(), store.broken()), (content([]), 0));
    store.assert_at_rest();
}

// TX-9, K11
pub async fn a_savepoint_whose_rollback_panics_has_all_rolled_back(rt: &impl Runtime) {
    let (store, log) = (Store::new(), Log::new());
    let session = store
        .session(&log)
        .with_fault(Call::Commit, Level::Savepoint(1), Fault::Panics);
    let scoped = with(rt, transaction(session), async |tx| {
        let nested = caught(tx.nested(rt, async |_| Ok::<_, Failed>(()))).await;
        assert_eq!(nested.unwrap_err(), "commit panics");
        Ok::<_, Failed>(())
    });
    let ended = ends(rt, scoped).await.unwrap_err();
    assert_eq!(
        ended.exit(),
        Some(&ExitError::Failed(TransactionError::Unclean))
    );
    log.assert("begin begin1 roll-back");
    assert_eq!(store.broken(), 0);
    store.assert_at_rest();
}

// TX-9
pub async fn a_savepoint_around_one_that_cannot_be_ended_ends_that(rt: &impl Runtime) {
    let (store, log) = (Store::new(), Log::new());
    let session = store
        .session(&log)
        .with_fault(Call::RollBack, Level::Savepoint(2), Fault::Fails);
    let scoped = with(rt, transaction(session), async |tx| {
        tx.put(1, 10).await;
        let outer = tx.nested(rt, async |tx| {
            tx.put(1, 11).await;
            let inner = tx.nested(rt, async |_| Err::<(), _>(Failed("inner")));
            inner.await.unwrap_err();
            Err::<(), _>(Failed("outer"))
        });
        assert_eq!(outer.await, Err(ScopeError::Body(Failed("outer"))));
        Ok::<_, Failed>(())
    });
    ends(rt, scoped).await.unwrap();
    log.assert("begin begin1 begin2 roll-back1 commit");
    assert_eq!(store.content(), content([(1, 10)]));
    store.assert_at_rest();
}

//! Savepoints in transactions, and in one another.

use std::future::pending;
use std::pin::pin;

use futures_util::future::select;
use withal::runtime::Runtime;
use withal::transaction::Level;
use withal::{ScopeError, TransactionError, either, transaction, with};
use withal_sync::Event;

use super::{content, ends};
use crate::Log;
use crate::foreign::gives_up;
use crate::log::spawns_nothing;
use crate::poll::yields;
use crate::probe::Failed;
use crate::transactions::{Call, Fault, Store, TransactionUnderTest as _};

// TX-6
pub async fn savepoints_nest(rt: &impl Runtime) {
    let (store, log) = (Store::new(), Log::new());
    let scoped = with(rt, transaction(store.session(&log)), async |tx| {
        tx.put(1, 10).await;
        let a = with(rt, tx.savepoint(), async |tx| {
            tx.put(2, 20).await;
            let b = with(rt, tx.savepoint(), async |tx| {
                assert_eq!(tx.level(), Level::Savepoint(2));
                tx.put(3, 30).await;
                Ok::<_, Failed>(())
            });
            b.await.unwrap();
            tx.put(4, 40).await;
            Ok::<_, Failed>(())
        });
        a.await.unwrap();
        let c = with(rt, tx.savepoint(), async |tx| {
            assert_eq!(tx.level(), Level::Savepoint(1));
            tx.put(5, 50).await;
            Ok::<_, Failed>(())
        });
        c.await.unwrap();
        Ok::<_, Failed>(())
    });
    ends(rt, scoped).await.unwrap();
    log.assert("begin begin1 begin2 commit2 commit1 begin1 commit1 commit");
    let all = [(1, 10), (2, 20), (3, 30), (4, 40), (5, 50)];
    assert_eq!(store.content(), content(all));
    store.assert_at_rest();
}

// TX-6
pub async fn a_savepoint_that_fails_undoes_its_own(rt: &impl Runtime) {
    let (store, log) = (Store::new(), Log::new());
    let scoped = with(rt, transaction(store.session(&log)), async |tx| {
        tx.put(1, 10).await;
        let failed = tx.nested(rt, async |tx| {
            tx.put(1, 11).await;
            let kept = tx.nested(rt, async |tx| {
                tx.put(2, 20).await;
                Ok::<_, Failed>(())
            });
            kept.await.unwrap();
            Err::<(), _>(Failed("the savepoint"))
        });
        assert_eq!(failed.await, Err(ScopeError::Body(Failed("the savepoint"))));
        assert_eq!(tx.content(), &content([(1, 10)]));
        tx.put(3, 30).await;
        Ok::<_, Failed>(())
    });
    ends(rt, scoped).await.unwrap();
    log.assert("begin begin1 begin2 commit2 roll-back1 commit");
    assert_eq!(store.content(), content([(1, 10), (3, 30)]));
    store.assert_at_rest();
}

// TX-6
pub async fn a_transaction_that_fails_undoes_its_savepoints(rt: &impl Runtime) {
    let (store, log) = (Store::new(), Log::new());
    let scoped = with(rt, transaction(store.session(&log)), async |tx| {
        let kept = tx.nested(rt, async |tx| {
            tx.put(1, 10).await;
            Ok::<_, Failed>(())
        });
        kept.await.unwrap();
        Err::<(), _>(Failed("the body"))
    });
    ends(rt, scoped).await.unwrap_err();
    log.assert("begin begin1 commit1 roll-back");
    assert_eq!(store.content(), content([]));
    store.assert_at_rest();
}

// TX-4, TX-6: before its effect, and after; softly and hard.
pub async fn a_savepoint_that_is_cancelled_as_it_begins_does_no_harm(rt: &impl Runtime) {
    let (store, log) = (Store::new(), Log::new());
    let scoped = with(rt, transaction(store.session(&log)), async |tx| {
        for polls in 0..=2 {
            let savepoint = with(rt, tx.savepoint(), async |_| Ok::<_, Failed>(()));
            assert!(gives_up(polls, savepoint).await.is_none());
            tx.put(1, 10).await;
            let savepoint = with(rt, tx.savepoint(), async |_| Ok::<_, Failed>(()));
            either(savepoint, yields(polls)).await;
            let undone = tx.nested(rt, async |tx| {
                tx.put(1, 11).await;
                Err::<(), _>(Failed("the savepoint"))
            });
            undone.await.unwrap_err();
        }
        Ok::<_, Failed>(())
    });
    ends(rt, scoped).await.unwrap();
    assert_eq!(log.count("begin1"), 6, "{}", log.trace());
    assert_eq!(log.count("roll-back1"), 3, "{}", log.trace());
    assert_eq!((store.content(), store.broken()), (content([(1, 10)]), 0));
    store.assert_at_rest();
}

// TX-4, TX-6
pub async fn a_savepoint_whose_begin_fails_leaves_the_client(rt: &impl Runtime) {
    let (store, log) = (Store::new(), Log::new());
    let session = store
        .session(&log)
        .with_fault(Call::Begin, Level::Savepoint(1), Fault::Fails);
    let scoped = with(rt, transaction(session), async |tx| {
        let failed = tx.nested(rt, async |_| Ok::<_, Failed>(())).await;
        let error = TransactionError::Begin(Failed("begin"));
        assert_eq!(failed, Err(ScopeError::Enter(error)));
        tx.put(1, 10).await;
        Ok::<_, Failed>(())
    });
    ends(rt, scoped).await.unwrap();
    log.assert("begin commit");
    assert_eq!(store.content(), content([(1, 10)]));
    store.assert_at_rest();
}

// TX-8
pub async fn a_savepoint_that_foreign_code_drops_is_waited_for(rt: &impl Runtime) {
    let (store, log) = (Store::new(), Log::new());
    let scoped = with(rt, transaction(store.session(&log)), async |tx| {
        let open = Event::new();
        let savepoint = with(rt, tx.savepoint(), async |tx| {
            tx.put(1, 10).await;
            open.set();
            pending::<Result<(), Failed>>().await
        });
        drop(select(Box::pin(savepoint), pin!(open.wait())).await);
        tx.ready().await;
        log.push("ready");
        assert_eq!(tx.content(), &content([]));
        // Nothing is lent any more.
        tx.ready().await;
        tx.put(2, 20).await;
        Ok::<_, Failed>(())
    });
    // What its enclosing scope does not run before its exit, nobody runs there.
    if spawns_nothing(rt) {
        drop(scoped);
    } else {
        ends(rt, scoped).await.unwrap();
        log.assert("begin begin1 roll-back1 ready commit");
        assert_eq!(store.content(), content([(2, 20)]));
    }
    store.assert_at_rest();
}

// TX-8, K3
pub async fn a_transaction_waits_for_a_savepoint_that_foreign_code_dropped(rt: &impl Runtime) {
    let (store, log) = (Store::new(), Log::new());
    let scoped = with(rt, transaction(store.session(&log)), async |tx| {
        tx.put(1, 10).await;
        let a = Event::new();
        let savepoint = with(rt, tx.savepoint(), async |tx| {
            tx.put(1, 11).await;
            let b = with(rt, tx.savepoint(), async |tx| {
                tx.put(1, 12).await;
                a.set();
                pending::<Result<(), Failed>>().await
            });
            b.await
        });
        drop(select(Box::pin(savepoint), pin!(a.wait())).await);
        Ok::<_, Failed>(())
    });
    ends(rt, scoped).await.unwrap();
    log.assert("begin begin1 begin2 roll-back2 roll-back1 commit");
    assert_eq!(store.content(), content([(1, 10)]));
    store.assert_at_rest();
}

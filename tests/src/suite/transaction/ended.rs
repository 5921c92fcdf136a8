//! How a transaction ends, by how its body does.

use std::future::pending;
use std::panic::panic_any;
use std::pin::pin;

use futures_util::future::select;
use withal::runtime::Runtime;
use withal::transaction::Level;
use withal::{ScopeError, either, enter_in, transaction, with};
use withal_sync::Event;

use super::{content, ends};
use crate::poll::caught;
use crate::probe::Failed;
use crate::transactions::{Program, Store, TransactionUnderTest as _};
use crate::{Log, stress};

// TX-1, TX-5
pub async fn a_body_that_completes_is_committed(rt: &impl Runtime) {
    let (store, log) = (Store::new(), Log::new());
    let scoped = with(rt, transaction(store.session(&log)), async |tx| {
        tx.put(1, 10).await;
        log.push("body");
        assert_eq!(store.content(), content([]));
        assert_eq!((tx.level(), store.sessions()), (Level::Transaction, 1));
        Ok::<_, Failed>(7)
    });
    assert_eq!(ends(rt, scoped).await, Ok(7));
    log.assert("begin body commit");
    assert_eq!(store.content(), content([(1, 10)]));
    assert_eq!(store.broken(), 0);
    store.assert_at_rest();
}

// TX-1, TX-2, TX-5
pub async fn a_body_that_fails_is_rolled_back(rt: &impl Runtime) {
    let (store, log) = (Store::new(), Log::new());
    let scoped = with(rt, transaction(store.session(&log)), async |tx| {
        tx.put(1, 10).await;
        Err::<(), _>(Failed("the body"))
    });
    assert_eq!(
        ends(rt, scoped).await,
        Err(ScopeError::Body(Failed("the body")))
    );
    log.assert("begin roll-back");
    assert_eq!((store.content(), store.broken()), (content([]), 0));
    store.assert_at_rest();
}

// TX-1, CM-21
pub async fn a_body_that_is_cancelled_is_rolled_back(rt: &impl Runtime) {
    let (store, log) = (Store::new(), Log::new());
    let open = Event::new();
    let scoped = with(rt, transaction(store.session(&log)), async |tx| {
        tx.put(1, 10).await;
        open.set();
        pending::<Result<(), Failed>>().await
    });
    ends(rt, either(scoped, open.wait())).await;
    log.push("returned");
    log.assert("begin roll-back returned");
    assert_eq!((store.content(), store.broken()), (content([]), 0));
    store.assert_at_rest();
}

// TX-1, A-4, K3
pub async fn a_body_that_foreign_code_drops_is_rolled_back(rt: &impl Runtime) {
    let (store, log) = (Store::new(), Log::new());
    let session = store.session(&log);
    let (open, released) = (Event::new(), session.released());
    let scoped = with(rt, transaction(session), async |tx| {
        tx.put(1, 10).await;
        open.set();
        pending::<Result<(), Failed>>().await
    });
    drop(ends(rt, select(Box::pin(scoped), pin!(open.wait()))).await);
    ends(rt, released.wait()).await;
    log.assert("begin roll-back");
    assert_eq!((store.content(), store.broken()), (content([]), 0));
    store.assert_at_rest();
}

// TX-1, CM-25
pub async fn a_body_that_panics_is_rolled_back(rt: &impl Runtime) {
    let (store, log) = (Store::new(), Log::new());
    let scoped = with(rt, transaction(store.session(&log)), async |tx| {
        tx.put(1, 10).await;
        panic_any::<&str>("the body");
        #[expect(unreachable_code, reason = "names the types")]
        Ok::<(), Failed>(())
    });
    assert_eq!(ends(rt, caught(scoped)).await.unwrap_err(), "the body");
    log.assert("begin roll-back");
    assert_eq!((store.content(), store.broken()), (content([]), 0));
    store.assert_at_rest();
}

// TX-3
pub async fn a_body_that_completes_may_ask_for_the_rollback(rt: &impl Runtime) {
    let (store, log) = (Store::new(), Log::new());
    let scoped = with(rt, transaction(store.session(&log)), async |tx| {
        tx.put(1, 10).await;
        let nested = tx.nested(rt, async |tx| {
            tx.put(2, 20).await;
            tx.set_rollback_only();
            Ok::<_, Failed>(2)
        });
        assert_eq!(nested.await, Ok(2));
        assert_eq!(tx.content(), &content([(1, 10)]));
        assert!(!tx.is_rollback_only(), "that of the savepoint alone");
        tx.set_rollback_only();
        assert!(tx.is_rollback_only());
        Ok::<_, Failed>(7)
    });
    assert_eq!(ends(rt, scoped).await, Ok(7));
    log.assert("begin begin1 roll-back1 roll-back");
    assert_eq!(store.content(), content([]));
    store.assert_at_rest();
}

// TX-1, K10, CM-22
pub async fn what_is_cancelled_while_it_commits_is_committed(rt: &impl Runtime) {
    let (store, log) = (Store::new(), Log::new());
    let scoped = with(rt, transaction(store.session(&log)), async |tx| {
        tx.put(1, 10).await;
        log.push("body");
        Ok::<_, Failed>(7)
    });
    // In the very poll in which the commit begins.
    let canceller = log.when(|events| events.contains(&"body".to_owned()));
    let ended = ends(rt, either(scoped, canceller)).await;
    assert!(matches!(ended, withal::Either::Right(())));
    log.assert("begin body commit");
    assert_eq!(store.content(), content([(1, 10)]));
    store.assert_at_rest();
}

// TX-1, TX-6, CM-28
pub async fn a_guard_is_ended_by_its_result(rt: &impl Runtime) {
    let (store, log) = (Store::new(), Log::new());
    let mut tx = enter_in(rt, transaction(store.session(&log)))
        .await
        .unwrap();
    let mut savepoint = enter_in(rt, tx.savepoint()).await.unwrap();
    savepoint.put(1, 10).await;
    savepoint.exit(Ok::<_, Failed>(())).await.unwrap();
    let mut savepoint = enter_in(rt, tx.savepoint()).await.unwrap();
    savepoint.put(2, 20).await;
    savepoint
        .exit(Err::<(), _>(Failed("the rest")))
        .await
        .unwrap_err();
    tx.put(3, 30).await;
    tx.exit(Ok::<_, Failed>(())).await.unwrap();
    log.assert("begin begin1 commit1 begin1 roll-back1 commit");
    assert_eq!(store.content(), content([(1, 10), (3, 30)]));
    store.assert_at_rest();
}

// TX-8, TX-10, K4: no scope around keeps their order, and nothing is kept in either.
pub async fn guards_that_foreign_code_drops_are_rolled_back(rt: &impl Runtime) {
    let (store, log) = (Store::new(), Log::new());
    let session = store.session(&log);
    let (open, released) = (Event::new(), session.released());
    let frame = async {
        let mut tx = enter_in(rt, transaction(session)).await.unwrap();
        let mut savepoint = enter_in(rt, tx.savepoint()).await.unwrap();
        savepoint.put(1, 10).await;
        open.set();
        pending::<()>().await;
    };
    drop(ends(rt, select(Box::pin(frame), pin!(open.wait()))).await);
    ends(rt, released.wait()).await;
    assert_eq!((store.content(), store.broken()), (content([]), 0));
    store.assert_at_rest();
}

// TX-1, TX-3, TX-6, TX-8
pub async fn programs_come_to_what_they_must(rt: &impl Runtime) {
    let store = Store::new();
    let mut before = store.content();
    let mut random = fastrand::Rng::with_seed(7);
    let all = Program::all(1);
    assert_eq!(all.len(), 36);
    let more = (0..stress(40)).map(|_| Program::random(&mut random, 3));
    for program in all.into_iter().chain(more) {
        let after = program.outcome(&before);
        let log = Log::new();
        program.play(rt, store.session(&log)).await;
        assert_eq!(store.content(), after, "{program:?}: {}", log.trace());
        store.assert_at_rest();
        assert_eq!(store.broken(), 0);
        before = after;
    }
}

// TX-1, TX-11: clients of their own, in tasks of their own.
pub async fn programs_side_by_side_come_to_what_they_must<R: Runtime>(rt: &R) {
    let tasks = (0..stress(16)).map(|seed| {
        let own_rt = rt.clone();
        rt.spawn(async move {
            let mut random = fastrand::Rng::with_seed(seed as u64);
            let store = Store::new();
            for _ in 0..4 {
                let program = Program::random(&mut random, 3);
                let after = program.outcome(&store.content());
                program.play(&own_rt, store.session(&Log::new())).await;
                assert_eq!(store.content(), after, "{program:?}");
            }
            store.assert_at_rest();
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        ends(rt, task).await.unwrap();
    }
}

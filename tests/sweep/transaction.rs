//! Transactions: cancelled, or their executor gone, at every poll.

use std::mem::forget;
use std::task::Poll;

use withal::runtime::Runtime;
use withal::scope::ExitError;
use withal::transaction::Level;
use withal::{TransactionError, enter_in, transaction, with};
use withal_tests::foreign::{begun, gives_up};
use withal_tests::poll::ByHand;
use withal_tests::probe::Failed;
use withal_tests::sweep::{Followed, Sweep, Swept};
use withal_tests::transactions::{Call, Fault, Session, Store, TransactionUnderTest as _};
use withal_tests::{Deterministic, LeakCheck, Log};

/// Writes 1, 2 and 3; undoes 4.
async fn writes(rt: &impl Runtime, session: Session) {
    let scoped = with(rt, transaction(session), async |tx| {
        tx.put(1, 10).await;
        let kept = with(rt, tx.savepoint(), async |tx| {
            tx.put(2, 20).await;
            let undone = tx.nested(rt, async |tx| {
                tx.put(4, 40).await;
                Err::<(), _>(Failed("the savepoint"))
            });
            drop(undone.await);
            Ok::<_, Failed>(())
        });
        kept.await.map_err(|_| Failed("the body"))?;
        tx.put(3, 30).await;
        Ok::<_, Failed>(())
    });
    drop(scoped.await);
}

/// Sweeps over sessions that `make` makes. Whatever happens, all is kept, or nothing.
fn sweep(make: fn(&Store) -> Session) -> Swept {
    Sweep::new(Store::new)
        .invariant(|store| {
            store.assert_at_rest();
            let entries: Vec<_> = store.content().into_iter().collect();
            let whole = [(1, 10), (2, 20), (3, 30)];
            assert!(entries.is_empty() || entries == whole, "{entries:?}");
        })
        .run(
            move |rt: Followed<Deterministic>, store: Store| async move {
                writes(&rt, make(&store)).await;
            },
        )
}

// TX-1, TX-5, TX-6, TX-8, TX-11, A-3, K1, K2, K6
#[test]
fn a_transaction_that_is_cancelled_at_any_poll_is_kept_whole_or_not_at_all() {
    let swept = sweep(|store| store.session(&Log::new()));
    assert!(swept.polls > 15, "{swept}");
    assert!(swept.scopes > swept.runs, "{swept}");
}

// TX-2, TX-9, TX-11
#[test]
fn a_rollback_that_fails_at_any_level_keeps_nothing_by_halves() {
    sweep(|store| {
        let session = store.session(&Log::new());
        let session = session.with_fault(Call::RollBack, Level::Savepoint(2), Fault::Fails);
        session.with_fault(Call::RollBack, Level::Savepoint(1), Fault::Fails)
    });
    sweep(|store| {
        let session = store.session(&Log::new());
        let session = session.with_fault(Call::RollBack, Level::Savepoint(2), Fault::Fails);
        session.with_fault(Call::RollBack, Level::Transaction, Fault::Fails)
    });
}

// TX-2, TX-5, TX-11
#[test]
fn a_commit_that_fails_at_any_level_keeps_nothing_by_halves() {
    sweep(|store| {
        let session = store.session(&Log::new());
        session.with_fault(Call::Commit, Level::Transaction, Fault::Fails)
    });
    sweep(|store| {
        let session = store.session(&Log::new());
        session.with_fault(Call::Commit, Level::Savepoint(1), Fault::Fails)
    });
}

// TX-8, TX-11: one that foreign code drops at any poll, in a body that goes on.
#[test]
fn a_savepoint_that_is_dropped_at_any_poll_leaves_its_transaction_whole() {
    for polls in 0..12 {
        for waits in [true, false] {
            let (rt, store, log) = (Deterministic::new(), Store::new(), Log::new());
            let leaks = LeakCheck::new(&rt);
            let scoped = with(&rt, transaction(store.session(&log)), async |tx| {
                tx.put(1, 10).await;
                let savepoint = with(&rt, tx.savepoint(), async |tx| {
                    tx.put(2, 20).await;
                    Ok::<_, Failed>(())
                });
                let ended = gives_up(polls, savepoint).await;
                if waits {
                    tx.ready().await;
                    tx.put(3, 30).await;
                }
                Ok::<_, Failed>(ended.is_some())
            });
            let ended = rt.block_on(scoped).unwrap();
            leaks.finish();
            store.assert_at_rest();
            assert_eq!(store.broken(), 0);
            let content = store.content();
            assert_eq!(content.contains_key(&3), waits);
            // A commit that had begun goes on.
            let committed = log.count("commit1") == 1;
            assert!(committed || !ended);
            assert_eq!(content.contains_key(&2), committed, "{}", log.trace());
        }
    }
}

// TX-10: in the middle of its commit, which does not count any more.
#[test]
fn a_savepoint_whose_transaction_ends_meanwhile_rolls_back_all() {
    for fails in [false, true] {
        let (rt, store, log) = (Deterministic::new(), Store::new(), Log::new());
        let mut session = store.session(&log);
        if fails {
            session = session.with_fault(Call::Commit, Level::Savepoint(1), Fault::Fails);
        }
        let mut carried = None;
        let scoped = with(&rt, transaction(session), async |tx| {
            tx.put(1, 10).await;
            let savepoint = enter_in(&rt, tx.savepoint()).await.unwrap();
            carried = Some(ByHand::waiting(savepoint.exit(Ok::<_, Failed>(3))));
            Ok::<_, Failed>(())
        });
        let ended = rt.block_on(scoped).unwrap_err();
        assert_eq!(
            ended.exit(),
            Some(&ExitError::Failed(TransactionError::Lent))
        );
        let mut savepoint = carried.unwrap();
        let ended = loop {
            if let Poll::Ready(ended) = savepoint.poll() {
                break ended.unwrap_err();
            }
        };
        let error = match fails {
            true => TransactionError::Commit(Failed("commit")),
            false => TransactionError::Outlived,
        };
        assert_eq!(ended.exit(), Some(&ExitError::Failed(error)));
        let own = if fails { "roll-back1" } else { "commit1" };
        log.assert(&format!("begin begin1 {own} roll-back"));
        assert_eq!((store.content().len(), store.broken()), (0, 0));
        store.assert_at_rest();
    }
}

// TX-1: it is as if its program stood still.
#[test]
fn a_transaction_that_is_leaked_stands_still() {
    let (rt, store, log) = (Deterministic::new(), Store::new(), Log::new());
    let scoped = with(&rt, transaction(store.session(&log)), async |tx| {
        tx.put(1, 10).await;
        Ok::<_, Failed>(())
    });
    forget(begun(scoped));
    rt.run_until_stalled();
    assert_eq!((store.sessions(), store.content().len()), (1, 0));
    // It is in nobody's way.
    rt.block_on(writes(&rt, store.session(&log)));
    assert_eq!(store.content().len(), 3);
}

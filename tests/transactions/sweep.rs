//! Cancelled at every poll.

use withal::runtime::Runtime;
use withal::{transaction, with};
use withal_tests::Deterministic;
use withal_tests::probe::Failed;
use withal_tests::sweep::{Followed, Sweep};
use withal_tests::transactions::TransactionUnderTest;

use crate::database::Database;

/// Writes 1, 2 and 3; undoes 4.
pub(crate) async fn writes<R: Runtime>(rt: &R, client: impl TransactionUnderTest) {
    let scoped = with(rt, transaction(client), async |tx| {
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
        // Where the runtime is gone, it cannot be begun.
        kept.await.map_err(|_| Failed("the body"))?;
        tx.put(3, 30).await;
        Ok::<_, Failed>(())
    });
    drop(scoped.await);
}

// TX-5, TX-8, TX-11, A-3, K1, K2, K6
#[test]
fn a_database_that_is_cancelled_at_any_poll_is_written_whole_or_not_at_all() {
    let swept = Sweep::new(Database::new)
        .invariant(|database| {
            database.assert_at_rest();
            let entries: Vec<_> = database.content().into_iter().collect();
            let whole = [(1, 10), (2, 20), (3, 30)];
            assert!(entries.is_empty() || entries == whole, "{entries:?}");
        })
        .run(async |rt: Followed<Deterministic>, database: Database| {
            writes(&rt, database.client(&rt)).await;
        });
    assert!(swept.polls > 8, "{swept}");
    assert!(swept.scopes > swept.runs, "{swept}");
}

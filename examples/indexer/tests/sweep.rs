//! The indexing, ended at every poll in every way: cancelled, dropped, panicking, its runtime shut
//! down. Blocking work runs on the sweep's own thread, so each run is the same.

mod common;

use std::mem::forget;
use std::sync::Arc;

use common::{Place, documents};
use indexer::index::{Options, index_in};
use indexer::lease::Lease;
use indexer::ledger::Ledger;
use indexer::scopes::{Batch, BatchError, BatchScope};
use indexer::store::{Store, Transaction};
use withal::ExitReason;
use withal::runtime::Runtime;
use withal::scope::{ExitKind, HandOver, Scope};
use withal_tests::Deterministic;
use withal_tests::sweep::{At, Followed, Sweep, Violation};

/// One run of the program: where it works, and its books.
#[derive(Clone)]
struct Job {
    place: Arc<Place>,
    ledger: Arc<Ledger>,
}

impl Job {
    /// Two files, in one batch.
    fn new() -> Self {
        let place = Place::in_memory();
        for name in ["a", "b"] {
            place.write(name, format!("the text of {name}"));
        }
        Self {
            place: Arc::new(place),
            ledger: Arc::default(),
        }
    }

    async fn index<R: Runtime, B: Batch<R>>(self, rt: R) {
        let mut options = Options::new(self.place.tree(), self.place.db());
        options.batch = 2;
        let indexed = index_in::<R, B>(&rt, &options, &self.ledger, &()).await;
        indexed.expect("there is nothing that could go wrong");
    }

    /// The books are even, and the database holds what they say and is not locked.
    fn assert_consistent(&self) {
        let summary = self.ledger.summary();
        assert_eq!(summary.unaccounted(), 0, "unaccounted scopes: {summary}");
        assert_eq!(documents(&self.place.db()), summary.written.indexed);
    }
}

type Rt = Followed<Deterministic>;

#[test]
fn nothing_is_lost_at_any_poll() {
    let swept = Sweep::new(Job::new)
        .invariant(Job::assert_consistent)
        .run(async |rt, job| job.index::<_, BatchScope<Rt>>(rt).await);
    println!("{swept}");
    assert!(swept.polls > 20, "{swept}");
    assert!(swept.scopes > swept.runs, "{swept}");
}

/// A transaction that is committed or rolled back, and that forgets that it may be cancelled: then
/// it stays open.
struct Forgetful<R>(BatchScope<R>);

impl<R: Runtime> Batch<R> for Forgetful<R> {
    fn new(rt: &R, store: &Store, ledger: &Arc<Ledger>) -> Self {
        Self(BatchScope::new(rt, store, ledger))
    }
}

impl<R: Runtime> Scope for Forgetful<R> {
    type Resource = Lease<Transaction>;
    type Error = BatchError;
    type OnDrop = HandOver;

    async fn enter(&mut self) -> Result<Lease<Transaction>, BatchError> {
        self.0.enter().await
    }

    async fn exit(
        self,
        transaction: Lease<Transaction>,
        reason: ExitReason<'_>,
    ) -> Result<(), BatchError> {
        match reason.kind() {
            ExitKind::Completed | ExitKind::Failed => self.0.exit(transaction, reason).await,
            _ => {
                forget(transaction.take_back());
                Ok(())
            }
        }
    }
}

// A-3, CM-17
#[test]
fn an_exit_that_forgets_cancelled_is_found_with_its_poll() {
    let error = Sweep::new(Job::new)
        .invariant(Job::assert_consistent)
        .try_run(async |rt, job| job.index::<_, Forgetful<Rt>>(rt).await)
        .expect_err("a cancelled batch stays open");
    println!("{error}");
    assert_eq!(error.mode, "cancelled by cancel");
    assert_eq!(error.at, At::Polls(6));
    assert!(
        matches!(&error.violation, Violation::Invariant(what) if what.contains("unaccounted")),
        "{error}"
    );
    let report = error.to_string();
    assert!(
        report.starts_with("cancelled by cancel after 6 polls: "),
        "{report}"
    );
    for part in [
        "sweep::Forgetful<",
        "examples/indexer/src/index.rs:",
        "~1 dropped: cancelled",
    ] {
        assert!(report.contains(part), "no «{part}» in: {report}");
    }
}

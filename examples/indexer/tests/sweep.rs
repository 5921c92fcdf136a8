//! The indexing, ended at every poll in every way: cancelled, dropped, panicking, its runtime shut
//! down. Blocking work runs on the sweep's own thread, so each run is the same.

mod common;

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use common::{Place, documents};
use indexer::connections::{BatchError, Connections};
use indexer::index::{self, Extent, IndexError, Options, index_in};
use indexer::ledger::Ledger;
use indexer::progress::Progress;
use indexer::scopes::{BatchScope, MakeBatch, Writer, Writing, batch};
use indexer::stop::{Ending, Interrupt, Limits, Stop, until_stopped};
use withal::cleanup::drain;
use withal::runtime::Runtime;
use withal::scope::{ExitKind, LendMut, scope_fn_borrowing};
use withal::transaction::Level;
use withal::{CancelToken, ErrorGroup, Transact as _};
use withal_tests::deterministic::Order;
use withal_tests::sweep::{At, Sweep, Violation};
use withal_tests::{Deterministic, LeakCheck};

const HOUR: Duration = Duration::from_secs(3600);

/// One run of the program: where it works, and its books.
#[derive(Clone)]
struct Job {
    place: Arc<Place>,
    ledger: Arc<Ledger>,
    limit: Option<u64>,
    key: Interrupt,
    progress: Arc<dyn Progress>,
}

impl Job {
    /// More files than fit into the queues, for two batches; one of them is left out.
    fn new() -> Self {
        let place = Place::in_memory();
        for name in ["a", "b", "d", "e"] {
            place.write(name, format!("the text of {name}"));
        }
        place.write("c", b"no text: \0");
        Self {
            place: Arc::new(place),
            ledger: Arc::default(),
            limit: None,
            key: Interrupt::new(),
            progress: Arc::new(()),
        }
    }

    /// One that wants one file only; the second one takes longer to read.
    fn limited() -> Self {
        let job = Self::new();
        job.place
            .write("b", "a line of a long file\n".repeat(20_000));
        Self {
            limit: Some(1),
            ..job
        }
    }

    /// One that is asked to stop as soon as it has read a file.
    fn stopped() -> Self {
        let job = Self::new();
        Self {
            progress: Arc::new(Presser(job.key.clone())),
            ..job
        }
    }

    /// All of it: what the program runs.
    async fn index<R: Runtime>(self, rt: R, make_batch: MakeBatch<R>) {
        let limits = Limits {
            time: Some(HOUR),
            grace: HOUR,
        };
        let ending = until_stopped(&rt, limits, &self.key, async |stop| {
            self.try_index(&rt, stop, make_batch).await
        });
        match in_each_round(&rt, ending).await {
            Ending::Finished(Ok(Extent::Whole | Extent::Limited)) => {}
            Ending::Stopped {
                by: Stop::Interrupt,
                output: Some(Ok(Extent::Stopped)),
            } => {}
            other => panic!("{other:?}"),
        }
    }

    async fn try_index<R: Runtime>(
        &self,
        rt: &R,
        stop: CancelToken,
        make_batch: MakeBatch<R>,
    ) -> Result<Extent, ErrorGroup<IndexError>> {
        let mut job = index::Job::new(Options::new(self.place.tree(), self.place.db()));
        let options = &mut job.options;
        (options.queue, options.workers, options.batch) = (1, 2, 3);
        options.limit = self.limit;
        options.file_timeout = HOUR;
        job.ledger = self.ledger.clone();
        job.progress = self.progress.clone();
        job.stop = stop;
        index_in(rt, &job, make_batch).await
    }

    /// The books are even, and the database holds what they say and is not locked.
    fn assert_consistent(&self) {
        let summary = self.ledger.summary();
        assert_eq!(summary.unaccounted(), 0, "unaccounted scopes: {summary}");
        assert_eq!(documents(&self.place.db()), summary.written.indexed);
    }
}

/// Presses Ctrl-C at each file that was read. Only the first time counts here.
struct Presser(Interrupt);

impl Progress for Presser {
    fn read(&self, _: &str) {
        self.0.press();
    }
}

/// Polls `work` in each round of the executor, so that it can be ended between any two rounds of its
/// tasks.
async fn in_each_round<T>(rt: &impl Runtime, work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    let mut round = Box::pin(rt.spawn(async {}));
    poll_fn(|cx| {
        // Whatever is ready is polled before what is spawned now.
        if round.as_mut().poll(cx).is_ready() {
            round.set(rt.spawn(async {}));
            let _is_over = round.as_mut().poll(cx);
        }
        work.as_mut().poll(cx)
    })
    .await
}

#[test]
fn nothing_is_lost_at_any_poll() {
    let swept = Sweep::new(Job::new)
        .invariant(Job::assert_consistent)
        .run(async |rt, job| job.index(rt, batch).await);
    println!("{swept}");
    assert!(swept.polls > 30, "{swept}");
    assert!(swept.scopes > 3 * swept.runs, "{swept}");
}

#[test]
fn nothing_is_lost_at_any_poll_of_a_limited_run() {
    let swept = Sweep::new(Job::limited)
        .invariant(Job::assert_consistent)
        .run(async |rt, job| job.index(rt, batch).await);
    println!("{swept}");
    assert!(swept.polls > 10, "{swept}");
}

#[test]
fn nothing_is_lost_at_any_poll_of_a_run_that_is_asked_to_stop() {
    let swept = Sweep::new(Job::stopped)
        .invariant(Job::assert_consistent)
        .run(async |rt, job| job.index(rt, batch).await);
    println!("{swept}");
    assert!(swept.polls > 20, "{swept}");
}

#[test]
fn nothing_is_lost_in_any_order_of_the_tasks() {
    for seed in 0..20 {
        for make in [Job::new, Job::limited, Job::stopped] {
            let order = Order::Random(seed);
            let rt = Deterministic::builder().order(order).build();
            let leaks = LeakCheck::new(&rt);
            let job = make();
            rt.block_on(job.clone().index(rt.clone(), batch));
            leaks.finish();
            job.assert_consistent();
        }
    }
}

#[test]
fn at_the_limit_a_file_that_is_open_is_closed_in_the_middle() {
    let (rt, job) = (Deterministic::new(), Job::limited());
    let leaks = LeakCheck::new(&rt);
    let extent = rt.block_on(job.try_index(&rt, CancelToken::new(), batch));
    assert_eq!(extent.expect("nothing goes wrong"), Extent::Limited);
    leaks.finish();
    let summary = job.ledger.summary();
    assert_eq!(summary.written.indexed, 1, "{summary}");
    assert!(summary.files.cancelled > 0, "{summary}");
    job.assert_consistent();
}

/// The walker, a worker or the writer finds the runtime gone, whichever comes first: that ends all.
#[test]
fn a_shutdown_at_any_step_is_an_error_and_leaves_nothing_open() {
    let mut failed = 0;
    for polls in 0.. {
        let rt = Deterministic::builder().shut_down_after(polls).build();
        let leaks = LeakCheck::new(&rt);
        let job = Job::new();
        let indexed = rt.block_on(async {
            let indexing = job.try_index(&rt, CancelToken::new(), batch);
            let indexed = indexing.await;
            drain(&rt, Duration::from_secs(1)).await;
            indexed
        });
        leaks.finish();
        match indexed {
            Ok(extent) => {
                assert_eq!(extent, Extent::Whole);
                assert_eq!(documents(&job.place.db()), 4);
                break;
            }
            Err(errors) => {
                let is_due = |error: &IndexError| match error {
                    IndexError::Discarded(_) | IndexError::Both { .. } => true,
                    IndexError::Batch(error) => {
                        matches!(error, BatchError::CommitAndRollBack { .. })
                    }
                    _ => false,
                };
                assert!(errors.leaves().all(|(_, error)| is_due(error)), "{errors}");
                assert!(!errors.is_empty(), "{errors}");
                failed += 1;
            }
        }
        if job.place.db().exists() {
            job.assert_consistent();
        }
    }
    assert!(failed > 20, "{failed}");
}

/// A transaction that is committed or rolled back, and that forgets that it may be cancelled: then
/// it goes back to the pool as it is.
fn forgetful<R: Runtime>(
    _: &R,
    connections: &Connections<R>,
    ledger: &Arc<Ledger>,
) -> BatchScope<R> {
    let (connections, ledger) = (connections.clone(), Arc::clone(ledger));
    scope_fn_borrowing(async move |lend: LendMut<'_, Writing<R>>| {
        let mut connection = connections.take().await?;
        connection.begin(Level::Transaction).await?;
        ledger.batches.enter();
        let ended = lend.lend(&mut Writer::new(&mut connection)).await;
        match ended.kind() {
            ExitKind::Completed => connection.commit(Level::Transaction).await?,
            ExitKind::Failed => connection.roll_back(Level::Transaction).await?,
            _ => return Ok(ended),
        }
        ledger.batches.exit(ended.kind());
        Ok(ended)
    })
}

// A-3, CM-17
#[test]
fn an_exit_that_forgets_cancelled_is_found_with_its_poll() {
    let error = Sweep::new(Job::new)
        .invariant(Job::assert_consistent)
        .try_run(async |rt, job| job.index(rt, forgetful).await)
        .expect_err("a cancelled batch stays open");
    println!("{error}");
    assert_eq!(error.mode, "cancelled by cancel");
    assert_eq!(error.at, At::Polls(23));
    assert!(
        matches!(&error.violation, Violation::Invariant(what) if what.contains("unaccounted")),
        "{error}"
    );
    let report = error.to_string();
    assert!(
        report.starts_with("cancelled by cancel after 23 polls: "),
        "{report}"
    );
    for part in [
        "BorrowingScopeFn<",
        "examples/indexer/src/index/pipeline.rs:",
        "~6 dropped: cancelled",
    ] {
        assert!(report.contains(part), "no «{part}» in: {report}");
    }
}

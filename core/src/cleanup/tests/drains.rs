//! The process-wide set of cleanups, and those who drain it.

use alloc::sync::Arc;
use core::time::Duration;

use loom::thread;

use super::reports_of;
use super::{Ended, Event, Executor, Exit, Rt, Until, abandon, block_on, model, poll_once};
use crate::cleanup::{drain, pending};

const GRACE: Duration = Duration::from_secs(1);

// K6: a drain and an executor poll one cleanup; it ends once, and the drain is told.
#[test]
fn a_drain_and_an_executor_end_one_cleanup_between_them() {
    model(|| {
        let (rt, ended) = (Rt::new(Executor::Runs), Ended::default());
        abandon(&rt, Exit::new(Until::Again, &ended));
        let report = block_on(drain(&rt, GRACE));
        assert!(report.is_clean(), "{report}");
        assert_eq!(ended.count(), 1);
        rt.join();
        assert!(pending::snapshot().is_empty());
    });
}

// K6: an orphan that arrives while a drain is at its end is run by it, or left for the next one,
// whole.
#[test]
fn an_orphan_that_meets_the_end_of_a_drain_is_not_lost() {
    model(|| {
        let (rt, ended) = (Rt::new(Executor::Refuses), Ended::default());
        let arrival = thread::spawn({
            let (rt, ended) = (rt.clone(), ended.clone());
            move || abandon(&rt, Exit::new(Until::Now, &ended))
        });
        let first = block_on(drain(&rt, GRACE));
        arrival.join().unwrap();
        let second = block_on(drain(&rt, GRACE));
        assert_eq!(first.finished.len() + second.finished.len(), 1);
        assert!(first.is_clean() && second.is_clean());
        assert_eq!(ended.count(), 1);
        assert_eq!(reports_of("orphaned"), 1);
        assert!(pending::snapshot().is_empty());
    });
}

// K6: an executor that shuts down while a drain runs leaves its cleanup to the drain, which is woken.
#[test]
fn a_drain_takes_over_what_an_executor_discards() {
    model(|| {
        let (rt, ended) = (Rt::new(Executor::Keeps), Ended::default());
        let event = Arc::<Event>::default();
        abandon(&rt, Exit::new(Until::Happened(event.clone()), &ended));
        let mut task = rt.task();
        let executor = thread::spawn(move || {
            let _ = poll_once(&mut task);
            event.happen();
            drop(task);
        });
        let report = block_on(drain(&rt, GRACE));
        assert_eq!((report.finished.len(), report.is_clean()), (1, true));
        assert_eq!(ended.count(), 1);
        executor.join().unwrap();
    });
}

// K6: of two drains one runs the orphan, and both end.
#[test]
fn two_drains_share_the_orphans() {
    model(|| {
        let (rt, ended) = (Rt::new(Executor::Refuses), Ended::default());
        abandon(&rt, Exit::new(Until::Again, &ended));
        let other = thread::spawn({
            let rt = rt.clone();
            move || block_on(drain(&rt, GRACE)).finished.len()
        });
        let here = block_on(drain(&rt, GRACE)).finished.len();
        assert_eq!(here + other.join().unwrap(), 1);
        assert_eq!(ended.count(), 1);
        assert!(pending::snapshot().is_empty());
    });
}

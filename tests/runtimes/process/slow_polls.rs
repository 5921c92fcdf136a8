//! Polls that keep their thread to themselves.

use std::convert::Infallible;
use std::future::poll_fn;
use std::hint::spin_loop;
use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use withal::cleanup::report_slow_polls;
use withal::coroutine::Yielder;
use withal::runtime::NoExecutor;
use withal::{ExitReason, HandOver, Scope, coroutine, generator, with};
use withal_tests::poll::drive;
use withal_tests::reports::Reports;
use withal_tests::{Act, Log};

use crate::turn;

const THRESHOLD: Duration = Duration::from_millis(1);

/// Measures until it is dropped.
struct Measured;

impl Measured {
    fn at(threshold: Duration) -> Self {
        report_slow_polls(Some(threshold));
        Self
    }
}

impl Drop for Measured {
    fn drop(&mut self) {
        report_slow_polls(None);
    }
}

/// Computes for as long as a threshold.
fn compute() {
    let begun = Instant::now();
    while begun.elapsed() <= THRESHOLD {
        spin_loop();
    }
}

struct Slow;

impl Scope for Slow {
    type Resource = ();
    type Error = Infallible;
    type OnDrop = HandOver;

    async fn enter(&mut self) -> Result<(), Infallible> {
        compute();
        Ok(())
    }

    async fn exit(self, (): (), _: ExitReason<'_>) -> Result<(), Infallible> {
        compute();
        Ok(())
    }
}

/// Runs a scope each part of which computes in its only poll.
fn run_slow() {
    let rt = NoExecutor::new();
    let ended = with(&rt, Slow, async |_| {
        compute();
        Ok::<_, Infallible>(())
    });
    drive(pin!(ended), 1).unwrap().unwrap();
}

// TC-12, TC-11: by part, name and place; a poll, not what passes between two.
#[test]
fn each_slow_part_of_a_scope_is_reported() {
    let _turn = turn();
    let (reports, measured) = (Reports::begin(), Measured::at(THRESHOLD));
    run_slow();
    for part in ["enter", "body", "exit"] {
        let text = format!("a poll of its {part} took");
        assert_eq!(reports.count(&text), 1, "{part}: {:?}", reports.here());
    }
    let all = reports.here();
    assert!(
        all.iter()
            .all(|report| report.contains("process/slow_polls.rs")),
        "{all:?}"
    );
    assert!(all.iter().all(|report| report.contains("Slow")), "{all:?}");
    drop(measured);
    let reports = Reports::begin();
    run_slow();
    assert_eq!(reports.count("a poll of its"), 0);
}

// TC-12: what waits is not slow, however long that takes.
#[test]
fn only_what_reaches_the_threshold_is_reported() {
    let _turn = turn();
    let reports = Reports::begin();
    let _measured = Measured::at(Duration::from_secs(3600));
    run_slow();
    assert_eq!(reports.count("a poll of its"), 0);
}

// TC-12
#[test]
fn each_slow_step_is_reported() {
    let _turn = turn();
    let (reports, _measured) = (Reports::begin(), Measured::at(THRESHOLD));
    let items = generator(async |y| {
        for item in 0..3 {
            compute();
            y.yield_(item).await;
        }
        compute();
    });
    assert_eq!(drive(pin!(items.count()), 1), Some(3));
    assert_eq!(reports.count("a poll of its step took"), 4);
    let reports = Reports::begin();
    let mut routine = pin!(coroutine(async |y: Yielder<'_, u32, (), &'static str>| {
        compute();
        y.yield_(1).await?;
        compute();
        Ok(2)
    }));
    drive(pin!(routine.as_mut().start()), 1).unwrap().unwrap();
    drive(pin!(routine.as_mut().resume(())), 1)
        .unwrap()
        .unwrap();
    assert_eq!(reports.count("a poll of its step took"), 2);
}

// TC-12: the scope around is slow as well, and told of later.
#[test]
fn what_is_inside_is_reported_first() {
    struct Outer;
    struct Inner;

    let _turn = turn();
    let (log, reports, _measured) = (Log::new(), Reports::begin(), Measured::at(THRESHOLD));
    let rt = NoExecutor::new();
    let outer = with(&rt, Act::<Outer>::of(&log, "outer"), async |_| {
        let mut begun = false;
        let inner = with(&rt, Act::<Inner>::of(&log, "inner"), async |_| {
            poll_fn(|_| {
                if begun {
                    return Poll::Ready(Ok::<_, String>(()));
                }
                begun = true;
                compute();
                Poll::Pending
            })
            .await
        });
        inner.await.map_err(|error| error.to_string())
    });
    drive(pin!(outer), 2).unwrap().unwrap();
    let slow = reports.here();
    let lines: Vec<_> = slow
        .iter()
        .filter(|it| it.contains("of its body"))
        .collect();
    assert!(
        lines[0].contains("Inner") && lines[1].contains("Outer"),
        "{slow:?}"
    );
    log.assert("+outer +inner -inner -outer");
}

//! Blocking work.

use std::future::pending;
use std::pin::pin;
use std::thread;

use withal::runtime::Blocking;
use withal::with;

use super::{Never, panic_of};
use crate::foreign::begun;
use crate::poll::poll_now;
use crate::{Act, Deterministic, Log};

// RT-6
#[test]
fn blocking_work_waits_for_its_turn() {
    let rt = Deterministic::new();
    let job = rt.unblock(|| thread::current().id());
    let mut job = pin!(job);
    assert!(poll_now(job.as_mut()).is_pending());
    assert_eq!(rt.block_on(job).unwrap(), thread::current().id());
}

// K2, K13: as on a thread of its own, nothing is current in it.
#[test]
fn blocking_work_is_nobodys_body() {
    let (rt, log) = (Deterministic::new(), Log::new());
    rt.block_on(async {
        let a = with(&rt, Act::new(&log, "a"), async |_| {
            let (own_rt, own_log) = (rt.clone(), log.clone());
            let b = begun(async move {
                let b = Act::new(&own_log, "b").exit_waits_for("-a");
                with(&own_rt, b, async |_| pending::<Never>().await).await
            });
            let dropped = rt.unblock(move || drop(b)).await;
            dropped.map_err(|error| error.to_string())
        });
        a.await.unwrap();
    });
    rt.run();
    log.assert("+a +b -a -b:cancelled");
}

// RT-6
#[test]
fn held_blocking_work_runs_when_it_is_told() {
    let (rt, log) = (Deterministic::builder().hold_blocking().build(), Log::new());
    let of_job = log.clone();
    let job = rt.unblock(move || of_job.push("ran"));
    // Dropping the handle changes nothing.
    let of_detached = log.clone();
    drop(rt.unblock(move || of_detached.push("detached")));
    assert_eq!(rt.run_until_stalled(), 0);
    log.assert("");
    let text = panic_of(|| rt.block_on(pending::<()>()));
    assert!(
        text.contains("blocking work held until `run_blocking`: 2"),
        "{text}"
    );
    rt.block_on(async {
        assert_eq!(rt.run_blocking(), 2);
        job.await.unwrap();
    });
    log.assert("ran detached");
}

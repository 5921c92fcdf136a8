//! Cleanups of one chain: each is told by its own name, wherever the chain is.

use std::any::type_name;
use std::future::pending;
use std::pin::pin;

use withal::cleanup::drain;
use withal::runtime::Cleanup;
use withal::{cancel, enter_in, with};
use withal_tests::foreign::{begun, gives_up};
use withal_tests::log::PATIENCE;
use withal_tests::poll::{drive, poll_now};
use withal_tests::reports::Reports;
use withal_tests::{Act, Deterministic, Log};

use crate::{names, turn};

struct Inner;
struct Middle;
struct Outer;

/// The names of the three, in the order in which they are exited.
fn three() -> [&'static str; 3] {
    [
        type_name::<Act<Inner>>(),
        type_name::<Act<Middle>>(),
        type_name::<Act<Outer>>(),
    ]
}

/// Three guards in a frame; the exit of the inner one waits for "inner", and so on.
async fn frame(rt: &impl Cleanup, log: &Log) {
    let outer = Act::<Outer>::of(log, "outer").exit_waits_for("outer");
    let _outer = enter_in(rt, outer).await.unwrap();
    let middle = Act::<Middle>::of(log, "middle").exit_waits_for("middle");
    let _middle = enter_in(rt, middle).await.unwrap();
    let inner = Act::<Inner>::of(log, "inner").exit_waits_for("inner");
    let _inner = enter_in(rt, inner).await.unwrap();
    pending::<()>().await;
}

/// The reports of this thread that say so, each cut down to the name of the scope.
fn orphaned(reports: &Reports) -> Vec<String> {
    let here = reports.here().into_iter();
    here.filter(|report| report.contains("is orphaned until a drain"))
        .map(|report| report.split(" (entered at").next().unwrap().to_owned())
        .collect()
}

// K4, K6: collected together, then with the executor, which ends while the second one is exited.
#[test]
fn an_orphaned_chain_reports_each_of_its_links() {
    let _turn = turn();
    let (log, rt, reports) = (Log::new(), Deterministic::new(), Reports::begin());
    let mut canceller = Box::pin(cancel(begun(frame(&rt, &log))));
    assert!(poll_now(canceller.as_mut()).is_pending());
    drop(canceller);
    assert_eq!(rt.spawned(), 1, "one chain");
    assert_eq!(rt.run_until_stalled(), 1);
    log.push("inner");
    assert_eq!(rt.run_until_stalled(), 1);
    assert_eq!(reports.here(), Vec::<String>::new());
    rt.shut_down();
    assert_eq!(orphaned(&reports), three()[1..]);
    log.push("middle");
    log.push("outer");
    let report = drive(pin!(drain(&rt, PATIENCE)), 5).unwrap();
    // The drain tells of those that ended before it came, as well.
    assert_eq!(names(&report.finished), three());
    assert!(report.is_clean());
    log.assert(
        "+outer +middle +inner inner -inner:cancelled middle outer -middle:cancelled \
         -outer:cancelled",
    );
}

// K3, K4, K9: the scope that waits for a chain says for whom.
#[test]
fn a_scope_that_gives_up_a_chain_reports_each_of_its_links() {
    let _turn = turn();
    let (log, rt, reports) = (Log::new(), Deterministic::new(), Reports::begin());
    let budget = std::time::Duration::from_secs(3);
    let mut waits = pin!(
        with(&rt, Act::new(&log, "a"), async |_| {
            assert!(gives_up(1, frame(&rt, &log)).await.is_none());
            Ok::<_, String>(())
        })
        .budget(budget)
    );
    assert!(drive(waits.as_mut(), 5).is_none());
    log.push("inner");
    assert!(drive(waits.as_mut(), 5).is_none());
    rt.advance(budget);
    assert!(drive(waits.as_mut(), 5).is_some());
    let here = reports.here();
    assert_eq!(here.len(), 2, "{here:?}");
    for (report, name) in here.iter().zip(&three()[1..]) {
        let end = format!("cleanup budget of 3s ran out before {name}");
        assert!(report.contains(&end), "{report}");
    }
    log.push("middle");
    log.push("outer");
    assert_eq!(rt.run_until_stalled(), 0);
    log.assert(
        "+a +outer +middle +inner inner -inner:cancelled -a middle outer -middle:cancelled \
         -outer:cancelled",
    );
}

// K4, K6, K11: so are the ends of its links.
#[test]
fn a_drained_chain_lists_each_link_by_its_own_end() {
    let _turn = turn();
    let (log, rt, reports) = (Log::new(), Deterministic::new(), Reports::begin());
    let frame = async {
        let outer = Act::<Outer>::of(&log, "outer").fails();
        let _outer = enter_in(&rt, outer).await.unwrap();
        let middle = Act::<Middle>::of(&log, "middle").exit(async { panic!("on purpose") });
        let _middle = enter_in(&rt, middle).await.unwrap();
        let inner = Act::<Inner>::of(&log, "inner").exit_waits_for("go");
        let _inner = enter_in(&rt, inner).await.unwrap();
        pending::<()>().await;
    };
    let mut canceller = Box::pin(cancel(begun(frame)));
    assert!(poll_now(canceller.as_mut()).is_pending());
    drop(canceller);
    log.push("go");
    let report = drive(pin!(drain(&rt, PATIENCE)), 5).unwrap();
    let [inner, middle, outer] = three();
    assert_eq!(names(&report.finished), [inner]);
    assert_eq!(names(&report.panicked), [middle]);
    assert_eq!(names(&report.failed), [outer]);
    let here = reports.here();
    assert!(
        here[0].contains(middle) && here[1].contains(outer),
        "{here:?}"
    );
    log.assert("+outer +middle +inner go -inner:cancelled -outer:cancelled");
}

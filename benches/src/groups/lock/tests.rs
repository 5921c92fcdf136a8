use smol::LocalExecutor;

use super::{EVENTS, GROUP, MUTEXES, SEMAPHORES, Watch};
use crate::allocations::count_here;
use crate::executor::Executor;
use crate::measure::{self, Effort};

#[test]
fn every_contender_runs() {
    let rows = measure::group(&GROUP, Effort::QUICK, |_| ());
    assert!(rows.iter().all(|row| row.ns > 0.0));
}

#[test]
fn every_gate_runs() {
    GROUP.gates.iter().for_each(|gate| (gate.run)(2));
}

#[test]
fn where_nobody_waits_ours_do_not_allocate() {
    for run in [MUTEXES[0].alone, SEMAPHORES[0].alone, EVENTS[0].alone] {
        let allocations = |times| count_here(|| run(times)).1;
        assert_eq!(allocations(100), allocations(10_000));
    }
}

#[test]
fn a_fair_lock_among_tasks_of_one_thread_serves_them_in_turn() {
    let local = Executor::Local(LocalExecutor::new());
    let fair = MUTEXES.iter().find(|lock| lock.name == "withal (fair)");
    let work = fair.and_then(|lock| lock.awaiting).unwrap();
    let watch = Watch::default();
    local.run((work.watched)(8, 800, &watch));
    let fairness = watch.fairness();
    assert_eq!((fairness.share, fairness.turns), (1.0, 7.0));
}

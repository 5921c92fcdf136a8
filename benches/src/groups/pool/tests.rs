use super::{GROUP, POOLS};
use crate::allocations::count_here;
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
    let allocations = |times| count_here(|| (POOLS[0].alone)(times)).1;
    assert_eq!(allocations(100), allocations(10_000));
}

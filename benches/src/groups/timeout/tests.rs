use super::{GROUP, ready};
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

// TO-6
#[test]
fn what_is_ready_at_once_allocates_nothing() {
    assert_eq!(count_here(|| assert_eq!(ready::once(), Some(7))).1, 0);
    assert_eq!(count_here(|| assert!(ready::nested())).1, 0);
}

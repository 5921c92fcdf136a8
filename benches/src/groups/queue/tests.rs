use super::{GROUP, SUBJECTS, on_one_thread};
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
fn where_nobody_waits_no_item_is_allocated_for() {
    let ours = SUBJECTS
        .iter()
        .filter(|subject| subject.name.starts_with("withal") && subject.bound_to.is_none());
    let forms = ours.flat_map(|subject| [subject.alone, subject.alone_try]);
    for run in forms.chain([on_one_thread as fn(u64)]) {
        let allocations = |times| count_here(|| run(times)).1;
        assert_eq!(allocations(100), allocations(10_000));
    }
}

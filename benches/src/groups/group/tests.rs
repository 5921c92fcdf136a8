use super::{GROUP, IN_ONE_TASK, OURS};
use crate::allocations::count_here;
use crate::measure::{self, Effort};

#[test]
fn every_contender_runs() {
    // A thousand scopes in each other take some stack where nothing is optimised.
    let thread = std::thread::Builder::new().stack_size(256 << 20);
    let ran = thread.spawn(|| {
        // Those of small groups are those of large ones.
        for word in [", 10 children", "cancelled"] {
            let rows = measure::cases(&GROUP, &[word.to_owned()], Effort::QUICK, |_| ());
            assert!(!rows.is_empty() && rows.iter().all(|row| row.ns > 0.0));
        }
    });
    ran.unwrap().join().unwrap();
}

#[test]
fn every_gate_runs() {
    GROUP.gates.iter().for_each(|gate| (gate.run)(2));
}

#[test]
fn every_contender_runs_all_children() {
    for subject in IN_ONE_TASK {
        for run in [subject.ready, subject.yields, subject.kept] {
            assert_eq!(run(300), 299 * 300 / 2, "{}", subject.name);
        }
    }
}

#[test]
fn a_set_whose_size_is_known_is_one_allocation() {
    for run in [OURS.ready, OURS.yields, OURS.kept] {
        // The wakers that are kept have their vector by then.
        run(1_000);
        for children in [1, 10, 1_000] {
            assert_eq!(count_here(|| run(children)).1, 1, "{children} children");
        }
    }
}

use super::{GROUP, cancelled, exits, many, may_wait, nested, synchronous};
use crate::allocations::count_here;
use crate::measure::{self, Effort};
use crate::now::{now, soon};

/// How often making and running the scopes of `$depth` allocates.
macro_rules! allocations {
    ($module:ident) => {
        [
            count_here(|| assert!(now($module::one()).is_ok())).1,
            count_here(|| assert!(now($module::four()).is_ok())).1,
            count_here(|| assert!(now($module::sixteen()).is_ok())).1,
        ]
    };
}

/// How much each level adds to a future, between depths 1 and 4, and between 4 and 16.
macro_rules! bytes_a_level {
    ($module:ident) => {{
        let one = size_of_val(&$module::one());
        let four = size_of_val(&$module::four());
        let sixteen = size_of_val(&$module::sixteen());
        [(four - one) as f64 / 3.0, (sixteen - four) as f64 / 12.0]
    }};
}

#[test]
fn every_contender_runs() {
    let rows = measure::group(&GROUP, Effort::QUICK, |_| ());
    assert!(rows.iter().all(|row| row.ns > 0.0));
}

#[test]
fn every_gate_runs() {
    GROUP.gates.iter().for_each(|gate| (gate.run)(2));
}

// CM-15, CM-16
#[test]
fn a_scope_with_a_synchronous_exit_does_not_allocate() {
    assert_eq!(allocations!(synchronous), [0, 0, 0]);
}

// CM-22
#[test]
fn a_scope_whose_exit_may_wait_allocates_once_at_most() {
    let [one, four, sixteen] = allocations!(may_wait);
    assert!(
        one <= 1 && four <= 4 && sixteen <= 16,
        "{one} {four} {sixteen}"
    );
    let waits = count_here(|| assert!(soon(exits::waits_once()).is_ok())).1;
    assert!(waits <= 1, "{waits}");
}

#[test]
fn a_failed_body_that_the_exit_cannot_look_at_does_not_allocate() {
    let allocations = count_here(|| assert!(now(exits::failed_unseen()).is_err())).1;
    assert_eq!(allocations, 0);
}

// CM-15
#[test]
fn every_level_adds_the_same_to_the_future() {
    let [low, high] = bytes_a_level!(synchronous);
    assert_eq!(low, high);
    let [low, high] = bytes_a_level!(may_wait);
    assert_eq!(low, high);
}

// CM-16, K1
#[test]
fn what_is_counted_is_what_the_peers_do() {
    assert_eq!(
        now(nested::by_hand::four()).ok(),
        now(synchronous::four()).ok()
    );
    assert_eq!(
        now(nested::guarded::four()).ok(),
        now(may_wait::four()).ok()
    );
    now(cancelled::collected());
}

// ES-2
#[test]
fn a_stack_allocates_once_for_each_entry() {
    let [one, thousand] = [1, 1000].map(|entries| {
        let run = || assert!(now(many::on_a_stack(entries)).is_ok());
        count_here(run).1
    });
    assert!(one <= 1 && thousand <= 1000, "{one} {thousand}");
}

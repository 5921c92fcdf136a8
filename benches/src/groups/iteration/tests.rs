use super::{
    GROUP, ITEMS, left_for_each, with_closing, with_for_each, with_for_each_by_ref,
    with_futures_util, with_while_let,
};
use crate::allocations::count_here;
use crate::measure::{self, Effort};

#[test]
fn every_contender_runs() {
    let rows = measure::group(&GROUP, Effort::QUICK, |_| ());
    assert!(rows.iter().all(|row| row.ns > 0.0));
}

#[test]
fn all_do_the_same() {
    let sum: u32 = (0..ITEMS).sum();
    assert_eq!(with_for_each(ITEMS), sum);
    assert_eq!(with_for_each_by_ref(ITEMS), sum);
    assert_eq!(with_closing(ITEMS), sum);
    assert_eq!(with_while_let(ITEMS), sum);
    assert_eq!(with_futures_util(ITEMS), sum);
    assert_eq!(left_for_each(ITEMS), 1);
}

// IT-5
#[test]
fn where_nothing_is_open_a_loop_does_not_allocate() {
    assert_eq!(count_here(|| with_for_each(ITEMS)).1, 0);
    assert_eq!(count_here(|| with_for_each_by_ref(ITEMS)).1, 0);
    assert_eq!(count_here(|| with_closing(ITEMS)).1, 0);
    assert_eq!(count_here(|| left_for_each(ITEMS)).1, 0);
}

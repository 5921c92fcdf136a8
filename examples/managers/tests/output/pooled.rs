//! Pools, and what is built on them.

use example_support::on_each;
use managers::{pool, web};

// PL-4, PL-5, PL-7
#[test]
fn a_pool_gives_out_what_is_whole_and_keeps_nothing_else() {
    for printed in on_each!(program!(pool::run)) {
        printed.output.expect("a database that works");
        let expected = [
            "made: 2",
            "Ann, Ben; idle: 2",
            "2 elsewhere",
            "answered: false; then 2 users",
            "idle: 0",
            "the database refused: too many connections",
            "2 users",
            "closed: true; opened: 4; open: 0",
        ];
        assert_eq!(printed.lines, expected);
    }
}

// PL-5, PL-11
#[test]
fn an_application_gives_each_request_a_connection_of_its_pool() {
    for printed in on_each!(program!(web::run)) {
        printed.output.expect("a database that works");
        let (last, rest) = printed.lines.split_last().expect("lines");
        let mut rest = rest.to_vec();
        rest.sort(); // the requests run side by side
        let expected = [
            "200 apple",
            "200 pear",
            "500 not found: plum",
            "released: completed",
            "released: completed",
            "released: failed",
        ];
        assert_eq!(rest, expected);
        assert_eq!(last, "opened: 2; open: 0");
    }
}

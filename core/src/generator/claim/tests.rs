extern crate std;

use core::ptr;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::{Claim, Sign};

/// Either form of asking.
type Ask = fn(&Claim, Sign, *const ()) -> bool;

const FORMS: [Ask; 2] = [Claim::ask_on_thread, Claim::ask_among_threads];

/// Two places.
fn places(room: &[u8; 2]) -> [*const (); 2] {
    [
        ptr::from_ref(&room[0]).cast(),
        ptr::from_ref(&room[1]).cast(),
    ]
}

#[test]
fn the_first_that_asks_gets_it() {
    for ask in FORMS {
        let claim = Claim::new();
        let [a, b] = places(&[0; 2]);
        let sign = claim.open();
        assert!(ask(&claim, sign, a));
        assert!(!ask(&claim, sign, b));
        assert!(!ask(&claim, sign, a), "it has it");
        assert!(claim.is_of(a));
        assert!(!claim.is_of(b));
        assert!(claim.close(sign));
    }
}

#[test]
fn each_poll_gives_it_anew() {
    for ask in FORMS {
        let claim = Claim::new();
        let [a, b] = places(&[0; 2]);
        let sign = claim.open();
        assert!(ask(&claim, sign, a));
        assert!(claim.close(sign));
        let sign = claim.open();
        assert!(!claim.is_of(a));
        assert!(ask(&claim, sign, b));
        assert!(claim.close(sign));
        let sign = claim.open();
        assert!(!claim.close(sign), "nobody has asked");
    }
}

#[test]
fn outside_of_polls_nobody_gets_it() {
    for ask in FORMS {
        let claim = Claim::new();
        let [a, b] = places(&[0; 2]);
        assert!(!ask(&claim, Sign::here(), a), "before");
        let sign = claim.open();
        assert!(!claim.close(sign));
        assert!(!ask(&claim, sign, a), "after one without an item");
        let sign = claim.open();
        assert!(ask(&claim, sign, a));
        assert!(claim.close(sign));
        assert!(!ask(&claim, sign, b), "after one with an item");
    }
}

#[test]
fn on_another_thread_nobody_gets_it() {
    let claim = Claim::new();
    let sign = claim.open();
    let asked = thread::scope(|scope| scope.spawn(|| claim.ask(places(&[0; 2])[0])).join());
    assert!(!asked.unwrap());
    assert!(!claim.close(sign));
}

#[test]
fn of_many_threads_one_gets_it() {
    struct Shared(Sign);
    // SAFETY: the sign is compared, and never followed.
    unsafe impl Sync for Shared {}

    for _ in 0..100 {
        let claim = Claim::new();
        let sign = Shared(claim.open());
        let given = AtomicUsize::new(0);
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    let sign = &sign;
                    let place = places(&[0; 2])[0];
                    if claim.ask_among_threads(sign.0, place) {
                        given.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
        });
        assert_eq!(given.into_inner(), 1);
        assert!(claim.close(sign.0));
    }
}

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use super::{Effort, calibrate, case, is_peer, rows};
use crate::{Bar, Case, Contender};

fn idle(name: &str) -> Contender {
    Contender::batch(name, |_| ())
}

#[test]
fn what_is_ours_or_the_hardwares_is_no_peer() {
    for name in ["withal", "withal (race)", "limit: a store"] {
        assert!(!is_peer(name), "{name}");
    }
    for name in ["hand-written", "withal-like", "limited"] {
        assert!(is_peer(name), "{name}");
    }
}

#[test]
fn ratios_are_to_the_fastest_peer_of_the_same_rounds() {
    let ours = idle("withal").bar(Bar::Times(0.5, "slow"));
    let case = Case::new("work")
        .with(ours)
        .with(idle("slow"))
        .with(idle("fast"))
        .with(idle("limit: a store"));
    // The third round ran at a tenth of the speed.
    let samples = [
        vec![4.0, 6.0, 50.0],
        vec![10.0, 10.0, 100.0],
        vec![2.0, 2.0, 20.0],
        vec![1.0, 1.0, 10.0],
    ];
    let rows = rows("group", &case, &samples, &[0.0, 1.0, 2.0, 3.0]);
    let ratios: Vec<_> = rows.iter().map(|row| row.ratio.unwrap()).collect();
    assert_eq!(ratios, [2.5, 5.0, 1.0, 0.5]);
    assert_eq!((rows[0].ns, rows[2].allocs), (6.0, 2.0));
    assert_eq!(rows[0].bars[0].is, Some(0.5));
}

#[test]
fn a_case_without_peers_has_no_ratios() {
    let case = Case::new("work").with(idle("withal"));
    assert_eq!(rows("group", &case, &[vec![1.0]], &[0.0])[0].ratio, None);
}

#[test]
#[should_panic(expected = "no contender of that name")]
fn a_bar_against_nobody_is_an_error() {
    let case = Case::new("work").with(idle("withal").bar(Bar::Times(1.0, "nobody")));
    rows("group", &case, &[vec![1.0]], &[0.0]);
}

#[test]
fn contenders_take_turns_in_every_round() {
    let turns = Rc::new(RefCell::new(String::new()));
    let noting = |name: &'static str| {
        let turns = turns.clone();
        Contender::batch(name, move |_| turns.borrow_mut().push_str(name))
    };
    let effort = Effort {
        rounds: 4,
        ..Effort::QUICK
    };
    let work = Case::new("work")
        .with(noting("a"))
        .with(noting("b"))
        .with(noting("c"));
    assert_eq!(case("group", work, effort).len(), 3);
    // Calibrated, measured in four rounds that begin with another one each, counted.
    assert_eq!(*turns.borrow(), "abc abc bca cab abc abc".replace(' ', ""));
}

#[test]
fn a_sample_is_filled_with_operations() {
    let sample = Duration::from_micros(200);
    let mut contender = Contender::batch("work", |times| {
        // The time is the subject here: an operation of one microsecond.
        let end = std::time::Instant::now() + Duration::from_micros(times);
        while std::time::Instant::now() < end {}
    });
    let times = calibrate(&mut contender, sample);
    assert!((100..=4000).contains(&times), "{times}");
}

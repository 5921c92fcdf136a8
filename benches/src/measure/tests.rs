use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use super::{Effort, Measured, calibrate, case, is_peer, per_operation, rows};
use crate::{Bar, Case, Contender, Fairness, Served};

fn idle(name: &str) -> Contender {
    Contender::batch(name, |_| ())
}

fn measured((samples, allocs): (Vec<f64>, f64)) -> Measured {
    Measured {
        samples,
        allocs,
        fairness: None,
    }
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
    let measured: Vec<_> = samples
        .into_iter()
        .zip([0.0, 1.0, 2.0, 3.0])
        .map(measured)
        .collect();
    let rows = rows("group", &case, &measured);
    let ratios: Vec<_> = rows.iter().map(|row| row.ratio.unwrap()).collect();
    assert_eq!(ratios, [2.5, 5.0, 1.0, 0.5]);
    assert_eq!((rows[0].ns, rows[2].allocs), (6.0, 2.0));
    assert_eq!(rows[0].bars[0].is, Some(0.5));
}

#[test]
fn a_case_without_peers_has_no_ratios() {
    let case = Case::new("work").with(idle("withal"));
    assert_eq!(
        rows("group", &case, &[measured((vec![1.0], 0.0))])[0].ratio,
        None
    );
}

#[test]
#[should_panic(expected = "no contender of that name")]
fn a_bar_against_nobody_is_an_error() {
    let case = Case::new("work").with(idle("withal").bar(Bar::Times(1.0, "nobody")));
    rows("group", &case, &[measured((vec![1.0], 0.0))]);
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
    // Calibrated, measured in four rounds that begin with another one each, counted twice.
    assert_eq!(
        *turns.borrow(),
        "aaaaa bbbbb ccccc abc bca cab abc aa bb cc".replace(' ', "")
    );
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

#[test]
fn allocations_around_the_loop_are_not_the_operations() {
    let allocated = |times: u64| 100 + 2 * times;
    assert_eq!(per_operation(allocated(50), allocated(100), 50), 2.0);
    // An executor may allocate less the second time.
    assert_eq!(per_operation(7, 5, 1), 0.0);
}

#[test]
fn tasks_are_compared_by_their_shares_and_the_longest_wait_of_all() {
    let served = |operations, turns, longest| Served {
        operations,
        turns,
        longest: Duration::from_millis(longest),
    };
    let fairness = Fairness::of(&[served(10, 7, 3), served(40, 9, 1), served(20, 8, 2)]);
    assert_eq!(
        (fairness.share, fairness.turns, fairness.longest),
        (0.25, 9.0, 3e6)
    );
}

#[test]
fn fairness_is_the_median_of_its_runs() {
    let mut shares = [0.1, 0.9, 0.8].into_iter();
    let fair = idle("fair").fairness(move |_| Fairness {
        share: shares.next().unwrap(),
        turns: 7.0,
        longest: 1.0,
    });
    let effort = Effort {
        rounds: 3,
        ..Effort::QUICK
    };
    let rows = case(
        "group",
        Case::new("work").with(fair).with(idle("peer")),
        effort,
    );
    assert_eq!(rows[0].fairness.unwrap().share, 0.8);
    assert_eq!(rows[1].fairness, None);
}

#[test]
fn fewer_and_longer_samples_where_there_are_threads() {
    let effort = Effort {
        rounds: 51,
        sample: Duration::from_millis(1),
    };
    let case = |threaded| Case::new("work").threaded(threaded);
    assert_eq!(effort.of(&case(false)).rounds, 51);
    let threaded = effort.of(&case(true));
    assert_eq!((threaded.rounds, threaded.sample), (12, 4 * effort.sample));
    assert_eq!(Effort::QUICK.of(&case(true)).rounds, 1);
}

#[test]
fn cases_are_chosen_by_all_of_the_words() {
    let case = Case::new("SPSC, capacity 16, local");
    let is_about = |words: &[&str]| {
        let words: Vec<_> = words.iter().map(|&word| word.to_owned()).collect();
        case.is_about(&words)
    };
    assert!(is_about(&[]) && is_about(&["spsc", "LOCAL"]));
    assert!(!is_about(&["spsc", "unbounded"]));
}

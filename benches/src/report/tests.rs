use super::{Judged, Row, json, judge, table};
use crate::{Bar, Fairness};

fn row(contender: &str) -> Row {
    Row {
        group: "scope".to_owned(),
        case: "depth 1".to_owned(),
        contender: contender.to_owned(),
        ns: 12.345,
        ratio: Some(1.5),
        allocs: 1.0,
        fairness: None,
        bytes: None,
        spread: 0.021,
        bars: Vec::new(),
    }
}

#[test]
fn json_is_an_array_of_objects_with_the_six_fields() {
    let rows = [
        row("withal"),
        Row {
            ratio: None,
            ..row("limit: a store")
        },
    ];
    let json: serde_json::Value = serde_json::from_str(&json(&rows).unwrap()).unwrap();
    let ours = json[0].as_object().unwrap();
    for field in ["group", "case", "contender"] {
        assert!(ours[field].is_string(), "{field}");
    }
    for field in ["ns", "ratio", "allocs"] {
        assert!(ours[field].is_number(), "{field}");
    }
    assert_eq!(ours["contender"], "withal");
    assert_eq!(ours["ns"], 12.345);
    // What is not known is left out, but for the ratio, which everybody looks for.
    assert!(json[1]["ratio"].is_null() && !ours.contains_key("bytes"));
    assert_eq!(json.as_array().unwrap().len(), 2);
}

#[test]
fn the_table_is_aligned_and_says_what_was_reached() {
    let reached = judge(&Bar::Allocations(1.0), &row("withal"), |_| f64::NAN);
    let missed = judge(&Bar::Times(4.6, "hand-written"), &row("withal"), |other| {
        assert_eq!(other, "hand-written");
        5.0
    });
    let ours = Row {
        bytes: Some(376),
        bars: vec![reached, missed],
        ..row("withal")
    };
    let text = table(&[ours, row("hand-written")]);
    let lines: Vec<_> = text.lines().collect();
    assert!(lines[0].starts_with("scope: depth 1 "), "{text}");
    assert!(lines[1].starts_with("withal "), "{text}");
    assert!(
        lines[1].ends_with(
            "12.35   2.1     1.50       1    376  \
             ≤ 1 allocs: reached (1.00); ≤ 4.6 × hand-written: MISSED (5.00)"
        ),
        "{text}"
    );
    let column = |line: &str, word: &str| line.find(word).map(|at| at + word.len());
    assert_eq!(column(lines[0], "ns"), column(lines[2], "12.35"), "{text}");
}

#[test]
fn fairness_has_columns_where_somebody_was_watched() {
    let watched = Row {
        fairness: Some(Fairness {
            share: 0.5,
            turns: 63.0,
            longest: 12_300.0,
        }),
        ..row("withal")
    };
    let text = table(&[watched.clone(), row("peer")]);
    assert!(text.contains(" share   turns  longest "), "{text}");
    assert!(text.contains("  0.50      63     12µs"), "{text}");
    assert!(!table(&[row("peer")]).contains("share"));
    let json = json(&[watched]).unwrap();
    assert!(json.contains("\"turns\": 63.0"), "{json}");
}

#[test]
fn a_share_below_the_bar_and_a_ratio_above_it_are_missed() {
    let unfair = Row {
        fairness: Some(Fairness {
            share: 0.5,
            turns: 0.0,
            longest: 0.0,
        }),
        ..row("withal")
    };
    let reached = |bar| judge(&bar, &unfair, |_| f64::NAN).reached;
    assert!(reached(Bar::Share(0.5)) && !reached(Bar::Share(0.51)));
    assert!(reached(Bar::Fastest(1.5)) && !reached(Bar::Fastest(1.49)));
}

#[test]
fn no_rows_are_no_table() {
    assert_eq!(table(&[]), "");
}

#[test]
fn a_bar_that_is_just_met_is_reached() {
    let judged = |limit| judge(&Bar::Times(limit, "peer"), &row("withal"), |_| 2.0).reached;
    assert!(judged(2.0) && !judged(1.99));
    let known = judge(
        &Bar::Known("linear".to_owned(), false),
        &row("withal"),
        |_| 0.0,
    );
    let expected = Judged {
        bar: "linear".to_owned(),
        is: None,
        reached: false,
    };
    assert_eq!(known, expected);
}

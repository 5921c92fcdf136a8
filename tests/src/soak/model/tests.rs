//! The model on the traces of the design, where one can see that it is right; and what the soak does
//! with scripts.

use super::predict;
use crate::soak::event::{How, Kind, What};
use crate::soak::random;
use crate::soak::script::{Enter, Form, Id, NONE, Node, Op, Script, Way};
use crate::soak::settle::{Setting, settle};
use crate::soak::shrink::smaller;

const SETTING: Setting = Setting {
    tasks: true,
    executor: true,
    local: false,
};

const SCOPE: Op = Op::Scope(Form::With, Enter::Plain);
const STALL: Op = Op::Stall { up: 0, at: NONE };

/// Steps, each the body of the one before.
fn nested(ops: &[Op]) -> Script {
    let mut script = Script::default();
    for (place, op) in ops.iter().enumerate() {
        let is_last = place + 1 == ops.len();
        script.nodes.push(Node {
            op: *op,
            a: if is_last { NONE } else { place as Id + 1 },
            b: NONE,
            next: NONE,
        });
    }
    script
}

/// What must happen to scopes, in the order in which the model finds it.
fn trace(mut script: Script) -> String {
    settle(&mut script, SETTING);
    let points = predict(&script).points;
    let events = points.into_iter().filter_map(|(event, _)| event);
    let told = events.filter_map(|event| match (event.what, event.how) {
        (What::Entered, _) => Some(format!("+{}", event.to)),
        (What::Exits, How::Cancelled) => Some(format!("-{}:cancelled", event.to)),
        (What::Exits, How::Completed) => Some(format!("-{}", event.to)),
        (What::Exits, how) => Some(format!("-{}:{how:?}", event.to)),
        (What::Gave, How::Cancelled) => Some(format!("{}-stopped", event.to)),
        _ => None,
    });
    told.collect::<Vec<_>>().join(" ")
}

#[test]
fn a_scope_is_exited_after_what_it_holds() {
    assert_eq!(trace(nested(&[SCOPE, SCOPE, Op::Yield])), "+0 +1 -1 -0");
}

#[test]
fn an_error_is_seen_by_each_exit() {
    let failed = nested(&[SCOPE, SCOPE, Op::Fail]);
    assert_eq!(trace(failed), "+0 +1 -1:Failed(2) -0:Failed(2)");
}

#[test]
fn what_is_dropped_is_exited_inner_first_and_before_our_combinator_returns() {
    for way in [Way::Race, Way::Timeout, Way::Cancel, Way::Close] {
        let stopped = nested(&[SCOPE, Op::Stop(way), SCOPE, SCOPE, STALL]);
        let expected = "+0 +2 +3 -3:cancelled -2:cancelled 1-stopped -0";
        assert_eq!(trace(stopped), expected, "{way:?}");
    }
}

#[test]
fn a_foreign_drop_is_waited_for_by_the_enclosing_scope_only() {
    let mut script = nested(&[SCOPE, Op::Stop(Way::Drop), SCOPE, STALL]);
    settle(&mut script, SETTING);
    let expected = predict(&script);
    let find = |what, to| {
        let points = &expected.points;
        let is_it = |(event, _): &(Option<_>, _)| {
            event.is_some_and(|event: crate::soak::event::Event| {
                (event.what, event.to) == (what, to)
            })
        };
        points.iter().position(is_it).unwrap()
    };
    // All that must come before a point.
    let before = |point: usize| {
        let mut all = Vec::new();
        let mut left = vec![point];
        while let Some(point) = left.pop() {
            let before = expected.points[point].1.map(usize::from);
            let known = before
                .into_iter()
                .filter(|point| *point < expected.points.len());
            known.for_each(|point| left.push(point));
            all.push(point);
        }
        all
    };
    let inner = find(What::Exited, 2);
    assert!(!before(find(What::Gave, 1)).contains(&inner));
    assert!(before(find(What::Exits, 0)).contains(&inner));
}

#[test]
fn a_value_that_is_dropped_in_the_exit_is_reported() {
    let mut script = nested(&[Op::Stop(Way::Select), SCOPE]);
    script.nodes.push(Node {
        op: STALL,
        a: NONE,
        b: NONE,
        next: NONE,
    });
    script.nodes[1].b = 2;
    settle(&mut script, SETTING);
    let reports = predict(&script).reports;
    assert_eq!(reports[Kind::ValueLost as usize], 1);
    assert_eq!(reports.iter().sum::<u32>(), 1);
}

#[test]
fn a_seed_always_writes_the_same_script() {
    for seed in 0..100 {
        assert_eq!(random::script(seed), random::script(seed));
    }
}

#[test]
fn settled_scripts_stay_as_they_are() {
    for seed in 0..1_000 {
        let mut script = random::script(seed);
        settle(&mut script, SETTING);
        let settled = script.clone();
        settle(&mut script, SETTING);
        assert_eq!(script, settled, "{seed}");
    }
}

#[test]
fn making_a_script_smaller_comes_to_an_end() {
    for seed in 0..20 {
        let mut script = random::script(seed);
        let mut steps = 0;
        loop {
            let Some(next) = smaller(&script).next() else {
                break;
            };
            assert!(next.nodes.len() <= script.nodes.len(), "{script}");
            script = next;
            steps += 1;
            assert!(steps < 1_000, "{script}");
        }
        assert_eq!(script, Script::default());
    }
}

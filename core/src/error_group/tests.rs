use alloc::format;
use alloc::rc::Rc;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::cell::Cell;
use core::error::Error;
use core::num::ParseIntError;
use core::panic::Location;

use super::{ErrorGroup, Node, NodeRef, Origin, Phase};

fn task(name: &'static str) -> Origin {
    Origin::new(Phase::Task).named(name)
}

/// A group with one in the middle: `first`, then `inner` with `second` and `third`, then `fourth`.
fn nested() -> ErrorGroup<&'static str> {
    let mut inner = ErrorGroup::new("inner");
    inner.note("two tries");
    inner.push(task("b"), "second");
    inner.push(Origin::new(Phase::Cleanup).named("b"), "third");
    let mut outer = ErrorGroup::new("outer");
    outer.push(task("a"), "first");
    outer.push_group(task("sync"), inner);
    outer.push(Origin::new(Phase::Body), "fourth");
    outer
}

fn leaves<E: Clone>(group: &ErrorGroup<E>) -> Vec<E> {
    group.leaves().map(|(_, error)| error.clone()).collect()
}

/// `levels` groups in each other, each with a leaf before and a leaf after the next one.
fn deep(levels: u32) -> ErrorGroup<u32> {
    let mut group = ErrorGroup::of(0);
    for level in 1..levels {
        let mut outer = ErrorGroup::new("level");
        outer.push(task("before"), level);
        outer.push_group(task("group"), group);
        outer.push(task("after"), level);
        group = outer;
    }
    group
}

// EG-1
#[test]
fn errors_keep_their_order_and_their_origin() {
    let here = Location::caller();
    let mut group = ErrorGroup::new("it failed");
    assert!(group.is_empty());
    group.push(task("a"), 1);
    group.push(Origin::new(Phase::Cleanup).at(here), 2);
    group.push_group(task("empty"), ErrorGroup::new("nothing in it"));
    assert_eq!((group.len(), group.message()), (2, "it failed"));

    let [first, second] = group.entries() else {
        panic!("{group}")
    };
    assert_eq!(first.node.as_leaf(), Some(&1));
    assert_eq!(first.origin.name(), Some("a"));
    assert_eq!(first.origin.phase(), Phase::Task);
    assert_eq!(first.origin.location().file(), file!());
    assert_eq!(second.origin.location(), here);
    assert_eq!(second.origin.name(), None);
}

// EG-1
#[test]
fn a_group_without_errors_is_no_error() {
    let empty = ErrorGroup::<u8>::new("nothing");
    assert_eq!(empty.into_result("value").unwrap(), "value");
    let failed = ErrorGroup::of(1).into_result(());
    assert_eq!(leaves(&failed.unwrap_err()), [1]);
}

// EG-3
#[test]
fn a_split_keeps_the_groups_around_what_matches() {
    let (odd, even) = nested().split(|error| ["first", "third"].contains(error));
    let (odd, even) = (odd.unwrap(), even.unwrap());
    assert_eq!(leaves(&odd), ["first", "third"]);
    assert_eq!(leaves(&even), ["second", "fourth"]);
    for half in [&odd, &even] {
        assert_eq!(half.message(), "outer");
        let mut groups = half
            .into_iter()
            .filter_map(|entry| Some((&entry.origin, entry.node.as_group()?)));
        let (origin, inner) = groups.next().unwrap();
        assert_eq!(origin.name(), Some("sync"));
        assert_eq!(inner.message(), "inner");
        assert_eq!(inner.notes().collect::<Vec<_>>(), ["two tries"]);
        assert_eq!(inner.len(), 1);
    }
}

// EG-3
#[test]
fn a_side_that_is_empty_is_not_there() {
    let (none, all) = nested().split(|_| false);
    assert!(none.is_none());
    assert_eq!(leaves(&all.unwrap()).len(), 4);
    let (all, none) = nested().split(|_| true);
    assert!(none.is_none());
    assert_eq!(all.unwrap().to_string(), nested().to_string());
    // An inner group of which nothing matches is not there either.
    let first = nested().subgroup(|&error| error == "first").unwrap();
    assert_eq!(first.len(), 1);
    assert!(nested().subgroup(|&error| error == "fifth").is_none());
}

// SM-8, SM-9
#[test]
fn suppressing_takes_leaves_out_and_keeps_the_shape() {
    let left = nested().suppress(|error| error.len() == 5).unwrap_err();
    assert_eq!(leaves(&left), ["second", "fourth"]);
    let (path, _) = left.leaves().next().unwrap();
    assert_eq!(path.steps().len(), 2);
    assert!(nested().suppress(|_| true).is_ok());
    let whole = nested().suppress(|_| false).unwrap_err();
    assert_eq!(whole.to_string(), nested().to_string());
    assert!(ErrorGroup::<u8>::new("nothing").suppress(|_| false).is_ok());
    // Deep down, and a group of which nothing is left is not there.
    let left = deep(100).suppress(|&level| level > 0).unwrap_err();
    assert_eq!(leaves(&left), [0]);
    let left = nested().suppress(|error| ["second", "third"].contains(error));
    assert_eq!(left.unwrap_err().len(), 2);
}

// EG-3
#[test]
fn a_group_that_matches_is_taken_whole() {
    let mut asked = Vec::new();
    let (inner, rest) = nested().split_nodes(|node| match node {
        NodeRef::Leaf(&error) => {
            asked.push(error);
            false
        }
        NodeRef::Group(group) => {
            asked.push(if group.message() == "inner" {
                "(inner)"
            } else {
                "(outer)"
            });
            group.message() == "inner"
        }
    });
    assert_eq!(asked, ["(outer)", "first", "(inner)", "fourth"]);
    assert_eq!(leaves(&inner.unwrap()), ["second", "third"]);
    assert_eq!(leaves(&rest.unwrap()), ["first", "fourth"]);
    let (whole, none) = nested().split_nodes(|_| true);
    assert_eq!((whole.unwrap().len(), none.is_none()), (3, true));
}

// EG-4
#[test]
fn each_error_goes_to_the_first_clause_that_matches() {
    let mut seen = Vec::new();
    let seen_by = core::cell::RefCell::new(&mut seen);
    let note = |clause: &str, group: ErrorGroup<&'static str>| {
        seen_by
            .borrow_mut()
            .push(format!("{clause}: {:?} of {}", leaves(&group), group.len()));
        Ok(())
    };
    let rest = nested()
        .handle(|error| error.contains('i'), |group| note("i", group))
        .handle(|error| error.contains('s'), |group| note("s", group))
        .handle(|error| error.contains('x'), |group| note("x", group))
        .finish()
        .unwrap_err();
    assert_eq!(
        seen,
        [r#"i: ["first", "third"] of 2"#, r#"s: ["second"] of 1"#]
    );
    // As it was.
    assert_eq!(
        (leaves(&rest), rest.message()),
        (["fourth"].into(), "outer")
    );
}

// EG-4
#[test]
fn what_handlers_fail_with_is_merged_with_what_is_left() {
    let rest = nested()
        .handle(|&error| error == "first", |_| Err("while handling".into()))
        .handle(|error| error.contains('d'), Err)
        .finish()
        .unwrap_err();
    assert_eq!(rest.message(), "outer");
    assert_eq!(
        leaves(&rest),
        ["while handling", "second", "third", "fourth"]
    );
    let phases: Vec<_> = rest.into_iter().map(|entry| entry.origin.phase()).collect();
    assert_eq!(phases, [Phase::Handler, Phase::Handler, Phase::Body]);
}

// EG-4
#[test]
fn a_chain_that_takes_all_is_no_error() {
    assert!(nested().handle(|_| true, |_| Ok(())).finish().is_ok());
    let failed = nested().handle(|_| true, |_| Err("again".into())).finish();
    assert_eq!(leaves(&failed.unwrap_err()), ["again"]);
    // Nothing is left for the second clause.
    let handled = nested()
        .handle(|_| true, |_| Ok(()))
        .handle(|_| true, |_| panic!("it is not called"))
        .finish();
    assert!(handled.is_ok());
}

// EG-4
#[test]
fn a_bare_error_is_a_group_of_one() {
    fn parse(text: &str) -> Result<u8, ErrorGroup<ParseIntError>> {
        Ok(text.parse()?)
    }
    assert_eq!(parse("1").unwrap(), 1);
    let group = parse("one").unwrap_err();
    assert_eq!((group.len(), group.message()), (1, ""));
    assert_eq!(group.entries()[0].origin.phase(), Phase::Body);
    assert!(group.handle(|_| true, |_| Ok(())).finish().is_ok());
}

// EG-5, TG-8
#[test]
fn one_error_alone_comes_out_only_on_demand() {
    // However deep it is.
    let mut outer = ErrorGroup::new("outer");
    outer.push_group(task("a"), ErrorGroup::of("alone"));
    assert!(matches!(outer.entries()[0].node, Node::Group(_)));
    let kept = outer.subgroup(|_| true).unwrap();
    assert!(matches!(kept.entries()[0].node, Node::Group(_)));
    assert_eq!(kept.single().unwrap(), "alone");

    let back = nested().single().unwrap_err();
    assert_eq!(back.to_string(), nested().to_string());
    assert!(
        ErrorGroup::<u8>::new("none")
            .single()
            .unwrap_err()
            .is_empty()
    );
}

// EG-7
#[test]
fn leaves_know_the_way_to_them() {
    let group = nested();
    let paths: Vec<_> = group
        .leaves()
        .map(|(path, &error)| {
            let steps = path.steps().iter();
            let steps: Vec<_> = steps.map(|step| (step.message, step.index)).collect();
            (error, steps, path.origin().name())
        })
        .collect();
    assert_eq!(
        paths,
        [
            ("first", [("outer", 0)].into(), Some("a")),
            ("second", [("outer", 1), ("inner", 0)].into(), Some("b")),
            ("third", [("outer", 1), ("inner", 1)].into(), Some("b")),
            ("fourth", [("outer", 2)].into(), None),
        ]
    );
    let (path, _) = group.leaves().nth(2).unwrap();
    let path = path.to_string();
    assert!(path.starts_with("task `sync` at "), "{path}");
    assert!(path.contains(" > cleanup of `b` at "), "{path}");
    assert_eq!(
        group.into_leaves().collect::<Vec<_>>(),
        ["first", "second", "third", "fourth"]
    );
}

// EG-8
#[test]
fn the_tree_is_shown_a_line_for_each_entry() {
    let mut inner = ErrorGroup::new("reading");
    inner.note("after two tries,\nas configured");
    inner.push(task("b").at(HERE), "no route");
    inner.push(Origin::new(Phase::Cleanup).at(HERE), "two\nlines");
    let mut group = ErrorGroup::new("the run failed");
    group.note("the deadline had passed");
    group.push(task("a").at(HERE), "disk full");
    group.push_group(task("sync").at(HERE), inner);
    group.push(Origin::new(Phase::Body).at(HERE), "stopped");
    group.push_group(Origin::new(Phase::Handler).at(HERE), {
        let mut last = ErrorGroup::new("");
        last.push(Origin::new(Phase::Body).at(HERE), "last");
        last
    });
    let expected = "\
the run failed (4 errors)
│ note: the deadline had passed
├── task `a` at HERE: disk full
├── task `sync` at HERE: reading (2 errors)
│   │ note: after two tries,
│   │ as configured
│   ├── task `b` at HERE: no route
│   └── cleanup at HERE: two
│       lines
├── body at HERE: stopped
└── handler at HERE: 1 error
    └── body at HERE: last";
    let here = HERE.to_string();
    assert_eq!(group.to_string().replace(&here, "HERE"), expected);
    let debugged = format!("{group:?}").replace(&here, "HERE");
    let quoted = |text: &str| format!("{text:?}");
    assert_eq!(
        debugged.replace(&quoted("two\nlines"), "two\n│       lines"),
        expected
            .replace("disk full", &quoted("disk full"))
            .replace("no route", &quoted("no route"))
            .replace("stopped", &quoted("stopped"))
            .replace("last", &quoted("last"))
    );
}

const HERE: &Location<'static> = Location::caller();

// EG-1, EG-8
#[test]
fn a_group_is_an_error_whose_source_is_its_first_leaf() {
    let error = "one".parse::<u8>().unwrap_err();
    let mut group = ErrorGroup::new("parsing");
    group.push_group(task("a"), error.clone().into());
    group.push(Origin::new(Phase::Body), "".parse::<u8>().unwrap_err());
    let boxed: &dyn Error = &group;
    assert_eq!(boxed.source().unwrap().to_string(), error.to_string());
}

// EG-3
#[test]
fn map_changes_errors_and_nothing_else() {
    let mapped = nested().map(String::from);
    assert_eq!(mapped.to_string(), nested().clone().to_string());
    assert_eq!(mapped.into_leaves().next().unwrap(), "first");
}

// EG-1, EG-3, EG-7, EG-8
#[test]
fn no_depth_exhausts_the_stack() {
    let levels = 10_000;
    let mut chain = ErrorGroup::of(0);
    for _ in 1..levels {
        let mut outer = ErrorGroup::new("level");
        outer.push_group(task("group"), chain);
        chain = outer;
    }
    let (path, _) = chain.leaves().next().unwrap();
    assert_eq!(path.steps().len(), 10_000);
    assert_eq!(chain.single().unwrap(), 0);

    let group = deep(levels);
    let shown = group.to_string();
    assert!(shown.contains("├── task `before` at "), "{}", shown.len());
    assert!(shown.contains("level (3 errors), not shown"));
    assert!(shown.len() < 20_000, "{}", shown.len());
    assert!(format!("{group:?}").len() < 20_000);

    let copy = group.clone();
    let (even, odd) = group.split(|error| error % 2 == 0);
    let (even, odd) = (even.unwrap(), odd.unwrap());
    assert_eq!(even.clone().into_leaves().count(), 9_999);
    assert_eq!(odd.map(u64::from).into_leaves().count(), 10_000);
    assert!(copy.single().is_err());
    drop(even);
}

// EG-4: a predicate or a handler that panics.
#[test]
fn a_panic_drops_every_error_once() {
    struct Counted(Rc<Cell<usize>>);

    impl Drop for Counted {
        fn drop(&mut self) {
            self.0.set(self.0.get() + 1);
        }
    }

    let dropped = Rc::new(Cell::new(0));
    for panics_at in 0..4 {
        dropped.set(0);
        let group = nested().map(|_| Counted(dropped.clone()));
        let mut asked = 0;
        let split = std::panic::catch_unwind(core::panic::AssertUnwindSafe(|| {
            group.split(|_| {
                assert!(asked != panics_at, "at its turn");
                asked += 1;
                asked % 2 == 0
            })
        }));
        assert!(split.is_err());
        assert_eq!(dropped.get(), 4);
    }
}
